//! Subjects of findings: a process, a listener, a remote host, a path, this host.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use crate::model::{Endpoint, ProcessKey, ProcessRow, SocketKey};

/// A process by its identity and its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessName {
    /// Identity of the process.
    pub key: ProcessKey,
    /// The kernel's name for it.
    pub comm: String,
}

impl ProcessName {
    /// Names the process of a row.
    pub(super) fn of(row: &ProcessRow) -> ProcessName {
        ProcessName {
            key: row.process.key,
            comm: row.process.comm.clone(),
        }
    }
}

impl fmt::Display for ProcessName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.comm, self.key.pid)
    }
}

/// The process, socket, host or path that a finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A process.
    Process(ProcessName),
    /// Processes of a user that cannot be read.
    User {
        /// Id of the user.
        uid: u32,
        /// Name of the user, if it is known.
        name: Option<String>,
    },
    /// A socket that receives connections or datagrams.
    Socket {
        /// Identity of the socket.
        key: SocketKey,
        /// `tcp`, `udp`, `stream`, …
        protocol: &'static str,
        /// Local end of an internet socket.
        local: Option<Endpoint>,
        /// Path of a unix socket.
        path: Option<String>,
        /// Owner of the socket.
        process: Option<ProcessName>,
        /// Further processes that share it, or its address and port.
        others: Vec<ProcessName>,
    },
    /// A host at the other end, or one port of it.
    Remote {
        /// Address of the host.
        address: IpAddr,
        /// Port, if the finding is about that port only.
        port: Option<u16>,
        /// The local process.
        process: Option<ProcessName>,
    },
    /// All connections from one address to one port of another.
    Path {
        /// Local address.
        source: IpAddr,
        /// Remote end.
        destination: Endpoint,
        /// The local process.
        process: Option<ProcessName>,
    },
    /// The local ports of an address, or of all sockets of a protocol, whatever their destination.
    LocalPorts {
        /// `tcp`, `udp` or `udplite`.
        protocol: &'static str,
        /// The local address; `None` for all, and `::` for those of IPv6 sockets.
        address: Option<IpAddr>,
        /// The process with the most ports.
        process: Option<ProcessName>,
    },
    /// The machine, or this network namespace.
    Host,
}

/// The identity of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "they mirror `Subject`")]
pub enum SubjectKey {
    Process(ProcessKey),
    User(u32),
    Socket(SocketKey),
    Remote(IpAddr, Option<u16>),
    Path(IpAddr, Endpoint),
    LocalPorts(&'static str, Option<IpAddr>),
    Host,
}

impl Subject {
    /// Returns the identity of the subject.
    pub fn key(&self) -> SubjectKey {
        match self {
            Subject::Process(named) => SubjectKey::Process(named.key),
            Subject::User { uid, .. } => SubjectKey::User(*uid),
            Subject::Socket { key, .. } => SubjectKey::Socket(*key),
            Subject::Remote { address, port, .. } => SubjectKey::Remote(*address, *port),
            Subject::Path {
                source,
                destination,
                ..
            } => SubjectKey::Path(*source, *destination),
            Subject::LocalPorts {
                protocol, address, ..
            } => SubjectKey::LocalPorts(protocol, *address),
            Subject::Host => SubjectKey::Host,
        }
    }

    /// Returns the process that it is about, or the owner of the local end.
    pub fn process(&self) -> Option<&ProcessName> {
        match self {
            Subject::Process(named) => Some(named),
            Subject::Socket { process, .. }
            | Subject::Remote { process, .. }
            | Subject::Path { process, .. }
            | Subject::LocalPorts { process, .. } => process.as_ref(),
            Subject::User { .. } | Subject::Host => None,
        }
    }

    /// Iterates over the processes that it is about: the owner of the local end, then those that share it.
    pub fn processes(&self) -> impl Iterator<Item = &ProcessName> {
        let others = match self {
            Subject::Socket { others, .. } => others.as_slice(),
            _ => &[],
        };
        self.process().into_iter().chain(others)
    }

    /// Returns the name of its kind in JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Subject::Process(_) => "process",
            Subject::User { .. } => "user",
            Subject::Socket { .. } => "socket",
            Subject::Remote { .. } => "remote",
            Subject::Path { .. } => "path",
            Subject::LocalPorts { .. } => "local-ports",
            Subject::Host => "host",
        }
    }
}

/// Formats an end: `10.0.0.7:443`, `[2001:db8::1]:443`.
pub(super) fn format_endpoint(end: Endpoint) -> String {
    let end = end.canonical();
    SocketAddr::new(end.address, end.port).to_string()
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Process(named) => named.fmt(f),
            Subject::User { uid, name } => match name {
                Some(name) => write!(f, "user {name}"),
                None => write!(f, "user {uid}"),
            },
            Subject::Socket {
                local: Some(local), ..
            } => f.write_str(&format_endpoint(*local)),
            Subject::Socket { path, protocol, .. } => {
                f.write_str(path.as_deref().unwrap_or(protocol))
            }
            Subject::Remote { address, port, .. } => match port {
                Some(port) => write!(f, "{}", SocketAddr::new(*address, *port)),
                None => write!(f, "{address}"),
            },
            Subject::Path {
                source,
                destination,
                ..
            } => write!(f, "{source} → {}", format_endpoint(*destination)),
            Subject::LocalPorts {
                address: Some(address),
                protocol,
                ..
            } => write!(f, "{address} ({protocol})"),
            Subject::LocalPorts { protocol, .. } => write!(f, "{protocol} ports"),
            Subject::Host => f.write_str("this host"),
        }
    }
}

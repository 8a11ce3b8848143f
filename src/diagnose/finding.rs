//! One thing that is wrong.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::aggregate::Recent;
use crate::model::{Endpoint, ProcessKey, SocketKey};

/// How grave it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; nothing fails by it.
    Info,
    /// Something suffers by it, or soon will.
    Warning,
    /// Connections or data are refused or lost.
    Critical,
}

impl Severity {
    /// Every severity, the least first.
    pub const ALL: [Severity; 3] = [Severity::Info, Severity::Warning, Severity::Critical];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        }
    }

    /// A sign for it, one column wide, that tells it without a colour.
    pub fn sign(self) -> char {
        match self {
            Severity::Info => 'i',
            Severity::Warning => '⚠',
            Severity::Critical => '✗',
        }
    }
}

/// Which finding it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "`about` tells each of them")]
pub enum Kind {
    CloseWaitLeak,
    TimeWaitBuildup,
    EphemeralPortsLow,
    AcceptQueueFull,
    AcceptQueueFilling,
    NotAccepted,
    SynQueueFull,
    SynFlood,
    ConnectStuck,
    ReceiverStalled,
    SenderStalled,
    ZeroWindow,
    Retransmitting,
    UdpDrops,
    DescriptorsLow,
    TcpMemoryPressure,
    Orphans,
    TimeWaitOverflow,
    ConntrackFull,
}

impl Kind {
    /// Every kind, in the order in which the documentation tells of them.
    pub const ALL: [Kind; 19] = [
        Kind::CloseWaitLeak,
        Kind::TimeWaitBuildup,
        Kind::EphemeralPortsLow,
        Kind::AcceptQueueFull,
        Kind::AcceptQueueFilling,
        Kind::NotAccepted,
        Kind::SynQueueFull,
        Kind::SynFlood,
        Kind::ConnectStuck,
        Kind::ReceiverStalled,
        Kind::SenderStalled,
        Kind::ZeroWindow,
        Kind::Retransmitting,
        Kind::UdpDrops,
        Kind::DescriptorsLow,
        Kind::TcpMemoryPressure,
        Kind::Orphans,
        Kind::TimeWaitOverflow,
        Kind::ConntrackFull,
    ];

    /// Its name, in JSON and in the configuration.
    pub fn id(self) -> &'static str {
        match self {
            Kind::CloseWaitLeak => "close-wait-leak",
            Kind::TimeWaitBuildup => "time-wait-buildup",
            Kind::EphemeralPortsLow => "ephemeral-ports-low",
            Kind::AcceptQueueFull => "accept-queue-full",
            Kind::AcceptQueueFilling => "accept-queue-filling",
            Kind::NotAccepted => "not-accepted",
            Kind::SynQueueFull => "syn-queue-full",
            Kind::SynFlood => "syn-flood",
            Kind::ConnectStuck => "connect-stuck",
            Kind::ReceiverStalled => "receiver-stalled",
            Kind::SenderStalled => "sender-stalled",
            Kind::ZeroWindow => "zero-window",
            Kind::Retransmitting => "retransmitting",
            Kind::UdpDrops => "udp-drops",
            Kind::DescriptorsLow => "descriptors-low",
            Kind::TcpMemoryPressure => "tcp-memory-pressure",
            Kind::Orphans => "orphans",
            Kind::TimeWaitOverflow => "time-wait-overflow",
            Kind::ConntrackFull => "conntrack-full",
        }
    }

    /// The kind with an id.
    pub fn by_id(id: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.id() == id)
    }

    /// What it means, as a sentence.
    pub fn about(self) -> &'static str {
        match self {
            Kind::CloseWaitLeak => {
                "A process does not close connections that its peers have closed."
            }
            Kind::TimeWaitBuildup => {
                "One side closes first so often that TIME-WAIT sockets pile up."
            }
            Kind::EphemeralPortsLow => {
                "One source, destination and port nears the end of its local ports."
            }
            Kind::AcceptQueueFull => "A listener drops connections: its accept queue is full.",
            Kind::AcceptQueueFilling => "A listener is about to drop connections.",
            Kind::NotAccepted => "Established connections wait that no accept() has taken.",
            Kind::SynQueueFull => "Half-open connections of few sources pile up at a listener.",
            Kind::SynFlood => "Half-open connections of many sources pile up at a listener.",
            Kind::ConnectStuck => "Connection requests get no answer.",
            Kind::ReceiverStalled => "A process leaves received data unread.",
            Kind::SenderStalled => "Data cannot leave: the peer does not acknowledge.",
            Kind::ZeroWindow => "Data cannot leave: the peer does not read.",
            Kind::Retransmitting => "A path loses segments.",
            Kind::UdpDrops => "Datagrams are dropped at a socket.",
            Kind::DescriptorsLow => "A process nears its limit of open descriptors.",
            Kind::TcpMemoryPressure => "TCP nears the memory that it may use.",
            Kind::Orphans => "Connections that no process holds near their limit.",
            Kind::TimeWaitOverflow => "TIME-WAIT sockets near their limit.",
            Kind::ConntrackFull => "The connection tracking table nears its limit.",
        }
    }
}

/// A process by its identity and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Which one.
    pub key: ProcessKey,
    /// The kernel's name for it.
    pub comm: String,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.comm, self.key.pid)
    }
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A process.
    Process(Named),
    /// Processes of a user that may not be looked into.
    User {
        /// Its id.
        uid: u32,
        /// Its name, if it is known.
        name: Option<String>,
    },
    /// A socket that waits for connections, or for datagrams.
    Socket {
        /// Which one.
        key: SocketKey,
        /// `tcp`, `udp`, `stream`, …
        protocol: &'static str,
        /// Where, of an internet socket.
        local: Option<Endpoint>,
        /// Where, of a unix socket.
        path: Option<String>,
        /// Who holds it.
        process: Option<Named>,
    },
    /// A host at the other end, or one port of it.
    Remote {
        /// Its address.
        address: IpAddr,
        /// Its port, where it is about that alone.
        port: Option<u16>,
        /// The process here.
        process: Option<Named>,
    },
    /// All connections from one address to one port of another.
    Path {
        /// The address here.
        source: IpAddr,
        /// The other end.
        destination: Endpoint,
        /// The process here.
        process: Option<Named>,
    },
    /// The whole machine, or this network namespace.
    Host,
}

/// What tells subjects apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "they mirror `Subject`")]
pub enum SubjectKey {
    Process(ProcessKey),
    User(u32),
    Socket(SocketKey),
    Remote(IpAddr, Option<u16>),
    Path(IpAddr, Endpoint),
    Host,
}

impl Subject {
    /// What tells it from others.
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
            Subject::Host => SubjectKey::Host,
        }
    }

    /// The process that it is about, or that is at this end.
    pub fn process(&self) -> Option<&Named> {
        match self {
            Subject::Process(named) => Some(named),
            Subject::Socket { process, .. }
            | Subject::Remote { process, .. }
            | Subject::Path { process, .. } => process.as_ref(),
            Subject::User { .. } | Subject::Host => None,
        }
    }

    /// What kind of thing it is.
    pub fn kind(&self) -> &'static str {
        match self {
            Subject::Process(_) => "process",
            Subject::User { .. } => "user",
            Subject::Socket { .. } => "socket",
            Subject::Remote { .. } => "remote",
            Subject::Path { .. } => "path",
            Subject::Host => "host",
        }
    }
}

/// An end as people write it: `10.0.0.7:443`, `[2001:db8::1]:443`.
pub(super) fn written(end: Endpoint) -> String {
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
            } => f.write_str(&written(*local)),
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
            } => write!(f, "{source} → {}", written(*destination)),
            Subject::Host => f.write_str("this host"),
        }
    }
}

/// A number or a word that proves a finding. The unit is part of its name, as in JSON.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Things that are counted.
    Count(u64),
    /// Bytes.
    Bytes(u64),
    /// Events per second, or per minute if the name says so.
    Rate(f64),
    /// Seconds.
    Seconds(f64),
    /// A share, 0 to 1.
    Share(f64),
    /// A word.
    Text(String),
    /// Yes or no.
    Flag(bool),
}

/// What proves a finding: `("connections", 341)`, `("unread_bytes", 4096)`, `("cause", "stopped")`.
pub type Evidence = Vec<(&'static str, Value)>;

/// One thing that is wrong, as long as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Which finding it is.
    pub kind: Kind,
    /// How grave it is now.
    pub severity: Severity,
    /// What it is about.
    pub subject: Subject,
    /// Since when it holds, µs since 1970 UTC; before the first Sample where the kernel tells.
    pub since_us: i64,
    /// When it was over, µs since 1970 UTC; `None` as long as it holds.
    pub until_us: Option<i64>,
    /// The numbers that prove it. Of one that is over, these and the sentences are those of when it was worst.
    pub evidence: Evidence,
    /// One sentence that says what is wrong, and names names.
    pub summary: String,
    /// What to do about it.
    pub advice: String,
    /// The number behind it over the last minute: what its evidence has first.
    pub recent: Recent,
}

/// What tells findings apart that hold at the same time.
pub type FindingKey = (Kind, SubjectKey);

impl Finding {
    /// What tells it from others that hold at the same time.
    pub fn key(&self) -> FindingKey {
        (self.kind, self.subject.key())
    }

    /// Its cause, where it can have several that look alike.
    pub fn cause(&self) -> Option<&str> {
        self.evidence.iter().find_map(|(name, value)| match value {
            Value::Text(cause) if *name == "cause" => Some(cause.as_str()),
            _ => None,
        })
    }
}

//! Processes and their open descriptors.

use std::sync::Arc;

/// Identity of a process. A pid alone may be reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProcessKey {
    /// Process id in the reader's pid namespace.
    pub pid: u32,
    /// Start time, clock ticks since boot. Kernel: field 22 of `/proc/PID/stat`.
    pub start_time: u64,
}

/// Identity and properties of a process. Read once per identity, refreshed from time to time, shared between Samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Identity of the process.
    pub key: ProcessKey,
    /// Parent's pid. Kernel: field 4 of `/proc/PID/stat`.
    pub parent: u32,
    /// The kernel's name for the process, at most 15 bytes. Kernel: `/proc/PID/comm`.
    pub comm: String,
    /// Arguments, joined by spaces; empty for kernel threads and where they are not readable.
    pub command_line: String,
    /// Effective user id, as mapped through the reader's user namespace.
    pub uid: u32,
    /// The user's name, if known.
    pub user: Option<Arc<str>>,
    /// Path of its control group below the mount, e.g. `/system.slice/nginx.service`, in the hierarchy of cgroup 2 or, on a
    /// host of cgroup 1, in that of systemd; `None` if it could not be read.
    pub cgroup: Option<Arc<str>>,
    /// Start time, µs since 1970 UTC. Kernel: field 22 of `/proc/PID/stat`, relative to boot.
    pub started_at_us: Option<i64>,
    /// Soft limit of open descriptors. Kernel: `Max open files` of `/proc/PID/limits`.
    pub descriptor_limit: Option<u64>,
    /// Namespaces of the process.
    pub namespaces: Namespaces,
}

impl Process {
    /// Creates a process of which only the identity is known.
    pub fn new(key: ProcessKey) -> Process {
        Process {
            key,
            parent: 0,
            comm: String::new(),
            command_line: String::new(),
            uid: 0,
            user: None,
            cgroup: None,
            started_at_us: None,
            descriptor_limit: None,
            namespaces: Namespaces::default(),
        }
    }
}

/// Maximum length of [`Process::comm`], in bytes. Kernel: `TASK_COMM_LEN`.
const MAX_COMM: usize = 15;

impl Process {
    /// Returns the name of which `comm` is the beginning, if the kernel truncated it: of the program or of the script,
    /// from the command line.
    pub fn full_name(&self) -> Option<&str> {
        if self.comm.len() < MAX_COMM {
            return None;
        }
        let line = &self.command_line;
        let begins = |at: &usize| *at == 0 || matches!(line.as_bytes()[at - 1], b'/' | b' ');
        let mut places = line.match_indices(&self.comm).map(|(at, _)| at);
        let at = places.find(begins)?;
        let rest = &line[at..];
        let after = &rest[self.comm.len()..];
        let length = after.find([' ', '/']).unwrap_or(after.len());
        // A directory of that name is not the program.
        let is_name = length > 0 && !after[length..].starts_with('/');
        is_name.then(|| &rest[..self.comm.len() + length])
    }

    /// Iterates over its names: `comm`, and the full name if that is truncated.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.comm.as_str()).chain(self.full_name())
    }
}

/// Inode numbers of a process's namespaces; `None` where they are not readable. Kernel: `/proc/PID/ns/*`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Namespaces {
    /// Network.
    pub net: Option<u32>,
    /// Process ids.
    pub pid: Option<u32>,
    /// Mounts.
    pub mnt: Option<u32>,
    /// Users.
    pub user: Option<u32>,
}

/// Kind of object that a descriptor refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum DescriptorKind {
    /// A socket.
    Socket,
    /// A file, directory or device: anything with a path.
    File,
    /// A pipe.
    Pipe,
    /// Anonymous inode: epoll, eventfd, timerfd, memfd.
    Anonymous,
}

impl DescriptorKind {
    /// Every kind.
    pub const ALL: [DescriptorKind; 4] = [
        DescriptorKind::Socket,
        DescriptorKind::File,
        DescriptorKind::Pipe,
        DescriptorKind::Anonymous,
    ];

    /// Returns the plural name of the kind.
    pub fn name(self) -> &'static str {
        match self {
            DescriptorKind::Socket => "sockets",
            DescriptorKind::File => "files",
            DescriptorKind::Pipe => "pipes",
            DescriptorKind::Anonymous => "anonymous",
        }
    }
}

/// Activity of a process at one instant. Distinguishes a stopped process from a slow one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Activity {
    /// The kernel's state letter, of the first thread: `R` running, `S` sleeping, `D` uninterruptible sleep, `T`
    /// stopped by a signal, `t` stopped by a debugger, `Z` zombie, `I` idle. Kernel: field 3 of `/proc/PID/stat`.
    pub state: char,
    /// CPU time used by all threads, in clock ticks of 1/100 s. Kernel: fields 14 and 15 of `/proc/PID/stat`.
    pub cpu_ticks: u64,
}

impl Activity {
    /// Reports whether the process is stopped by a signal or a debugger.
    pub fn is_stopped(self) -> bool {
        matches!(self.state, 'T' | 't')
    }
}

/// A process in one Sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessRow {
    /// Identity and properties.
    pub process: Arc<Process>,
    /// Number of open descriptors of all kinds. Kernel: `stat("/proc/PID/fd").st_size` (6.2 and later), or a count of
    /// the directory entries.
    pub descriptors: Option<u32>,
    /// Open descriptors by `DescriptorKind as usize`, from the last count; `None` where they are not readable.
    pub kinds: Option<[u32; DescriptorKind::ALL.len()]>,
    /// Activity. Read only if something waits for the process: connections to accept, data to read or sockets to close.
    pub activity: Option<Activity>,
    /// Open sockets that no socket table lists, by protocol, without protocols whose table was not requested; `None` where
    /// that is not known, as for processes in another network namespace. A socket counts from the second Sample on that does not list it, and only for the process that
    /// started first of those that have it open.
    pub unlisted: Option<Arc<[UnlistedSockets]>>,
}

/// Open sockets of one protocol that no socket table lists: they have no connection and no local port, or belong to
/// another network namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnlistedSockets {
    /// The kernel's name of the protocol, such as `TCP`, `TCPv6`, `UDP`. Kernel: `system.sockprotoname`.
    pub protocol: Arc<str>,
    /// Number of sockets.
    pub sockets: u32,
    /// Those of them that an earlier Sample listed: they were reset, timed out or disconnected, and not closed.
    pub once_listed: u32,
    /// Those of the others that were examined: they have no connection, and neither listen nor receive datagrams.
    pub inactive: u32,
    /// Those that were examined and are in use, in another network namespace than the Sample's.
    pub elsewhere: u32,
}

impl ProcessRow {
    /// Returns the number of open sockets that no socket table lists; `None` if it is not known.
    pub fn unlisted_sockets(&self) -> Option<u32> {
        let protocols = self.unlisted.as_ref()?;
        let counts = protocols.iter().map(|protocol| protocol.sockets);
        // A recording may claim any counts.
        Some(counts.fold(0, u32::saturating_add))
    }

    /// Creates a row for a process of which only the identity is known.
    pub fn new(process: Arc<Process>) -> ProcessRow {
        ProcessRow {
            process,
            descriptors: None,
            kinds: None,
            activity: None,
            unlisted: None,
        }
    }
}

/// A descriptor of a process that refers to a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Holder {
    /// Index into [`Sample::processes`](super::Sample::processes).
    pub process: u32,
    /// The descriptor's number in that process.
    pub fd: u32,
}

/// Numbers of processes whose descriptors are and are not readable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Visibility {
    /// Number of existing processes.
    pub processes: u32,
    /// Number of processes whose descriptors this user cannot list.
    pub unreadable: u32,
    /// True if the user is root, so that running as root is not a remedy.
    pub root: bool,
}

impl Visibility {
    /// Remedy for hidden owners, for unprivileged users.
    pub const REMEDY: &'static str = "run as root or grant CAP_SYS_PTRACE + CAP_DAC_READ_SEARCH";

    /// Remedy for hidden owners, for root in a container or under a security module.
    pub const REMEDY_OF_ROOT: &'static str =
        "denied even as root; check CAP_SYS_PTRACE + CAP_DAC_READ_SEARCH";

    /// Returns the remedy for hidden owners for this user.
    pub fn remedy(self) -> &'static str {
        if self.root {
            Self::REMEDY_OF_ROOT
        } else {
            Self::REMEDY
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_truncated_name_is_completed_from_the_command_line() {
        let full = |comm: &str, command_line: &str| {
            let key = ProcessKey {
                pid: 1,
                start_time: 1,
            };
            let process = Process {
                comm: comm.to_owned(),
                command_line: command_line.to_owned(),
                ..Process::new(key)
            };
            process.full_name().map(str::to_owned)
        };
        let comm = "prometheus-node";
        for line in [
            "/usr/bin/prometheus-node-exporter --web",
            "prometheus-node-exporter",
            "/usr/bin/python3 /opt/prometheus-node-exporter -v",
        ] {
            assert_eq!(
                full(comm, line).as_deref(),
                Some("prometheus-node-exporter")
            );
        }
        assert_eq!(full(comm, "/opt/prometheus-node-exporter/run"), None);
        assert_eq!(full(comm, "/usr/bin/prometheus-node"), None, "it is whole");
        assert_eq!(full(comm, ""), None, "not readable");
        assert_eq!(full("nginx", "nginx: worker process"), None);
    }
}

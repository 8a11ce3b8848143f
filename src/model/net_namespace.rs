//! Network namespaces of the host, and what belongs to one of them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::{Counters, Device, Settings};

/// How a network namespace can be entered, by which it is named if nothing gives it a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NamespaceHandle {
    /// The initial network namespace of the host, in which its first process is.
    Initial,
    /// A mounted `nsfs` file, as `ip netns add` makes them.
    Mount,
    /// A process in it.
    Process {
        /// Its pid.
        pid: u32,
    },
    /// An open file of a process, although no process known is in it.
    Descriptor {
        /// Pid of the process that has the file open.
        pid: u32,
        /// Number of the descriptor.
        fd: u32,
    },
}

/// A network namespace, with what the kernel keeps for each one apart from its sockets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetNamespace {
    /// Its number, [`Socket::netns`](super::Socket::netns) of its sockets. Kernel: inode of the `nsfs` file.
    pub inode: u32,
    /// Its name: `host`, a file below `/run/netns`, its pod or container, or the process that holds it, as `nginx(812)`.
    pub name: Arc<str>,
    /// How it is entered.
    pub handle: NamespaceHandle,
    /// Time at which it was first sampled, ns of the monotonic clock. A later namespace may have the same inode.
    pub since_ns: u64,
    /// Time of the last check, ns of the monotonic clock: its sockets were dumped, or nothing indicated that they had changed
    /// since the dump. A Sample repeats an earlier check only if that check found no change.
    pub checked_ns: u64,
    /// Protocol counters and interfaces, as of the last dump.
    pub counters: Arc<Counters>,
    /// Settings of its network devices; `None` if they were not read.
    pub devices: Option<Arc<Vec<Device>>>,
    /// Settings of the kernel.
    pub settings: Arc<Settings>,
    /// Names of network devices by index, of those that sockets are bound to.
    pub interfaces: Arc<BTreeMap<u32, String>>,
}

impl NetNamespace {
    /// Returns a mounted one of which nothing else is known, for tests.
    #[cfg(test)]
    pub(crate) fn named(inode: u32, name: &str) -> NetNamespace {
        NetNamespace {
            inode,
            name: name.into(),
            handle: NamespaceHandle::Mount,
            since_ns: 0,
            checked_ns: 0,
            counters: Arc::default(),
            devices: None,
            settings: Arc::default(),
            interfaces: Arc::default(),
        }
    }

    /// Reports whether another is the same except for the time of its last check. Equal parts count only if they are
    /// shared.
    pub fn differs_only_in_check(&self, other: &NetNamespace) -> bool {
        let NetNamespace {
            inode,
            name,
            handle,
            since_ns,
            checked_ns: _,
            counters,
            devices,
            settings,
            interfaces,
        } = self;
        let are_devices_shared = match (devices, &other.devices) {
            (Some(own), Some(others)) => Arc::ptr_eq(own, others),
            (None, None) => true,
            _ => false,
        };
        (*inode, *handle, *since_ns) == (other.inode, other.handle, other.since_ns)
            && Arc::ptr_eq(name, &other.name)
            && Arc::ptr_eq(counters, &other.counters)
            && are_devices_shared
            && Arc::ptr_eq(settings, &other.settings)
            && Arc::ptr_eq(interfaces, &other.interfaces)
    }
}

/// Network namespaces that a Sample leaves out, and why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OmittedNamespaces {
    /// Those that were not requested.
    pub not_requested: u32,
    /// Those that this user may not enter (`CAP_SYS_ADMIN`).
    pub not_permitted: u32,
    /// Those of which only processes are known that this user may not trace (`CAP_SYS_PTRACE`).
    pub unreadable: u32,
    /// Those that could not be entered or dumped for another reason.
    pub failed: u32,
    /// True if there may be more: not every process can be examined.
    pub may_be_more: bool,
}

impl OmittedNamespaces {
    /// Returns their number.
    pub fn count(&self) -> u32 {
        let named = self.not_requested.saturating_add(self.not_permitted);
        named
            .saturating_add(self.unreadable)
            .saturating_add(self.failed)
    }

    /// Returns the reason that applies to most, with the remedy: `not requested; use -N all`.
    pub fn reason(&self) -> Option<&'static str> {
        let reasons = [
            (self.not_permitted, "needs CAP_SYS_ADMIN"),
            (self.unreadable, "needs CAP_SYS_PTRACE"),
            (self.not_requested, "not requested; use -N all"),
            (self.failed, "cannot be entered"),
        ];
        let counted = reasons.into_iter().filter(|&(count, _)| count > 0);
        counted.max_by_key(|&(count, _)| count).map(|(_, why)| why)
    }
}

/// Writes `3 other network namespaces not shown (needs CAP_SYS_ADMIN)`.
impl fmt::Display for OmittedNamespaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, at_least) = (
            self.count(),
            if self.may_be_more { "at least " } else { "" },
        );
        let plural = if count == 1 { "" } else { "s" };
        write!(
            f,
            "{at_least}{count} other network namespace{plural} not shown"
        )?;
        match self.reason() {
            Some(reason) => write!(f, " ({reason})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn omitted_namespaces_are_counted_with_the_main_reason() {
        let omitted = OmittedNamespaces {
            not_permitted: 3,
            ..OmittedNamespaces::default()
        };
        let text = "3 other network namespaces not shown (needs CAP_SYS_ADMIN)";
        assert_eq!(omitted.to_string(), text);
        let omitted = OmittedNamespaces {
            not_requested: 1,
            may_be_more: true,
            ..OmittedNamespaces::default()
        };
        let text = "at least 1 other network namespace not shown (not requested; use -N all)";
        assert_eq!(omitted.to_string(), text);
    }
}

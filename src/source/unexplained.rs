//! Looks for evidence about sockets without a process: sockets of the kernel, those registered with an `io_uring`, and
//! those of processes outside of this pid namespace. Nothing is read while every socket is explained.

use std::path::Path;
use std::time::Duration;

use super::netlink::kernel_ports::kernel_udp_ports;
use super::procfs::{OutsideCgroups, Owners, hides_pid_namespaces};
use crate::model::SeededSet;
use crate::model::{Attribution, Protocol, Sample, Socket, Unowned};

/// Interval for reading the evidence again.
const REFRESH: Duration = Duration::from_secs(5);

/// Maximum number of cgroups that are examined for one Sample.
const MAX_CGROUPS: usize = 64;

/// The evidence, read only when a socket needs it.
#[derive(Debug)]
pub(super) struct Evidence {
    /// True if there are processes in other pid namespaces, which `/proc` does not list.
    hides_pid_namespaces: bool,
    cgroups: OutsideCgroups,
    kernel_ports: Cached<u16>,
    io_uring: Cached<u32>,
    /// Cgroups examined for the current Sample, with the result.
    examined: Vec<(u64, bool)>,
}

/// A set that is read again from time to time.
#[derive(Debug)]
struct Cached<T> {
    set: SeededSet<T>,
    /// Monotonic time of reading, ns.
    read_ns: Option<u64>,
}

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Cached {
            set: SeededSet::default(),
            read_ns: None,
        }
    }
}

impl<T> Cached<T> {
    /// Returns the set, read by `read` if it is too old at the time `now_ns`.
    fn get(&mut self, now_ns: u64, read: impl FnOnce() -> SeededSet<T>) -> &SeededSet<T> {
        let is_old = |read: u64| u128::from(now_ns.saturating_sub(read)) >= REFRESH.as_nanos();
        if self.read_ns.is_none_or(is_old) {
            self.read_ns = Some(now_ns);
            self.set = read();
        }
        &self.set
    }
}

impl Evidence {
    /// Creates it without reading evidence. `root` is the mount point of procfs.
    pub(super) fn new(root: &Path) -> Evidence {
        Evidence {
            hides_pid_namespaces: hides_pid_namespaces(root),
            cgroups: OutsideCgroups::new(root),
            kernel_ports: Cached::default(),
            io_uring: Cached::default(),
            examined: Vec::new(),
        }
    }

    /// Replaces the reason of those sockets in `rows` for which another one is proven. `rows` are those for which no
    /// process was found.
    pub(super) fn apply(&mut self, sample: &mut Sample, rows: &[u32], owners: &mut Owners) {
        self.examined.clear();
        let now_ns = sample.monotonic_ns;
        for &row in rows {
            let Some(socket) = sample.sockets.get_mut(row as usize) else {
                continue;
            };
            if let Some(reason) = self.reason(socket, now_ns, owners) {
                socket.attribution = Attribution::Unowned(reason);
            }
        }
    }

    /// Returns the proven reason; `None` if there is none.
    fn reason(&mut self, socket: &Socket, now_ns: u64, owners: &mut Owners) -> Option<Unowned> {
        let local = socket.local();
        if let Some(local) = local.filter(|_| may_be_tunnel(socket)) {
            let ports = self.kernel_ports.get(now_ns, kernel_udp_ports);
            if ports.contains(&local.port) {
                return Some(Unowned::Kernel);
            }
        }
        let registered = self.io_uring.get(now_ns, || owners.io_uring_sockets());
        if registered.contains(&socket.inode) {
            return Some(Unowned::IoUring);
        }
        let is_outside = self.hides_pid_namespaces
            && socket.attribution == Attribution::Unowned(Unowned::Unknown)
            && self.is_outside(socket.cgroup_id, now_ns);
        is_outside.then_some(Unowned::OtherNamespace)
    }

    /// Reports whether all processes of a cgroup are outside of this pid namespace.
    fn is_outside(&mut self, cgroup: u64, now_ns: u64) -> bool {
        let known = self.examined.iter().find(|(id, _)| *id == cgroup);
        if let Some(&(_, is_outside)) = known {
            return is_outside;
        }
        if self.examined.len() >= MAX_CGROUPS {
            return false;
        }
        let is_outside = self.cgroups.contains(cgroup, now_ns);
        self.examined.push((cgroup, is_outside));
        is_outside
    }
}

/// Returns true if a socket could be that of a tunnel of the kernel: an unconnected UDP socket. No process can have one
/// on the same port, because tunnels do not share theirs.
fn may_be_tunnel(socket: &Socket) -> bool {
    socket.protocol == Protocol::Udp && socket.remote().is_none()
}

//! Enters network namespaces apart from the visits that dump their sockets.

use std::io;
use std::path::Path;

use super::Namespaces;
use super::enter::enter;
use super::finder::FoundNamespace;
use crate::model::{Interface, NetNamespace};
use crate::source::procfs::tracks_connections;

/// Devices that the kernel creates in each namespace once the module of a tunnel is loaded.
const FALLBACK_DEVICES: [&str; 10] = [
    "lo", "tunl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "sit0", "ip6tnl0",
    "ip6gre0",
];

/// A network namespace in which connections are tracked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) struct TrackingNamespace {
    pub(in crate::source) inode: u32,
    /// True if it has several devices, so that packets of other namespaces may pass through it.
    pub(in crate::source) may_forward: bool,
}

impl TrackingNamespace {
    /// Creates it with the devices in it.
    pub(in crate::source) fn new(inode: u32, devices: &[Interface]) -> TrackingNamespace {
        let is_link = |device: &&Interface| !FALLBACK_DEVICES.contains(&device.name.as_str());
        TrackingNamespace {
            inode,
            may_forward: devices.iter().filter(is_link).nth(1).is_some(),
        }
    }

    /// Creates it if connections are tracked in that of the calling thread. `namespace` describes it.
    pub(super) fn of_thread(root: &Path, namespace: &NetNamespace) -> Option<TrackingNamespace> {
        let devices = &namespace.counters.interfaces;
        tracks_connections(root).then(|| TrackingNamespace::new(namespace.inode, devices))
    }
}

/// The namespaces that a thread which does not return may enter.
#[derive(Debug, Clone, Copy)]
pub(in crate::source) struct NamespaceEntrance<'a> {
    found: &'a [FoundNamespace],
}

impl NamespaceEntrance<'_> {
    /// Moves the calling thread into the namespace with this inode.
    ///
    /// # Errors
    /// If it no longer exists, or the kernel refuses.
    pub(in crate::source) fn enter(self, inode: u32) -> io::Result<()> {
        let at = self.found.binary_search_by_key(&inode, |found| found.inode);
        let found = at.ok().and_then(|at| self.found.get(at));
        let found = found.ok_or(io::ErrorKind::NotFound)?;
        enter(&found.open()?)
    }
}

impl Namespaces {
    /// Returns the visited namespaces in which connections are tracked.
    pub(in crate::source) fn tracking(&self) -> impl Iterator<Item = TrackingNamespace> {
        self.known.values().filter_map(|known| known.tracking)
    }

    /// Runs `function` in a thread of its own, which may enter the namespaces.
    ///
    /// # Errors
    /// If the thread cannot be started, or fails.
    pub(in crate::source) fn run_in_thread<T: Send>(
        &self,
        function: impl FnOnce(NamespaceEntrance<'_>) -> T + Send,
    ) -> io::Result<T> {
        let entrance = NamespaceEntrance {
            found: self.finder.found(),
        };
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name("namespaces".into());
            let running = thread.spawn_scoped(scope, move || function(entrance))?;
            let result = running.join();
            result.map_err(|_| io::Error::other("the thread ended"))
        })
    }
}

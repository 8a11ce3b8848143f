//! Network namespaces in which connections are tracked.

use std::path::Path;

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

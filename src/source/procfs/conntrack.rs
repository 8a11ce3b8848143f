//! Whether connection tracking has entries in a network namespace.

use std::path::Path;

/// Reports whether connections are tracked in the network namespace of the calling thread: any user can read that. False
/// also without connection tracking in the kernel. Kernel: `net.netfilter.nf_conntrack_count`, of each namespace.
pub fn tracks_connections(root: &Path) -> bool {
    let count = std::fs::read_to_string(root.join("sys/net/netfilter/nf_conntrack_count"));
    let count = count.ok().and_then(|text| text.trim().parse::<u64>().ok());
    count.is_some_and(|count| count > 0)
}

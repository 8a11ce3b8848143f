//! Limits that the kernel is set to.

/// Limits of sockets. `None` where the kernel does not tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SocketLimits {
    /// Bytes in a page, in which the kernel counts socket memory.
    pub page_bytes: Option<u64>,
    /// Third number of `net.ipv4.tcp_mem`, pages.
    pub tcp_mem: Option<u64>,
    /// Third number of `net.ipv4.udp_mem`, pages.
    pub udp_mem: Option<u64>,
    /// `net.ipv4.tcp_max_orphans`.
    pub tcp_max_orphans: Option<u64>,
    /// `net.ipv4.tcp_max_tw_buckets`.
    pub tcp_max_tw_buckets: Option<u64>,
    /// `net.ipv4.ipfrag_high_thresh`, bytes.
    pub ipfrag_high_thresh: Option<u64>,
}

//! Parts of a socket that are stored outside its row.

/// Numbers of a socket's strings and of its first holder, within a chunk; 0 for none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::recording) struct SideRefs {
    /// String: name of the congestion control algorithm.
    pub(in crate::recording) congestion: u32,
    /// String: name of the socket.
    pub(in crate::recording) name: u32,
    /// Process of the first holder.
    pub(in crate::recording) process: u32,
    /// Descriptor of the first holder.
    pub(in crate::recording) fd: u32,
    /// String: processes and descriptors of the other holders.
    pub(in crate::recording) others: u32,
}

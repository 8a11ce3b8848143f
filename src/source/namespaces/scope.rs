//! Which network namespaces are sampled.

/// The network namespaces that are sampled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NamespaceScope {
    /// That of the calling thread.
    #[default]
    Own,
    /// All of the host that this user may enter.
    All,
}

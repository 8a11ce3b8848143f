//! The context of parsing a filter: known columns, name resolution and requested socket kinds.

use super::resolver::NameResolver;
use super::vocabulary::Vocabulary;
use crate::model::{Family, Protocol};

/// The sockets requested by options (`-4`, `-t`, …). They affect the meaning of some words in a filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestedSockets {
    /// The requested family, if there is exactly one: `-4`, `-6`, `-x`.
    pub family: Option<Family>,
    /// The requested protocols; empty for all.
    pub protocols: Vec<Protocol>,
}

/// Everything that parsing depends on apart from the filter's text.
#[derive(Clone, Copy)]
pub struct ParseContext<'a> {
    /// The columns that a filter can name.
    pub vocabulary: &'a Vocabulary,
    /// Resolves host, service, device and cgroup names.
    pub names: &'a dyn NameResolver,
    /// The sockets requested by options.
    pub requested: &'a RequestedSockets,
    /// Accepts unknown device names, because the sockets were recorded on another machine or at another time.
    pub allow_unknown_devices: bool,
}

impl std::fmt::Debug for ParseContext<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("requested", self.requested)
            .finish_non_exhaustive()
    }
}

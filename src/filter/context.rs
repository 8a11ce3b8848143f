//! The surroundings in which a filter is parsed: known columns, names and requested kinds of sockets.

use super::resolver::NameResolver;
use super::vocabulary::Vocabulary;
use crate::model::{Family, Protocol};

/// The sockets requested beside the filter (`-4`, `-t`, …). They decide the meaning of some words in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestedSockets {
    /// The requested family, if there is exactly one: `-4`, `-6`, `-x`.
    pub family: Option<Family>,
    /// The requested protocols; empty for all.
    pub protocols: Vec<Protocol>,
}

/// Everything that parsing a filter depends on besides its text.
#[derive(Clone, Copy)]
pub struct ParseContext<'a> {
    /// The columns that it can name.
    pub vocabulary: &'a Vocabulary,
    /// Resolves names of hosts, services, devices and control groups.
    pub names: &'a dyn NameResolver,
    /// The sockets requested beside the filter.
    pub requested: &'a RequestedSockets,
    /// Accepts names of devices that do not exist here: the sockets are of another machine, or of another time.
    pub allow_unknown_devices: bool,
}

impl std::fmt::Debug for ParseContext<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("requested", self.requested)
            .finish_non_exhaustive()
    }
}

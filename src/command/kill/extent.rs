//! How much of a machine's traffic a kill would end.

use crate::aggregate::Moment;
use crate::model::Protocol;
use crate::source::netlink::request::{AttributeRequest, Table};
use crate::source::{LiveOptions, LiveSource, OwnerScope, Source as _, SourceError};

/// Number of sockets that can be closed without `--all`.
const FEW: usize = 100;

/// The number of sockets to close, and of those that could be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    /// Sockets that the filter selects.
    pub(super) selected: usize,
    /// TCP and UDP sockets of the network namespace.
    pub(super) total: usize,
}

impl Extent {
    /// Counts the TCP and UDP sockets of the network namespace, of which `selected` are to be closed.
    ///
    /// # Errors
    /// If the kernel reports no sockets.
    pub(super) fn count(selected: usize) -> Result<Extent, SourceError> {
        let options = LiveOptions {
            tables: vec![
                Table::Tcp,
                Table::Inet(Protocol::Udp),
                Table::Inet6(Protocol::Udp),
            ],
            destroy_events: false,
            request: AttributeRequest {
                details: false,
                ..AttributeRequest::default()
            },
            owners: OwnerScope::None,
            include_peers: false,
            devices: false,
            ..LiveOptions::default()
        };
        let mut moment = Moment::default();
        LiveSource::new(options)?.next_into(&mut moment.sample)?;
        Ok(Extent {
            selected,
            total: moment.sample.sockets.len(),
        })
    }

    /// Returns true if so much would be closed that the filter is probably wrong: more than [`FEW`] sockets, or more
    /// than half of those that exist. A single socket never is.
    pub(super) fn is_large(self) -> bool {
        self.selected > FEW || (self.selected > 1 && self.selected * 2 > self.total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_sockets_and_most_sockets_are_a_large_extent() {
        let is_large = |selected, total| Extent { selected, total }.is_large();
        assert!(!is_large(1, 1), "one socket can always be closed");
        assert!(!is_large(2, 4) && is_large(3, 4) && is_large(2, 2));
        assert!(!is_large(100, 100_000) && is_large(101, 100_000));
        assert!(is_large(5, 0), "the others closed meanwhile");
    }
}

//! Follows the remote addresses of half-open connections: whether any of their handshakes completes.

use std::net::IpAddr;

use crate::model::SeededMap;

/// One remote address.
#[derive(Debug, Clone, Copy, Default)]
struct Source {
    /// When it last had a half-open connection, ns of the monotonic clock.
    half_open_ns: u64,
    /// True once a SYN-ACK to it was retransmitted.
    is_unanswered: bool,
    /// True if it has or had a connection to the listener.
    has_completed: bool,
}

/// The remote addresses with half-open connections within the window.
#[derive(Debug, Default)]
pub(super) struct Sources(SeededMap<IpAddr, Source>);

/// Numbers of remote addresses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct SourceCounts {
    /// With half-open connections now.
    pub(super) half_open: u32,
    /// Of those in the window, those that have completed a handshake, have none under way, or have not answered one.
    pub(super) settled: u32,
    /// Of these, those that have completed a handshake.
    pub(super) completed: u32,
    /// Of those in the window, those that have not answered a SYN-ACK.
    pub(super) unanswered: u32,
    /// Of these, those that have nevertheless completed a handshake.
    pub(super) unanswered_completed: u32,
}

impl Sources {
    /// Adds the source of a half-open connection.
    pub(super) fn add(&mut self, source: IpAddr, is_unanswered: bool, now_ns: u64) {
        let known = self.0.entry(source).or_default();
        known.half_open_ns = now_ns;
        known.is_unanswered |= is_unanswered;
    }

    /// Marks the sources that have completed a handshake.
    pub(super) fn complete(&mut self, has_completed: impl Fn(IpAddr) -> bool) {
        for (source, known) in &mut self.0 {
            known.has_completed |= has_completed(*source);
        }
    }

    /// Removes the sources without half-open connections for `span_ns`, and counts the others.
    pub(super) fn finish(&mut self, now_ns: u64, span_ns: u64) -> SourceCounts {
        let mut counts = SourceCounts::default();
        self.0.retain(|_, source| {
            let is_half_open = source.half_open_ns == now_ns;
            let is_settled = source.has_completed || !is_half_open || source.is_unanswered;
            let count = |counted: &mut u32, is: bool| *counted += u32::from(is);
            count(&mut counts.half_open, is_half_open);
            count(&mut counts.settled, is_settled);
            count(&mut counts.completed, source.has_completed);
            count(&mut counts.unanswered, source.is_unanswered);
            let both = source.is_unanswered && source.has_completed;
            count(&mut counts.unanswered_completed, both);
            now_ns.saturating_sub(source.half_open_ns) <= span_ns
        });
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_left_without_a_connection_is_settled() {
        let address = |last: u8| IpAddr::from([10, 0, 0, last]);
        let mut sources = Sources::default();
        for last in 1..=4 {
            sources.add(address(last), last == 4, 10);
        }
        let first = sources.finish(10, 5);
        assert_eq!((first.half_open, first.settled, first.completed), (4, 1, 0));
        sources.add(address(1), false, 12);
        sources.complete(|source| [address(2), address(9)].contains(&source));
        let second = sources.finish(12, 5);
        assert_eq!(
            (second.half_open, second.settled, second.completed),
            (1, 3, 1)
        );
        assert_eq!((second.unanswered, second.unanswered_completed), (1, 0));
        sources.finish(16, 5);
        assert_eq!(sources.finish(16, 5).settled, 1, "the others are too old");
    }
}

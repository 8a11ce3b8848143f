//! For how long something has been so of sockets.

use crate::model::{SocketKey, Tracker, Visit};

/// What is remembered of a socket for as long as something is so of it.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    since_ns: u64,
    number: u64,
}

/// Remembers since when something has been so of sockets. Those not asked about in a round are forgotten.
#[derive(Debug, Default)]
pub(super) struct Ages(Tracker<Seen>);

impl Ages {
    /// Begins the round of a Sample.
    pub(super) fn begin(&mut self) {
        self.0.begin_round();
    }

    /// Since when it has been so of a socket with this number unchanged, ns of the monotonic clock. `earlier_ns` is when it
    /// began if it is new; then, if the number changed, it begins now.
    pub(super) fn since(
        &mut self,
        key: SocketKey,
        number: u64,
        earlier_ns: u64,
        now_ns: u64,
    ) -> u64 {
        match self.0.visit(key) {
            Visit::New(seen) => {
                *seen = Seen {
                    since_ns: earlier_ns.min(now_ns),
                    number,
                };
                seen.since_ns
            }
            Visit::Known(seen) | Visit::Repeated(seen) => {
                if seen.number != number {
                    *seen = Seen {
                        since_ns: now_ns,
                        number,
                    };
                }
                seen.since_ns
            }
        }
    }

    /// Ends the round.
    pub(super) fn end(&mut self) {
        self.0.retain(|_, seen, _| seen);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_begins_anew_when_the_number_changes_or_a_round_was_missed() {
        let key = SocketKey {
            netns: 1,
            cookie: 2,
        };
        let mut ages = Ages::default();
        let round = |ages: &mut Ages, number, now| {
            ages.begin();
            let since = ages.since(key, number, now - 3, now);
            ages.end();
            since
        };
        assert_eq!(round(&mut ages, 7, 10), 7, "it began earlier");
        assert_eq!(round(&mut ages, 7, 20), 7);
        assert_eq!(round(&mut ages, 8, 30), 30, "something moved");
        ages.begin();
        ages.end();
        assert_eq!(round(&mut ages, 8, 50), 47, "it was forgotten");
    }
}

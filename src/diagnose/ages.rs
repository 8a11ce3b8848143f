//! Ages of the conditions of sockets.

use crate::model::{SocketKey, Tracker, Visit};

/// The start of a condition of a socket, and a number whose change ends it.
#[derive(Debug, Clone, Copy, Default)]
struct Age {
    since_ns: u64,
    number: u64,
}

/// Remembers when a condition of each socket began. A round removes the sockets that it does not visit.
#[derive(Debug, Default)]
pub(super) struct Ages(Tracker<Age>);

impl Ages {
    /// Begins the round of a Sample.
    pub(super) fn begin(&mut self) {
        self.0.begin_round(0);
    }

    /// Returns when the condition of a socket began, ns of the monotonic clock. A new condition began at `earlier_ns`; one
    /// whose number has changed begins now.
    pub(super) fn since(
        &mut self,
        key: SocketKey,
        number: u64,
        earlier_ns: u64,
        now_ns: u64,
    ) -> u64 {
        match self.0.visit(key) {
            Visit::New(age) => {
                *age = Age {
                    since_ns: earlier_ns.min(now_ns),
                    number,
                };
                age.since_ns
            }
            Visit::Known(age) | Visit::Repeated(age) => {
                if age.number != number {
                    *age = Age {
                        since_ns: now_ns,
                        number,
                    };
                }
                age.since_ns
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
    fn an_age_restarts_when_the_number_changes_or_a_round_was_missed() {
        let key = SocketKey {
            netns: 1,
            cookie: 2,
            association: 0,
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
        assert_eq!(round(&mut ages, 8, 30), 30, "the number changed");
        ages.begin();
        ages.end();
        assert_eq!(round(&mut ages, 8, 50), 47, "it was removed");
    }
}

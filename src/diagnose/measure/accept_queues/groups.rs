//! Sums over the listeners that share an address and port. Any user can have thousands of them (`SO_REUSEPORT`), so each
//! group is summed up once, not for each of its listeners.

use crate::aggregate::ListenerTotals;
use crate::diagnose::facts::Facts;
use crate::model::SeededMap;

/// Time after which a connection that waits in a full queue shows that none was accepted, s.
const LONG_WAIT_S: f64 = 5.0;

/// The listeners that share an address and port, together.
#[derive(Debug, Default)]
struct Group {
    /// Connections that they were seen to accept since the previous Sample.
    accepted: f64,
    /// Those with connections in their queue, and those whose queue is full.
    with_queue: u32,
    full: u32,
    /// Connections that wait for `accept()`, and those of them that have for some time.
    waiting: u32,
    waiting_long: u32,
}

/// The groups of listeners that share an address and port, by the row of the first listener.
#[derive(Debug, Default)]
pub(super) struct Groups(SeededMap<u32, Group>);

impl Groups {
    /// Sums up each group once, however many listeners it has.
    pub(super) fn of(facts: &Facts<'_>) -> Groups {
        let mut groups: SeededMap<u32, Group> = SeededMap::default();
        let listeners = facts.listeners().map(|(_, totals)| totals);
        for totals in listeners.filter(|totals| totals.sharing > 1) {
            if let Some(first) = first_listener(facts, totals) {
                let group = groups.entry(first).or_default();
                group.accepted += accepted(totals);
                group.with_queue += u32::from(totals.accept_queue > 0);
                group.full += u32::from(totals.queue().is_full());
            }
        }
        if groups.is_empty() {
            return Groups::default();
        }
        for waiting in &facts.candidates.unaccepted {
            if let Some(waiting) = facts.socket(*waiting)
                && let Some(first) = facts.listener_of(waiting.socket)
                && let Some(group) = groups.get_mut(&first)
            {
                let waited_s = facts.age_s(facts.last_ack_ns(waiting));
                group.waiting += 1;
                group.waiting_long += u32::from(waited_s >= LONG_WAIT_S);
            }
        }
        Groups(groups)
    }

    fn get(&self, facts: &Facts<'_>, totals: &ListenerTotals) -> Option<&Group> {
        self.0.get(&first_listener(facts, totals)?)
    }

    /// Returns the connections that a listener, and the others on its address and port, were seen to accept since the
    /// previous Sample.
    pub(super) fn accepted(&self, facts: &Facts<'_>, totals: &ListenerTotals) -> (f64, f64) {
        let all = self.get(facts, totals).map_or(0.0, |group| group.accepted);
        let own = accepted(totals);
        (own, (all - own).max(0.0))
    }

    /// Returns the number of other listeners on the address and port of one whose queue is full.
    pub(super) fn others_full(&self, facts: &Facts<'_>, totals: &ListenerTotals) -> u32 {
        let full = self.get(facts, totals).map_or(0, |group| group.full);
        full.saturating_sub(u32::from(totals.queue().is_full()))
    }

    /// Reports whether all connections that wait at a group of listeners are in the full queue of this one, and have been
    /// for some time. If one had been accepted, another would have taken its place.
    pub(super) fn all_wait_at(&self, facts: &Facts<'_>, totals: &ListenerTotals) -> bool {
        self.get(facts, totals).is_some_and(|group| {
            group.with_queue == u32::from(totals.accept_queue > 0)
                && group.waiting > 0
                && group.waiting == group.waiting_long
        })
    }
}

/// Returns the connections that a listener was seen to accept since the previous Sample.
fn accepted(totals: &ListenerTotals) -> f64 {
    f64::from(totals.accepted_by_owner.unwrap_or(0))
}

/// Returns the row of the first listener on the address and port of one.
fn first_listener(facts: &Facts<'_>, totals: &ListenerTotals) -> Option<u32> {
    facts.listener_of(facts.socket(totals.row)?.socket)
}

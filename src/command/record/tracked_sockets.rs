//! The sockets of a filtered recording, each from its first match to its end.

use crate::aggregate::{Aggregator, Event, EventKind, Moment};
use crate::column::SocketRow;
use crate::command::shared::selection::Selection;
use crate::model::SeededMap;
use crate::model::{ClosedSocket, SocketKey};

/// Consecutive Samples without a socket after which it is removed: a dump can miss a row.
const REMOVE_AFTER: u8 = 3;

/// Tracks sockets that matched a selection once.
///
/// Each is recorded to its end. Otherwise a connection whose new state does not match would look closed, and one that
/// matches again would look new.
#[derive(Debug)]
pub(super) struct TrackedSockets {
    selection: Selection,
    aggregator: Aggregator,
    /// Consecutive Samples that each socket is missing from.
    missing: SeededMap<SocketKey, u8>,
}

impl TrackedSockets {
    pub(super) fn new(selection: Selection) -> TrackedSockets {
        TrackedSockets {
            selection,
            aggregator: Aggregator::new(),
            missing: SeededMap::default(),
        }
    }

    /// Removes all other sockets from a new moment.
    pub(super) fn retain_tracked(&mut self, moment: &mut Moment) {
        moment.derive(&mut self.aggregator);
        for count in self.missing.values_mut() {
            *count += 1;
        }
        let mut rows = Vec::new();
        for (row, socket) in moment.sample.sockets.iter().enumerate() {
            let known = self.missing.get_mut(&socket.key());
            let matches = || {
                let row = SocketRow::of(moment, row);
                row.is_some_and(|row| self.selection.matches(&row))
            };
            let is_new = known.is_none() && matches();
            if let Some(count) = known {
                *count = 0;
                rows.push(row as u32);
            } else if is_new {
                self.missing.insert(socket.key(), 0);
                rows.push(row as u32);
            }
        }
        let closed = moment.sample.closed.iter().enumerate();
        let closed = closed.filter(|(_, closed)| self.includes_closed(moment, closed));
        let closed: Vec<usize> = closed.map(|(at, _)| at).collect();
        moment.sample.select_sockets(&rows, &closed);
        self.missing.retain(|_, count| *count < REMOVE_AFTER);
    }

    fn includes_closed(&self, moment: &Moment, closed: &ClosedSocket) -> bool {
        let Some(socket) = moment.sample.closed_socket(closed) else {
            return false;
        };
        let event = Event {
            at_us: moment.sample.taken_at_us,
            kind: EventKind::Closed,
            row: closed.row,
            from: closed.last_state,
            to: None,
            lifetime: None,
            totals: None,
        };
        self.missing.contains_key(&socket.socket.key())
            || self.selection.matches_event(&event, socket)
    }
}

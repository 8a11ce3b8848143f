//! Which sockets are recorded, where not all are.

use rustc_hash::FxHashMap;

use crate::aggregate::{Aggregator, Event, EventKind, Moment};
use crate::column::SocketRow;
use crate::command::shared::selection::Selection;
use crate::model::{ClosedSocket, SocketKey};

/// Samples that a socket may be missing from before it is forgotten: a dump can miss a row.
const FORGET_AFTER: u8 = 3;

/// Sockets that were asked for, each from when it first was to its end: otherwise one that leaves the filter, as a connection
/// does that leaves a state, would look as if it were gone, and one that comes back as if it were new.
#[derive(Debug)]
pub(super) struct Followed {
    selection: Selection,
    aggregator: Aggregator,
    /// Since how many Samples each is missing.
    sockets: FxHashMap<SocketKey, u8>,
}

impl Followed {
    pub(super) fn new(selection: Selection) -> Followed {
        Followed {
            selection,
            aggregator: Aggregator::new(),
            sockets: FxHashMap::default(),
        }
    }

    /// Leaves of a new moment what is recorded.
    pub(super) fn narrow(&mut self, moment: &mut Moment) {
        moment.derive(&mut self.aggregator);
        for missing in self.sockets.values_mut() {
            *missing += 1;
        }
        let mut rows = Vec::new();
        for (row, socket) in moment.sample.sockets.rows.iter().enumerate() {
            let known = self.sockets.get_mut(&socket.key());
            let holds = || {
                let row = SocketRow::of(moment, row);
                row.is_some_and(|row| self.selection.holds(&row))
            };
            let is_new = known.is_none() && holds();
            if let Some(missing) = known {
                *missing = 0;
                rows.push(row as u32);
            } else if is_new {
                self.sockets.insert(socket.key(), 0);
                rows.push(row as u32);
            }
        }
        let closed = moment.sample.closed.iter().enumerate();
        let closed = closed.filter(|(_, closed)| self.holds_closed(moment, closed));
        let closed: Vec<usize> = closed.map(|(at, _)| at).collect();
        moment.sample.keep(&rows, &closed);
        self.sockets.retain(|_, missing| *missing < FORGET_AFTER);
    }

    fn holds_closed(&self, moment: &Moment, closed: &ClosedSocket) -> bool {
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
        };
        self.sockets.contains_key(&socket.socket.key())
            || self.selection.holds_event(&event, socket)
    }
}

//! Finds which of several listeners on one port accepted a connection: the one that its process has open.

use crate::model::SeededMap;
use crate::model::{ClearForReuse, Holder, Sample, Socket};

/// The only listener of a process on a port, by its index among the listeners.
#[derive(Debug, Default)]
pub(super) struct OwnedListeners {
    /// `None` if the process has several listeners on the port.
    by_process: SeededMap<(u32, u16), Option<u32>>,
}

impl OwnedListeners {
    pub(super) fn clear(&mut self) {
        self.by_process.clear_for_reuse();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_process.is_empty()
    }

    /// Adds the listener at index `at`. All listeners of a port have to be added.
    pub(super) fn insert(&mut self, sample: &Sample, listener: &Socket, at: u32) {
        let Some(local) = listener.local() else {
            return;
        };
        for holder in holders(sample, listener) {
            self.by_process
                .entry((holder.process, local.port))
                // A process can have several descriptors of one listener.
                .and_modify(|only| *only = only.filter(|&only| only == at))
                .or_insert(Some(at));
        }
    }

    /// Reports whether a process of the listener has no other on its port, which distinguishes the connections of both.
    pub(super) fn has(&self, sample: &Sample, listener: &Socket) -> bool {
        listener.local().is_some_and(|local| {
            let mut holders = holders(sample, listener).iter();
            holders.any(|holder| {
                let only = self.by_process.get(&(holder.process, local.port));
                only.is_some_and(Option::is_some)
            })
        })
    }

    /// Returns the index of the listener that accepted a connection: that of the first of its processes with a listener on
    /// its port. `None` if there is none, or several.
    #[inline]
    pub(super) fn accepted_by(&self, sample: &Sample, socket: &Socket) -> Option<u32> {
        let port = socket.local()?.port;
        let holders = holders(sample, socket).iter();
        let mut listeners =
            holders.filter_map(|holder| self.by_process.get(&(holder.process, port)));
        *listeners.next()?
    }
}

fn holders<'s>(sample: &'s Sample, socket: &'s Socket) -> &'s [Holder] {
    sample.holders_of(socket)
}

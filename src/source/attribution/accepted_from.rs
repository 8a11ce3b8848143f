//! Infers the owner of a connection from the listener that accepted it.

use super::holder_places::HolderPlaces;
use crate::model::SeededMap;
use crate::model::{Attribution, ClearForReuse, Holder, ListenerIndex, Socket, SocketTable};

/// A range of [`Sample::holders`](crate::model::Sample::holders).
#[derive(Debug, Clone, Copy)]
struct HolderRange {
    at: u32,
    len: u16,
}

impl HolderRange {
    fn of(socket: &Socket) -> HolderRange {
        HolderRange {
            at: socket.holders_at,
            len: socket.holders_len,
        }
    }

    fn range(self) -> std::ops::Range<usize> {
        let at = self.at as usize;
        at..at + usize::from(self.len)
    }
}

/// The listeners of a Sample and their owners.
#[derive(Debug, Default)]
pub(super) struct ListenerOwners {
    listeners: ListenerIndex,
    /// Joined holders of listeners that share an endpoint, by the row of the first one.
    joined: SeededMap<u32, HolderRange>,
}

impl ListenerOwners {
    pub(super) fn clear(&mut self) {
        self.listeners.clear();
        self.joined.clear_for_reuse();
    }

    /// Adds the socket in `row` if it is a listener.
    pub(super) fn insert(&mut self, row: u32, socket: &Socket) {
        self.listeners.insert(row, socket);
    }

    /// Returns the rows of the listeners that may have accepted `socket`. See [`ListenerIndex::find`].
    pub(super) fn find<'a>(
        &'a self,
        socket: &Socket,
        rows: &'a SocketTable,
    ) -> impl Iterator<Item = u32> + use<'a> {
        self.listeners.find(socket, rows)
    }

    /// Attributes `socket` to the owner of the listener that accepted it, marked as inferred. If several processes share
    /// the listener, or have listeners on the same endpoint, any of them may have accepted it: it gets all of them, marked
    /// as one of them. Without a listener it is left unchanged. The owners of the listeners among `rows` must be known.
    pub(super) fn infer(
        &mut self,
        socket: &mut Socket,
        rows: &SocketTable,
        places: &mut HolderPlaces,
        holders: &mut Vec<Holder>,
    ) {
        let range = {
            let mut listeners = self
                .listeners
                .find(socket, rows)
                .filter_map(|row| Some((row, rows.get(row as usize)?)))
                .filter(|(_, listener)| listener.holders_len > 0);
            let Some((first, listener)) = listeners.next() else {
                return;
            };
            let range = HolderRange::of(&listener);
            match (listeners.next(), self.joined.get(&first)) {
                (None, _) => range,
                (Some(_), Some(&joined)) => joined,
                (Some((_, second)), None) => {
                    let others = std::iter::once(second).chain(listeners.map(|(_, row)| row));
                    let others = others.map(|listener| HolderRange::of(&listener).range());
                    let ranges = std::iter::once(range.range()).chain(others);
                    let ranges = ranges.filter_map(|range| holders.get(range));
                    let mut all: Vec<Holder> = ranges.flatten().copied().collect();
                    all.sort_unstable_by_key(|holder| (holder.process, holder.fd));
                    all.truncate(u16::MAX.into());
                    let len = all.len() as u16;
                    let at = places.assign_temporarily(len, holders);
                    holders[at..at + all.len()].copy_from_slice(&all);
                    let joined = HolderRange { at: at as u32, len };
                    self.joined.insert(first, joined);
                    joined
                }
            }
        };
        socket.holders_at = range.at;
        socket.holders_len = range.len;
        let candidates = holders.get(range.range()).unwrap_or_default();
        let is_only = candidates.first().is_none_or(|first| {
            let mut others = candidates.iter();
            others.all(|holder| holder.process == first.process)
        });
        socket.attribution = if is_only {
            Attribution::Inferred
        } else {
            Attribution::OneOf
        };
    }
}

//! The sockets of the last frame, as known by the decoder.

use super::aging::{AgeState, is_aging};
use super::error::Corrupt;
use super::stream::SideRefs;
use crate::model::Socket;

/// A socket as last decoded.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// The socket, without indices into a Sample.
    pub(super) socket: Socket,
    pub(super) side: SideRefs,
    /// When it was first seen, ns of the monotonic clock; 0 if it existed at the start.
    pub(super) first_ns: u64,
    /// Offset and capacity, in bytes, of its variable parts, without the name.
    offset: u32,
    capacity: u32,
}

/// Rows with stable indices; each Sample is a sequence of them. Facts that every Sample accesses are in separate
/// arrays.
#[derive(Debug, Default)]
pub(super) struct RowStore {
    rows: Vec<Row>,
    age_states: Vec<AgeState>,
    /// Number of the last Sample that contains each row.
    last_present: Vec<u32>,
    /// Number of the current Sample.
    sample: u32,
    bytes: Vec<u8>,
    free: Vec<u32>,
    /// Rows of the previous Sample, in its order.
    pub(super) order: Vec<u32>,
    /// Rows of the current Sample so far.
    next: Vec<u32>,
}

/// Returns the length of a socket's variable parts, in bytes.
pub(super) fn parts_len(socket: &Socket) -> usize {
    let blob = socket.blob;
    usize::from(blob.info) + usize::from(blob.memory) + usize::from(blob.congestion_info)
}

impl RowStore {
    /// Bytes of memory for a row, without its parts: with its position in the current and in the previous Sample.
    pub(super) const ROW_BYTES: usize =
        size_of::<Row>() + size_of::<AgeState>() + 3 * size_of::<u32>();

    /// Removes all rows.
    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.age_states.clear();
        self.last_present.clear();
        self.sample = 0;
        self.bytes.clear();
        self.free.clear();
        self.order.clear();
        self.next.clear();
    }

    /// Returns the bytes of memory in use.
    pub(super) fn heap_bytes(&self) -> usize {
        self.bytes.len() + self.rows.len() * RowStore::ROW_BYTES
    }

    /// Returns the bytes by which memory grows if row `at` is replaced by one whose parts have this length: all of them if
    /// they do not fit where the old ones are.
    pub(super) fn growth(&self, at: u32, parts: usize) -> usize {
        if parts > self.rows[at as usize].capacity as usize {
            parts
        } else {
            0
        }
    }

    /// Returns a row.
    #[inline]
    pub(super) fn row(&self, at: u32) -> &Row {
        &self.rows[at as usize]
    }

    /// Returns the parts of a row, concatenated: info, memory, congestion control.
    #[inline]
    pub(super) fn parts(&self, at: u32) -> &[u8] {
        let row = &self.rows[at as usize];
        let from = row.offset as usize;
        &self.bytes[from..from + parts_len(&row.socket)]
    }

    /// Returns a mutable reference to a row.
    #[inline]
    pub(super) fn row_mut(&mut self, at: u32) -> &mut Row {
        &mut self.rows[at as usize]
    }

    /// Returns mutable references to a row and its parts. The lengths of the parts must not change.
    #[inline]
    pub(super) fn row_and_parts_mut(&mut self, at: u32) -> (&mut Row, &mut [u8]) {
        let row = &mut self.rows[at as usize];
        let from = row.offset as usize;
        let length = parts_len(&row.socket);
        (row, &mut self.bytes[from..from + length])
    }

    /// Returns the age state of a row.
    #[inline]
    pub(super) fn age_state(&self, at: u32) -> AgeState {
        self.age_states[at as usize]
    }

    /// Returns a mutable reference to the age state of a row.
    #[inline]
    pub(super) fn age_state_mut(&mut self, at: u32) -> &mut AgeState {
        &mut self.age_states[at as usize]
    }

    /// Replaces a row and its parts, or inserts a new one; returns its index.
    ///
    /// # Errors
    /// If the parts of all rows exceed 4 GiB.
    pub(super) fn write(
        &mut self,
        at: Option<u32>,
        socket: &Socket,
        side: SideRefs,
        parts: &[u8],
    ) -> Result<u32, Corrupt> {
        let full = Corrupt::TOO_MANY_SOCKETS;
        let at = if let Some(at) = at.or_else(|| self.free.pop()) {
            at
        } else {
            let row = Row {
                socket: *socket,
                side,
                first_ns: 0,
                offset: 0,
                capacity: 0,
            };
            self.rows.push(row);
            self.age_states.push(AgeState::default());
            self.last_present.push(self.sample.wrapping_sub(1));
            u32::try_from(self.rows.len() - 1).map_err(|_| full)?
        };
        let row = &mut self.rows[at as usize];
        if parts.len() > row.capacity as usize {
            row.offset = u32::try_from(self.bytes.len()).map_err(|_| full)?;
            row.capacity = parts.len() as u32;
            self.bytes.extend_from_slice(parts);
        } else {
            let from = row.offset as usize;
            self.bytes[from..from + parts.len()].copy_from_slice(parts);
        }
        row.socket = without_sample_refs(socket);
        row.side = side;
        self.age_states[at as usize] = AgeState {
            is_aging: is_aging(socket),
            changed: true,
            aged_ms: 0,
        };
        Ok(at)
    }

    /// Appends a row to the current Sample; returns false if the Sample already contains it.
    #[inline]
    pub(super) fn append_to_sample(&mut self, at: u32) -> bool {
        if std::mem::replace(&mut self.last_present[at as usize], self.sample) == self.sample {
            return false;
        }
        self.next.push(at);
        true
    }

    /// Appends `count` rows of the previous Sample, starting at position `from`, to the current Sample and calls
    /// `visit` for each.
    #[inline]
    pub(super) fn append_run(
        &mut self,
        from: usize,
        count: usize,
        mut visit: impl FnMut(u32, &mut AgeState) -> Result<(), Corrupt>,
    ) -> Result<(), Corrupt> {
        let rows = self.order.get(from..from.saturating_add(count));
        let rows = rows.ok_or(Corrupt::NO_EARLIER_SOCKET)?;
        for &at in rows {
            let last_present = &mut self.last_present[at as usize];
            if std::mem::replace(last_present, self.sample) == self.sample {
                return Err(Corrupt("two sockets continue the same one"));
            }
            visit(at, &mut self.age_states[at as usize])?;
        }
        self.next.extend_from_slice(rows);
        Ok(())
    }

    /// Finishes the current Sample: removes rows that are not in it.
    pub(super) fn finish_sample(&mut self) {
        for &at in &self.order {
            if self.last_present[at as usize] != self.sample {
                self.free.push(at);
            }
        }
        std::mem::swap(&mut self.order, &mut self.next);
        self.next.clear();
        self.sample = self.sample.wrapping_add(1);
    }
}

/// Returns a socket with the indices into its Sample set to 0.
#[inline]
pub(super) fn without_sample_refs(socket: &Socket) -> Socket {
    let mut socket = *socket;
    socket.blob.at = 0;
    socket.blob.name = 0;
    socket.congestion = 0;
    socket.holders_at = 0;
    socket
}

/// Gives a socket's parts the same lengths as another's: truncates them or appends zeros.
pub(super) fn resize_parts(parts: &mut Vec<u8>, socket: &mut Socket, like: &Socket) {
    let (old, new) = (socket.blob, like.blob);
    if (old.info, old.memory, old.congestion_info) == (new.info, new.memory, new.congestion_info) {
        return;
    }
    let (from, to) = (usize::from(old.info), usize::from(new.info));
    let mut resize = |from: usize, old: usize, new: usize| {
        let fill = std::iter::repeat_n(0, new.saturating_sub(old));
        parts.splice(from + old.min(new)..from + old, fill);
    };
    resize(0, from, to);
    resize(to, usize::from(old.memory), usize::from(new.memory));
    let behind = to + usize::from(new.memory);
    resize(
        behind,
        usize::from(old.congestion_info),
        usize::from(new.congestion_info),
    );
    socket.blob.info = new.info;
    socket.blob.memory = new.memory;
    socket.blob.congestion_info = new.congestion_info;
}

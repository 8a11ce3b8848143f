//! The sockets of the Sample before, kept where only what changes is touched.

use super::column::{AGEING, AGEING_END, Beside};
use super::varint::Broken;
use crate::model::{Protocol, Socket};

/// One socket as it was packed or unpacked last.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Its parts of variable length lie in [`Rows`], without the name; what refers to a Sample is 0.
    pub(super) socket: Socket,
    pub(super) beside: Beside,
    /// When it was seen first, ns of the monotonic clock; 0 if it was there from the start.
    pub(super) first_ns: u64,
    /// By how many ms the clock went on since.
    pub(super) aged: i64,
    /// Its place in the Sample.
    pub(super) position: u32,
    /// Bytes that its parts may take where they lie.
    room: u32,
}

/// All of them. A row stays where it is while others come and go.
#[derive(Debug, Default)]
pub(super) struct Rows {
    slots: Vec<Row>,
    bytes: Vec<u8>,
    free: Vec<u32>,
    /// The rows of the Sample before, in its order.
    pub(super) order: Vec<u32>,
    /// The rows of the Sample at hand.
    next: Vec<u32>,
    /// Marks the rows of the Sample at hand.
    kept: Vec<bool>,
}

/// Bytes of a socket's parts of variable length.
pub(super) fn length(socket: &Socket) -> usize {
    let blob = socket.blob;
    usize::from(blob.info) + usize::from(blob.memory) + usize::from(blob.congestion_info)
}

impl Rows {
    pub(super) fn clear(&mut self) {
        self.slots.clear();
        self.bytes.clear();
        self.free.clear();
        self.order.clear();
        self.next.clear();
        self.kept.clear();
    }

    /// Bytes that are kept.
    pub(super) fn weight(&self) -> usize {
        self.bytes.len() + self.slots.len() * size_of::<Row>()
    }

    #[inline]
    pub(super) fn row(&self, at: u32) -> &Row {
        &self.slots[at as usize]
    }

    /// The parts of a row: info, memory, congestion control, one after the other.
    #[inline]
    pub(super) fn parts(&self, at: u32) -> &[u8] {
        let socket = &self.slots[at as usize].socket;
        let from = socket.blob.at as usize;
        &self.bytes[from..from + length(socket)]
    }

    #[inline]
    pub(super) fn row_mut(&mut self, at: u32) -> &mut Row {
        &mut self.slots[at as usize]
    }

    /// Puts a row and its parts in place of another, or somewhere new.
    pub(super) fn put(
        &mut self,
        at: Option<u32>,
        socket: &Socket,
        beside: Beside,
        parts: &[u8],
    ) -> Result<u32, Broken> {
        let full = Broken("there are more sockets than fit");
        let at = if let Some(at) = at.or_else(|| self.free.pop()) {
            at
        } else {
            let mut row = Row {
                socket: *socket,
                beside,
                first_ns: 0,
                aged: 0,
                position: 0,
                room: 0,
            };
            row.socket.blob.at = 0;
            self.slots.push(row);
            self.kept.push(false);
            u32::try_from(self.slots.len() - 1).map_err(|_| full)?
        };
        let row = &mut self.slots[at as usize];
        let mut lies_at = row.socket.blob.at;
        if parts.len() > row.room as usize {
            lies_at = u32::try_from(self.bytes.len()).map_err(|_| full)?;
            row.room = parts.len() as u32;
            self.bytes.extend_from_slice(parts);
        } else {
            let from = lies_at as usize;
            self.bytes[from..from + parts.len()].copy_from_slice(parts);
        }
        row.socket = *socket;
        row.socket.blob.at = lies_at;
        row.socket.blob.name = 0;
        row.socket.congestion = 0;
        row.socket.holders_at = 0;
        row.beside = beside;
        row.aged = 0;
        Ok(at)
    }

    /// Makes a row the next of the Sample at hand; `false` if it is in it already.
    #[inline]
    pub(super) fn keep(&mut self, at: u32) -> bool {
        if std::mem::replace(&mut self.kept[at as usize], true) {
            return false;
        }
        self.slots[at as usize].position = self.next.len() as u32;
        self.next.push(at);
        true
    }

    /// Ends the Sample at hand: what is not in it is gone.
    pub(super) fn turn(&mut self) {
        for &at in &self.order {
            if !self.kept[at as usize] {
                self.free.push(at);
            }
        }
        std::mem::swap(&mut self.order, &mut self.next);
        self.next.clear();
        for &at in &self.order {
            self.kept[at as usize] = false;
        }
    }
}

/// Whether the clock alone changes something of a socket.
#[inline]
pub(super) fn ages(socket: &Socket) -> bool {
    socket.timer.is_some() || has_ages(socket)
}

/// Whether it has the fields that the clock counts up.
#[inline]
pub(super) fn has_ages(socket: &Socket) -> bool {
    socket.protocol == Protocol::Tcp && usize::from(socket.blob.info) >= AGEING_END
}

/// The part of the field that [`AGEING`] names.
#[inline]
pub(super) fn age(parts: &[u8], offset: usize) -> u32 {
    match parts.get(offset..offset + 4) {
        Some(&[a, b, c, d]) => u32::from_ne_bytes([a, b, c, d]),
        _ => 0,
    }
}

/// Lets the clock go on by `shift` ms.
#[inline]
pub(super) fn let_age(socket: &mut Socket, parts: &mut [u8], shift: i64) {
    if has_ages(socket) {
        for offset in AGEING {
            let aged = age(parts, offset).wrapping_add(shift as u32);
            parts[offset..offset + 4].copy_from_slice(&aged.to_ne_bytes());
        }
    }
    if let Some(timer) = &mut socket.timer {
        timer.expires_ms = expires(timer.expires_ms, shift);
    }
}

/// What is left of a timer `shift` ms later.
#[inline]
pub(super) fn expires(before: u32, shift: i64) -> u32 {
    i64::from(before)
        .saturating_sub(shift)
        .clamp(0, i64::from(u32::MAX)) as u32
}

/// Makes parts as long as those of another socket: cut, or filled up with zeros.
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

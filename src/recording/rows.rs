//! The sockets of the Sample before, kept where only what changes is touched.

use super::column::{AGEING, AGEING_END, Beside};
use super::varint::Broken;
use crate::model::{Protocol, Socket};

/// One socket as it was packed or unpacked last.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// What refers to a Sample is 0.
    pub(super) socket: Socket,
    pub(super) beside: Beside,
    /// When it was seen first, ns of the monotonic clock; 0 if it was there from the start.
    pub(super) first_ns: u64,
    /// Where its parts of variable length lie, which have no name among them, and how many bytes they may take there.
    lies_at: u32,
    room: u32,
}

/// How the clock goes on for a row.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pace {
    /// Whether it changes anything of it.
    pub(super) ages: bool,
    /// Whether it was told in the Sample before.
    pub(super) changed: bool,
    /// By how many ms it went on since the row was told.
    pub(super) aged: i64,
}

/// All of them. A row stays where it is while others come and go. What is looked at of each with every Sample lies close
/// together.
#[derive(Debug, Default)]
pub(super) struct Rows {
    slots: Vec<Row>,
    paces: Vec<Pace>,
    /// Their places in the Sample.
    positions: Vec<u32>,
    /// The number of the last Sample that has them.
    kept: Vec<u32>,
    /// The number of the Sample at hand.
    sample: u32,
    bytes: Vec<u8>,
    free: Vec<u32>,
    /// The rows of the Sample before, in its order.
    pub(super) order: Vec<u32>,
    /// The rows of the Sample at hand.
    next: Vec<u32>,
}

/// Bytes of a socket's parts of variable length.
pub(super) fn length(socket: &Socket) -> usize {
    let blob = socket.blob;
    usize::from(blob.info) + usize::from(blob.memory) + usize::from(blob.congestion_info)
}

impl Rows {
    pub(super) fn clear(&mut self) {
        self.slots.clear();
        self.paces.clear();
        self.positions.clear();
        self.kept.clear();
        self.sample = 0;
        self.bytes.clear();
        self.free.clear();
        self.order.clear();
        self.next.clear();
    }

    /// Bytes that are kept.
    pub(super) fn weight(&self) -> usize {
        let each = size_of::<Row>() + size_of::<Pace>() + 2 * size_of::<u32>();
        self.bytes.len() + self.slots.len() * each
    }

    /// Whether there is such a row.
    pub(super) fn has(&self, at: u32) -> bool {
        (at as usize) < self.slots.len()
    }

    #[inline]
    pub(super) fn row(&self, at: u32) -> &Row {
        &self.slots[at as usize]
    }

    /// The parts of a row: info, memory, congestion control, one after the other.
    #[inline]
    pub(super) fn parts(&self, at: u32) -> &[u8] {
        let row = &self.slots[at as usize];
        let from = row.lies_at as usize;
        &self.bytes[from..from + length(&row.socket)]
    }

    #[inline]
    pub(super) fn row_mut(&mut self, at: u32) -> &mut Row {
        &mut self.slots[at as usize]
    }

    /// A row and its parts, to be changed where they lie; how long the parts are is not.
    #[inline]
    pub(super) fn both_mut(&mut self, at: u32) -> (&mut Row, &mut [u8]) {
        let row = &mut self.slots[at as usize];
        let from = row.lies_at as usize;
        let length = length(&row.socket);
        (row, &mut self.bytes[from..from + length])
    }

    #[inline]
    pub(super) fn pace(&self, at: u32) -> Pace {
        self.paces[at as usize]
    }

    #[inline]
    pub(super) fn pace_mut(&mut self, at: u32) -> &mut Pace {
        &mut self.paces[at as usize]
    }

    /// A row's place in the Sample that it was in last.
    #[inline]
    pub(super) fn position(&self, at: u32) -> u32 {
        self.positions[at as usize]
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
            let row = Row {
                socket: *socket,
                beside,
                first_ns: 0,
                lies_at: 0,
                room: 0,
            };
            self.slots.push(row);
            self.paces.push(Pace::default());
            self.positions.push(0);
            self.kept.push(self.sample.wrapping_sub(1));
            u32::try_from(self.slots.len() - 1).map_err(|_| full)?
        };
        let row = &mut self.slots[at as usize];
        if parts.len() > row.room as usize {
            row.lies_at = u32::try_from(self.bytes.len()).map_err(|_| full)?;
            row.room = parts.len() as u32;
            self.bytes.extend_from_slice(parts);
        } else {
            let from = row.lies_at as usize;
            self.bytes[from..from + parts.len()].copy_from_slice(parts);
        }
        row.socket = alone(socket);
        row.beside = beside;
        self.paces[at as usize] = Pace {
            ages: ages(socket),
            changed: true,
            aged: 0,
        };
        Ok(at)
    }

    /// Makes a row the next of the Sample at hand; `false` if it is in it already.
    #[inline]
    pub(super) fn keep(&mut self, at: u32) -> bool {
        if std::mem::replace(&mut self.kept[at as usize], self.sample) == self.sample {
            return false;
        }
        self.positions[at as usize] = self.next.len() as u32;
        self.next.push(at);
        true
    }

    /// Makes rows the next of the Sample at hand, so many from a place in the Sample before on, and lets the clock go on for
    /// each.
    #[inline]
    pub(super) fn pass(
        &mut self,
        from: usize,
        count: usize,
        mut go_on: impl FnMut(u32, &mut Pace) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        let rows = self.order.get(from..from.saturating_add(count));
        let rows = rows.ok_or(Broken("a socket goes on from none"))?;
        for &at in rows {
            let kept = &mut self.kept[at as usize];
            if std::mem::replace(kept, self.sample) == self.sample {
                return Err(Broken("two sockets go on from one"));
            }
            go_on(at, &mut self.paces[at as usize])?;
        }
        self.next.extend_from_slice(rows);
        Ok(())
    }

    /// Ends the Sample at hand: what is not in it is gone.
    pub(super) fn turn(&mut self) {
        for &at in &self.order {
            if self.kept[at as usize] != self.sample {
                self.free.push(at);
            }
        }
        std::mem::swap(&mut self.order, &mut self.next);
        self.next.clear();
        self.sample = self.sample.wrapping_add(1);
    }
}

/// A socket without what says where in a Sample something of it lies.
#[inline]
pub(super) fn alone(socket: &Socket) -> Socket {
    let mut alone = *socket;
    alone.blob.at = 0;
    alone.blob.name = 0;
    alone.congestion = 0;
    alone.holders_at = 0;
    alone
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

//! A socket at hand: what belongs to it, and whether it is what it was foretold to be.

use crate::model::{MAX_NAME, Sample, Socket, SocketTable};
use crate::recording::column::{
    AGEING, AGEING_END, Beside, MOST_CONGESTION_INFO, MOST_INFO, MOST_MEMORY,
};
use crate::recording::rows::{Row, age, alone, expires, has_ages, length};
use crate::recording::texts::TextNumbers;
use crate::recording::varint::put;

use super::beside::ProcessNumbers;

/// How far, in ms, the time that went on for a socket may lie from that between two Samples: dumps take different times, and
/// with 4 ms a tick of the kernel's clock a difference jumps.
const MOST_JITTER: i64 = 250;

/// A socket at hand, in the terms of the chunk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Current<'a> {
    pub(super) socket: Socket,
    pub(super) beside: Beside,
    pub(super) parts: &'a [u8],
}

/// Finds what belongs to the sockets of one table.
pub(super) struct BesideOf<'a> {
    sample: &'a Sample,
    texts: &'a mut TextNumbers,
    processes: &'a ProcessNumbers,
    /// Numbers of the names of congestion controls, by their index in the table.
    congestion: [Option<u32>; 256],
    holders: Vec<u8>,
}

impl<'a> BesideOf<'a> {
    pub(super) fn new(
        sample: &'a Sample,
        texts: &'a mut TextNumbers,
        processes: &'a ProcessNumbers,
    ) -> BesideOf<'a> {
        BesideOf {
            sample,
            texts,
            processes,
            congestion: [None; 256],
            holders: Vec::new(),
        }
    }

    #[inline]
    pub(super) fn current<'c>(
        &mut self,
        table: &'c SocketTable,
        socket: &Socket,
        cut: &'c mut Vec<u8>,
    ) -> Current<'c> {
        let mut beside = Beside::default();
        if socket.congestion > 0 {
            let texts = &mut *self.texts;
            let number = &mut self.congestion[usize::from(socket.congestion)];
            beside.congestion = *number.get_or_insert_with(|| {
                let name = table.name_at(socket.congestion);
                name.map_or(0, |name| texts.of(name.as_bytes()))
            });
        }
        if let Some(name) = table.name(socket) {
            beside.name = self.texts.of(&name[..name.len().min(MAX_NAME)]);
        }
        let from = socket.holders_at as usize;
        let holders = self.sample.holders.get(from..);
        let holders = holders.and_then(|all| all.get(..usize::from(socket.holders_len)));
        if let Some((first, others)) = holders.and_then(<[_]>::split_first) {
            beside.process = self.processes.of(first.process);
            beside.fd = first.fd;
            if !others.is_empty() {
                self.holders.clear();
                for holder in others {
                    put(
                        &mut self.holders,
                        u64::from(self.processes.of(holder.process)),
                    );
                    put(&mut self.holders, u64::from(holder.fd));
                }
                beside.others = self.texts.of(&self.holders);
            }
        }
        let blob = socket.blob;
        let mut socket = alone(socket);
        let from = blob.at as usize;
        let whole = table.bytes.get(from..from + length(&socket)).unwrap_or(&[]);
        socket.blob.info = blob.info.min(MOST_INFO as u16);
        socket.blob.memory = blob.memory.min(MOST_MEMORY as u16);
        socket.blob.congestion_info = blob.congestion_info.min(MOST_CONGESTION_INFO as u16);
        // As long as it was: nothing was cut.
        if whole.len() == length(&socket) {
            return Current {
                socket,
                beside,
                parts: whole,
            };
        }
        cut.clear();
        let mut rest = whole;
        for (length, kept) in [
            (blob.info, &mut socket.blob.info),
            (blob.memory, &mut socket.blob.memory),
            (blob.congestion_info, &mut socket.blob.congestion_info),
        ] {
            let (part, behind) = rest.split_at(usize::from(length).min(rest.len()));
            *kept = (*kept).min(part.len() as u16);
            cut.extend_from_slice(&part[..usize::from(*kept)]);
            rest = behind;
        }
        Current {
            socket,
            beside,
            parts: cut,
        }
    }
}

/// By how many ms the clock went on for a socket: what at least two of its fields say, or the only one that it has. What has
/// started again since says something else each.
pub(super) fn went_on(
    row: &Row,
    parts: &[u8],
    aged: i64,
    current: &Current<'_>,
    expected: i64,
    elapsed: i64,
) -> i64 {
    let mut said = [i64::MAX; AGEING.len() + 1];
    let mut fields = 0;
    if has_ages(&row.socket) && has_ages(&current.socket) {
        for (said, offset) in said.iter_mut().zip(AGEING) {
            let since = age(current.parts, offset).wrapping_sub(age(parts, offset));
            *said = i64::from(since.cast_signed()) - aged;
        }
        fields = AGEING.len();
    }
    if let (Some(before), Some(now)) = (row.socket.timer, current.socket.timer)
        && before.kind == now.kind
    {
        let since = i64::from(before.expires_ms) - i64::from(now.expires_ms);
        said[fields] = since - aged;
        fields += 1;
    }
    let said = &said[..fields];
    if said.contains(&expected) {
        return expected;
    }
    let can_be = |shift: &&i64| (**shift - elapsed).abs() <= MOST_JITTER;
    let is_shared = |shift: &&i64| said.iter().filter(|other| other == shift).count() >= 2;
    match said {
        [only] => Some(only).filter(can_be),
        _ => said.iter().filter(can_be).find(is_shared),
    }
    .copied()
    .unwrap_or(expected)
}

/// Whether a socket is what it is foretold to be, when the clock has gone on by so many ms since its row was told.
#[inline]
pub(super) fn is_same(row: &Row, parts: &[u8], current: &Current<'_>, shift: i64) -> bool {
    let now = &current.socket;
    let has_same_facts = match row.socket.timer {
        None => row.socket == *now,
        Some(mut timer) => {
            timer.expires_ms = expires(timer.expires_ms, shift);
            let mut foretold = row.socket;
            foretold.timer = Some(timer);
            foretold == *now
        }
    };
    if !has_same_facts || row.beside != current.beside {
        return false;
    }
    if !has_ages(now) {
        return parts == current.parts;
    }
    // `last_ack_sent`, which the kernel leaves alone, lies between those that age.
    let [sent, received, acked] = AGEING;
    let (old, new) = (parts, current.parts);
    let aged = |offset: usize| age(old, offset).wrapping_add(shift as u32) == age(new, offset);
    old[AGEING_END..] == new[AGEING_END..]
        && old[..sent] == new[..sent]
        && old[sent + 4..received] == new[sent + 4..received]
        && aged(sent)
        && aged(received)
        && aged(acked)
}

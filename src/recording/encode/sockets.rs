//! Encodes the sockets of a Sample: the row that each is based on, and its changes.

use super::order::OrderEncoder;
use super::prediction::{elapsed_ms, is_as_predicted};
use super::side_refs::{ChunkSocket, SideRefResolver, holders_of};
use super::stream_sets::{StreamSets, streams_in};
use super::streams::StreamBuffers;
use crate::model::{
    ClearForReuse, ClosedSocket, Holder, PreviousRows, RowLinks, Sample, Socket, SocketTable,
};
use crate::recording::aging::{advance_clock, is_aging};
use crate::recording::records::ProcessEncoder;
use crate::recording::row_store::resize_parts;
use crate::recording::section::{NEVER_SEEN, SEEN_AT, SEEN_WITH_BASE};
use crate::recording::stream::{
    FIXED_STREAM_COUNT, FixedCells, MAX_CONGESTION_INFO_LEN, MAX_INFO_LEN, MAX_MEMORY_LEN,
    PREDICTED_STREAMS, PartLayout, PredictedChanges, RTO, RTT, RTTVAR, RttPredictor, SEND_QUEUE,
    StreamMask, encode_cell, fixed_cells, mark_differing, predicted_slot, predictors, streams_of,
    word_location,
};
use crate::recording::strings::StringInterner;
use crate::recording::varint::{put_signed, put_varint};

/// The streams of fixed meaning, in the first word of a mask.
const FIXED_MASK: u64 = (1 << FIXED_STREAM_COUNT) - 1;

/// Parts of a socket whose every word is 0.
const ZERO_PARTS: [u8; MAX_INFO_LEN + MAX_MEMORY_LEN + MAX_CONGESTION_INFO_LEN] =
    [0; MAX_INFO_LEN + MAX_MEMORY_LEN + MAX_CONGESTION_INFO_LEN];

/// Longest time by which the clock of a socket advances from one frame to the next, ms; it never goes back. So the order
/// in which a reader adds such times makes no difference.
const MAX_SHIFT_MS: i64 = i32::MAX as i64;

/// The sockets of the previous frame, whose rows are shared with the Sample.
#[derive(Debug, Default)]
struct PreviousFrame {
    table: SocketTable,
    /// Holders with numbers of processes.
    holders: Vec<Holder>,
    /// Whether each row changed in that frame.
    changed: Vec<bool>,
    /// When each row was first seen, ns of the monotonic clock; 0 if it existed at the start.
    first_ns: Vec<u64>,
}

/// Encodes sockets; keeps those of the previous Sample.
#[derive(Debug, Default)]
pub(super) struct SocketEncoder {
    previous: PreviousFrame,
    /// Holders of the current Sample with numbers of processes.
    holders: Vec<Holder>,
    changed: Vec<bool>,
    first_ns: Vec<u64>,
    links: RowLinks,
    /// Number of Samples so far.
    samples: u64,
    sets: StreamSets,
    buffers: StreamBuffers,
    /// Buffers for the parts of a socket before and now, and for its predicted parts.
    parts: [Vec<u8>; 2],
    predicted: Vec<u8>,
}

impl SocketEncoder {
    /// Starts a new chunk. Keeps the times when sockets were first seen.
    pub(super) fn clear(&mut self) {
        self.sets.clear();
    }

    /// Encodes the sockets of a Sample: first those that closed, then those that exist.
    pub(super) fn encode(
        &mut self,
        sample: &Sample,
        strings: &mut StringInterner,
        processes: &ProcessEncoder,
        elapsed_ns: u64,
        is_key: bool,
        out: &mut Vec<u8>,
    ) {
        self.buffers.clear();
        self.holders.clear_for_reuse();
        let holders = sample.holders.iter();
        self.holders.extend(holders.map(|holder| Holder {
            process: processes.number_of(holder.process),
            fd: holder.fd,
        }));
        self.links.update(&self.previous.table, &sample.sockets);
        self.encode_closed(sample, strings, is_key);
        let elapsed = (elapsed_ns.saturating_add(500_000) / 1_000_000) as i64;
        self.encode_rows(sample, strings, elapsed, is_key);
        self.buffers.append_to(out);
        self.samples += 1;

        let previous = &mut self.previous;
        previous.table.clone_from(&sample.sockets);
        std::mem::swap(&mut previous.holders, &mut self.holders);
        std::mem::swap(&mut previous.changed, &mut self.changed);
        std::mem::swap(&mut previous.first_ns, &mut self.first_ns);
    }

    fn encode_closed(&mut self, sample: &Sample, strings: &mut StringInterner, is_key: bool) {
        let rows = &sample.closed_sockets;
        if sample.closed.is_empty() && rows.is_empty() {
            return;
        }
        let previous = std::mem::take(&mut self.previous);
        let mut out = std::mem::take(&mut self.buffers.closed);
        put_varint(&mut out, sample.closed.len() as u64);
        let mut expected = 0;
        for closed in &sample.closed {
            let row = rows.get(closed.row as usize);
            let base = row.and_then(|row| self.base_of(&previous, &row, is_key));
            let base_first_ns = base.map_or(0, |at| previous.first_ns[at as usize]);
            let now_ns = sample.monotonic_ns;
            encode_closed_facts(closed, expected, base_first_ns, now_ns, &mut out);
            expected = i64::from(closed.row) + 1;
        }
        put_varint(&mut out, rows.len() as u64);
        let holders = std::mem::take(&mut self.holders);
        let mut now = SideRefResolver::new(rows, &holders);
        let mut then = SideRefResolver::new(&previous.table, &previous.holders);
        let [mut parts_before, mut parts] = std::mem::take(&mut self.parts);
        for row in rows {
            let base = self.base_of(&previous, &row, is_key);
            put_varint(&mut out, base.map_or(0, |at| u64::from(at) + 1));
            let current = now.resolve(row, strings, &mut parts);
            match base.and_then(|at| previous.table.get(at as usize)) {
                Some(base) => {
                    let before = then.resolve(base, strings, &mut parts_before);
                    self.encode_changes(&before, &current, 0);
                }
                None => self.encode_new(&current),
            }
        }
        self.parts = [parts_before, parts];
        self.holders = holders;
        self.buffers.closed = out;
        self.previous = previous;
    }

    /// Returns the row of the previous frame that a closed socket is based on; none in a key frame.
    fn base_of(&mut self, previous: &PreviousFrame, socket: &Socket, is_key: bool) -> Option<u32> {
        let at = (!is_key).then(|| self.links.find_previous(&previous.table, socket.key()))??;
        let before = previous.table.get(at as usize)?;
        has_same_streams(&before, socket).then_some(at)
    }

    fn encode_rows(
        &mut self,
        sample: &Sample,
        strings: &mut StringInterner,
        elapsed: i64,
        is_key: bool,
    ) {
        let now_ns = sample.monotonic_ns;
        let table = &sample.sockets;
        put_varint(&mut self.buffers.order, table.len() as u64);
        self.changed.clear_for_reuse();
        self.first_ns.clear_for_reuse();
        let previous = std::mem::take(&mut self.previous);
        let holders = std::mem::take(&mut self.holders);
        let links = std::mem::take(&mut self.links);
        let [mut parts_before, mut parts] = std::mem::take(&mut self.parts);
        let mut now = SideRefResolver::new(table, &holders);
        let mut then = SideRefResolver::new(&previous.table, &previous.holders);
        let mut order = OrderEncoder::default();
        let mut rows = table.iter();
        for page in links.pages() {
            for (at, row) in (0..).zip(rows.by_ref().take(page.rows as usize)) {
                let (known, aged_ms) = match page.previous {
                    PreviousRows::Same { first, aged_ms } => (Some(first + at), Some(aged_ms)),
                    PreviousRows::Linked(first) => (links.previous_of(first + at), None),
                };
                let first_ns = match known {
                    Some(at) => previous.first_ns[at as usize],
                    None if is_key && self.samples == 0 => 0,
                    None => now_ns,
                };
                self.first_ns.push(first_ns);
                if is_key {
                    let since = match first_ns {
                        0 => 0,
                        first_ns => now_ns.wrapping_sub(first_ns).saturating_add(1),
                    };
                    put_varint(&mut self.buffers.first_seen, since);
                }
                let known = known.filter(|_| !is_key);
                let base = known.and_then(|at| Some((at, previous.table.get(at as usize)?)));
                let base = base.filter(|(_, before)| has_same_streams(before, &row));
                let Some((at, before)) = base else {
                    order.push_new();
                    let current = now.resolve(row, strings, &mut parts);
                    self.encode_new(&current);
                    self.changed.push(true);
                    continue;
                };
                order.push_known(at, &mut self.buffers.order);
                let changed_before = previous.changed[at as usize];
                let changes = if let Some(aged_ms) = aged_ms
                    && i64::from(aged_ms) <= MAX_SHIFT_MS
                    && row.follows_clock()
                    && holders_of(&row, &holders) == holders_of(&row, &previous.holders)
                {
                    if is_aging(&row) {
                        let shift = i64::from(aged_ms);
                        self.buffers.put_clock_deviation(shift.wrapping_sub(elapsed));
                    }
                    self.buffers.put_change(changed_before, false);
                    false
                } else {
                    let before = then.resolve(before, strings, &mut parts_before);
                    let current = now.resolve(row, strings, &mut parts);
                    self.encode_known(&before, changed_before, &current, elapsed)
                };
                self.changed.push(changes);
            }
        }
        order.finish(&mut self.buffers.order);
        self.parts = [parts_before, parts];
        (self.previous, self.holders, self.links) = (previous, holders, links);
    }

    /// Encodes a socket that the previous frame had; returns whether it changed.
    #[inline]
    fn encode_known(
        &mut self,
        before: &ChunkSocket<'_>,
        changed_before: bool,
        current: &ChunkSocket<'_>,
        elapsed: i64,
    ) -> bool {
        let mut shift = 0;
        if is_aging(&before.socket) {
            // Clocks of a damaged recording may jump at each Sample; the decoder wraps as well.
            let expected = elapsed.wrapping_add(self.buffers.deviation_ms);
            shift = elapsed_ms(before, current, expected, elapsed).clamp(0, MAX_SHIFT_MS);
            self.buffers
                .put_clock_deviation(shift.wrapping_sub(elapsed));
        }
        let changes = !is_as_predicted(before, current, shift);
        self.buffers.put_change(changed_before, changes);
        if changes {
            self.encode_changes(before, current, shift);
        }
        changes
    }

    /// Encodes the difference of a socket from the one before with the clock advanced by `shift` ms.
    fn encode_changes(&mut self, base: &ChunkSocket<'_>, current: &ChunkSocket<'_>, shift: i64) {
        let (now, now_parts) = (&current.socket, current.parts);
        let (mut before, parts) = (base.socket, &mut self.predicted);
        parts.clear();
        parts.extend_from_slice(base.parts);
        advance_clock(&mut before, parts, shift);
        let (mut mask, allowed) = (StreamMask::default(), streams_of(now));
        let mut cells: Option<[FixedCells; 2]> = None;
        if before != *now || base.side != current.side {
            let [before, now] = cells.insert([
                fixed_cells(&before, &base.side),
                fixed_cells(now, &current.side),
            ]);
            for (stream, (before, now)) in before.iter().zip(now).enumerate() {
                mask[0] |= u64::from(before != now) << stream;
            }
        }
        resize_parts(parts, &mut before, now);
        mark_differing(now, parts, now_parts, &mut mask);
        let layout = PartLayout::of(now);
        let change_of = |stream: usize| {
            layout
                .get(now_parts, stream)
                .wrapping_sub(layout.get(parts, stream))
        };
        let mut predicted = PredictedChanges::default();
        for (stream, predictor) in predictors() {
            let change = match stream {
                SEND_QUEUE => u64::from(now.send_queue).wrapping_sub(before.send_queue.into()),
                stream => change_of(stream),
            };
            predicted.add(predictor, change);
        }
        let mut mark = |stream: usize, is_other: bool| {
            let (word, bit) = (stream / 64, 1 << (stream % 64));
            mask[word] &= !bit;
            if is_other && allowed[word] & bit != 0 {
                mask[word] |= bit;
            }
        };
        for (slot, stream) in PREDICTED_STREAMS.into_iter().enumerate() {
            mark(stream, change_of(stream) != predicted.get(slot));
        }
        let [old, new] =
            [&parts[..], now_parts].map(|parts| move |stream: usize| layout.get(parts, stream));
        let rtt = RttPredictor::new(old);
        let deviation = rtt.deviation(new(RTT));
        mark(RTTVAR, new(RTTVAR) != deviation);
        let timeout = rtt.timeout(old(RTO), new(RTT), new(RTTVAR));
        mark(RTO, new(RTO) != timeout);
        let set = self.sets.encode(mask, &allowed, &mut self.buffers);
        if set[0] & FIXED_MASK != 0 {
            // If no field changed, the set has unneeded streams.
            let unchanged = || [fixed_cells(now, &current.side); 2];
            let [before, now] = cells.get_or_insert_with(unchanged);
            let mut fixed = StreamMask::default();
            fixed[0] = set[0];
            for stream in streams_in(fixed) {
                let out = &mut self.buffers.cells[stream];
                encode_cell(out, stream, now[stream], before[stream], |other| now[other]);
            }
        }
        let mut words = set;
        words[0] = 0;
        for stream in streams_in(words) {
            let out = &mut self.buffers.cells[stream];
            let word = |other: usize| {
                if other < stream {
                    new(other)
                } else {
                    old(other)
                }
            };
            let range = layout.find(word_location(stream));
            let before = range.get(parts);
            let expected = match (stream, predicted_slot(stream)) {
                (RTTVAR, _) => deviation,
                (RTO, _) => timeout,
                (_, Some(slot)) => before.wrapping_add(predicted.get(slot)),
                _ => before,
            };
            encode_cell(out, stream, range.get(now_parts), expected, word);
        }
    }

    /// Encodes a socket without a row.
    fn encode_new(&mut self, current: &ChunkSocket<'_>) {
        let (now, parts) = (&current.socket, current.parts);
        let cells = fixed_cells(now, &current.side);
        let layout = PartLayout::of(now);
        let cell = |stream: usize| match cells.get(stream).filter(|_| stream < FIXED_STREAM_COUNT) {
            Some(cell) => *cell,
            None => layout.get(parts, stream),
        };
        let mut mask = StreamMask::default();
        for (stream, cell) in cells.iter().enumerate() {
            mask[0] |= u64::from(*cell != 0) << stream;
        }
        mark_differing(now, parts, &ZERO_PARTS[..parts.len()], &mut mask);
        let set = self.sets.encode(mask, &mask, &mut self.buffers);
        let mut predicted = PredictedChanges::default();
        for (stream, predictor) in predictors() {
            predicted.add(predictor, cell(stream));
        }
        let (deviation, timeout) = RttPredictor::predict_new(cell(RTT), cell(RTTVAR));
        for stream in streams_in(set) {
            let out = &mut self.buffers.cells[stream];
            let word = |other: usize| if other < stream { cell(other) } else { 0 };
            let now = cell(stream);
            let last = std::mem::replace(&mut self.buffers.last[stream], now);
            let expected = match (stream, predicted_slot(stream)) {
                (RTTVAR, _) => deviation,
                (RTO, _) => timeout,
                (_, Some(slot)) => predicted.get(slot),
                _ => last,
            };
            encode_cell(out, stream, now, expected, word);
        }
    }
}

/// Reports whether a socket has the same streams as the one before.
fn has_same_streams(before: &Socket, socket: &Socket) -> bool {
    before.protocol == socket.protocol && before.family == socket.family
}

/// Encodes the facts of a closed socket apart from its row. Omits the time when it was first seen if it is that of its
/// base.
fn encode_closed_facts(
    closed: &ClosedSocket,
    expected_row: i64,
    base_first_ns: u64,
    now_ns: u64,
    out: &mut Vec<u8>,
) {
    let ClosedSocket {
        row,
        monotonic_ns,
        last_state,
        first_seen_ns,
    } = *closed;
    put_signed(out, i64::from(row) - expected_row);
    put_signed(out, now_ns.wrapping_sub(monotonic_ns) as i64);
    let state = last_state.map_or(0, |state| state as u64);
    let (first_seen, explicit_ns) = match first_seen_ns {
        None => (NEVER_SEEN, None),
        Some(first_ns) if first_ns == base_first_ns && first_ns != 0 => (SEEN_WITH_BASE, None),
        Some(first_ns) => (SEEN_AT, Some(first_ns)),
    };
    put_varint(out, state << 2 | first_seen);
    if let Some(first_ns) = explicit_ns {
        put_signed(out, now_ns.wrapping_sub(first_ns) as i64);
    }
}

//! Encodes the sockets of a Sample: the row that each is based on, and its changes.

use super::order::OrderEncoder;
use super::prediction::{elapsed_ms, is_as_predicted};
use super::side_refs::{ChunkSocket, SideRefResolver};
use super::stream_sets::{StreamSets, streams_in};
use super::streams::StreamBuffers;
use crate::model::{ClosedSocket, Sample, Socket, Tracker, Visit};
use crate::recording::aging::advance_clock;
use crate::recording::records::ProcessEncoder;
use crate::recording::row_store::{RowStore, resize_parts};
use crate::recording::section::{NEVER_SEEN, SEEN_AT, SEEN_WITH_BASE};
use crate::recording::stream::{
    FIXED_STREAM_COUNT, FixedCells, MAX_CONGESTION_INFO_LEN, MAX_INFO_LEN, MAX_MEMORY_LEN,
    PREDICTED_STREAMS, PartLayout, PredictedChanges, RTO, RTT, RTTVAR, RttPredictor, SEND_QUEUE,
    StreamMask, encode_cell, fixed_cells, mark_differing, predicted_slot, predictors, streams_of,
    word_location,
};
use crate::recording::strings::StringInterner;
use crate::recording::varint::{put_signed, put_varint};

/// Row of a tracked socket, and when it was first seen, ns; 0 if it existed at the start.
#[derive(Debug, Clone, Copy, Default)]
struct Tracked {
    at: u32,
    first_ns: u64,
}

/// The streams of fixed meaning, in the first word of a mask.
const FIXED_MASK: u64 = (1 << FIXED_STREAM_COUNT) - 1;

/// Parts of a socket whose every word is 0.
const ZERO_PARTS: [u8; MAX_INFO_LEN + MAX_MEMORY_LEN + MAX_CONGESTION_INFO_LEN] =
    [0; MAX_INFO_LEN + MAX_MEMORY_LEN + MAX_CONGESTION_INFO_LEN];

/// Encodes sockets; keeps those of the previous Sample.
#[derive(Debug, Default)]
pub(super) struct SocketEncoder {
    rows: RowStore,
    tracker: Tracker<Tracked>,
    /// Number of Samples so far.
    samples: u64,
    sets: StreamSets,
    buffers: StreamBuffers,
    /// Buffer for the predicted parts of a socket.
    predicted: Vec<u8>,
    /// Buffer for parts that were too long.
    cut: Vec<u8>,
}

impl SocketEncoder {
    /// Starts a new chunk. Keeps the times when sockets were first seen.
    pub(super) fn clear(&mut self) {
        self.rows.clear();
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
        let mut resolver = SideRefResolver::new(sample, strings, processes);
        self.encode_closed(sample, &mut resolver);
        let mut resolver = SideRefResolver::new(sample, strings, processes);
        let elapsed = (elapsed_ns.saturating_add(500_000) / 1_000_000) as i64;
        self.encode_rows(sample, &mut resolver, elapsed, is_key);
        self.buffers.append_to(out);
        self.samples += 1;
    }

    fn encode_closed(&mut self, sample: &Sample, resolver: &mut SideRefResolver<'_>) {
        let rows = &sample.closed_sockets;
        if sample.closed.is_empty() && rows.is_empty() {
            return;
        }
        let mut out = std::mem::take(&mut self.buffers.closed);
        put_varint(&mut out, sample.closed.len() as u64);
        let mut expected = 0;
        for closed in &sample.closed {
            let base = rows
                .get(closed.row as usize)
                .and_then(|socket| self.base_of(&socket));
            let base_first_ns = base.map_or(0, |at| self.rows.row(at).first_ns);
            let now_ns = sample.monotonic_ns;
            encode_closed_facts(closed, expected, base_first_ns, now_ns, &mut out);
            expected = i64::from(closed.row) + 1;
        }
        put_varint(&mut out, rows.len() as u64);
        let mut cut = std::mem::take(&mut self.cut);
        for socket in rows {
            let current = resolver.resolve(&sample.closed_sockets, socket, &mut cut);
            let base = self.base_of(&socket);
            let position = base.map_or(0, |at| u64::from(self.rows.position(at)) + 1);
            put_varint(&mut out, position);
            match base {
                Some(at) => self.encode_changes(at, &current, self.rows.age_state(at).aged_ms),
                None => self.encode_new(&current),
            }
        }
        self.cut = cut;
        self.buffers.closed = out;
    }

    fn encode_rows(
        &mut self,
        sample: &Sample,
        resolver: &mut SideRefResolver<'_>,
        elapsed: i64,
        is_key: bool,
    ) {
        let now_ns = sample.monotonic_ns;
        self.tracker.begin_round(sample.sockets.len());
        put_varint(&mut self.buffers.order, sample.sockets.len() as u64);
        let mut order = OrderEncoder::default();
        let mut cut = std::mem::take(&mut self.cut);
        for socket in &sample.sockets {
            let current = resolver.resolve(&sample.sockets, socket, &mut cut);
            let (known, first_ns, is_own) = match self.tracker.visit(socket.key()) {
                Visit::Known(tracked) => (Some(tracked.at), tracked.first_ns, true),
                Visit::New(tracked) => {
                    tracked.first_ns = if self.samples == 0 { 0 } else { now_ns };
                    (None, tracked.first_ns, true)
                }
                Visit::Repeated(tracked) => (None, tracked.first_ns, false),
            };
            let known = known.filter(|&at| !is_key && self.has_same_streams(at, &socket));
            if let Some(at) = known {
                order.push_known(self.rows.position(at), &mut self.buffers.order);
                self.rows.append_to_sample(at);
                self.encode_known(at, &current, elapsed);
            } else {
                order.push_new();
                self.encode_new(&current);
                // Fails only beyond 4 GiB, which no Sample has.
                if let Ok(at) = self
                    .rows
                    .write(None, &current.socket, current.side, current.parts)
                {
                    self.rows.append_to_sample(at);
                    self.rows.row_mut(at).first_ns = if is_key { first_ns } else { now_ns };
                    if let Some(tracked) = self.tracker.get_mut(socket.key()).filter(|_| is_own) {
                        tracked.at = at;
                    }
                }
            }
            if is_key {
                let since = match first_ns {
                    0 => 0,
                    first_ns => now_ns.wrapping_sub(first_ns).saturating_add(1),
                };
                put_varint(&mut self.buffers.first_seen, since);
            }
        }
        order.finish(&mut self.buffers.order);
        self.cut = cut;
        self.tracker.retain(|_, seen, _| seen);
        self.rows.finish_sample();
    }

    /// Returns the row that a closed socket is based on; none in a key frame.
    fn base_of(&self, socket: &Socket) -> Option<u32> {
        let known = self.tracker.get(socket.key()).map(|tracked| tracked.at);
        known.filter(|&at| self.rows.contains(at) && self.has_same_streams(at, socket))
    }

    /// Reports whether a row has the streams of a socket.
    fn has_same_streams(&self, at: u32, socket: &Socket) -> bool {
        let before = self.rows.row(at).socket;
        before.protocol == socket.protocol && before.family == socket.family
    }

    /// Encodes a socket that has a row.
    #[inline]
    fn encode_known(&mut self, at: u32, current: &ChunkSocket<'_>, elapsed: i64) {
        let (row, parts, state) = (
            self.rows.row(at),
            self.rows.parts(at),
            self.rows.age_state(at),
        );
        let mut aged_ms = state.aged_ms;
        if state.is_aging {
            // Clocks of a damaged recording may jump at each Sample; the decoder wraps as well.
            let expected = elapsed.wrapping_add(self.buffers.deviation_ms);
            let shift = elapsed_ms(row, parts, state.aged_ms, current, expected, elapsed);
            self.buffers
                .put_clock_deviation(shift.wrapping_sub(elapsed));
            aged_ms = aged_ms.wrapping_add(shift);
        }
        let changes = !is_as_predicted(row, parts, current, aged_ms);
        self.buffers.put_change(state.changed, changes);
        if changes {
            self.encode_changes(at, current, aged_ms);
            // Fails only beyond 4 GiB, which no Sample has.
            let written = self
                .rows
                .write(Some(at), &current.socket, current.side, current.parts);
            debug_assert!(written.is_ok());
        } else {
            let state = self.rows.age_state_mut(at);
            (state.aged_ms, state.changed) = (aged_ms, false);
        }
    }

    /// Encodes the difference of a socket from its row with the clock advanced by `aged_ms` ms.
    fn encode_changes(&mut self, at: u32, current: &ChunkSocket<'_>, aged_ms: i64) {
        let row = self.rows.row(at);
        let (now, now_parts) = (&current.socket, current.parts);
        let (mut before, parts) = (row.socket, &mut self.predicted);
        parts.clear();
        parts.extend_from_slice(self.rows.parts(at));
        advance_clock(&mut before, parts, aged_ms);
        let (mut mask, allowed) = (StreamMask::default(), streams_of(now));
        let mut cells: Option<[FixedCells; 2]> = None;
        if before != *now || row.side != current.side {
            let [before, now] = cells.insert([
                fixed_cells(&before, &row.side),
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

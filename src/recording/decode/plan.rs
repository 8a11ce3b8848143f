//! Plans for decoding the sockets that have cells in the same set of streams: what they share is looked up once.
//!
//! [`RowBuilder`](super::row_builder) adds a plan for each set that a frame defines. For each new or changed socket
//! [`PlanTable::next`] returns the plan of its set, which then decodes first the fields of fixed meaning and after that
//! the words of its parts. The counterpart is `encode/sockets.rs`, which computes the same predictions.

use super::streams::StreamReaders;
use crate::model::Socket;
use crate::recording::error::Corrupt;
use crate::recording::stream::{
    Coding, FIXED_STREAM_COUNT, FixedCells, PREDICTED_STREAMS, PartLayout, PredictedChanges,
    Predictor, RTO, RTT, RTTVAR, RttPredictor, SEND_QUEUE, STREAM_COUNT, SideRefs, WordLocation,
    coding, decode_cell, fixed_cells, load_fixed_cells, predicted_slot, word_location,
};
use crate::recording::varint::ByteReader;

/// The streams of fixed meaning in a set, which are the fields of [`Socket`] and its references; all other streams are
/// words of its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FixedStreams {
    /// The set has none.
    None,
    /// Only some of those that change while a socket moves data, such as its queues. They leave the lengths of the
    /// parts.
    Moving,
    /// The set has others, so that all fields are decoded and checked.
    Any,
}

/// The decoding of a stream.
#[derive(Debug, Clone, Copy)]
struct StreamSpec {
    /// Location of its word in the parts; unused for a stream of fixed meaning.
    location: WordLocation,
    coding: Coding,
    /// Index of the stream in [`PREDICTED_STREAMS`]; `None` if other streams do not predict it.
    slot: Option<u8>,
    /// The stream that this one predicts, if any.
    predictor: Predictor,
    /// True for most streams: a difference from the value before, on which no other stream depends.
    is_plain: bool,
    /// True for a difference from the value before that predicts another stream.
    only_predicts: bool,
}

/// The decoding of each stream, by number.
static SPECS: [StreamSpec; STREAM_COUNT] = {
    let mut specs = [spec(0); STREAM_COUNT];
    let mut stream = 0;
    while stream < STREAM_COUNT {
        specs[stream] = spec(stream);
        stream += 1;
    }
    specs
};

const fn spec(stream: usize) -> StreamSpec {
    let coding = coding(stream);
    let predictor = Predictor::of_stream(stream);
    let slot = match predicted_slot(stream) {
        Some(slot) => Some(slot as u8),
        None => None,
    };
    let is_delta = slot.is_none()
        && matches!(coding, Coding::Delta)
        && !word_location(stream).is_upper_half()
        && stream != RTTVAR;
    StreamSpec {
        location: word_location(stream),
        coding,
        slot,
        predictor,
        is_plain: is_delta && !predictor.predicts_any(),
        only_predicts: is_delta && predictor.predicts_any(),
    }
}

/// Bit that marks a stream of a plan that has no cell and takes its predicted value.
const IMPLICIT: u16 = 1 << 15;

/// The plans of a chunk, by the number of their set. Stored contiguously: there are hundreds, used in an unpredictable order.
#[derive(Debug, Default)]
pub(super) struct PlanTable {
    /// One for each set, by number.
    extents: Vec<PlanExtent>,
    /// Streams of all plans: for each plan its fixed ones, narrow and wide words, and others.
    streams: Vec<u16>,
    /// Buffers for the words of the plan that is being made.
    narrow: Vec<u16>,
    wide: Vec<u16>,
    others: Vec<u16>,
}

/// Location of a plan's streams in [`PlanTable::streams`], and the lengths of its lists.
#[derive(Debug, Clone, Copy)]
struct PlanExtent {
    /// Index of the first stream.
    begin: u32,
    /// Number of streams in each list.
    fixed: u16,
    narrow: u16,
    wide: u16,
    others: u16,
    kind: FixedStreams,
    has_rtt: bool,
}

/// The streams of a set, grouped by how they are decoded. The order of groups is free, because each stream has a reader of its
/// own; within [`Plan::others`] a stream comes after those that it depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan<'a> {
    pub(super) kind: FixedStreams,
    /// True if `tcpi_rttvar` and `tcpi_rto`, which follow from round-trip times, may change. They are the last of
    /// `others`.
    has_rtt: bool,
    /// Streams of fixed meaning.
    fixed: &'a [u16],
    /// Plain words of four bytes, and of eight: each is a difference from the value before, on which no other depends.
    narrow: &'a [u16],
    wide: &'a [u16],
    /// All other words. Those marked [`IMPLICIT`] have no cell.
    others: &'a [u16],
}

impl PlanTable {
    /// Removes all plans, for a new chunk.
    pub(super) fn clear(&mut self) {
        self.extents.clear();
        self.streams.clear();
    }

    /// Returns the bytes of memory in use.
    pub(super) fn heap_bytes(&self) -> usize {
        self.extents.len() * size_of::<PlanExtent>() + self.streams.len() * size_of::<u16>()
    }

    /// Returns the maximum memory for a set of `streams` streams, bytes.
    pub(super) fn max_plan_bytes(streams: usize) -> usize {
        size_of::<PlanExtent>() + (streams + PREDICTED_STREAMS.len() + 2) * size_of::<u16>()
    }

    /// Returns the plan of a set; `None` if the chunk has not defined it.
    #[inline]
    fn get(&self, number: usize) -> Option<Plan<'_>> {
        let extent = self.extents.get(number)?;
        let streams = self.streams.get(extent.begin as usize..)?;
        let (fixed, streams) = streams.split_at_checked(extent.fixed.into())?;
        let (narrow, streams) = streams.split_at_checked(extent.narrow.into())?;
        let (wide, streams) = streams.split_at_checked(extent.wide.into())?;
        Some(Plan {
            kind: extent.kind,
            has_rtt: extent.has_rtt,
            fixed,
            narrow,
            wide,
            others: streams.get(..extent.others.into())?,
        })
    }

    /// Reads the number of the next new or changed socket's set; returns its plan.
    ///
    /// # Errors
    /// If the numbers end, or the chunk has not defined the set.
    #[inline]
    pub(super) fn next(&self, readers: &mut StreamReaders<'_, '_>) -> Result<Plan<'_>, Corrupt> {
        let number: usize = readers.sets.number()?;
        let plan = self.get(number);
        plan.ok_or(Corrupt("undefined set of streams"))
    }

    /// Adds the plan of a set, whose streams are in ascending order. It gets the next number.
    pub(super) fn push(&mut self, set: &[u16]) {
        let split = set.partition_point(|&stream| usize::from(stream) < FIXED_STREAM_COUNT);
        let (fixed, words) = set.split_at(split);
        let kind = match fixed {
            [] => FixedStreams::None,
            all if all
                .iter()
                .all(|&stream| Socket::is_moving_stream(stream.into())) =>
            {
                FixedStreams::Moving
            }
            _ => FixedStreams::Any,
        };
        let PlanTable {
            extents,
            streams,
            narrow,
            wide,
            others,
        } = self;
        for words in [&mut *narrow, &mut *wide, &mut *others] {
            words.clear();
        }
        for &stream in words {
            let spec = &SPECS[usize::from(stream)];
            let to = match (spec.is_plain, spec.location.is_wide()) {
                (false, _) => &mut *others,
                (true, false) => &mut *narrow,
                (true, true) => &mut *wide,
            };
            to.push(stream);
        }
        for predicted in PREDICTED_STREAMS {
            let place = others.partition_point(|&word| usize::from(word & !IMPLICIT) < predicted);
            let (before, behind) = others.split_at(place);
            let next = behind.first().map(|&word| usize::from(word));
            let mut predictors = fixed.iter().chain(before).map(|word| word & !IMPLICIT);
            let has_predictor = predictors.any(|stream| {
                let predictor = SPECS[usize::from(stream)].predictor;
                predictor.predicts(predicted)
            });
            if has_predictor && next != Some(predicted) {
                others.insert(place, predicted as u16 | IMPLICIT);
            }
        }
        let has_rtt = move_rtt_last(narrow, others);
        extents.push(PlanExtent {
            begin: streams.len() as u32,
            fixed: fixed.len() as u16,
            narrow: narrow.len() as u16,
            wide: wide.len() as u16,
            others: others.len() as u16,
            kind,
            has_rtt,
        });
        for part in [fixed, narrow, wide, others] {
            streams.extend_from_slice(part);
        }
    }
}

/// Moves the streams that follow from round-trip times after all other words; reports whether there are any.
fn move_rtt_last(narrow: &[u16], others: &mut Vec<u16>) -> bool {
    let mut has_rtt = narrow.contains(&(RTT as u16));
    for stream in [RTTVAR as u16, RTO as u16] {
        if let Some(explicit) = others.iter().position(|word| *word == stream) {
            others[explicit..].rotate_left(1);
            has_rtt = true;
        } else if has_rtt {
            others.push(stream | IMPLICIT);
        }
    }
    has_rtt
}

impl Plan<'_> {
    /// Decodes changes of a socket's fields of fixed meaning, with the clock advanced already. `readers` has the cells
    /// by stream. Must be called before [`Self::decode_word_changes`].
    ///
    /// # Errors
    /// If a cell is missing, or a field cannot have its value.
    #[inline]
    pub(super) fn decode_fixed_changes(
        self,
        socket: &mut Socket,
        side: &mut SideRefs,
        readers: &mut [ByteReader<'_>],
    ) -> Result<(), Corrupt> {
        let mut cells: FixedCells = [0; 64];
        match self.kind {
            FixedStreams::None => Ok(()),
            FixedStreams::Moving => {
                socket.store_moving(&mut cells);
                self.decode_fixed_cells(&mut cells, readers)?;
                Ok(socket.load_moving(&cells)?)
            }
            FixedStreams::Any => {
                cells = fixed_cells(socket, side);
                self.decode_fixed_cells(&mut cells, readers)?;
                load_fixed_cells(&cells, socket, side)
            }
        }
    }

    #[inline]
    fn decode_fixed_cells(
        self,
        cells: &mut FixedCells,
        readers: &mut [ByteReader<'_>],
    ) -> Result<(), Corrupt> {
        for &stream in self.fixed {
            let stream = usize::from(stream);
            let (coding, reader) = (SPECS[stream].coding, &mut readers[stream]);
            cells[stream] = decode_cell(reader, coding, cells[stream], |other| cells[other])?;
        }
        Ok(())
    }

    /// Decodes changes of the words of a socket's `parts`, which have the lengths that `socket` states.
    /// `send_queue_before`, bytes, is the send queue before [`Self::decode_fixed_changes`]: its change predicts a word.
    ///
    /// # Errors
    /// If a cell is missing, or a word cannot have its value.
    #[inline]
    pub(super) fn decode_word_changes(
        self,
        socket: &Socket,
        send_queue_before: u32,
        parts: &mut [u8],
        readers: &mut [ByteReader<'_>],
    ) -> Result<(), Corrupt> {
        let layout = PartLayout::of(socket);
        let mut predicted = PredictedChanges::default();
        let queued = u64::from(socket.send_queue).wrapping_sub(send_queue_before.into());
        predicted.add(SPECS[SEND_QUEUE].predictor, queued);
        let rtt = self
            .has_rtt
            .then(|| RttPredictor::new(|stream| layout.get(parts, stream)));
        for &stream in self.narrow {
            let stream = usize::from(stream);
            let change = readers[stream].signed()?;
            layout.add::<4>(parts, SPECS[stream].location, change)?;
        }
        for &stream in self.wide {
            let stream = usize::from(stream);
            let change = readers[stream].signed()?;
            layout.add::<8>(parts, SPECS[stream].location, change)?;
        }
        for &word in self.others {
            let stream = usize::from(word & !IMPLICIT);
            let spec = &SPECS[stream];
            let range = layout.find(spec.location);
            let before = range.get(parts);
            if spec.only_predicts {
                let change = readers[stream].signed()?;
                range.set(parts, before.wrapping_add_signed(change))?;
                predicted.add(spec.predictor, change.cast_unsigned());
                continue;
            }
            let word_of = |other: usize| layout.get(parts, other);
            let expected = match (spec.slot, stream, rtt) {
                (Some(slot), ..) => before.wrapping_add(predicted.get(slot.into())),
                (_, RTTVAR, Some(rtt)) => rtt.deviation(word_of(RTT)),
                (_, RTO, Some(rtt)) => rtt.timeout(before, word_of(RTT), word_of(RTTVAR)),
                _ => before,
            };
            let now = if word & IMPLICIT == 0 {
                decode_cell(&mut readers[stream], spec.coding, expected, word_of)?
            } else if range.exists() {
                expected
            } else {
                continue;
            };
            range.set(parts, now)?;
            predicted.add(spec.predictor, now.wrapping_sub(before));
        }
        Ok(())
    }

    /// Decodes the cells of fixed meaning of a new socket; those without a cell are 0. `last` has the last new socket's
    /// cells of the frame, by stream, which predict these; they are replaced.
    ///
    /// # Errors
    /// If a cell is missing.
    #[inline]
    pub(super) fn decode_new_fixed(
        self,
        readers: &mut [ByteReader<'_>],
        last: &mut [u64],
    ) -> Result<FixedCells, Corrupt> {
        let mut cells: FixedCells = [0; 64];
        for &stream in self.fixed {
            let stream = usize::from(stream);
            let coding = SPECS[stream].coding;
            let (reader, last) = (&mut readers[stream], &mut last[stream]);
            cells[stream] = decode_cell(reader, coding, *last, |other| cells[other])?;
            *last = cells[stream];
        }
        Ok(cells)
    }

    /// Decodes the words of a new socket, whose `parts` have their lengths and are all zeros. `last` is that of
    /// [`Self::decode_new_fixed`], which is to be called before.
    ///
    /// # Errors
    /// If a cell is missing, or a word cannot have its value.
    #[inline]
    pub(super) fn decode_new_words(
        self,
        socket: &Socket,
        parts: &mut [u8],
        readers: &mut [ByteReader<'_>],
        last: &mut [u64],
    ) -> Result<(), Corrupt> {
        let layout = PartLayout::of(socket);
        let mut predicted = PredictedChanges::default();
        predicted.add(SPECS[SEND_QUEUE].predictor, socket.send_queue.into());
        for &stream in self.narrow.iter().chain(self.wide) {
            let stream = usize::from(stream);
            let (reader, last) = (&mut readers[stream], &mut last[stream]);
            *last = last.wrapping_add_signed(reader.signed()?);
            layout.find(SPECS[stream].location).set(parts, *last)?;
        }
        for &stream in self.others.iter().filter(|word| *word & IMPLICIT == 0) {
            let stream = usize::from(stream);
            let spec = &SPECS[stream];
            let (reader, last) = (&mut readers[stream], &mut last[stream]);
            let word = |other: usize| layout.get(parts, other);
            let expected = match (spec.slot, stream) {
                (Some(slot), _) => predicted.get(slot.into()),
                (_, RTTVAR) => RttPredictor::predict_new(word(RTT), word(RTTVAR)).0,
                (_, RTO) => RttPredictor::predict_new(word(RTT), word(RTTVAR)).1,
                _ => *last,
            };
            let now = decode_cell(reader, spec.coding, expected, word)?;
            *last = now;
            predicted.add(spec.predictor, now);
            layout.find(spec.location).set(parts, now)?;
        }
        Ok(())
    }
}

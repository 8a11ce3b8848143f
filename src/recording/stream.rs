//! Streams: every fact about a socket is one integer, a cell, stored with the cells of the same fact of all sockets.
//!
//! A stream has a number, which never changes its meaning, and a name, which the file header repeats. A reader skips
//! unknown numbers and leaves streams that are missing from the file at 0, which always means none or zero. Numbers
//! below [`TCP`] have a fixed meaning; the others are the words of kernel structures, so that a structure that grows
//! needs no change here.

mod coding;
mod fixed;
mod names;
mod numbers;
mod pacing;
mod part_layout;
mod predictor;
mod rtt_predictor;
mod side_refs;
mod tcp_words;

pub(super) use coding::{Coding, coding, decode_cell, encode_cell};
pub(super) use fixed::{FIXED_STREAM_COUNT, FixedCells, fixed_cells, load_fixed_cells};
pub(super) use names::{describe_streams, name};
pub(super) use numbers::{
    MAX_CONGESTION_INFO_LEN, MAX_INFO_LEN, MAX_MEMORY_LEN, RTO, RTT, RTTVAR, SEND_QUEUE,
    STREAM_COUNT, StreamMask, TCP,
};
pub(super) use part_layout::{PartLayout, WordLocation, mark_differing, streams_of, word_location};
pub(super) use predictor::{
    PREDICTED_STREAMS, PredictedChanges, Predictor, predicted_slot, predictors,
};
pub(super) use rtt_predictor::RttPredictor;
pub(super) use side_refs::SideRefs;

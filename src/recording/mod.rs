//! Recordings: Samples in a file or, in the same encoding, in memory, readable at any instant.
//!
//! ```text
//!  Sample ─▶ Encoder ─▶ Frame ─▶ Recorder (a thread) ─▶ file ─▶ Reader ──────────▶ Archive ─▶ Sample
//!                         └────▶ FrameHistory (bounded) ──────▶ HistorySnapshot ─▶ Archive ─▶ Sample
//! ```
//!
//! Only reports of the kernel are stored. Rates, groups and findings are recomputed when a recording
//! is read. `format.rs` describes the layout of a file.
//!
//! # Terms
//!
//! - A *frame* is one encoded Sample. A *key frame* is decoded alone; a *delta frame* holds the difference from the
//!   frame before it. A key frame and the delta frames up to the next one are a *chunk*.
//! - A decompressed frame is a list of *sections*. Sections below 64 hold one kind of data each, the others one
//!   *stream*.
//! - A *stream* has the values of one fact about sockets, such as the congestion window, as integers. One socket's
//!   integer in a stream is a *cell*.
//! - A *row* is a socket as both the encoder and the decoder last knew it. Its *parts* are the byte structures of the
//!   kernel that come with it: `struct tcp_info` or another protocol's structure, memory, congestion control.
//! - A *set* is a combination of streams, those in which one socket has cells; a chunk numbers its sets.

mod aging;
mod alloc_budget;
mod archive;
mod cursor;
mod decode;
mod encode;
mod error;
mod format;
mod frame;
mod history;
mod interference;
mod limits;
mod metadata;
mod options;
mod planes;
mod progress;
mod reader;
mod recorder;
mod records;
mod redact;
mod row_store;
mod sample_archive;
mod save;
mod section;
#[cfg(test)]
mod simulator;
mod stream;
mod strings;
mod varint;
mod writer;

pub use archive::{Archive, Entry, Loss};
pub use encode::Encoder;
pub use error::RecordingError;
pub use format::is_recording;
pub use frame::Frame;
pub use history::{FrameHistory, HistorySnapshot};
pub use interference::interference;
pub use metadata::Metadata;
pub use options::RecorderOptions;
pub use progress::Progress;
pub use reader::{Inspection, Reader};
pub use recorder::{Recorder, RecordingCloser};
pub use redact::Redactor;
pub use sample_archive::SampleArchive;
pub use save::save;

//! Recordings: Samples in a file or, in the same encoding, in memory, readable at any instant.
//!
//! ```text
//!  Sample ─▶ Encoder ─▶ Frame ─▶ Recorder (a thread) ─▶ file ─▶ Reader ──────────▶ Archive ─▶ Sample
//!                         └────▶ FrameHistory (bounded) ──────▶ HistorySnapshot ─▶ Archive ─▶ Sample
//! ```
//!
//! Only reports of the kernel are stored. Rates, groups and findings are recomputed when a recording
//! is read. `format.rs` describes the layout of a file.

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

pub use archive::{Archive, Entry, Loss, entry_at};
pub use encode::Encoder;
pub use error::RecordingError;
pub use format::is_recording;
pub use frame::Frame;
pub use history::{FrameHistory, HistorySnapshot};
pub use metadata::Metadata;
pub use options::RecorderOptions;
pub use progress::Progress;
pub use reader::{Inspection, Reader};
pub use recorder::Recorder;
pub use redact::Redactor;
pub use sample_archive::SampleArchive;
pub use save::save;

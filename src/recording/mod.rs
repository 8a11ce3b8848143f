//! Samples in a file, and in memory in the same form: written while they are taken, read back at any instant.
//!
//! ```text
//!  Sample ─▶ Encoder ─▶ Frame ─▶ Recorder (a thread) ─▶ file ─▶ Reader ─▶ Archive ─▶ Sample
//!                         └────▶ History (memory, bounded) ───────────▶ Archive ─▶ Sample
//! ```
//!
//! What the kernel said is stored, nothing that follows from it: rates are derived again by whoever reads.

mod archive;
mod column;
mod decode;
mod disk;
mod encode;
mod frame;
mod head;
mod history;
mod position;
mod reader;
mod recorder;
mod redact;
mod rows;
mod section;
mod texts;
mod varint;
#[cfg(test)]
mod world;
mod writer;

pub use archive::{Archive, Entry, Loss, RecordingError, Samples, entry_at};
pub use encode::Encoder;
pub use frame::Frame;
pub use head::Head;
pub use history::{History, Memory};
pub use reader::{Inspection, Reader};
pub use recorder::{Progress, Recorder, RecorderOptions, save};
pub use redact::Redactor;

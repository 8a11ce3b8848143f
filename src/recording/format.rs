//! Layout of a recording file, format version 1.
//!
//! ```text
//!  file header   20 bytes │ JSON: host, interval, filter, names of the streams, …
//!  frame         64 bytes │ payload: one encoded Sample, zstd
//!  frame         …
//!  index         64 bytes │ payload: locations of the frames since the previous index, and the JSON without the streams
//!  end           64 bytes │ payload: location of the last index
//! ```
//!
//! Data is only appended, so that a recording is readable up to the point where its recorder was killed. Every
//! byte is covered by a CRC32C, which also repairs a single flipped bit. Integers are little-endian. A file has at least one index before its end; a recorder writes one
//! for every 512 frames.
//!
//! # File header
//!
//! | bytes | content |
//! |---|---|
//! | 0–7 | magic, `89 53 57 52 0d 0a 1a 0a` |
//! | 8–9 | version of the format |
//! | 10–11 | oldest version whose readers can read the file |
//! | 12–15 | length of the JSON |
//! | 16–19 | CRC32C of bytes 0–15 and of the JSON |
//!
//! # Frame header
//!
//! | bytes | content |
//! |---|---|
//! | 0–3 | magic, `f5 66 72 6d` |
//! | 4 | kind: 1 key frame, 2 delta frame, 3 index, 4 end |
//! | 5–7 | 1 more than the seconds in suspension since the boot, modulo 2²⁴ − 1; 0 if unknown |
//! | 8–11 | length of the payload |
//! | 12–15 | length of the decompressed payload |
//! | 16–23 | time of the Sample, µs since 1970 UTC |
//! | 24–31 | the same on the monotonic clock, ns |
//! | 32–35 | sockets |
//! | 36–39 | sockets that closed |
//! | 40–43 | Samples dropped before this one |
//! | 44–47 | sockets that closed in the dropped Samples |
//! | 48–55 | offset of this header in the file |
//! | 56–59 | CRC32C of bytes 0–55 |
//! | 60–63 | CRC32C of the payload |
//!
//! A header repeats its own offset, so that bytes that only look like a header are not mistaken for one when a reader searches
//! for the next frame after a damaged range.
//!
//! # Payload of a frame
//!
//! The frames from one key frame to the next are a chunk: one zstd stream, flushed after each frame. A delta frame holds what
//! changed since the frame before it. A decompressed payload is a list of sections, see [`section`](super::section); a reader
//! skips the sections and streams that it does not know, so that later versions can add some.

mod bit_repair;
mod file_header;
mod frame_header;
mod index;

pub(super) use bit_repair::repair_bit;
pub use file_header::is_recording;
pub(super) use file_header::{
    FILE_HEADER_LEN, FORMER_MAGIC, MAGIC, MAX_METADATA_LEN, VERSION, file_header, metadata_json,
    parse_metadata,
};
pub(super) use frame_header::{FRAME_HEADER_LEN, FRAME_MAGIC, FrameHeader, FrameKind};
pub(super) use index::{FrameLocation, encode_index, parse_index};

//! Decodes frames to Samples. Its counterpart is [`encode`](super::encode), and [`Cursor`](super::cursor) drives it:
//! for each frame [`Decompressor::decompress`] and then [`FrameDecoder::decode`], and [`FrameDecoder::sample_into`]
//! only for the frame that is wanted.
//!
//! The bytes are not trusted. A length is checked against the bytes that are left, an index against the table that it
//! points into, and memory is taken from an [`AllocBudget`](super::alloc_budget).
//!
//! | file | decodes |
//! |---|---|
//! | `decompress` | the zstd stream of a chunk to the sections of each frame |
//! | `frame` | the sections in their order |
//! | `sockets` | which sockets are new, changed or unchanged |
//! | `closed` | sockets that closed |
//! | `streams` | gaps, sets and cells, which sockets share |
//! | `plan` | the cells of one set of streams |
//! | `row_builder` | one socket from its cells |
//! | `table_builder` | rows to the table of a Sample |

mod closed;
mod decompress;
mod frame;
mod plan;
mod row_builder;
mod sections;
mod sockets;
mod streams;
mod table_builder;

pub(super) use decompress::{Decompressor, PackedFrame, SocketCounts, UnpackedFrame};
pub(super) use frame::FrameDecoder;

#[cfg(test)]
mod tests;

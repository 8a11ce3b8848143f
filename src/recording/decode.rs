//! Decodes frames to Samples. The bytes are not trusted: no length beyond what was read, no number beyond what was defined.

mod closed;
mod decompress;
mod frame;
mod plan;
mod row_builder;
mod sections;
mod sockets;
mod streams;
mod table_builder;

pub(super) use decompress::{Decompressor, PackedFrame, UnpackedFrame};
pub(super) use frame::FrameDecoder;

#[cfg(test)]
mod tests;

//! One encoded Sample.

use std::sync::Arc;

use super::Entry;

/// One encoded Sample. A key frame is decoded alone, any other after those before it, back to a key frame.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Facts that are known without decoding it.
    pub entry: Entry,
    /// True if it needs no frame before it.
    pub is_key: bool,
    /// Sockets in it that ended.
    pub closed: u32,
    /// Length of the decompressed payload, bytes.
    pub unpacked: u32,
    /// The compressed bytes.
    pub payload: Arc<[u8]>,
}

#[cfg(test)]
impl Frame {
    pub(super) fn packed(&self) -> super::decode::PackedFrame<'_> {
        super::decode::PackedFrame {
            is_key: self.is_key,
            unpacked: self.unpacked,
            payload: &self.payload,
        }
    }
}

//! One encoded Sample.

use std::sync::Arc;

use super::Entry;

/// One encoded Sample. A key frame is decoded on its own; any other frame requires the frames before it, back to a key
/// frame.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Facts that are available without decoding it.
    pub entry: Entry,
    /// True if it requires no earlier frame.
    pub is_key: bool,
    /// Number of sockets that closed.
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
            sockets: super::decode::SocketCounts {
                open: self.entry.sockets as usize,
                closed: self.closed as usize,
            },
            payload: &self.payload,
        }
    }
}

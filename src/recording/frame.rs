//! One Sample, packed.

use std::sync::Arc;

use super::Entry;

/// One Sample, packed: a key frame alone, any other after those before it back to a key frame.
#[derive(Debug, Clone)]
pub struct Frame {
    /// What is known of it without unpacking it.
    pub entry: Entry,
    /// Whether it needs none before it.
    pub is_key: bool,
    /// Sockets in it that ended.
    pub closed: u32,
    /// Bytes of it unpacked.
    pub unpacked: u32,
    /// The compressed bytes.
    pub payload: Arc<[u8]>,
}

#[cfg(test)]
impl Frame {
    pub(super) fn packed(&self) -> super::decode::Packed<'_> {
        super::decode::Packed {
            is_key: self.is_key,
            unpacked: self.unpacked,
            payload: &self.payload,
        }
    }
}

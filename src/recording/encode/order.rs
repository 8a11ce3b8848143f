//! The order of a Sample's sockets, as positions in the previous Sample.

use crate::recording::varint::{put_varint, zigzag};

/// Encodes which socket of the previous Sample each socket is: the length of a run of consecutive positions, followed
/// by the number of new sockets or the distance to the next position.
#[derive(Debug, Default)]
pub(super) struct OrderEncoder {
    expected: u32,
    run: u64,
    /// New sockets since the last known one.
    new: u64,
}

impl OrderEncoder {
    /// Adds a socket by its position in the previous Sample.
    #[inline]
    pub(super) fn push_known(&mut self, position: u32, out: &mut Vec<u8>) {
        self.finish(out);
        if position != self.expected {
            put_varint(out, self.run);
            let jump = i64::from(position) - i64::from(self.expected);
            put_varint(out, zigzag(jump) << 1);
            self.run = 0;
        }
        self.run += 1;
        self.expected = position + 1;
    }

    /// Adds a new socket.
    #[inline]
    pub(super) fn push_new(&mut self) {
        self.new += 1;
    }

    /// Writes the number of new sockets at the end. The last run is implied by the number of sockets.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        if self.new > 0 {
            put_varint(out, self.run);
            put_varint(out, self.new << 1 | 1);
            (self.run, self.new) = (0, 0);
        }
    }
}

//! Frames as they lie in a file or in memory to what they consist of.

use zstd::stream::raw::{DParameter, Decoder as Zstd, InBuffer, Operation as _, OutBuffer};

use crate::recording::section;
use crate::recording::varint::Broken;

/// The largest frame that is unpacked, bytes: a key frame of two million sockets.
pub(super) const LARGEST_FRAME: usize = 512 << 20;

/// The compressor's memory of what went before, as a power of two of bytes.
const WINDOW: u32 = 23;

/// What a chunk may take unpacked for each byte that it takes packed, and beside that: sockets that are all alike take the
/// most, some 500. A decompression bomb takes a million.
const MOST_RATIO: usize = 4096;
const MOST_FREE: usize = 32 << 20;

/// A frame as it lies in a file or in memory.
#[derive(Debug, Clone, Copy)]
pub(in crate::recording) struct Packed<'a> {
    pub(in crate::recording) is_key: bool,
    /// Bytes that it claims to have unpacked.
    pub(in crate::recording) unpacked: u32,
    pub(in crate::recording) payload: &'a [u8],
}

/// A frame, unpacked.
#[derive(Debug, Default)]
pub(in crate::recording) struct Unpacked {
    pub(super) is_key: bool,
    /// Its sections, each column's cells in one.
    pub(super) raw: Vec<u8>,
    /// Bytes that its chunk may take so far.
    pub(super) most: usize,
    /// Its sections as they were packed.
    split: Vec<u8>,
}

/// Unpacks one frame after another.
#[derive(Default)]
pub(in crate::recording) struct Unpacker {
    zstd: Option<Zstd<'static>>,
    /// Bytes of the chunk so far, packed.
    packed: usize,
    /// Whether the next frame can go on from the last.
    is_whole: bool,
}

impl std::fmt::Debug for Unpacker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unpacker").finish_non_exhaustive()
    }
}

impl Unpacker {
    /// Unpacks the next frame: a key frame, or the one that follows the last.
    ///
    /// # Errors
    /// If it is broken. Only a key frame can go on from there.
    pub(in crate::recording) fn unpack(
        &mut self,
        frame: Packed<'_>,
        out: &mut Unpacked,
    ) -> Result<(), Broken> {
        if frame.is_key {
            self.packed = 0;
        } else if !self.is_whole {
            return Err(Broken("what it goes on from is missing"));
        }
        self.is_whole = false;
        self.packed = self.packed.saturating_add(frame.payload.len());
        out.is_key = frame.is_key;
        out.most = self
            .packed
            .saturating_mul(MOST_RATIO)
            .saturating_add(MOST_FREE);
        self.decompress(frame, out.most, &mut out.split)?;
        if section::is_split(&out.split) {
            out.raw.clear();
            section::join(&out.split, &mut out.raw)?;
        } else {
            std::mem::swap(&mut out.raw, &mut out.split);
        }
        self.is_whole = true;
        Ok(())
    }

    fn decompress(
        &mut self,
        frame: Packed<'_>,
        most: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), Broken> {
        const REFUSED: Broken = Broken("the compressor refuses it");
        let length = frame.unpacked as usize;
        if length > LARGEST_FRAME.min(most) {
            return Err(Broken("it claims to be larger than it can be"));
        }
        let zstd = match &mut self.zstd {
            Some(zstd) => zstd,
            none => {
                let mut zstd = Zstd::new().map_err(|_| REFUSED)?;
                zstd.set_parameter(DParameter::WindowLogMax(WINDOW))
                    .map_err(|_| REFUSED)?;
                none.insert(zstd)
            }
        };
        if frame.is_key {
            zstd.reinit().map_err(|_| REFUSED)?;
        }
        out.clear();
        // As much as is there, and one byte to see that no more is.
        let mut input = InBuffer::around(frame.payload);
        let mut step = (frame.payload.len() * 8).clamp(4096, 1 << 20);
        loop {
            let room = (length + 1 - out.len()).min(step);
            out.reserve(room);
            let (at, before) = (out.len(), input.pos());
            // The compressor fills what is reserved, which may be more than was asked for.
            let mut output = OutBuffer::around_pos(out, at);
            zstd.run(&mut input, &mut output).map_err(|_| REFUSED)?;
            if out.len() > length {
                return Err(Broken("it is larger than it claims to be"));
            }
            let stands = out.len() == at && input.pos() == before;
            if (out.len() == length && input.pos() == frame.payload.len()) || stands {
                break;
            }
            step = 1 << 20;
        }
        if out.len() != length || input.pos() != frame.payload.len() {
            return Err(Broken("it is not as long as it claims to be"));
        }
        Ok(())
    }
}

//! Decompresses frames and joins their split streams, without decoding the sections.
//!
//! A chunk is one zstd stream, flushed after each frame: frames are decompressed in order, from a key frame on.
//! [`PlaneSplitter`](crate::recording::planes) split the streams.

use zstd::stream::raw::{DParameter, Decoder as Zstd, InBuffer, Operation as _, OutBuffer};

use crate::recording::error::Corrupt;
use crate::recording::limits::{FrameMemory, MemoryLimit};
use crate::recording::planes;

/// Maximum length of a decompressed frame, bytes: a key frame of two million sockets.
const MAX_UNPACKED_LEN: usize = 512 << 20;

/// Maximum window of the zstd stream as a binary logarithm: 8 MiB.
const WINDOW: u32 = 23;

/// Copies of a decompressed frame: the frame, the one before it, and the buffer for its split streams.
const RAW_COPIES: usize = 3;

/// Numbers of sockets in a Sample.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::recording) struct SocketCounts {
    pub(in crate::recording) open: usize,
    pub(in crate::recording) closed: usize,
}

/// A compressed frame, as it is in a file or in memory.
#[derive(Debug, Clone, Copy)]
pub(in crate::recording) struct PackedFrame<'a> {
    /// True if the frame begins a chunk.
    pub(in crate::recording) is_key: bool,
    /// Length of the decompressed payload according to the frame's header, bytes. Checked, not trusted.
    pub(in crate::recording) unpacked: u32,
    /// Numbers of sockets according to the header. Checked, not trusted.
    pub(in crate::recording) sockets: SocketCounts,
    /// The frame's part of the zstd stream.
    pub(in crate::recording) payload: &'a [u8],
}

/// A decompressed frame, whose memory is reused for the next one.
#[derive(Debug, Default)]
pub(in crate::recording) struct UnpackedFrame {
    /// True if the frame begins a chunk.
    pub(super) is_key: bool,
    /// Sections of the frame, with the streams joined.
    pub(super) raw: Vec<u8>,
    /// Numbers of sockets according to the header.
    pub(super) sockets: SocketCounts,
    /// Memory that decoding the frame may take, without `raw` and its copies.
    pub(super) memory: FrameMemory,
}

/// Decompresses one frame after another.
pub(in crate::recording) struct Decompressor {
    limit: MemoryLimit,
    /// Context of the zstd stream; `None` before the first frame.
    zstd: Option<Zstd<'static>>,
    /// Compressed bytes of the chunk so far.
    packed: usize,
    /// True if a delta frame can follow.
    can_continue: bool,
    /// Buffer for the sections as they were compressed.
    split: Vec<u8>,
}

impl std::fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decompressor").finish_non_exhaustive()
    }
}

impl Decompressor {
    /// Creates a decompressor of frames within a limit.
    pub(in crate::recording) fn new(limit: MemoryLimit) -> Decompressor {
        Decompressor {
            limit,
            zstd: None,
            packed: 0,
            can_continue: false,
            split: Vec::new(),
        }
    }

    /// Decompresses a frame into `out`. It is a key frame, or the delta frame after the one that was decompressed last.
    ///
    /// # Errors
    /// If it is corrupt, does not have the length that its header claims, or is a delta frame without the frame before
    /// it. Only a key frame can follow then.
    pub(in crate::recording) fn decompress(
        &mut self,
        frame: PackedFrame<'_>,
        out: &mut UnpackedFrame,
    ) -> Result<(), Corrupt> {
        if frame.is_key {
            self.packed = 0;
        } else if !self.can_continue {
            return Err(Corrupt::NO_EARLIER_FRAME);
        }
        self.can_continue = false;
        self.packed = self.packed.saturating_add(frame.payload.len());
        out.is_key = frame.is_key;
        out.sockets = frame.sockets;
        out.memory = self.limit.of_chunk(self.packed);
        let copies = (frame.unpacked as usize).saturating_mul(RAW_COPIES);
        let left = out.memory.bytes.checked_sub(copies);
        out.memory.bytes = left.ok_or(out.memory.exceeded)?;
        self.decompress_payload(frame)?;
        if planes::is_split(&self.split) {
            out.raw.clear();
            planes::join_planes(&self.split, &mut out.raw)?;
        } else {
            std::mem::swap(&mut out.raw, &mut self.split);
        }
        self.can_continue = true;
        Ok(())
    }

    /// Decompresses the payload into `split`.
    fn decompress_payload(&mut self, frame: PackedFrame<'_>) -> Result<(), Corrupt> {
        const REFUSED: Corrupt = Corrupt("invalid zstd data");
        let length = frame.unpacked as usize;
        if length > MAX_UNPACKED_LEN {
            return Err(Corrupt("the claimed size is too large"));
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
        let out = &mut self.split;
        out.clear();
        // As much as is claimed, and one byte to notice that there is more.
        let mut input = InBuffer::around(frame.payload);
        let mut step = (frame.payload.len() * 8).clamp(4096, 1 << 20);
        loop {
            let reserved = (length + 1 - out.len()).min(step);
            out.reserve(reserved);
            let (at, before) = (out.len(), input.pos());
            // The decompressor fills the capacity, which may be more than was reserved.
            let mut output = OutBuffer::around_pos(out, at);
            zstd.run(&mut input, &mut output).map_err(|_| REFUSED)?;
            if out.len() > length {
                return Err(Corrupt("it is larger than claimed"));
            }
            let is_stuck = out.len() == at && input.pos() == before;
            if (out.len() == length && input.pos() == frame.payload.len()) || is_stuck {
                break;
            }
            step = 1 << 20;
        }
        if out.len() != length || input.pos() != frame.payload.len() {
            return Err(Corrupt("it is shorter than claimed"));
        }
        Ok(())
    }
}

//! What a recording may take to be read: memory in proportion to a chunk, work in proportion to the file.
//!
//! A recording may be made to exhaust its reader: a few bytes decompress to many, and a socket like the one before takes
//! no bytes at all. Real recordings do that too, to a degree. The limits are those of the most compressible recordings
//! that were made of real machines, with a margin:
//!
//! | recording | memory | new and changed sockets | sockets that stay |
//! |---|---|---|---|
//! | 1 000 000 TCP connections, all idle (tests/support/synthetic) | 40 | 6 | 0.5 |
//! | 10 000 TCP connections, 15 % active, a Sample a second | 40 | 30 | 0 |
//! | 18 000 UDP sockets bound to consecutive ports, on Linux 6 | 1600 | 380 | 90 |
//! | 60 000 of these, two Samples a second | 4000 | 1270 | 1700, at ten Samples a second 4300 |
//!
//! The figures are bytes of memory, and units of work of either kind, for each byte of the file.
//!
//! Only sockets that are opened in a row and listed in that order, as UDP sockets of consecutive ports are, compress to
//! nearly nothing; there are at most 64 512 of them for an address, which is what the bases are for.

use rustix::process::{Resource, getrlimit};

use super::archive::Entry;
use super::error::Corrupt;

/// Bytes that a frame may take when decoded, its Sample included, however short its chunk is: 200 000 UDP sockets, or
/// 100 000 equal TCP connections.
const MEMORY_BASE: usize = 128 << 20;

/// The same for each compressed byte of the chunk: six times what idle TCP connections take.
const MEMORY_RATIO: usize = 256;

/// Share of the memory limit of the process that a decoded frame may take. What is derived from it takes up to twice as
/// much, and threads and code the rest.
const PROCESS_SHARE: usize = 3;

/// Work of building sockets that reading every frame once may take, however short the file is, and for each of its bytes up
/// to the frame. A unit is about 1 ns.
const BUILT_BASE: u64 = 256 << 20;
const BUILT_RATIO: u64 = 3072;

/// The same for sockets that stay as they were: they take no bytes, and less time.
const KEPT_BASE: u64 = 128 << 20;
const KEPT_RATIO: u64 = 6144;

/// Work for a socket that is new, changed or closed, and for one of a delta frame that stays: to decode it, and to copy it
/// to the Sample.
const BUILT_SOCKET_WORK: u64 = 128;
const KEPT_SOCKET_WORK: u64 = 16;

/// Maximum number of delta frames in a chunk: to read the last one, all are decoded. Recorders write up to 63.
const MAX_DELTAS: u32 = 255;

/// The limit on the memory of a decoded frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct MemoryLimit {
    base: usize,
    ratio: usize,
    /// The limit of the process, bytes.
    process: usize,
}

/// The maximum memory of one frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct FrameMemory {
    /// Bytes for the decompressed frame, what is kept to decode the next one, and the Sample.
    pub(super) bytes: usize,
    /// The error if it takes more.
    pub(super) exceeded: Corrupt,
}

impl Default for FrameMemory {
    fn default() -> FrameMemory {
        MemoryLimit::NONE.of_chunk(0)
    }
}

impl MemoryLimit {
    /// No limit, for frames that this process encoded.
    pub(super) const NONE: MemoryLimit = MemoryLimit {
        base: usize::MAX,
        ratio: 0,
        process: usize::MAX,
    };

    /// Returns the limit for a file, which is untrusted. A limit on the address space or the data of the process
    /// lowers it, because a failed allocation would end the process.
    pub(super) fn of_file() -> MemoryLimit {
        let limit = |resource| getrlimit(resource).current.unwrap_or(u64::MAX);
        let process = limit(Resource::As).min(limit(Resource::Data));
        MemoryLimit {
            base: MEMORY_BASE,
            ratio: MEMORY_RATIO,
            process: usize::try_from(process).unwrap_or(usize::MAX) / PROCESS_SHARE,
        }
    }

    /// Returns the limit for a frame at the end of the first `packed` compressed bytes of its chunk.
    pub(super) fn of_chunk(self, packed: usize) -> FrameMemory {
        let own = self.base.saturating_add(packed.saturating_mul(self.ratio));
        if own <= self.process {
            return FrameMemory {
                bytes: own,
                exceeded: Corrupt::OUT_OF_PROPORTION,
            };
        }
        FrameMemory {
            bytes: self.process,
            exceeded: Corrupt::PROCESS_LIMIT,
        }
    }
}

/// The claims of a frame on which its work depends. The decoder refuses a frame that does not have what it claims.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClaimedWork {
    pub(super) is_key: bool,
    /// Offset of its end in the file, or of its begin if only that is known.
    pub(super) offset: u64,
    pub(super) entry: Entry,
    /// Number of sockets that closed.
    pub(super) closed: u32,
    /// Length of the decompressed payload, bytes.
    pub(super) unpacked: u32,
}

/// Adds up the work that the frames of a file claim, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct WorkLimit {
    /// Work for the sockets that were built, and for those that were kept.
    built: u64,
    kept: u64,
    /// True if a frame claimed more than was left. The rest of the file is refused then: one range, and not parts of it.
    is_exceeded: bool,
    /// Delta frames of the chunk so far.
    deltas: u32,
}

impl WorkLimit {
    /// Spends the work of the next frame.
    ///
    /// # Errors
    /// If the frames up to this one, or up to an earlier one, claim more work than a recording of their size takes, or the
    /// chunk has too many frames.
    pub(super) fn spend(&mut self, frame: ClaimedWork) -> Result<(), Corrupt> {
        self.deltas = if frame.is_key {
            0
        } else {
            self.deltas.saturating_add(1)
        };
        if self.deltas > MAX_DELTAS {
            return Err(Corrupt("more Samples since a key frame than are recorded"));
        }
        let (sockets, unpacked) = (u64::from(frame.entry.sockets), u64::from(frame.unpacked));
        // A new or changed socket takes at least the byte with the number of its set of streams. One that closed may take no
        // bytes.
        let changed = if frame.is_key {
            sockets
        } else {
            sockets.min(unpacked)
        };
        let rows = changed + u64::from(frame.closed);
        let built = self
            .built
            .saturating_add(unpacked + rows * BUILT_SOCKET_WORK);
        let kept = self
            .kept
            .saturating_add((sockets - changed) * KEPT_SOCKET_WORK);
        let limit = |base: u64, ratio| base.saturating_add(frame.offset.saturating_mul(ratio));
        self.is_exceeded |=
            built > limit(BUILT_BASE, BUILT_RATIO) || kept > limit(KEPT_BASE, KEPT_RATIO);
        if self.is_exceeded {
            return Err(Corrupt::OUT_OF_PROPORTION);
        }
        (self.built, self.kept) = (built, kept);
        Ok(())
    }
}

//! Sections of a decompressed frame.
//!
//! A section is its number, its length and its bytes. Sections from [`FIRST_STREAM`] on have one stream each: the cells
//! of new or changed sockets, see [`stream`](super::stream). Long streams are split over several sections, see
//! [`planes`](super::planes). Empty sections are left out; a section whose documentation does not say when it is left
//! out is in every frame.

use super::error::Corrupt;
use super::varint::{ByteReader, put_bytes, put_varint};

/// Declares the sections that are not streams: the number of each and its name in statistics.
macro_rules! sections {
    ($($(#[$documentation:meta])* $section:ident = $number:literal, $name:literal;)*) => {
        $($(#[$documentation])* pub(super) const $section: usize = $number;)*

        /// Returns the name of a section that is not a stream, for statistics; `None` for one of a later version.
        pub(super) fn name(number: usize) -> Option<&'static str> {
            match number {
                $($number => Some($name),)*
                _ => None,
            }
        }
    };
}

sections! {
    /// Strings that are new in the chunk: their count, and each after its length. First, because other sections refer to
    /// them.
    STRINGS = 1, "texts";
    /// Times, lost events and which processes were readable.
    CLOCK = 2, "clock";
    /// Processes of the Sample, with the facts of those that are new or changed.
    PROCESSES = 3, "processes";
    /// State and CPU time of the processes for which it is known.
    ACTIVITY = 4, "activity";
    /// Sockets that closed: facts apart from their row, and the position of the row that each row is based on.
    CLOSED = 5, "closed";
    /// Number of sockets, and the position of each in the previous Sample.
    ORDER = 6, "order";
    /// Deviation, ms, of each socket's clock from the time between the Samples, as differences in runs.
    AGES = 7, "ages";
    /// Unchanged sockets before each changed one, among the sockets that did not change in the previous Sample.
    GAPS = 8, "changes";
    /// The same among the sockets that changed in the previous Sample.
    GAPS_AGAIN = 9, "changes";
    /// For each new or changed socket, the number of its set of streams.
    STREAM_SETS = 10, "changes";
    /// Sets of streams that are new in the chunk.
    NEW_STREAM_SETS = 11, "changes";
    /// Time since each socket was first seen; in key frames.
    FIRST_SEEN = 12, "first_seen";
    /// Protocol counters and traffic of network devices.
    COUNTERS = 13, "counters";
    /// Configuration of network devices; in key frames, and when it changed.
    DEVICES = 14, "devices";
    /// Kernel settings; in key frames, and when they changed.
    SETTINGS = 15, "settings";
    /// Names of network devices, cgroups and users by id.
    NAMES = 16, "names";
    /// Faults.
    FAULTS = 17, "faults";
    /// 1 more than the time for which the system has been suspended since it booted, ns, or 0 if it is unknown; in key
    /// frames that know it, and when it changed.
    SUSPENDED = 18, "suspended";
    /// Open sockets that no table lists, of the processes for which that is known; left out if it is for none.
    UNLISTED = 19, "unlisted";
    /// Network namespaces: that of the source, the others, and how many are left out; left out if they were not examined.
    NAMESPACES = 20, "namespaces";
    /// Connections whose addresses are translated: those that do not have the same translation any more, and those that are
    /// new, or have another one; left out if there are neither.
    TRANSLATIONS = 21, "translations";
    /// Containers by the path of a cgroup; left out if there are none. Numbers from 20 to 23 are reserved.
    CONTAINERS = 24, "containers";
}

/// Section of stream 0.
pub(super) const FIRST_STREAM: usize = 64;

/// In [`CLOSED`], when the socket was first seen: never, at the time that follows, or when its base row was.
pub(super) const NEVER_SEEN: u64 = 0;
pub(super) const SEEN_AT: u64 = 1;
pub(super) const SEEN_WITH_BASE: u64 = 2;

/// Minimum length of a section that is compressed in a separate block, in bytes.
pub(super) const MIN_BLOCK_LEN: usize = 800;

/// Appends a section unless it is empty.
pub(super) fn put_section(out: &mut Vec<u8>, number: usize, bytes: &[u8]) {
    if !bytes.is_empty() {
        put_varint(out, number as u64);
        put_bytes(out, bytes);
    }
}

/// Iterates over the sections of a frame: number and bytes.
pub(super) fn sections(frame: &[u8]) -> impl Iterator<Item = Result<(usize, &[u8]), Corrupt>> {
    let mut rest = ByteReader(frame);
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let section = rest
            .number()
            .and_then(|number| rest.bytes().map(|bytes| (number, bytes)));
        if section.is_err() {
            rest = ByteReader(&[]);
        }
        Some(section)
    })
}

/// Returns how many bytes at the front of the sections are best compressed together: one long section, because its
/// bytes have a different distribution, or all sections before the next long one.
pub(super) fn block_len(frame: &[u8]) -> usize {
    let mut rest = ByteReader(frame);
    loop {
        let before = frame.len() - rest.0.len();
        let length = rest.varint().and_then(|_| rest.bytes()).map(<[u8]>::len);
        let after = frame.len() - rest.0.len();
        match length {
            Ok(MIN_BLOCK_LEN..) if before > 0 => return before,
            Ok(MIN_BLOCK_LEN..) => return after,
            Ok(_) if !rest.is_empty() => {}
            _ => return frame.len(),
        }
    }
}

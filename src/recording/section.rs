//! Sections of a decompressed frame.
//!
//! A section is its number, its length and its bytes. Sections from [`FIRST_STREAM`] on have one stream each: the cells
//! of new or changed sockets, see [`stream`](super::stream). Long streams are split over several sections, see
//! [`planes`](super::planes). Empty sections are left out; a section whose documentation does not say when it is left
//! out is in every frame.

use super::error::Corrupt;
use super::varint::{ByteReader, put_bytes, put_varint};

/// Strings that are new in the chunk: their count, and each after its length. First, because other sections refer to
/// them.
pub(super) const STRINGS: usize = 1;
/// Times, lost events and which processes were readable.
pub(super) const CLOCK: usize = 2;
/// Processes of the Sample, with the facts of those that are new or changed.
pub(super) const PROCESSES: usize = 3;
/// State and CPU time of the processes for which it is known.
pub(super) const ACTIVITY: usize = 4;
/// Sockets that closed: facts apart from their row, and the position of the row that each row is based on.
pub(super) const CLOSED: usize = 5;
/// Number of sockets, and the position of each in the previous Sample.
pub(super) const ORDER: usize = 6;
/// Deviation, ms, of each socket's clock from the time between the Samples, as differences in runs.
pub(super) const AGES: usize = 7;
/// Unchanged sockets before each changed one, among the sockets that did not change in the previous Sample.
pub(super) const GAPS: usize = 8;
/// The same among the sockets that changed in the previous Sample.
pub(super) const GAPS_AGAIN: usize = 9;
/// For each new or changed socket, the number of its set of streams.
pub(super) const STREAM_SETS: usize = 10;
/// Sets of streams that are new in the chunk.
pub(super) const NEW_STREAM_SETS: usize = 11;
/// Time since each socket was first seen; in key frames.
pub(super) const FIRST_SEEN: usize = 12;
/// Protocol counters and traffic of network devices.
pub(super) const COUNTERS: usize = 13;
/// Configuration of network devices; in key frames, and when it changed.
pub(super) const DEVICES: usize = 14;
/// Kernel settings; in key frames, and when they changed.
pub(super) const SETTINGS: usize = 15;
/// Names of network devices, cgroups and users by id.
pub(super) const NAMES: usize = 16;
/// Faults.
pub(super) const FAULTS: usize = 17;
/// 1 more than the time for which the system has been suspended since it booted, ns, or 0 if it is unknown; in key
/// frames that know it, and when it changed.
pub(super) const SUSPENDED: usize = 18;
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

/// Returns the name of a section that is not a stream, for statistics; empty for an unknown one.
pub(super) fn name(number: usize) -> &'static str {
    match number {
        STRINGS => "texts",
        CLOCK => "clock",
        PROCESSES => "processes",
        ACTIVITY => "activity",
        CLOSED => "closed",
        ORDER => "order",
        AGES => "ages",
        GAPS | GAPS_AGAIN | STREAM_SETS | NEW_STREAM_SETS => "changes",
        FIRST_SEEN => "first_seen",
        COUNTERS => "counters",
        DEVICES => "devices",
        SETTINGS => "settings",
        NAMES => "names",
        FAULTS => "faults",
        SUSPENDED => "suspended",
        _ => "",
    }
}

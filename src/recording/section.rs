//! What a frame consists of, unpacked: sections, each with its number and its length before it, so that a reader passes over
//! those that it does not know. Sections from [`COLUMN`] on hold the changed cells of one column each.

use super::varint::{Broken, Cursor, put, put_bytes};

/// Texts that are new: how many, and each with its length.
pub(super) const TEXTS: usize = 1;
/// Times, losses and what could be looked into.
pub(super) const CLOCK: usize = 2;
/// Processes, and details of those that are new or changed.
pub(super) const PROCESSES: usize = 3;
/// Sockets that ended: what is known of each beside its row, and the rows that they go on from.
pub(super) const CLOSED: usize = 4;
/// How many sockets there are, and which row each goes on from.
pub(super) const ORDER: usize = 5;
/// By how much the clock went on for each socket, as differences in runs.
pub(super) const AGES: usize = 6;
/// How many sockets stay the same before each that changes.
pub(super) const GAPS: usize = 7;
/// Which columns each new or changed socket tells, by number.
pub(super) const PATTERNS: usize = 8;
/// Sets of columns that are new.
pub(super) const NEW_PATTERNS: usize = 9;
/// When each socket was seen first; in key frames.
pub(super) const FIRST_SEEN: usize = 10;
/// Protocol counters and network devices.
pub(super) const COUNTERS: usize = 11;
/// Names of devices, cgroups and users.
pub(super) const NAMES: usize = 12;
/// What could not be read.
pub(super) const FAULTS: usize = 13;
/// First of the columns.
pub(super) const COLUMN: usize = 64;

/// Appends a section, if there is anything in it.
pub(super) fn put_section(out: &mut Vec<u8>, number: usize, bytes: &[u8]) {
    if !bytes.is_empty() {
        put(out, number as u64);
        put_bytes(out, bytes);
    }
}

/// Shortest section that is compressed by itself, bytes.
const BLOCK: usize = 800;

/// How many bytes at the front of sections are best compressed together: one that is long by itself, for it has frequencies of
/// its own, or all before the next of them.
pub(super) fn block(frame: &[u8]) -> usize {
    let mut rest = Cursor(frame);
    loop {
        let before = frame.len() - rest.0.len();
        let length = rest.varint().and_then(|_| rest.bytes()).map(<[u8]>::len);
        let after = frame.len() - rest.0.len();
        match length {
            Ok(BLOCK..) if before > 0 => return before,
            Ok(BLOCK..) => return after,
            Ok(_) if !rest.is_empty() => {}
            _ => return frame.len(),
        }
    }
}

/// Names of the sections that are no columns, by number, for those who want to know what a file consists of.
pub(super) fn name(number: usize) -> &'static str {
    match number {
        TEXTS => "texts",
        CLOCK => "clock",
        PROCESSES => "processes",
        CLOSED => "closed",
        ORDER => "order",
        AGES => "ages",
        GAPS | PATTERNS | NEW_PATTERNS => "changes",
        FIRST_SEEN => "first_seen",
        COUNTERS => "counters",
        NAMES => "names",
        FAULTS => "faults",
        _ => "",
    }
}

/// The sections of a frame: number and bytes.
pub(super) fn sections(frame: &[u8]) -> impl Iterator<Item = Result<(usize, &[u8]), Broken>> {
    let mut rest = Cursor(frame);
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let section = rest
            .number()
            .and_then(|number| rest.bytes().map(|bytes| (number, bytes)));
        if section.is_err() {
            rest = Cursor(&[]);
        }
        Some(section)
    })
}

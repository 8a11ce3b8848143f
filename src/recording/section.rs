//! What a frame consists of, unpacked: sections, each with its number and its length before it, so that a reader passes over
//! those that it does not know. Sections from [`COLUMN`] on hold the changed cells of one column each.

use super::column::COLUMNS;
use super::varint::{Broken, Cursor, put, put_bytes};

/// Texts that are new: how many, and each with its length.
pub(super) const TEXTS: usize = 1;
/// Times, losses and what could be looked into.
pub(super) const CLOCK: usize = 2;
/// Processes, and details of those that are new or changed.
pub(super) const PROCESSES: usize = 3;
/// Sockets that ended: what is known of each beside its row, and the rows that they go on from.
pub(super) const CLOSED: usize = 4;
/// When a socket that ended was seen first: never, as is told, or when the row was that it goes on from.
pub(super) const NEVER_SEEN: u64 = 0;
pub(super) const SEEN_AS_TOLD: u64 = 1;
pub(super) const SEEN_AS_KNOWN: u64 = 2;

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
/// In key frames, how the cells of the chunk are told: [`column::REVISION`](super::column::REVISION).
pub(super) const REVISION: usize = 14;
/// How many sockets that changed before stay the same before each that changes again.
pub(super) const GAPS_AGAIN: usize = 15;
/// What the kernel is set to; in key frames, and when it changed.
pub(super) const SETTINGS: usize = 16;
/// What some of the Sample's processes do.
pub(super) const ACTIVITY: usize = 17;
/// What network devices are set to; in key frames, and when it changed.
pub(super) const DEVICES: usize = 18;
/// First of the columns.
pub(super) const COLUMN: usize = 64;

/// Where the second bytes of a column's integers are, if these are split, and then whatever bytes follow those: as many numbers
/// behind the first bytes, and again.
const PLANE: usize = 4096;
const PLANES: usize = 3;

/// Shortest column that is split, bytes. First bytes have frequencies of their own, but telling these takes bytes as well.
const SPLIT: usize = 800;

/// Appends a section, if there is anything in it.
pub(super) fn put_section(out: &mut Vec<u8>, number: usize, bytes: &[u8]) {
    if !bytes.is_empty() {
        put(out, number as u64);
        put_bytes(out, bytes);
    }
}

/// The columns of a frame, split where their integers are long. What is alike comes one after the other, for the compressor
/// then often needs to tell its frequencies once only.
#[derive(Debug, Default)]
pub(super) struct Columns {
    short: Vec<u8>,
    long: Vec<u8>,
    planes: [Vec<u8>; PLANES],
    /// The column at hand, split.
    split: [Vec<u8>; PLANES],
}

impl Columns {
    pub(super) fn add(&mut self, column: usize, cells: &[u8]) {
        let number = COLUMN + column;
        let count = cells.iter().filter(|byte| **byte < 0x80).count();
        // Not those whose integers mostly are a byte each.
        if cells.len() < SPLIT || cells.len() * 10 <= count * 13 {
            let to = if cells.len() < BLOCK {
                &mut self.short
            } else {
                &mut self.long
            };
            return put_section(to, number, cells);
        }
        self.split.iter_mut().for_each(Vec::clear);
        let mut plane = 0;
        for &byte in cells {
            self.split[plane].push(byte);
            plane = if byte < 0x80 {
                0
            } else {
                (plane + 1).min(PLANES - 1)
            };
        }
        for (plane, bytes) in self.split.iter().enumerate() {
            put_section(&mut self.planes[plane], number + plane * PLANE, bytes);
        }
    }

    /// Appends what was added.
    pub(super) fn put_into(&mut self, out: &mut Vec<u8>) {
        let first = [&mut self.short, &mut self.long];
        for sections in first.into_iter().chain(&mut self.planes) {
            out.append(sections);
        }
    }
}

/// Whether columns of a frame are split.
pub(super) fn is_split(frame: &[u8]) -> bool {
    sections(frame).flatten().any(|(number, _)| number >= PLANE)
}

/// Puts columns together again that were split.
pub(super) fn join(frame: &[u8], out: &mut Vec<u8>) -> Result<(), Broken> {
    out.reserve(frame.len());
    let mut behind = vec![[Cursor(&[]); PLANES - 1]; COLUMNS];
    for section in sections(frame) {
        let (number, bytes) = section?;
        // Columns of later versions are passed over.
        if let Some(plane) = (number / PLANE).checked_sub(1)
            && let Some(column) = (number % PLANE).checked_sub(COLUMN)
            && let Some(planes) = behind.get_mut(column)
            && let Some(place) = planes.get_mut(plane)
        {
            *place = Cursor(bytes);
        }
    }
    for section in sections(frame) {
        let (number, first) = section?;
        if number >= PLANE {
            continue;
        }
        let column = number.checked_sub(COLUMN);
        let planes = column.and_then(|column| behind.get(column));
        let [mut second, mut others] = planes.copied().unwrap_or_default();
        put(out, number as u64);
        put(out, (first.len() + second.0.len() + others.0.len()) as u64);
        if second.is_empty() && others.is_empty() {
            out.extend_from_slice(first);
            continue;
        }
        for &byte in first {
            out.push(byte);
            if byte < 0x80 {
                continue;
            }
            let mut byte = second.byte()?;
            out.push(byte);
            while byte >= 0x80 {
                byte = others.byte()?;
                out.push(byte);
            }
        }
        if !(second.is_empty() && others.is_empty()) {
            return Err(Broken("a column has bytes of no integer"));
        }
    }
    Ok(())
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
        GAPS | GAPS_AGAIN | PATTERNS | NEW_PATTERNS => "changes",
        FIRST_SEEN => "first_seen",
        COUNTERS => "counters",
        NAMES => "names",
        FAULTS => "faults",
        DEVICES => "devices",
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::recording::varint::put_signed;

    /// Sections without those of columns, split and joined again; and whether anything was split.
    fn there_and_back(columns: &[(usize, Vec<u8>)]) -> (Vec<u8>, bool) {
        let (mut out, mut split) = (Columns::default(), Vec::new());
        for (column, cells) in columns {
            out.add(*column, cells);
        }
        out.put_into(&mut split);
        let mut joined = Vec::new();
        join(&split, &mut joined).unwrap();
        (joined, is_split(&split))
    }

    proptest! {
        #[test]
        fn columns_are_joined_as_they_were(
            columns in prop::collection::btree_map(0..COLUMNS, prop::collection::vec(any::<i64>(), 1..900), 1..4),
            shift in 0u32..64,
        ) {
            let columns: Vec<(usize, Vec<u8>)> = columns
                .into_iter()
                .map(|(column, numbers)| {
                    let mut cells = Vec::new();
                    for number in numbers {
                        put_signed(&mut cells, number >> shift);
                    }
                    (column, cells)
                })
                .collect();
            let (joined, _) = there_and_back(&columns);
            for (column, cells) in &columns {
                let found = sections(&joined).flatten().find(|(number, _)| *number == COLUMN + column);
                prop_assert_eq!(found, Some((COLUMN + column, &cells[..])));
            }
            prop_assert_eq!(sections(&joined).count(), columns.len());
        }

        #[test]
        fn whatever_is_joined_is_no_longer_than_it_was(bytes: Vec<u8>, second: Vec<u8>) {
            let mut split = bytes;
            put_section(&mut split, COLUMN + 5, &second);
            put_section(&mut split, COLUMN + 5 + PLANE, &second);
            let mut joined = Vec::new();
            if join(&split, &mut joined).is_ok() {
                prop_assert!(joined.len() <= split.len());
            }
        }
    }

    #[test]
    fn only_what_is_long_is_split() {
        let cells = |number: i64, count: usize| {
            let mut cells = Vec::new();
            (0..count).for_each(|_| put_signed(&mut cells, number));
            cells
        };
        for (number, count, expected) in [
            (1 << 20, 2000, true),
            (1 << 20, 100, false),
            (1, 2000, false),
        ] {
            let (_, is_split) = there_and_back(&[(7, cells(number, count))]);
            assert_eq!(is_split, expected, "{count} times {number}");
        }
    }

    #[test]
    fn what_does_not_belong_together_is_refused() {
        let mut missing = Vec::new();
        put_section(&mut missing, COLUMN, &[0x80, 0x80]);
        put_section(&mut missing, COLUMN + PLANE, &[1]);
        let mut left = Vec::new();
        put_section(&mut left, COLUMN, &[0x80, 1]);
        put_section(&mut left, COLUMN + PLANE, &[1, 1]);
        for split in [missing, left] {
            assert!(join(&split, &mut Vec::new()).is_err(), "{split:?}");
        }
    }
}

//! The streams of fixed meaning: those that [`Socket`] declares for its fields, those of [`SideRefs`], and the lengths of the
//! parts.

use super::numbers::{MAX_CONGESTION_INFO_LEN, MAX_INFO_LEN, MAX_MEMORY_LEN};
use super::side_refs::SideRefs;
use crate::model::{Socket, StoredCells};
use crate::recording::error::Corrupt;

/// Cells of the streams of fixed meaning, by number.
pub(in crate::recording) type FixedCells = StoredCells;

// Streams that are not declared by a field of `Socket`.
const CONGESTION: usize = 31;
const INFO_BYTES: usize = 33;
const MEMORY_BYTES: usize = 34;
const CONGESTION_INFO_BYTES: usize = 35;
const NAME: usize = 36;
const HOLDER_PROCESS: usize = 38;
const HOLDER_FD: usize = 39;
const OTHER_HOLDERS: usize = 40;

const OWN_NAMES: [(usize, &str); 8] = [
    (CONGESTION, "congestion"),
    (INFO_BYTES, "info_bytes"),
    (MEMORY_BYTES, "memory_bytes"),
    (CONGESTION_INFO_BYTES, "congestion_info_bytes"),
    (NAME, "name"),
    (HOLDER_PROCESS, "holder_process"),
    (HOLDER_FD, "holder_fd"),
    (OTHER_HOLDERS, "other_holders"),
];

/// Number of streams of fixed meaning: one more than the highest used number.
pub(in crate::recording) const FIXED_STREAM_COUNT: usize = {
    let mut count = 0;
    let mut at = 0;
    while at < Socket::STREAM_NAMES.len() {
        if !Socket::STREAM_NAMES[at].is_empty() {
            count = at + 1;
        }
        at += 1;
    }
    at = 0;
    while at < OWN_NAMES.len() {
        if OWN_NAMES[at].0 >= count {
            count = OWN_NAMES[at].0 + 1;
        }
        at += 1;
    }
    count
};

/// Names of the streams of fixed meaning, by number.
pub(super) const FIXED_NAMES: [&str; FIXED_STREAM_COUNT] = {
    let mut names = [""; FIXED_STREAM_COUNT];
    let mut at = 0;
    while at < FIXED_STREAM_COUNT {
        names[at] = Socket::STREAM_NAMES[at];
        at += 1;
    }
    at = 0;
    while at < OWN_NAMES.len() {
        let (stream, name) = OWN_NAMES[at];
        assert!(names[stream].is_empty(), "a stream number is used twice");
        names[stream] = name;
        at += 1;
    }
    names
};

/// Returns the cells of a socket.
#[inline]
pub(in crate::recording) fn fixed_cells(socket: &Socket, side: &SideRefs) -> FixedCells {
    let mut cells: FixedCells = [0; 64];
    socket.store(&mut cells);
    cells[INFO_BYTES] = u64::from(socket.blob.info);
    cells[MEMORY_BYTES] = u64::from(socket.blob.memory);
    cells[CONGESTION_INFO_BYTES] = u64::from(socket.blob.congestion_info);
    let SideRefs {
        congestion,
        name,
        process,
        fd,
        others,
    } = *side;
    cells[CONGESTION] = u64::from(congestion);
    cells[NAME] = u64::from(name);
    cells[HOLDER_PROCESS] = u64::from(process);
    cells[HOLDER_FD] = u64::from(fd);
    cells[OTHER_HOLDERS] = u64::from(others);
    cells
}

/// Replaces the fields of a socket by those of its cells, and the lengths of its parts, but not their offset.
///
/// # Errors
/// If a cell has a value that its field cannot represent.
pub(in crate::recording) fn load_fixed_cells(
    cells: &FixedCells,
    socket: &mut Socket,
    side: &mut SideRefs,
) -> Result<(), Corrupt> {
    socket.load(cells)?;
    socket.blob.info = part_len(cells[INFO_BYTES], MAX_INFO_LEN)?;
    socket.blob.memory = part_len(cells[MEMORY_BYTES], MAX_MEMORY_LEN)?;
    socket.blob.congestion_info = part_len(cells[CONGESTION_INFO_BYTES], MAX_CONGESTION_INFO_LEN)?;
    *side = SideRefs {
        congestion: reference(cells[CONGESTION])?,
        name: reference(cells[NAME])?,
        process: reference(cells[HOLDER_PROCESS])?,
        fd: reference(cells[HOLDER_FD])?,
        others: reference(cells[OTHER_HOLDERS])?,
    };
    Ok(())
}

fn reference(cell: u64) -> Result<u32, Corrupt> {
    u32::try_from(cell).map_err(|_| Corrupt::VALUE_OUT_OF_RANGE)
}

fn part_len(cell: u64, max: usize) -> Result<u16, Corrupt> {
    match usize::try_from(cell) {
        Ok(length) if length <= max => Ok(length as u16),
        _ => Err(Corrupt("socket data too long")),
    }
}

//! The streams of every socket's fields of fixed size: those that [`Socket`] declares, and those of [`Beside`].

use super::{Beside, MOST_CONGESTION_INFO, MOST_INFO, MOST_MEMORY, fits};
use crate::model::{Socket, State, Stored as _, StoredCells, Unrepresentable};
use crate::recording::varint::Broken;

fn broken(error: Unrepresentable) -> Broken {
    Broken(error.0)
}

/// A state by its number in files: the kernel's.
pub(in crate::recording) fn state(cell: u64) -> Result<State, Broken> {
    State::load(&[cell]).map_err(broken)
}

/// Cells of the columns of fixed meaning; there are more than columns, so that no number below needs to be looked at.
pub(in crate::recording) type FixedCells = StoredCells;

/// The streams of fixed meaning that no field of [`Socket`] is stored in: references to texts and processes, and the lengths of
/// the parts of variable length.
const CONGESTION: usize = 31;
const INFO_BYTES: usize = 33;
const MEMORY_BYTES: usize = 34;
const CONGESTION_INFO_BYTES: usize = 35;
const NAME: usize = 36;
const HOLDER_PROCESS: usize = 38;
const HOLDER_FD: usize = 39;
const OTHER_HOLDERS: usize = 40;

/// How many columns have a fixed meaning.
pub(in crate::recording) const FIXED_COLUMNS: usize = 41;

/// Names of the streams of fixed meaning, by number.
pub(super) const NAMES: [&str; FIXED_COLUMNS] = {
    let own = [
        (CONGESTION, "congestion"),
        (INFO_BYTES, "info_bytes"),
        (MEMORY_BYTES, "memory_bytes"),
        (CONGESTION_INFO_BYTES, "congestion_info_bytes"),
        (NAME, "name"),
        (HOLDER_PROCESS, "holder_process"),
        (HOLDER_FD, "holder_fd"),
        (OTHER_HOLDERS, "other_holders"),
    ];
    let mut names = [""; FIXED_COLUMNS];
    let mut at = 0;
    while at < FIXED_COLUMNS {
        names[at] = Socket::STREAM_NAMES[at];
        at += 1;
    }
    at = 0;
    while at < own.len() {
        let (stream, name) = own[at];
        assert!(names[stream].is_empty(), "a stream number is used twice");
        names[stream] = name;
        at += 1;
    }
    names
};

/// Whether a column is one of the few of fixed meaning that change while a socket moves data: queues and timer.
pub(in crate::recording) fn is_moving(column: usize) -> bool {
    Socket::is_moving_stream(column)
}

/// The cells of [`is_moving`].
#[inline]
pub(in crate::recording) fn moving_cells(socket: &Socket, out: &mut FixedCells) {
    socket.store_moving(out);
}

/// What [`moving_cells`] are of a socket.
#[inline]
pub(in crate::recording) fn moving(cells: &FixedCells, socket: &mut Socket) -> Result<(), Broken> {
    socket.load_moving(cells).map_err(broken)
}

/// The cells of fixed meaning.
#[inline]
pub(in crate::recording) fn fixed_cells(socket: &Socket, beside: &Beside) -> FixedCells {
    let mut out: FixedCells = [0; 64];
    socket.store(&mut out);
    out[INFO_BYTES] = u64::from(socket.blob.info);
    out[MEMORY_BYTES] = u64::from(socket.blob.memory);
    out[CONGESTION_INFO_BYTES] = u64::from(socket.blob.congestion_info);
    let Beside {
        congestion,
        name,
        process,
        fd,
        others,
    } = *beside;
    out[CONGESTION] = u64::from(congestion);
    out[NAME] = u64::from(name);
    out[HOLDER_PROCESS] = u64::from(process);
    out[HOLDER_FD] = u64::from(fd);
    out[OTHER_HOLDERS] = u64::from(others);
    out
}

/// The socket of its cells of fixed meaning. Where its parts of variable length lie is left alone, how long they are is not.
pub(in crate::recording) fn fixed(
    cells: &FixedCells,
    socket: &mut Socket,
    beside: &mut Beside,
) -> Result<(), Broken> {
    socket.load(cells).map_err(broken)?;
    socket.blob.info = within(cells[INFO_BYTES], MOST_INFO)?;
    socket.blob.memory = within(cells[MEMORY_BYTES], MOST_MEMORY)?;
    socket.blob.congestion_info = within(cells[CONGESTION_INFO_BYTES], MOST_CONGESTION_INFO)?;
    *beside = Beside {
        congestion: fits(cells[CONGESTION])?,
        name: fits(cells[NAME])?,
        process: fits(cells[HOLDER_PROCESS])?,
        fd: fits(cells[HOLDER_FD])?,
        others: fits(cells[OTHER_HOLDERS])?,
    };
    Ok(())
}

fn within(length: u64, most: usize) -> Result<u16, Broken> {
    match usize::try_from(length) {
        Ok(length) if length <= most => Ok(length as u16),
        _ => Err(Broken("a part of a socket is too long")),
    }
}

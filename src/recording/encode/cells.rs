//! A socket as the cells of its columns.

use std::ops::Range;

use crate::model::Socket;
use crate::recording::column::{
    Beside, COLUMNS, CONGESTION_INFO, FIXED_COLUMNS, MEMORY, fixed_cells, info_columns, part_cells,
};

/// One socket's cells.
#[derive(Debug)]
pub(super) struct Cells(pub(super) Box<[u64; COLUMNS]>);

impl Default for Cells {
    fn default() -> Self {
        Cells(Box::new([0; COLUMNS]))
    }
}

impl Cells {
    /// The cells of a socket, as far as [`ranges`] says that it has any; its parts lie one after the other.
    pub(super) fn fill(&mut self, socket: &Socket, beside: &Beside, parts: &[u8]) {
        fixed_cells(socket, beside, &mut self.0);
        let (info, rest) = parts.split_at(usize::from(socket.blob.info));
        let (memory, congestion_info) = rest.split_at(usize::from(socket.blob.memory));
        part_cells(info_columns(socket.protocol), info, &mut self.0);
        part_cells(MEMORY, memory, &mut self.0);
        part_cells(CONGESTION_INFO, congestion_info, &mut self.0);
    }
}

/// The columns that a socket has cells in.
pub(super) fn ranges(socket: &Socket) -> [Range<usize>; 4] {
    let part = |first: usize, length: u16| first..first + usize::from(length).div_ceil(4);
    let blob = socket.blob;
    [
        0..FIXED_COLUMNS,
        part(info_columns(socket.protocol), blob.info),
        part(MEMORY, blob.memory),
        part(CONGESTION_INFO, blob.congestion_info),
    ]
}

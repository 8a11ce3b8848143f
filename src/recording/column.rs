//! The columns that a socket is packed into: every fact about it as one integer.
//!
//! A column has a number, which never changes its meaning, and a name, which the file tells as well. A reader ignores the
//! numbers that it does not know and leaves at "nothing" those that a file lacks; 0 always means nothing or zero.

mod coding;
mod fixed;
mod layout;
mod lead;
mod words;

use super::varint::Broken;
use crate::model::{TcpInfo, field};

pub(super) use coding::{Coding, RTO, RTT, RTTVAR, Timing, coding, put_cell, take_cell};
use fixed::NAMES as FIXED;
pub(super) use fixed::{
    FIXED_COLUMNS, FixedCells, fixed, fixed_cells, is_moving, moving, moving_cells, state,
};
pub(super) use layout::{Layout, Spot, columns_of, differing, spot};
pub(super) use lead::{FOLLOWERS, Foretold, Lead, follower, leaders};
use words::{WIDE_WORDS, WIDTHS, info_columns};

/// How sockets are told by this version. In the first revision no rate of pacing ([`Coding::Pacing`]) and no [`Timing`] was
/// computed, fewer columns led others, what is new was foretold from the last that was new alone, and whether a socket changed
/// before did not matter to whether it does again.
pub(super) const REVISION: u64 = 2;

pub(super) const SEND_QUEUE: usize = field::send_queue.first_stream();
pub(super) const TIMER: usize = field::timer.first_stream();
pub(super) const TIMER_EXPIRES: usize = TIMER + 1;

/// First of the words of `struct tcp_info`.
pub(super) const TCP: usize = 64;

/// First of the words of what other protocols report: `struct mptcp_info`.
pub(super) const INFO: usize = 192;

/// First of the words of a socket's memory, `SK_MEMINFO_*`.
pub(super) const MEMORY: usize = 320;

/// First of the words that the congestion control reports.
pub(super) const CONGESTION_INFO: usize = 352;

/// Behind the last.
pub(super) const COLUMNS: usize = 368;

/// Longest parts that are kept, bytes. Kernel 6.18 reports 280, 36 and 20.
pub(super) const MOST_INFO: usize = (INFO - TCP) * 4;
pub(super) const MOST_MEMORY: usize = (CONGESTION_INFO - MEMORY) * 4;
pub(super) const MOST_CONGESTION_INFO: usize = (COLUMNS - CONGESTION_INFO) * 4;

/// Bytes of `struct tcp_info` that are counted up by the clock alone, in ms: since the last data was sent and received and the
/// last ACK received.
pub(super) const AGEING: [usize; 3] = [44, 52, 56];

/// What `struct tcp_info` must have for [`AGEING`] to be there, bytes.
pub(super) const AGEING_END: usize = 60;

/// Which of the columns, one bit each.
pub(super) type Mask = [u64; COLUMNS.div_ceil(64)];

/// Structures whose words are columns: their name, and the first column.
const STRUCTURES: [(&str, usize); 4] = [
    ("tcp", TCP),
    ("info", INFO),
    ("memory", MEMORY),
    ("congestion", CONGESTION_INFO),
];

/// A column's name; empty for numbers that have none. A word of a structure that is no field of its own has the structure's
/// name and the word's offset in bytes.
pub(super) fn name(column: usize) -> String {
    if let Some(name) = FIXED.get(column) {
        return (*name).to_owned();
    }
    if let Some(field) = tcp_field(column) {
        return format!("tcp.{field}");
    }
    let mut structures = STRUCTURES.into_iter().rev();
    match structures.find(|(_, first)| *first <= column) {
        Some((name, first)) if column < COLUMNS => format!("{name}.{}", (column - first) * 4),
        _ => String::new(),
    }
}

/// The field of `struct tcp_info` that a column is, if it is one and only one.
fn tcp_field(column: usize) -> Option<&'static str> {
    let offset = column.checked_sub(TCP)? * 4;
    let fields = TcpInfo::FIELDS.iter();
    let mut within = fields.filter(|field| (offset..offset + 4).contains(&field.offset));
    match (within.next(), within.next()) {
        (Some(field), None) => Some(field.name),
        _ => None,
    }
}

/// What a file tells of its columns: the names of those that have one of their own, by number, and of the structures whose
/// words the others are, by the number of the first.
pub(super) fn schema() -> serde_json::Value {
    let has_own = |column: &usize| *column < FIXED_COLUMNS || tcp_field(*column).is_some();
    let named = (0..COLUMNS).filter(has_own);
    let structures = STRUCTURES.into_iter();
    serde_json::json!({
        "names": named
            .map(|column| (column.to_string(), name(column).into()))
            .collect::<serde_json::Map<_, _>>(),
        "words": structures
            .map(|(name, first)| (first.to_string(), name.into()))
            .collect::<serde_json::Map<_, _>>(),
    })
}

/// What belongs to a socket and does not lie in its row: numbers of texts and processes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Beside {
    /// The congestion control's name.
    pub(super) congestion: u32,
    /// The socket's name.
    pub(super) name: u32,
    /// The first holder.
    pub(super) process: u32,
    pub(super) fd: u32,
    /// The other holders, packed into a text.
    pub(super) others: u32,
}

/// A value as its column has it.
fn fits<T: TryFrom<u64>>(value: u64) -> Result<T, Broken> {
    T::try_from(value).map_err(|_| Broken("a value does not fit its column"))
}

//! The columns of a socket's memory.

use super::{SocketColumn, SocketRow, format};
use crate::column::Total;

/// One for each figure but the drops, which are a column of their own. Kernel: `SK_MEMINFO_*`.
pub(super) fn columns() -> Vec<SocketColumn> {
    macro_rules! memory {
        ($( $id:literal, $heading:literal, $index:literal, $total:ident, $about:literal; )+) => {
            vec![ $( SocketColumn::figure(
                ($id, $heading, 8),
                $about,
                (format::BYTES, Total::$total),
                |row: &SocketRow<'_>| row.socket.memory()?.get($index).map(f64::from),
            ) ),+ ]
        };
    }
    memory! {
        "rmem_alloc", "RMEM", 0, Sum, "Memory that received data takes. Kernel: SK_MEMINFO_RMEM_ALLOC.";
        "rcvbuf", "RCVBUF", 1, Sum, "Limit of the receive buffer. Kernel: SK_MEMINFO_RCVBUF.";
        "wmem_alloc", "WMEM", 2, Sum, "Memory of packets handed to the network. Kernel: SK_MEMINFO_WMEM_ALLOC.";
        "sndbuf", "SNDBUF", 3, Sum, "Limit of the send buffer. Kernel: SK_MEMINFO_SNDBUF.";
        "fwd_alloc", "FWD", 4, Sum, "Memory set aside and not used yet. Kernel: SK_MEMINFO_FWD_ALLOC.";
        "wmem_queued", "WQUEUED", 5, Sum, "Memory that queued data to send takes. Kernel: SK_MEMINFO_WMEM_QUEUED.";
        "optmem", "OPTMEM", 6, Sum, "Memory of options and filters. Kernel: SK_MEMINFO_OPTMEM.";
        "memory_backlog", "BACKLOG B", 7, Sum, "Packets that wait while the socket is in use. Kernel: SK_MEMINFO_BACKLOG.";
    }
}

//! Columns of sockets.

pub(super) mod ends;
mod figure;
mod identity;
mod main_columns;
mod memory;
pub(super) mod owner_cell;
mod registry;
pub(super) mod row;
pub(super) mod tcp;
mod translation;
mod vocabulary;
mod workload;

pub(crate) use identity::{
    LOCAL_ADDRESSES_ABOUT, MD5_KEYS_ABOUT, NETNS_NAME_ABOUT, REMOTE_ADDRESSES_ABOUT,
};
pub(crate) use main_columns::CONGESTION_ABOUT;
pub use registry::SOCKET_COLUMNS;
pub use row::{SocketColumn, SocketRow, Sockets};
pub(crate) use translation::{REAL_PEER_ABOUT, SEEN_AS_ABOUT};
pub use vocabulary::VOCABULARY;

/// The columns of `list` and, while there is room, of the dashboard.
pub const DEFAULT_COLUMNS: [&str; 8] = [
    "netid",
    "state",
    "recv_queue",
    "send_queue",
    "local",
    "remote",
    "process",
    "user",
];

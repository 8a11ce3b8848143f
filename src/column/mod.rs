//! Columns of the tables of sockets, processes, listeners, remotes, events, counters, interfaces, limits and settings:
//! heading, width, cell and order. The dashboard, `list` and filters share them.
//!
//! A [`Column`] returns text and a [`SortKey`]; layout happens in the callers.

pub mod ascii;
pub mod braille;
mod clock_change;
mod counter;
mod definition;
mod difference;
mod event;
pub mod format;
mod gauge;
mod interface;
mod limit;
mod listener;
mod notation;
mod note;
mod process;
mod remote;
mod setting;
mod socket;
mod sort_key;
pub mod sparkline;
mod traffic;
pub mod when;
mod workload;

pub use clock_change::describe_change;
pub use counter::{Attention, COUNTER_COLUMNS, CounterLine, Counters, Meaning, meaning};
pub use definition::{Align, Column, Kind};
pub use difference::{
    PROCESS_DIFFERENCE_COLUMNS, ProcessDifferences, SOCKET_DIFFERENCE_COLUMNS, SocketChange,
    SocketDifferences,
};
pub use event::{EVENT_COLUMNS, EventLine, Events};
pub(crate) use gauge::gauge;
pub use interface::{INTERFACE_COLUMNS, InterfaceLine, Interfaces};
pub use limit::{LIMIT_COLUMNS, LimitLine, Limits};
pub use listener::{LISTENER_COLUMNS, ListenerLine, Listeners};
pub use note::Note;
pub use process::{PROCESS_COLUMNS, ProcessLine, Processes};
pub use remote::{REMOTE_COLUMNS, RemoteLine, Remotes, Service};
pub use setting::{KNOWN, KnownSetting, SETTING_COLUMNS, SettingLine, Settings};
pub use socket::ends::write_device;
pub use socket::tcp::{TCP_FIELDS, TcpField};
pub(crate) use socket::{
    CONGESTION_ABOUT, LOCAL_ADDRESSES_ABOUT, MD5_KEYS_ABOUT, NETNS_NAME_ABOUT, REAL_PEER_ABOUT,
    REMOTE_ADDRESSES_ABOUT, SEEN_AS_ABOUT,
};
pub use socket::{DEFAULT_COLUMNS, SOCKET_COLUMNS, SocketColumn, SocketRow, Sockets, VOCABULARY};
pub use sort_key::SortKey;
pub(crate) use workload::{
    IMAGE_ABOUT, NAMESPACE_ABOUT, POD_NAME_ABOUT, RUNTIME_ABOUT, UNIT_ABOUT,
};

pub use crate::model::Total;

//! The lists that tables show: sockets, processes, listeners, remote hosts, findings, events, differences, and those of
//! the System screen. Cells come from [`column`](crate::column); a list chooses rows, widths, tones and targets.

mod criterion;
mod differences;
mod events;
pub(super) mod filter_conditions;
mod finding_note;
mod findings;
mod folding;
mod group_key;
mod group_summary;
mod groups;
mod headings;
mod listener_grouping;
mod listeners;
mod owner_cell;
mod process_grouping;
mod processes;
mod remote_ports;
mod remotes;
mod socket_scope;
mod sockets;
pub mod system;

pub use differences::{ComparisonSource, InstantComparison, ProcessDifferences, SocketDifferences};
pub use events::Events;
pub use findings::{Findings, finding_target};
pub use group_summary::GroupSummary;
pub use listeners::Listeners;
pub use owner_cell::shorten_owner;
pub use processes::{Processes, process_index};
pub use remotes::Remotes;
pub use socket_scope::SocketScope;
pub use sockets::{LineKey, Sockets};

/// Id of the default sort column: the throughput of both directions.
pub const DEFAULT_SORT: &str = "steady_rate";

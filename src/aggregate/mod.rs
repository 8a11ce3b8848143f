//! Derives rates, groups, listeners and a bounded history from a Sample and the previous ones. Reads no clock, kernel or
//! screen.
//!
//! [`Aggregator::update`] receives each Sample once, in order, and fills an [`Aggregate`]. Live and replayed Samples
//! go through the same code, so both show the same numbers. A [`Moment`] joins a Sample with its aggregate;
//! [`FilteredView`] restricts it to the sockets that a filter selects.

mod aggregator;
mod averages;
mod byte_counters;
mod cancellation;
mod difference;
mod events;
mod filtered_view;
mod final_totals;
mod group_totals;
mod headroom;
mod history;
mod listeners;
mod moment;
mod namespace_intervals;
mod namespace_system;
mod peers;
mod rate_table;
mod rates;
mod send_limit;
mod summary;
mod system;
mod totals;
mod tracked_socket;

pub use aggregator::{Aggregate, Aggregator};
pub use averages::AverageRates;
pub use cancellation::Cancellation;
pub use difference::{
    Difference, DifferenceKind, DifferenceSide, ProcessDifference, SocketDifference,
};
pub use events::{Event, EventBatch, EventKind, EventLog, Lifetime};
pub use filtered_view::FilteredView;
pub use final_totals::FinalTotals;
pub use group_totals::{FirstProcesses, PortTotals, ProcessTotals, ProcessTrend, RemoteTotals};
pub use headroom::{Headroom, LimitScope, MissingReason, PortUsage, headroom, headroom_in};
pub use history::{History, HistoryPoint, RECENT_POINTS, Recent};
pub use listeners::ListenerTotals;
pub use moment::{FilterResult, Moment};
pub use namespace_intervals::{NamespaceInterval, NamespaceIntervals};
pub use namespace_system::NamespaceSystem;
pub use peers::PeerIndex;
pub use rate_table::RateTable;
pub use rates::{Change, ChangeRates, SocketRates, Throughput};
pub use send_limit::SendLimit;
pub use summary::{LimitUnit, Summary, SummaryLimit, SummaryRow};
pub use system::{CounterTrend, InterfaceTrend, SystemTrends, is_gauge};
pub use totals::{ProtocolTotals, Totals};

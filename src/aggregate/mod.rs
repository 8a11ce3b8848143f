//! What follows from a Sample and those before it. Pure: no clock, no kernel, no screen.
//!
//! [`Aggregator::update`] takes each Sample once, in order, and gives an [`Aggregate`]: counts, rates of sockets,
//! processes, remotes and ports, listeners, and a bounded history. Live and replayed Samples take the same way, so
//! both show the same numbers.

mod aggregator;
mod events;
mod groups;
mod history;
mod limit;
mod listeners;
mod peers;
mod rates;
mod totals;

pub use aggregator::{Aggregate, Aggregator};
pub use events::{Event, EventBatch, EventKind, EventLog, Lifetime};
pub use groups::{FewProcesses, PortTotals, ProcessTotals, RemoteTotals, Trend};
pub use history::{History, HistoryPoint, RECENT_POINTS, Recent};
pub use limit::Limit;
pub use listeners::ListenerTotals;
pub use peers::PeerIndex;
pub use rates::{Change, ChangeRates, SocketRates, Throughput};
pub use totals::{ProtocolTotals, Totals};

use crate::model::Sample;

/// One instant, whole: the Sample and what follows from it. What is shown is shown from this.
#[derive(Debug, Clone, Default)]
pub struct Moment {
    /// What the kernel said.
    pub sample: Sample,
    /// What was derived.
    pub aggregate: Aggregate,
}

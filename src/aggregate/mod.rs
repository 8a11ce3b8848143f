//! What follows from a Sample and those before it. Pure: no clock, no kernel, no screen.
//!
//! [`Aggregator::update`] takes each Sample once, in order, and gives an [`Aggregate`]: counts, rates of sockets,
//! processes, remotes and ports, listeners, and a bounded history. Live and replayed Samples take the same way, so
//! both show the same numbers.

mod aggregator;
mod difference;
mod events;
mod groups;
mod headroom;
mod history;
mod limit;
mod listeners;
mod narrow;
mod peers;
mod rates;
mod summary;
mod system;
mod totals;

pub use aggregator::{Aggregate, Aggregator};
pub use difference::{Difference, Fate, Instant, ProcessDifference, SocketDifference};
pub use events::{Event, EventBatch, EventKind, EventLog, Lifetime};
pub use groups::{FewProcesses, PortTotals, ProcessTotals, RemoteTotals, Trend};
pub use headroom::{Headroom, Missing, PortsTaken, Whose, headroom};
pub use history::{History, HistoryPoint, RECENT_POINTS, Recent};
pub use limit::Limit;
pub use listeners::ListenerTotals;
pub use narrow::{Narrowed, Narrower};
pub use peers::PeerIndex;
pub use rates::{Change, ChangeRates, SocketRates, Throughput};
pub use summary::{LimitUnit, Summary, SummaryLimit, SummaryRow};
pub use system::{CounterTrend, InterfaceTrend, System, is_gauge};
pub use totals::{ProtocolTotals, Totals};

use std::sync::OnceLock;

use crate::model::{Sample, Socket, SocketKey};

/// One instant, whole: the Sample and what follows from it. What is shown is shown from this.
#[derive(Debug, Clone, Default)]
pub struct Moment {
    /// What the kernel said.
    pub sample: Sample,
    /// What was derived.
    pub aggregate: Aggregate,
    /// What a filter leaves, if there is one: then `aggregate` is derived from that alone.
    pub(crate) narrowed: Option<Narrowed>,
    /// Who is at the other end, once somebody has asked.
    pub(crate) peers: OnceLock<PeerIndex>,
}

impl Moment {
    /// Finds sockets' other ends on this machine. Indexed when it is asked for the first time.
    pub fn peers(&self) -> &PeerIndex {
        self.peers.get_or_init(|| PeerIndex::new(&self.sample))
    }

    /// The row of a socket's other end, if it is on this machine. For one question; for many ask [`Self::peers`].
    pub fn peer_of(&self, socket: &Socket) -> Option<usize> {
        match self.peers.get() {
            Some(index) => index.peer(socket),
            None => peers::find(&self.sample, socket),
        }
    }

    /// The row of a socket.
    pub fn row_of(&self, key: SocketKey) -> Option<usize> {
        let rows = &self.sample.sockets.rows;
        rows.iter().position(|socket| socket.key() == key)
    }

    /// Derives everything from the Sample, which is new; `aggregator` has taken those before it.
    pub fn derive(&mut self, aggregator: &mut Aggregator) {
        self.peers.take();
        self.narrowed = None;
        aggregator.update(&self.sample, &mut self.aggregate);
    }
}

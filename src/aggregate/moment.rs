//! One instant: a Sample with everything derived from it, and what an active filter selects.
//!
//! A filter is applied by [`FilteredView`](super::FilteredView); this module only holds its result.

use std::sync::OnceLock;
use std::time::Duration;

use super::aggregator::{Aggregate, Aggregator};
use super::peers::{self, PeerIndex};
use crate::model::{Sample, Socket, SocketKey, SocketRef};

/// Maximum number of sockets of a moment that is small.
const SMALL: usize = 16_384;

/// Multiple of the configured interval from which an interval is noticeably longer.
const NOTICEABLY_LONGER: f64 = 1.2;

/// The sockets and events of a moment that a filter selects.
#[derive(Debug, Clone, Default)]
pub struct FilterResult {
    /// Rows of the selected sockets, ascending.
    pub rows: Vec<u32>,
    /// Numbers of the selected events, oldest first.
    pub events: Vec<u64>,
    /// The filter as it was typed.
    pub text: String,
    /// The aggregate of all sockets, without [`Aggregate::sockets`], [`Aggregate::closed`] and [`Aggregate::events`]:
    /// these do not depend on the filter and stay in [`Moment::aggregate`].
    pub(super) unfiltered: Box<Aggregate>,
}

/// A Sample and everything derived from it. Every screen and export reads from one.
#[derive(Debug, Clone, Default)]
pub struct Moment {
    /// The Sample.
    pub sample: Sample,
    /// Counts, rates and histories; of the selected sockets only while a filter is active.
    pub aggregate: Aggregate,
    /// Set while a filter is active.
    pub(crate) filtered: Option<FilterResult>,
    /// Built on first use.
    pub(crate) peers: OnceLock<PeerIndex>,
}

impl Moment {
    /// Returns the index that finds sockets' peers on this machine, and builds it on first use.
    pub fn peers(&self) -> &PeerIndex {
        self.peers.get_or_init(|| PeerIndex::new(&self.sample))
    }

    /// True if it has so few sockets that looking at all of them takes less than a millisecond.
    pub fn is_small(&self) -> bool {
        self.sample.iter().len() <= SMALL
    }

    /// Returns the index that finds sockets' peers, if it is built.
    pub fn known_peers(&self) -> Option<&PeerIndex> {
        self.peers.get()
    }

    /// Finds the row of one socket's peer, if it is on this machine, without building the index. For many sockets
    /// use [`Self::peers`].
    pub fn peer_of(&self, socket: &Socket) -> Option<usize> {
        match self.peers.get() {
            Some(index) => index.peer(&self.sample, socket),
            None => peers::find_peer(&self.sample, socket),
        }
    }

    /// Finds the row of a socket.
    pub fn row_of(&self, key: SocketKey) -> Option<usize> {
        let mut sockets = self.sample.sockets.iter();
        sockets.position(|socket| socket.key() == key)
    }

    /// Returns the time since the previous Sample if it is longer than the configured interval because Samples take too
    /// long to keep to it; `None` if they keep to it.
    pub fn stretched_interval(&self, configured: Duration) -> Option<Duration> {
        let since = Duration::from_nanos(self.aggregate.interval_ns?);
        let took = Duration::from_nanos(self.sample.timings.total_ns);
        // A suspended program or machine is late as well, but its Samples take no longer. The rest of the interval is
        // spent deriving and encoding what is shown.
        let is_slow = took * 2 > configured;
        (is_slow && since > configured.mul_f64(NOTICEABLY_LONGER)).then_some(since)
    }

    /// Derives everything from a new [`Self::sample`] and clears the filter. `aggregator` has processed the previous Samples.
    pub fn derive(&mut self, aggregator: &mut Aggregator) {
        self.peers.take();
        self.filtered = None;
        aggregator.update(&self.sample, &mut self.aggregate);
    }

    /// Appends the rows of the sockets that the filter selects; all rows without a filter.
    pub fn extend_filtered_rows(&self, out: &mut Vec<u32>) {
        match &self.filtered {
            Some(filtered) => out.extend_from_slice(&filtered.rows),
            None => out.extend(0..self.sample.sockets.len() as u32),
        }
    }

    /// Iterates over the sockets that the filter selects, with their rows; over all sockets without a filter.
    pub fn filtered_sockets(&self) -> impl Iterator<Item = (u32, SocketRef<'_>)> {
        let all = match &self.filtered {
            Some(_) => 0..0,
            None => 0..self.sample.sockets.len() as u32,
        };
        let selected = self
            .filtered
            .iter()
            .flat_map(|filtered| filtered.rows.iter().copied());
        all.chain(selected)
            .filter_map(|row| Some((row, self.sample.socket(row as usize)?)))
    }

    /// Returns what the active filter selects; `None` without a filter.
    pub fn filtered(&self) -> Option<&FilterResult> {
        self.filtered.as_ref()
    }

    /// Returns the aggregate of all sockets, unfiltered. Rates of single sockets and events are in
    /// [`Self::aggregate`] only.
    pub fn unfiltered(&self) -> &Aggregate {
        self.filtered
            .as_ref()
            .map_or(&self.aggregate, |filtered| &filtered.unfiltered)
    }

    /// Restores the aggregate of all sockets.
    pub fn clear_filter(&mut self) {
        if let Some(filtered) = self.filtered.take() {
            let mut unfiltered = *filtered.unfiltered;
            unfiltered.sockets = std::mem::take(&mut self.aggregate.sockets);
            unfiltered.closed = std::mem::take(&mut self.aggregate.closed);
            unfiltered.events = std::mem::take(&mut self.aggregate.events);
            self.aggregate = unfiltered;
        }
    }
}

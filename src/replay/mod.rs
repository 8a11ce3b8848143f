//! Replays a recording: derives the same moments as the live session.
//!
//! Rates depend on the previous Sample, sparklines and charts on the last ten minutes. After a seek, the figures of an
//! instant are derived immediately ([`Depth::Rates`]) and its history a little later ([`Depth::Full`]).

mod recorded_sockets;

use std::sync::Arc;

use crate::aggregate::{Aggregator, Moment};
use crate::diagnose::{Findings, Watch};
use crate::recording::{Archive, RecordingError};

pub use recorded_sockets::recorded_sockets;

/// Samples before the target that its charts cover: the length of a live history.
pub const FULL_DEPTH: usize = 600;

/// Samples before the target that its own figures depend on: a dump can miss a socket for a few Samples.
const RATES_DEPTH: usize = 4;

/// The number of Samples before the target that a moment is derived from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Enough for states, owners and rates. Histories are short.
    Rates,
    /// Enough for everything that is shown live.
    Full,
}

impl Depth {
    /// Returns the number of Samples before an index.
    fn samples(self, at: usize) -> usize {
        match self {
            Depth::Rates => RATES_DEPTH.min(at),
            Depth::Full => FULL_DEPTH.min(at),
        }
    }
}

/// Derives moments of a recording.
pub struct Replayer {
    archive: Box<dyn Archive>,
    aggregator: Aggregator,
    /// Index of the last Sample that the aggregator received or that is damaged, and the number of consecutive ones
    /// before it.
    last_derived: Option<(usize, usize)>,
    /// True if the aggregator has received no Sample yet.
    is_new: bool,
    /// Derives findings from every moment, if requested.
    watch: Option<Watch>,
}

impl std::fmt::Debug for Replayer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replayer")
            .field("last_derived", &self.last_derived)
            .finish_non_exhaustive()
    }
}

impl Replayer {
    /// Creates a replayer, before the first Sample.
    pub fn new(archive: Box<dyn Archive>) -> Replayer {
        Replayer {
            archive,
            aggregator: Aggregator::new(),
            last_derived: None,
            is_new: true,
            watch: None,
        }
    }

    /// Derives findings as well.
    #[must_use]
    pub fn watching(mut self, watch: Watch) -> Replayer {
        self.watch = Some(watch);
        self
    }

    /// Returns the findings at the last moment, based on the Samples derived before it.
    pub fn findings(&self) -> Arc<Findings> {
        self.watch.as_ref().map(Watch::latest).unwrap_or_default()
    }

    /// Keeps all events of a Sample, without a limit.
    #[must_use]
    pub fn with_all_events(mut self) -> Replayer {
        self.aggregator = Aggregator::new().with_all_events();
        self
    }

    /// Returns the recording.
    pub fn archive(&self) -> &dyn Archive {
        &*self.archive
    }

    /// Returns true if [`Self::show`] at this depth reads only one Sample.
    pub fn is_sequential(&self, at: usize, depth: Depth) -> bool {
        let before = |(last, run): (usize, usize)| last + 1 == at && run + 1 >= depth.samples(at);
        self.last_derived.map_or(at == 0, before)
    }

    /// Derives the moment of the Sample at an index of the archive's entries. Damaged Samples before it are skipped.
    ///
    /// # Errors
    /// If this Sample itself cannot be read.
    pub fn show(
        &mut self,
        at: usize,
        depth: Depth,
        moment: &mut Moment,
    ) -> Result<(), RecordingError> {
        if !self.is_sequential(at, depth) {
            self.warm_up(at, depth, moment);
        }
        self.advance(at, moment)
    }

    /// Derives the aggregate and the findings from the next Sample, or skips it if it is damaged: going back after it would
    /// derive hundreds of Samples for each damaged one.
    fn advance(&mut self, at: usize, moment: &mut Moment) -> Result<(), RecordingError> {
        let read = self.archive.read_into(at, &mut moment.sample);
        if read.is_ok() {
            if std::mem::take(&mut self.is_new) && at > 0 {
                self.aggregator.set_first_seen(&self.archive.first_seen());
            }
            moment.derive(&mut self.aggregator);
            if let Some(watch) = &mut self.watch {
                watch.update(moment);
            }
        }
        let run = match self.last_derived {
            Some((last, run)) if last + 1 == at => run + 1,
            _ => 0,
        };
        self.last_derived = Some((at, run));
        read
    }

    /// Derives the Samples before an index, with a new aggregator.
    fn warm_up(&mut self, at: usize, depth: Depth, moment: &mut Moment) {
        let from = at - depth.samples(at);
        self.aggregator = self.aggregator.without_history();
        self.watch = self.watch.as_ref().map(Watch::restarted);
        self.last_derived = None;
        self.is_new = true;
        for index in from..at {
            // Reported when it is shown itself.
            let _ = self.advance(index, moment);
        }
    }
}

#[cfg(test)]
mod tests;

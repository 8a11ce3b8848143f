//! Replays a recording: derives the moments that were shown when it was recorded.
//!
//! Rates need the Sample before, sparklines and charts those of the last ten minutes. After a jump the numbers of an instant are
//! derived at once ([`Depth::Rates`]), its history a little later ([`Depth::Full`]).

use std::sync::Arc;

use crate::aggregate::{Aggregator, Moment};
use crate::diagnose::{Findings, Watch};
use crate::recording::{Archive, RecordingError};

/// Samples before the one shown that its charts cover: as many as a live history has.
pub const FULL_DEPTH: usize = 600;

/// Samples before the one shown that its own numbers depend on: a dump can miss a socket for a few.
const RATES_DEPTH: usize = 4;

/// The range of Samples before the one shown that a moment is derived from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// As many as states, owners and rates need. Histories are short.
    Rates,
    /// As many as everything that was shown live needs.
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
    /// Index of the last Sample that the aggregator received, and the number of consecutive ones before it.
    last_derived: Option<(usize, usize)>,
    /// Finds problems in every moment, if findings are wanted.
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
    /// A replayer of a recording, before its first Sample.
    pub fn new(archive: Box<dyn Archive>) -> Replayer {
        Replayer {
            archive,
            aggregator: Aggregator::new(),
            last_derived: None,
            watch: None,
        }
    }

    /// Derives findings as well.
    #[must_use]
    pub fn watching(mut self, watch: Watch) -> Replayer {
        self.watch = Some(watch);
        self
    }

    /// Returns the findings at the moment shown last, as far as the Samples derived before it show.
    pub fn findings(&self) -> Arc<Findings> {
        self.watch.as_ref().map(Watch::latest).unwrap_or_default()
    }

    /// Keeps every event of a Sample, however many there are.
    #[must_use]
    pub fn with_all_events(mut self) -> Replayer {
        self.aggregator = Aggregator::new().with_all_events();
        self
    }

    /// Returns the recording.
    pub fn archive(&self) -> &dyn Archive {
        &*self.archive
    }

    /// Reports whether [`Self::show`] at that depth reads only one Sample.
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
        self.archive.read_into(at, &mut moment.sample)?;
        self.derive(moment);
        let run = match self.last_derived {
            Some((last, run)) if last + 1 == at => run + 1,
            _ => 0,
        };
        self.last_derived = Some((at, run));
        Ok(())
    }

    /// Derives everything else from the moment's Sample.
    fn derive(&mut self, moment: &mut Moment) {
        moment.derive(&mut self.aggregator);
        if let Some(watch) = &mut self.watch {
            watch.update(moment);
        }
    }

    /// Derives the Samples before an index, from a fresh start.
    fn warm_up(&mut self, at: usize, depth: Depth, moment: &mut Moment) {
        let from = at - depth.samples(at);
        self.aggregator = self.aggregator.without_history();
        self.watch = self.watch.as_ref().map(Watch::restarted);
        self.last_derived = None;
        for index in from..at {
            if self.archive.read_into(index, &mut moment.sample).is_err() {
                continue;
            }
            if self.last_derived.is_none() && index > 0 {
                self.aggregator.set_first_seen(&self.archive.first_seen());
            }
            self.derive(moment);
            let run = self.last_derived.map_or(0, |(_, run)| run + 1);
            self.last_derived = Some((index, run));
        }
    }
}

//! Moments of a recording: reads Samples and derives from them what was derived when they were taken.
//!
//! Rates need the Sample before, sparklines and charts those of the last ten minutes. Whoever jumps to an instant gets its
//! numbers at once ([`Depth::Near`]) and what goes further back a little later ([`Depth::Whole`]).

use std::sync::Arc;

use crate::aggregate::{Aggregator, Moment};
use crate::diagnose::{Findings, Watch};
use crate::recording::{Archive, RecordingError};

/// Samples before the one shown whose totals and sparklines are shown with it: as many as are remembered live.
pub const WHOLE: usize = 600;

/// Samples before the one shown that its own numbers depend on: a dump can miss a socket for a few.
const NEAR: usize = 4;

/// How far back what is shown of an instant reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Its own numbers: states, owners, rates. Histories are short.
    Near,
    /// Everything that was shown live.
    Whole,
}

impl Depth {
    /// How many Samples before a place are taken.
    fn samples(self, at: usize) -> usize {
        match self {
            Depth::Near => NEAR.min(at),
            Depth::Whole => WHOLE.min(at),
        }
    }
}

/// Goes through a recording and shows moments of it.
pub struct Replayer {
    archive: Box<dyn Archive>,
    aggregator: Aggregator,
    /// What the aggregator has taken last, and how many in a row before it.
    taken: Option<(usize, usize)>,
    /// Looks for what is wrong in all that the aggregator takes, if somebody wants to know.
    watch: Option<Watch>,
}

impl std::fmt::Debug for Replayer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replayer")
            .field("taken", &self.taken)
            .finish_non_exhaustive()
    }
}

impl Replayer {
    /// Goes through `archive`.
    pub fn new(archive: Box<dyn Archive>) -> Replayer {
        Replayer {
            archive,
            aggregator: Aggregator::new(),
            taken: None,
            watch: None,
        }
    }

    /// Looks for what is wrong as well.
    #[must_use]
    pub fn watching(mut self, watch: Watch) -> Replayer {
        self.watch = Some(watch);
        self
    }

    /// The findings of the Sample that was shown last, as far as the Samples taken before it tell.
    pub fn findings(&self) -> Arc<Findings> {
        self.watch.as_ref().map(Watch::latest).unwrap_or_default()
    }

    /// Keeps every event, however many there are.
    #[must_use]
    pub fn with_all_events(mut self) -> Replayer {
        self.aggregator = Aggregator::new().with_all_events();
        self
    }

    /// The recording.
    pub fn archive(&self) -> &dyn Archive {
        &*self.archive
    }

    /// Whether [`Self::show`] at that depth would cost no more than the one Sample.
    pub fn follows(&self, at: usize, depth: Depth) -> bool {
        let before = |(last, run): (usize, usize)| last + 1 == at && run + 1 >= depth.samples(at);
        self.taken.map_or(at == 0, before)
    }

    /// Shows the Sample at a place in the archive's entries.
    ///
    /// Samples that are damaged are left out of what goes before it.
    ///
    /// # Errors
    /// If this Sample itself cannot be read.
    pub fn show(
        &mut self,
        at: usize,
        depth: Depth,
        moment: &mut Moment,
    ) -> Result<(), RecordingError> {
        if !self.follows(at, depth) {
            self.warm(at, depth, moment);
        }
        self.archive.read_into(at, &mut moment.sample)?;
        self.derive(moment);
        let run = match self.taken {
            Some((last, run)) if last + 1 == at => run + 1,
            _ => 0,
        };
        self.taken = Some((at, run));
        Ok(())
    }

    /// Derives what follows from the moment's Sample, which comes after those taken before.
    fn derive(&mut self, moment: &mut Moment) {
        moment.derive(&mut self.aggregator);
        if let Some(watch) = &mut self.watch {
            watch.update(moment);
        }
    }

    /// Takes what lies before a place.
    fn warm(&mut self, at: usize, depth: Depth, moment: &mut Moment) {
        let from = at - depth.samples(at);
        self.aggregator = self.aggregator.without_history();
        self.watch = self.watch.as_ref().map(Watch::restarted);
        self.taken = None;
        for place in from..at {
            if self.archive.read_into(place, &mut moment.sample).is_err() {
                continue;
            }
            if self.taken.is_none() && place > 0 {
                self.aggregator.set_first_seen(&self.archive.first_seen());
            }
            self.derive(moment);
            let run = self.taken.map_or(0, |(_, run)| run + 1);
            self.taken = Some((place, run));
        }
    }
}

//! What is kept of what is sampled: the last minutes in memory.
//!
//! Each Sample is packed once, by the sampler, before it is shown: it takes a few milliseconds at ten thousand sockets,
//! and copying the Sample to pack it later would take as many. What is packed is handed on without waiting for anybody.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::model::Sample;
use crate::recording::{Archive, Encoder, Head, History, Memory};

/// The most that is kept in memory, bytes.
const MOST_BYTES: usize = 64 << 20;

/// Keeps what is sampled.
#[derive(Debug)]
pub(super) struct Tape {
    /// How long Samples are kept; zero for none.
    longest: Duration,
    /// What is known of the Samples before there is one.
    head: Head,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    history: Option<History>,
}

impl Tape {
    /// Keeps Samples for so long, made by whom `head` tells.
    pub(super) fn new(longest: Duration, head: Head) -> Tape {
        Tape {
            longest,
            head,
            kept: Mutex::default(),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // What is kept is whole at any time, so a panic elsewhere does not matter here.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is said of a recording that begins with a Sample.
    fn head(&self, sample: &Sample) -> Head {
        Head {
            host: (*sample.host).clone(),
            begun_at_us: sample.taken_at_us,
            ..self.head.clone()
        }
    }

    /// Takes the next Sample.
    pub(super) fn take(&self, sample: &Sample, encoder: &mut Encoder) {
        if self.longest.is_zero() {
            return;
        }
        let Ok(frame) = encoder.encode(sample) else {
            // There is no memory for it: the next one does not build upon it.
            encoder.restart();
            return;
        };
        let mut kept = self.kept();
        let history = kept
            .history
            .get_or_insert_with(|| History::new(self.head(sample), self.longest, MOST_BYTES));
        history.push(&frame);
    }

    /// What is kept now.
    pub(super) fn snapshot(&self) -> Result<Memory, String> {
        if self.longest.is_zero() {
            return Err("nothing is kept to go back to: --history is 0".to_owned());
        }
        let kept = self.kept();
        let memory = kept.history.as_ref().map(History::snapshot);
        memory
            .filter(|memory| !memory.entries().is_empty())
            .ok_or_else(|| "nothing is kept yet".to_owned())
    }
}

//! Collects errors of reading processes until they are reported as faults.

use std::path::PathBuf;

use rustix::io::Errno;

use crate::model::{Fault, FaultSeverity};
use crate::source::{MORE_DESCRIPTORS, lacks_descriptors};

/// Maximum number of faults kept until they are taken, one for each kind of error.
const MAX_FAULTS: usize = 16;

/// Errors since the last report.
#[derive(Debug, Default)]
pub(super) struct FailureLog(Vec<Failure>);

#[derive(Debug)]
struct Failure {
    error: Errno,
    path: PathBuf,
    times: u32,
}

impl FailureLog {
    /// Adds an error. Each kind of error is kept once, with the first path where it happened.
    pub(super) fn add(&mut self, path: PathBuf, error: Errno) {
        if let Some(known) = self.0.iter_mut().find(|known| known.error == error) {
            known.times = known.times.saturating_add(1);
        } else if self.0.len() < MAX_FAULTS {
            self.0.push(Failure {
                error,
                path,
                times: 1,
            });
        }
    }

    /// Removes the errors and returns them as faults.
    pub(super) fn take(&mut self) -> impl Iterator<Item = Fault> {
        self.0.drain(..).map(|failure| {
            let error = std::io::Error::from(failure.error);
            let mut text = error.to_string();
            if failure.times > 1 {
                text = format!("{text} ({} times)", failure.times);
            }
            if lacks_descriptors(&error) {
                text = format!("{text}; {MORE_DESCRIPTORS}");
            }
            Fault::new(
                FaultSeverity::Degraded,
                failure.path.display().to_string(),
                text,
            )
        })
    }
}

//! Scans a whole recording for findings, on a separate thread and with its own reader, while the player shows it. The
//! findings at an instant are therefore independent of earlier seeks, and the time line has marks.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use super::message::Message;
use super::threads;
use crate::aggregate::{Aggregator, Moment};
use crate::diagnose::{Findings, Watch};
use crate::recording::{Archive, RecordingError};

/// Time between two reports to the loop.
const REPORT_INTERVAL: Duration = Duration::from_millis(100);

/// Iterator over the findings at each Sample of a recording.
///
/// Reads every Sample in order: rates depend on the previous Sample, and findings on many. A damaged Sample has the
/// findings of the previous one.
pub struct FindingsScan {
    archive: Box<dyn Archive>,
    aggregator: Aggregator,
    watch: Watch,
    moment: Moment,
    next: usize,
}

impl std::fmt::Debug for FindingsScan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FindingsScan")
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

impl FindingsScan {
    /// Creates a scan that starts at the first Sample.
    pub fn new(archive: Box<dyn Archive>, watch: Watch) -> FindingsScan {
        FindingsScan {
            archive,
            aggregator: Aggregator::new(),
            watch,
            moment: Moment::default(),
            next: 0,
        }
    }
}

impl Iterator for FindingsScan {
    type Item = Arc<Findings>;

    fn next(&mut self) -> Option<Arc<Findings>> {
        if self.next >= self.archive.entries().len() {
            return None;
        }
        let read = self.archive.read_into(self.next, &mut self.moment.sample);
        self.next += 1;
        if read.is_err() {
            return Some(self.watch.latest());
        }
        self.moment.derive(&mut self.aggregator);
        Some(self.watch.update(&self.moment))
    }
}

/// Opens a recording with `open` and scans it on a new thread, reporting findings to the loop as they are found.
///
/// # Errors
/// If the thread cannot be started.
pub(super) fn spawn(
    open: impl FnOnce() -> Result<Box<dyn Archive>, RecordingError> + Send + 'static,
    watch: Watch,
    wake: &Sender<Message>,
) -> anyhow::Result<()> {
    let sender = wake.clone();
    threads::spawn("findings", wake, move || match open() {
        Ok(archive) => run(FindingsScan::new(archive, watch), &sender),
        Err(error) => {
            let text = format!("cannot scan ahead for findings: {error}");
            // A closed channel means that the program is ending.
            let _ = sender.send(Message::Notice(text));
        }
    })
}

fn run(mut scan: FindingsScan, wake: &Sender<Message>) {
    loop {
        let since = Instant::now();
        let mut found = Vec::new();
        let mut ended = false;
        while !ended && since.elapsed() < REPORT_INTERVAL {
            match scan.next() {
                Some(findings) => found.push(findings),
                None => ended = true,
            }
        }
        if wake.send(Message::FindingsScanned(found)).is_err() || ended {
            return;
        }
    }
}

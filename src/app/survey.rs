//! Goes through a whole recording for its findings, beside whoever shows it, with a reader of its own: what holds at an
//! instant is known then however one came there, and the time line has its marks.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use super::event_loop::Message;
use crate::aggregate::{Aggregator, Moment};
use crate::diagnose::{Findings, Watch};
use crate::recording::{Archive, RecordingError};

/// How often what was found is told.
const EVERY: Duration = Duration::from_millis(100);

/// Takes every Sample of a recording in turn: rates depend on the one before, and findings on many.
pub struct Survey {
    archive: Box<dyn Archive>,
    aggregator: Aggregator,
    watch: Watch,
    moment: Moment,
    next: usize,
}

impl std::fmt::Debug for Survey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Survey")
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

impl Survey {
    /// Has read nothing yet.
    pub fn new(archive: Box<dyn Archive>, watch: Watch) -> Survey {
        Survey {
            archive,
            aggregator: Aggregator::new(),
            watch,
            moment: Moment::default(),
            next: 0,
        }
    }
}

/// The findings of each Sample. One that is damaged has those of the Sample before.
impl Iterator for Survey {
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

/// Surveys what `open` opens on a thread of its own and tells the loop what it finds, until all is read or nobody listens any more.
pub(super) fn spawn(
    open: impl FnOnce() -> Result<Box<dyn Archive>, RecordingError> + Send + 'static,
    watch: Watch,
    wake: &Sender<Message>,
) -> anyhow::Result<()> {
    let sender = wake.clone();
    super::spawn("survey", wake, move || match open() {
        Ok(archive) => run(Survey::new(archive, watch), &sender),
        Err(error) => {
            let said = format!("findings are not looked for ahead: {error}");
            // If nobody listens any more, the program is ending.
            let _ = sender.send(Message::Said(said));
        }
    })
}

fn run(mut survey: Survey, wake: &Sender<Message>) {
    loop {
        let since = Instant::now();
        let mut found = Vec::new();
        let mut ended = false;
        while !ended && since.elapsed() < EVERY {
            match survey.next() {
                Some(findings) => found.push(findings),
                None => ended = true,
            }
        }
        if wake.send(Message::Surveyed(found)).is_err() || ended {
            return;
        }
    }
}

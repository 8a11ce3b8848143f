//! Reports the progress of a recording on standard error.

use std::io::{self, IsTerminal, Write as _};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::recording_counts::RecordingCounts;
use crate::app::terminal_size;
use crate::cli;
use crate::column::format;
use crate::command::shared::net_scope::omitted_text;
use crate::command::shared::pace_note::{PaceNote, pace_text};
use crate::export::message;
use crate::model::Sample;
use crate::recording::Progress;
use crate::source::Schedule;

/// Time between two updates of the progress line.
const UPDATE_INTERVAL: Duration = Duration::from_secs(1);

/// Width of a terminal that does not report one, columns.
const DEFAULT_WIDTH: usize = 80;

/// Maximum number of queued outputs. Further ones are discarded: a stopped terminal must not block the recording.
const QUEUE_LENGTH: usize = 16;

/// Maximum time to wait until the last line is written.
const FINISH_TIMEOUT: Duration = Duration::from_millis(300);

/// One output.
#[derive(Debug)]
enum Output {
    /// A permanent line.
    Line(String),
    /// A line that replaces the previous progress line.
    Progress(String),
}

/// Reports progress: on a terminal in a line that is updated in place, elsewhere at the start and at the end. A thread
/// writes it, so that a slow terminal does not block the recording.
#[derive(Debug)]
pub(super) struct ProgressReporter {
    is_terminal: bool,
    /// Names of the output files.
    target: String,
    interval: Duration,
    pace: PaceNote,
    start: Instant,
    /// When the progress line was last updated.
    updated: Option<Instant>,
    faults_reported: bool,
    outputs: SyncSender<Output>,
    /// Closed by the thread when it has written everything.
    done: Receiver<()>,
}

impl ProgressReporter {
    pub(super) fn new(arguments: &cli::Record) -> ProgressReporter {
        let files = arguments.output.iter().chain(&arguments.jsonl);
        let names = files.map(|path| match path.to_string_lossy().as_ref() {
            "-" => "standard output".to_owned(),
            name => name.to_owned(),
        });
        let (outputs, queue) = sync_channel(QUEUE_LENGTH);
        let (writing, done) = channel();
        // Without the thread, nothing is reported, and recording continues.
        let _ = thread::Builder::new()
            .name("progress".to_owned())
            .spawn(move || write_outputs(&queue, writing));
        ProgressReporter {
            is_terminal: io::stderr().is_terminal(),
            target: names.collect::<Vec<_>>().join(" and "),
            interval: arguments.interval,
            pace: PaceNote::new(arguments.interval),
            start: Instant::now(),
            updated: None,
            faults_reported: false,
            outputs,
            done,
        }
    }

    /// Reports the start.
    pub(super) fn report_start(&self) {
        let mut every = String::new();
        format::short_duration_us(&mut every, self.interval.as_micros() as f64);
        self.print(format!(
            "sockwatch: recording to {} every {every}; press Ctrl-C to stop",
            self.target
        ));
    }

    /// Reports the faults and hidden owners of the first Sample.
    pub(super) fn report_faults(&mut self, sample: &Sample) {
        if std::mem::replace(&mut self.faults_reported, true) {
            return;
        }
        for fault in sample.faults.iter().filter(|fault| fault.hides_data()) {
            self.print(format!("sockwatch: {}: {fault}", fault.severity.name()));
        }
        if let Some(text) = omitted_text(sample) {
            self.print(format!("sockwatch: {text}"));
        }
        let visibility = sample.visibility;
        if visibility.unreadable > 0 {
            self.print(format!(
                "sockwatch: recording without the owners of sockets of {} of {} processes; {}",
                visibility.unreadable,
                visibility.processes,
                visibility.remedy()
            ));
        }
    }

    /// Reports an interval that is longer than configured, once.
    pub(super) fn report_pace(&mut self, schedule: &Schedule, sockets: usize) {
        if let Some(text) = self.pace.text(schedule, sockets) {
            self.print(format!("sockwatch: recording {text}"));
        }
    }

    /// Returns true if the progress line is out of date.
    pub(super) fn is_stale(&self) -> bool {
        self.is_terminal
            && self
                .updated
                .is_none_or(|updated| updated.elapsed() >= UPDATE_INTERVAL)
    }

    /// Updates the progress line of a terminal.
    pub(super) fn update(&mut self, counts: &RecordingCounts, progress: Option<&Progress>) {
        if !self.is_terminal {
            return;
        }
        self.updated = Some(Instant::now());
        let line = describe(self.start.elapsed(), counts, progress);
        // A full queue is followed by the next update.
        let _ = self.outputs.try_send(Output::Progress(line));
    }

    /// Reports the result, and waits a short time until it is written.
    pub(super) fn finish(self, counts: &RecordingCounts, progress: Option<&Progress>) {
        let line = describe(self.start.elapsed(), counts, progress);
        self.print(format!("sockwatch: {}: {line}", self.target));
        drop(self.outputs);
        let _ = self.done.recv_timeout(FINISH_TIMEOUT);
    }

    /// Queues a permanent line.
    fn print(&self, line: String) {
        let _ = self.outputs.try_send(Output::Line(line));
    }
}

/// Writes outputs until the sender is dropped; closes `writing` at the end.
fn write_outputs(outputs: &Receiver<Output>, writing: Sender<()>) {
    // True while the cursor is at the end of a progress line.
    let mut is_open = false;
    while let Ok(next) = outputs.recv() {
        let clear = if is_open { "\r\x1b[K" } else { "" };
        is_open = matches!(next, Output::Progress(_));
        let text = match next {
            Output::Line(line) => format!("{clear}{}", message::line(format_args!("{line}"))),
            Output::Progress(line) => {
                let width = terminal_width().saturating_sub(1);
                let line: String = line.chars().take(width).collect();
                format!("{clear}{line}")
            }
        };
        let mut err = io::stderr().lock();
        // A closed standard error is not a failure.
        let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
    }
    drop(writing);
}

/// Formats the progress: `00:01:03  63 samples  12 431 sockets  4.10 MB  none dropped`.
fn describe(elapsed: Duration, counts: &RecordingCounts, progress: Option<&Progress>) -> String {
    let seconds = elapsed.as_secs();
    let mut line = format!(
        "{:02}:{:02}:{:02}  ",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    );
    let samples = progress.map_or(counts.samples, |progress| progress.samples);
    format::count(&mut line, samples);
    line.push_str(if samples == 1 {
        " sample  "
    } else {
        " samples  "
    });
    format::count(&mut line, counts.sockets as u64);
    line.push_str(" sockets  ");
    if let Some(progress) = progress {
        format::bytes(&mut line, progress.bytes as f64);
        if progress.files > 1 {
            line.push_str(" in ");
            format::count(&mut line, progress.files.into());
            line.push_str(" files");
        }
        line.push_str("  ");
    }
    match counts.dropped {
        0 => line.push_str("none dropped"),
        dropped => {
            format::count(&mut line, dropped);
            line.push_str(" dropped");
        }
    }
    if let Some(pace) = counts.stretched {
        line.push_str("  ");
        line.push_str(&pace_text(pace));
    }
    line
}

fn terminal_width() -> usize {
    terminal_size::width(io::stderr()).unwrap_or(DEFAULT_WIDTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_progress_line_has_time_samples_sockets_and_size() {
        let counts = RecordingCounts {
            samples: 63,
            sockets: 12_431,
            ..RecordingCounts::default()
        };
        let progress = Progress {
            samples: 61,
            bytes: 4_100_000,
            files: 1,
            ..Progress::default()
        };
        assert_eq!(
            describe(Duration::from_secs(3663), &counts, Some(&progress)),
            "01:01:03  61 samples  12 431 sockets  4.10 MB  none dropped"
        );
        let counts = RecordingCounts {
            samples: 1,
            dropped: 2,
            ..RecordingCounts::default()
        };
        assert_eq!(
            describe(Duration::ZERO, &counts, None),
            "00:00:00  1 sample  0 sockets  2 dropped"
        );
    }
}

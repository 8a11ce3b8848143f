//! What is said on standard error while a recording is made.

use std::io::{self, IsTerminal, Write as _};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::recording_session::Counts;
use crate::cli;
use crate::column::format;
use crate::model::Sample;
use crate::recording::Progress;

/// How often a terminal is told anew between two Samples.
const AGAIN: Duration = Duration::from_secs(1);

/// Columns of a terminal that does not tell its width.
const WIDTH: usize = 80;

/// What waits to be written, at most: a terminal that takes nothing must not hold up what is recorded.
const WAITING: usize = 16;

/// How long the last words may take.
const PATIENCE: Duration = Duration::from_millis(500);

/// What is said.
#[derive(Debug)]
enum Words {
    /// A line that stays.
    Line(String),
    /// A line in the place of the one before.
    Progress(String),
}

/// Tells how far it is: on a terminal in one line that is written again and again, elsewhere at the start and at the end.
/// A thread writes it.
#[derive(Debug)]
pub(super) struct Teller {
    is_terminal: bool,
    /// What is recorded to.
    what: String,
    interval: Duration,
    start: Instant,
    told: Option<Instant>,
    told_faults: bool,
    words: SyncSender<Words>,
    /// Closed by the thread when all is said.
    silence: Receiver<()>,
}

impl Teller {
    pub(super) fn new(arguments: &cli::Record) -> Teller {
        let files = arguments.output.iter().chain(&arguments.jsonl);
        let names = files.map(|path| match path.to_string_lossy().as_ref() {
            "-" => "standard output".to_owned(),
            name => name.to_owned(),
        });
        let (words, to_say) = sync_channel(WAITING);
        let (speaking, silence) = channel();
        // Without a thread nothing is said, and everything recorded.
        let _ = thread::Builder::new()
            .name("progress".to_owned())
            .spawn(move || speak(&to_say, speaking));
        Teller {
            is_terminal: io::stderr().is_terminal(),
            what: names.collect::<Vec<_>>().join(" and "),
            interval: arguments.interval,
            start: Instant::now(),
            told: None,
            told_faults: false,
            words,
            silence,
        }
    }

    /// Says what is begun.
    pub(super) fn begin(&self) {
        let mut every = String::new();
        format::short_duration_us(&mut every, self.interval.as_micros() as f64);
        self.say(format!(
            "sockwatch: recording to {} every {every}; Ctrl-C or SIGTERM ends it",
            self.what
        ));
    }

    /// Says what cannot be sampled, once.
    pub(super) fn tell_faults(&mut self, sample: &Sample) {
        if std::mem::replace(&mut self.told_faults, true) {
            return;
        }
        for fault in sample.faults.iter().filter(|fault| fault.matters()) {
            self.say(format!("sockwatch: {}: {fault}", fault.severity.name()));
        }
        let visibility = sample.visibility;
        if visibility.unreadable > 0 {
            self.say(format!(
                "sockwatch: the sockets of {} of {} processes are recorded without their owners; {}",
                visibility.unreadable,
                visibility.processes,
                visibility.remedy()
            ));
        }
    }

    /// Whether the time that is shown has become old.
    pub(super) fn wants_to_tell(&self) -> bool {
        self.is_terminal && self.told.is_none_or(|told| told.elapsed() >= AGAIN)
    }

    /// Tells how far it is, where that can be written over the line before.
    pub(super) fn tell(&mut self, counts: &Counts, progress: Option<&Progress>) {
        if !self.is_terminal {
            return;
        }
        self.told = Some(Instant::now());
        let line = describe(self.start.elapsed(), counts, progress);
        // One that finds no room is followed by another.
        let _ = self.words.try_send(Words::Progress(line));
    }

    /// Says what has become of it, and waits for that to be read, but not for long.
    pub(super) fn end(self, counts: &Counts, progress: Option<&Progress>) {
        let line = describe(self.start.elapsed(), counts, progress);
        self.say(format!("sockwatch: {}: {line}", self.what));
        drop(self.words);
        let _ = self.silence.recv_timeout(PATIENCE);
    }

    /// Says a line, if anybody listens.
    fn say(&self, line: String) {
        let _ = self.words.try_send(Words::Line(line));
    }
}

/// Writes what is to be said, until no more comes.
fn speak(words: &Receiver<Words>, speaking: Sender<()>) {
    // Whether the cursor stands behind a line that is written again.
    let mut is_open = false;
    while let Ok(next) = words.recv() {
        let clear = if is_open { "\r\x1b[K" } else { "" };
        is_open = matches!(next, Words::Progress(_));
        let text = match next {
            Words::Line(line) => format!("{clear}{line}\n"),
            Words::Progress(line) => {
                let width = width().saturating_sub(1);
                let line: String = line.chars().take(width).collect();
                format!("{clear}{line}")
            }
        };
        let mut err = io::stderr().lock();
        // Whoever closed it does not want to know.
        let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
    }
    drop(speaking);
}

/// `00:01:03  63 samples  12 431 sockets  4.10 MB  none dropped`.
fn describe(since: Duration, counts: &Counts, progress: Option<&Progress>) -> String {
    let seconds = since.as_secs();
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
    line
}

fn width() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stderr());
    let width = size.map_or(0, |size| usize::from(size.ws_col));
    if width == 0 { WIDTH } else { width }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_how_far_it_is() {
        let counts = Counts {
            samples: 63,
            sockets: 12_431,
            ..Counts::default()
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
        let counts = Counts {
            samples: 1,
            dropped: 2,
            ..Counts::default()
        };
        assert_eq!(
            describe(Duration::ZERO, &counts, None),
            "00:00:00  1 sample  0 sockets  2 dropped"
        );
    }
}

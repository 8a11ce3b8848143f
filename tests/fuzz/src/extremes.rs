//! Samples with numbers at the edges of their types, in any order: everything is derived from them, shown, recorded and
//! read again.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use sockwatch::aggregate::{Aggregator, Cancellation, Difference, Moment};
use sockwatch::diagnose::{Diagnosis, Findings, Watch};
use sockwatch::model::Sample;
use sockwatch::recording::{Archive as _, Encoder, FrameHistory, Metadata};
use sockwatch::source::Source as _;
use sockwatch::tui::theme::{ColorSupport, Theme};
use sockwatch::tui::{self, Appearance, State};

use crate::edited_numbers::{EDIT, apply};
use crate::machine::Machine;
use crate::sensitive_thresholds::SENSITIVE;
use crate::shown;

/// Samples that are taken of the machine.
const SAMPLES: u8 = 3;

/// Length of an edit with the Samples that it applies to, bytes.
const STEP: usize = EDIT + 1;

/// Maximum number of edits: with more, hardly anything is left that makes sense.
const MAX_EDITS: usize = 64;

/// Derives moments of successive Samples, with findings and a dashboard.
#[derive(Debug)]
pub struct Session {
    aggregator: Aggregator,
    watch: Watch,
    state: State,
    findings: Arc<Findings>,
    shown: Arc<Moment>,
}

impl Session {
    /// Starts before the first Sample.
    pub fn new(ascii: bool) -> Session {
        let appearance = Appearance {
            theme: Theme::Dark,
            colors: ColorSupport::Many,
            ascii,
            timezone: TimeZone::UTC,
            keys: Arc::default(),
        };
        Session {
            aggregator: Aggregator::new(),
            watch: Watch::new(Diagnosis::new(SENSITIVE.clone(), TimeZone::UTC)),
            state: State::new(appearance, Duration::from_secs(1)),
            findings: Arc::default(),
            shown: Arc::default(),
        }
    }

    /// Derives everything from the next Sample.
    pub fn next(&mut self, sample: Sample) {
        let mut moment = Moment::default();
        moment.sample = sample;
        moment.derive(&mut self.aggregator);
        self.findings = self.watch.update(&moment);
        let before = std::mem::replace(&mut self.shown, Arc::new(moment));
        let _ = Difference::between(
            &before.sample,
            &self.shown.sample,
            &Cancellation::default(),
            |_, _| true,
        );
        self.state
            .show(Arc::clone(&self.shown), Arc::clone(&self.findings));
    }

    /// Writes the last moment as text and JSON.
    pub fn export(&self, width: usize, ascii: bool) {
        let rows = shown::rows_of(&self.shown, shown::FEW_ROWS);
        shown::check_text(&self.shown, &rows, &self.findings, (width, ascii));
        shown::check_json(&self.shown, &rows);
    }

    /// Presses keys and draws the screen after each.
    pub fn press(&mut self, keys: &[u8], size: (u16, u16)) {
        for &key in keys {
            let _ = tui::press(&mut self.state, &shown::key(key));
            shown::draw(&mut self.state, size);
        }
    }
}

/// Takes Samples of the machine with edited numbers, and writes them, shows them or records them. `head` chooses which, and
/// the machine, the screen and two keys.
pub fn check(head: [u8; 4], edits: &[u8]) {
    let [kind, screen, first, second] = head;
    let mut machine = Machine::of_kind(kind);
    let mut session = Session::new(kind & 32 > 0);
    let mut samples = Vec::new();
    for at in 0..SAMPLES {
        let mut sample = Sample::default();
        machine
            .next_into(&mut sample)
            .expect("it always has a Sample");
        for step in edits.as_chunks::<STEP>().0.iter().take(MAX_EDITS) {
            let [places, edit @ ..] = step;
            if places >> at & 1 == 0 {
                apply(&mut sample, edit);
            }
        }
        session.next(sample.clone());
        samples.push(sample);
    }
    match kind >> 6 {
        0 => session.export(usize::from(second), kind & 32 > 0),
        1 => record(&samples),
        _ => session.press(&[b'1' + screen % 8, first, second], (100, 30)),
    }
}

/// Records Samples and reads them again.
fn record(samples: &[Sample]) {
    let mut encoder = Encoder::new();
    let mut history = FrameHistory::new(Metadata::default(), Duration::MAX, usize::MAX);
    for sample in samples {
        let frame = encoder.encode(sample).expect("there is memory");
        history.push(&frame);
    }
    let mut archive = history.snapshot();
    let axis = archive.time_axis();
    let _ = (axis.span_us(), axis.pause_us(0), axis.runs().count());
    let mut read = Sample::default();
    for (at, sample) in samples.iter().enumerate() {
        archive.read_into(at, &mut read).expect("it was written");
        assert_same(sample, &read);
    }
}

/// Asserts that a Sample is read as it was recorded.
fn assert_same(sample: &Sample, read: &Sample) {
    assert_eq!(read.taken_at_us, sample.taken_at_us);
    assert_eq!(read.monotonic_ns, sample.monotonic_ns);
    assert_eq!(read.counters, sample.counters);
    assert_eq!(read.processes, sample.processes);
    assert_eq!(read.sockets.len(), sample.sockets.len());
    for (read, wanted) in read.iter().zip(sample.iter()) {
        let mut socket = *wanted.socket;
        socket.blob.at = read.socket.blob.at;
        socket.congestion = read.socket.congestion;
        socket.holders_at = read.socket.holders_at;
        assert_eq!(*read.socket, socket);
        assert_eq!(read.tcp_info(), wanted.tcp_info());
        assert_eq!(read.memory(), wanted.memory());
        assert_eq!(read.name(), wanted.name());
    }
}

/// Keys that show most of a Sample: every screen, and the page of the first row of three.
const KEYS: &[u8] = b"12\r\x1b3\r\x1b45\r\x1b678";

/// Shows a Sample, followed by the same one with edited numbers and by itself: counters jump and go back.
pub fn show_variations(sample: &Sample, edits: &[u8]) {
    let mut session = Session::new(false);
    let mut edited = sample.clone();
    edited.monotonic_ns = edited.monotonic_ns.saturating_add(1_000_000_000);
    apply(&mut edited, edits);
    let mut last = sample.clone();
    last.monotonic_ns = last.monotonic_ns.saturating_add(2_000_000_000);
    for sample in [sample.clone(), edited, last] {
        session.next(sample);
    }
    session.export(100, false);
    session.press(KEYS, (100, 20));
}

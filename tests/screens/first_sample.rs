//! The dashboard while a Sample takes long: the first sockets are shown, marked as a preview everywhere, and the status line
//! has the progress, or the longer interval.

use std::sync::Arc;

use crossterm::event::KeyCode;
use sockwatch::model::{Attribution, Preview, Sample, SampleProgress, Unowned};
use sockwatch::source::{Source, SourceError};

use crate::support::Machine;
use crate::support::dashboard::Dashboard;

/// Sockets in a preview.
const FIRST: u32 = 40;

/// The first sockets of the machine, without owners, as a source of previews takes them.
fn preview() -> Sample {
    let mut sample = Sample::default();
    Machine::default().next_into(&mut sample).unwrap();
    let rows: Vec<u32> = (0..FIRST).collect();
    sample.select_sockets(&rows, &[]);
    for socket in sample.sockets.iter_mut() {
        socket.attribution = Attribution::Unowned(Unowned::NotRead);
        socket.holders_len = 0;
    }
    sample.processes.clear();
    sample.holders.clear();
    sample.events_available = false;
    sample.preview = Some(Preview {
        expected: Some(801_000),
    });
    sample
}

fn with_preview(size: (u16, u16)) -> Dashboard {
    let mut dashboard = Dashboard::new(size, Machine::default());
    dashboard.preview(preview());
    dashboard
}

#[test]
fn a_preview_is_marked_on_every_screen_and_page() {
    for size in [(40, 12), (80, 24), (120, 40), (200, 60)] {
        let mut dashboard = with_preview(size);
        for screen in "12345678".chars() {
            dashboard.keys(&screen.to_string());
            let text = dashboard.text();
            let notice = dashboard.lines()[2].clone();
            assert!(notice.starts_with(" preview: the first 40"), "{text}");
            assert!(dashboard.lines()[1].contains("preview: 40"), "{text}");
        }
        dashboard.keys("2j").key(KeyCode::Enter);
        assert!(dashboard.shows("preview: the first 40"));
        dashboard.keys(" ");
        assert!(dashboard.shows("FROZEN") && dashboard.shows("preview: the first 40"));
    }
}

#[test]
fn a_preview_claims_nothing_about_what_is_not_read() {
    let mut dashboard = with_preview((120, 40));
    dashboard.keys("6");
    assert!(dashboard.shows("Nothing is checked before the first sample is complete."));
    assert!(!dashboard.shows("No findings"), "{}", dashboard.text());
    for (screen, empty) in [("3", true), ("8", true), ("2", false)] {
        dashboard.keys(screen);
        let nothing = "none among the sockets read so far";
        assert_eq!(dashboard.shows(nothing), empty, "{}", dashboard.text());
    }
    assert!(dashboard.shows("[not-read]"), "{}", dashboard.text());
    // No rate is known, and every count is a bound or unknown.
    let chips = dashboard.lines()[3].clone();
    assert!(chips.contains("ESTAB ≥23 "), "{chips}");
    let status = dashboard.lines()[1].clone();
    assert!(status.contains("↓         – ↑         –"), "{status}");
    dashboard.keys("e");
    assert!(!dashboard.shows("not a socket on this machine"));
    dashboard.key(KeyCode::Enter);
    assert!(
        dashboard.shows("processes not read yet"),
        "{}",
        dashboard.text()
    );
    assert!(!dashboard.shows("not a socket on this machine"));
}

#[test]
fn a_preview_is_neither_recorded_nor_saved() {
    let mut dashboard = with_preview((120, 40));
    for key in ["R", "W"] {
        dashboard.keys(key);
        assert!(dashboard.shows("not available in a preview"));
        assert_eq!(dashboard.effects.log, [] as [&str; 0]);
    }
    // The history begins with the first complete sample.
    let mut dashboard = Dashboard::new((120, 40), Machine::default()).with_history();
    dashboard.preview(preview()).ticks(3).keys("^");
    assert!(dashboard.shows("1 of 3"), "{}", dashboard.text());
}

#[test]
fn the_first_sample_replaces_its_preview_and_follows_from_nothing() {
    let mut with = with_preview((120, 40));
    let mut without = Dashboard::new((120, 40), Machine::default());
    for screen in "12345678".chars() {
        with.ticks(1).keys(&screen.to_string());
        without.ticks(1).keys(&screen.to_string());
        assert_eq!(with.text(), without.text());
    }
}

#[test]
fn progress_is_shown_until_the_sample_is_complete() {
    for (width, text) in [
        (200, "reading sockets: 312 000 of about 801 000"),
        (120, "reading sockets: 312 000 of about 801 000"),
        (80, "sockets: 39 %"),
        (60, "sockets: 39 %"),
    ] {
        let mut dashboard = Dashboard::new((width, 24), Machine::default());
        let progress = SampleProgress::Sockets {
            read: 312_000,
            expected: Some(801_000),
        };
        dashboard.progress(progress);
        assert!(
            dashboard.shows(text) || dashboard.shows("reading sockets: 312 000 of about 801 000")
        );
        dashboard.preview(preview());
        assert!(dashboard.shows(text), "{width}: {}", dashboard.text());
        dashboard.ticks(1);
        assert!(!dashboard.shows("39 %") && !dashboard.shows("reading"));
        let owners = SampleProgress::Owners {
            read: 1200,
            expected: 5000,
        };
        dashboard.progress(owners);
        let text = match width {
            60 | 80 => "owners: 24 %",
            _ => "reading owners: 1200 of 5000 processes",
        };
        assert!(dashboard.shows(text), "{width}: {}", dashboard.text());
        dashboard.ticks(1);
        assert!(!dashboard.shows("processes ") || !dashboard.shows("reading"));
    }
}

/// A machine on which every Sample takes so long, ms.
struct Slow {
    machine: Machine,
    took_ms: u64,
    /// Time between two Samples, s.
    pace: u64,
}

impl Source for Slow {
    fn next_into(&mut self, sample: &mut Sample) -> Result<(), SourceError> {
        self.machine.next_into(sample)?;
        self.machine.tick += self.pace - 1;
        sample.timings.total_ns = self.took_ms * 1_000_000;
        Ok(())
    }
}

#[test]
fn an_interval_that_is_longer_than_configured_is_in_the_status_line() {
    let slow = |took_ms, pace| Slow {
        machine: Machine::default(),
        took_ms,
        pace,
    };
    for (width, pace) in [
        (200, "a sample every 3.0 s: "),
        (120, "a sample every 3.0 s: "),
        (80, "a sample every 3.0 s"),
        (60, "a sample every 3.0 s"),
    ] {
        let mut dashboard = Dashboard::new((width, 24), slow(2600, 3));
        dashboard.ticks(1);
        assert!(!dashboard.shows("a sample every"), "there is only one");
        dashboard.ticks(1);
        assert!(dashboard.shows(pace), "{}", dashboard.text());
        // All of them again, at the configured interval.
        dashboard.machine = slow(14, 1);
        dashboard.machine.machine.tick = 6;
        dashboard.ticks(2);
        assert!(!dashboard.shows("a sample every"), "{}", dashboard.text());
    }
    // A program or machine that was suspended takes no longer for a sample.
    let mut dashboard = Dashboard::new((120, 24), slow(14, 60));
    dashboard.ticks(3);
    assert!(!dashboard.shows("a sample every"), "{}", dashboard.text());
}

#[test]
fn rates_are_right_at_a_longer_interval() {
    let rates = |pace| {
        let mut dashboard = Dashboard::new(
            (120, 40),
            Slow {
                machine: Machine::default(),
                took_ms: pace * 900,
                pace,
            },
        );
        dashboard.ticks(3);
        let moment = dashboard.event_loop.state().moment.clone();
        Arc::clone(&moment.unwrap()).aggregate.throughput
    };
    let (usual, slow) = (rates(1), rates(3));
    let (usual, slow) = (usual.total().unwrap(), slow.total().unwrap());
    assert!(
        (slow / usual - 1.0).abs() < 0.2,
        "{slow} and {usual} per second"
    );
}

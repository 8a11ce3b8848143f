//! The dashboard while the wall clock is set and the system is suspended: live, frozen, rewound and in a replay.

use std::time::Duration;

use crossterm::event::KeyCode;
use sockwatch::model::Sample;
use sockwatch::recording::{Metadata, SampleArchive};
use sockwatch::source::{Source, SourceError};

use crate::support::dashboard::Dashboard;
use crate::support::machine::Machine;

const HOUR_US: i64 = 3_600_000_000;

/// A machine whose wall clock differs from the true time from some ticks on.
struct SteppedMachine {
    machine: Machine,
    /// Number of Samples before the step.
    before: u64,
    step_us: i64,
    suspended_s: u64,
}

impl SteppedMachine {
    fn new(before: u64, step_us: i64) -> SteppedMachine {
        SteppedMachine {
            machine: Machine::default(),
            before,
            step_us,
            suspended_s: 0,
        }
    }
}

impl Source for SteppedMachine {
    fn next_into(&mut self, sample: &mut Sample) -> Result<(), SourceError> {
        let is_stepped = self.machine.tick >= self.before;
        self.machine.next_into(sample)?;
        let suspended_ns = if is_stepped {
            sample.taken_at_us += self.step_us + self.suspended_s.cast_signed() * 1_000_000;
            self.suspended_s * 1_000_000_000
        } else {
            0
        };
        sample.suspended_ns = Some(7_000_000_000 + suspended_ns);
        Ok(())
    }
}

/// A recording of 60 s from 20:14:07 on, whose clock is set after 30 s.
fn recording(step_us: i64, suspended_s: u64) -> Box<SampleArchive> {
    let mut machine = SteppedMachine {
        suspended_s,
        ..SteppedMachine::new(30, step_us)
    };
    let samples = (0..60).map(|_| {
        let mut sample = Sample::default();
        machine.next_into(&mut sample).expect("it always has one");
        sample
    });
    let metadata = Metadata {
        interval: Duration::from_secs(1),
        ..Metadata::default()
    };
    Box::new(SampleArchive::new(metadata, samples.collect()))
}

#[test]
fn a_live_display_reports_the_step_and_its_charts_go_on() {
    for (step_us, text) in [
        (-HOUR_US, "the clock stepped back by 1 h"),
        (24 * HOUR_US, "the clock stepped forward by 24 h"),
        (-2_000_000, "the clock stepped back by 2 s"),
    ] {
        let mut dashboard = Dashboard::new((120, 40), SteppedMachine::new(60, step_us));
        dashboard.ticks(60);
        assert!(!dashboard.shows("the clock"), "{}", dashboard.text());
        dashboard.ticks(1);
        assert!(dashboard.shows(text), "{}", dashboard.text());
        let curve = |dashboard: &Dashboard<SteppedMachine>| {
            let lines = dashboard.lines();
            let line = lines
                .iter()
                .find(|line| line.starts_with(" ESTAB "))
                .unwrap();
            let dots = |character: &char| ('\u{2801}'..='\u{28ff}').contains(character);
            line.chars().take(60).filter(dots).count()
        };
        let before = curve(&dashboard);
        dashboard.ticks(60);
        let after = curve(&dashboard);
        assert!(after > before && before > 0, "{before} {after}");
    }
}

#[test]
fn slewing_and_jitter_are_not_reported() {
    for step_us in [300_000, -900_000] {
        let mut dashboard = Dashboard::new((120, 40), SteppedMachine::new(5, step_us));
        dashboard.ticks(10);
        assert!(!dashboard.shows("the clock"), "{}", dashboard.text());
    }
}

#[test]
fn suspension_is_reported_as_such() {
    let machine = SteppedMachine {
        suspended_s: 600,
        ..SteppedMachine::new(5, 0)
    };
    let mut dashboard = Dashboard::new((120, 40), machine);
    dashboard.ticks(6);
    assert!(
        dashboard.shows("the system was suspended for 10 min"),
        "{}",
        dashboard.text()
    );
    assert!(!dashboard.shows("the clock"), "{}", dashboard.text());
}

#[test]
fn a_frozen_display_tells_its_age_by_the_monotonic_clock() {
    for step_us in [-HOUR_US, HOUR_US] {
        let machine = SteppedMachine::new(10, step_us);
        let mut dashboard = Dashboard::new((120, 40), machine).with_history();
        dashboard.ticks(8).keys(" ");
        dashboard.ticks(6);
        assert!(
            dashboard.shows("at 20:14:14 · 0:06 ago"),
            "{}",
            dashboard.lines()[1]
        );
        // Rewinding starts from what is shown, and goes over the step Sample by Sample.
        dashboard.key(KeyCode::Left);
        assert!(
            dashboard.shows("at 20:14:13 · 0:07 ago"),
            "{}",
            dashboard.lines()[1]
        );
        for _ in 0..3 {
            dashboard.key(KeyCode::Right);
        }
        assert!(dashboard.shows("at 20:14:16 · 0:04 ago"));
        dashboard.key(KeyCode::Right);
        let hour = if step_us < 0 { 19 } else { 21 };
        assert!(
            dashboard.shows(&format!("at {hour}:14:17 · 0:03 ago")),
            "{}",
            dashboard.lines()[1]
        );
    }
}

#[test]
fn a_time_that_occurs_twice_is_reported_and_the_other_can_be_named() {
    let mut dashboard = Dashboard::replay((120, 40), recording(-10_000_000, 0));
    // 20:14:07 to 20:14:36, then 20:14:27 to 20:14:56.
    dashboard.keys("@20:14:30").key(KeyCode::Enter);
    dashboard.settle();
    assert!(dashboard.shows("sample 34 of 60"), "{}", dashboard.text());
    assert!(
        dashboard.shows("20:14:30 occurs twice: using the later one; for the earlier one use +23s"),
        "{}",
        dashboard.text()
    );
    dashboard.keys("@+23s").key(KeyCode::Enter);
    dashboard.settle();
    assert!(dashboard.shows("sample 24 of 60"), "{}", dashboard.text());
    dashboard.keys("@20:14:50").key(KeyCode::Enter);
    dashboard.settle();
    assert!(dashboard.shows("sample 54 of 60"), "{}", dashboard.text());
    assert!(!dashboard.shows("twice"), "{}", dashboard.text());
}

#[test]
fn jumps_and_clicks_go_by_the_monotonic_clock() {
    for (step_us, suspended_s) in [(-HOUR_US, 0), (HOUR_US, 0), (0, 600)] {
        let mut dashboard = Dashboard::replay((120, 40), recording(step_us, suspended_s));
        dashboard.keys("...");
        dashboard.settle();
        assert!(dashboard.shows("sample 31 of 60"), "{}", dashboard.text());
        dashboard.keys(".,,");
        dashboard.settle();
        assert!(dashboard.shows("sample 21 of 60"), "{}", dashboard.text());
        dashboard.keys("@-5s").key(KeyCode::Enter);
        dashboard.settle();
        assert!(dashboard.shows("sample 55 of 60"), "{}", dashboard.text());
    }
}

#[test]
fn playing_over_the_step_reports_it() {
    let mut dashboard = Dashboard::replay((120, 40), recording(-HOUR_US, 0));
    dashboard.keys("@+29s").key(KeyCode::Enter);
    dashboard.settle();
    dashboard.key(KeyCode::Right);
    dashboard.settle();
    assert!(
        dashboard.shows("the clock stepped back by 1 h"),
        "{}",
        dashboard.text()
    );
}

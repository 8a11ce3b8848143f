//! Keys and frames do not wait for work on all sockets: the screen goes on with the view that it has.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use sockwatch::aggregate::Moment;
use sockwatch::tui::{self, State, ViewRequest};

use crate::support::Machine;
use crate::support::dashboard::{Dashboard, look, recorded};
use crate::support::machine::moments;

/// A dashboard whose views are computed when the test says so.
struct Behind {
    state: State,
    terminal: Terminal<TestBackend>,
    /// The moments that follow, the next one last.
    moments: Vec<Arc<Moment>>,
}

impl Behind {
    /// On a screen, with the second moment shown.
    fn on(screen: char) -> Behind {
        let mut state = State::new(look(), Duration::from_secs(1));
        state.compute_elsewhere_from(0);
        let moments = moments(6, Machine::default()).into_iter();
        let mut behind = Behind {
            state,
            terminal: Terminal::new(TestBackend::new(140, 40)).expect("it has a size"),
            moments: moments.rev().map(Arc::new).collect(),
        };
        behind.key(screen);
        for _ in 0..2 {
            behind.moment();
            behind.finish();
        }
        behind.state.take_retired();
        behind
    }

    fn draw(&mut self) -> String {
        tui::commit_input(&mut self.state);
        // Unlike a terminal, the one in memory keeps what was below the second half of a wide character.
        let area = ratatui::layout::Rect::new(0, 0, 140, 40);
        self.terminal.resize(area).expect("it is in memory");
        let state = &mut self.state;
        let drawn = self.terminal.draw(|frame| tui::render(frame, state));
        drawn.expect("a terminal in memory can be written to");
        let buffer = self.terminal.backend().buffer();
        let lines = buffer.content.chunks(usize::from(buffer.area.width));
        let line = |cells: &[ratatui::buffer::Cell]| -> String {
            cells.iter().map(ratatui::buffer::Cell::symbol).collect()
        };
        lines.map(line).collect::<Vec<_>>().join("\n")
    }

    /// Presses a key and draws.
    fn key(&mut self, character: char) -> String {
        let code = match character {
            '\r' => KeyCode::Enter,
            '\x1b' => KeyCode::Esc,
            character => KeyCode::Char(character),
        };
        let key = KeyEvent::new(code, KeyModifiers::NONE);
        tui::press(&mut self.state, &key);
        self.draw()
    }

    fn keys(&mut self, keys: &str) -> String {
        let mut screen = String::new();
        for key in keys.chars() {
            screen = self.key(key);
        }
        screen
    }

    /// The next moment arrives.
    fn moment(&mut self) -> String {
        let moment = self.moments.pop().expect("there is another one");
        self.state.show(moment, Arc::default());
        self.draw()
    }

    fn request(&mut self) -> ViewRequest {
        self.state.take_request().expect("a view is requested")
    }

    /// Computes what is wanted, until nothing is.
    fn finish(&mut self) -> String {
        let mut screen = self.draw();
        while let Some(request) = self.state.take_request() {
            self.state.install(request.prepare());
            screen = self.draw();
        }
        assert!(!self.state.is_computing());
        screen
    }
}

/// The first row of the table.
fn first_row(screen: &str) -> String {
    let mut lines = screen.lines();
    lines.find(|line| line.contains('▼') || line.contains('▲'));
    let heading = lines.next().expect("a heading");
    let row = lines.next().expect("a row");
    format!("{}|{row}", heading.len())
}

#[test]
fn the_rows_shown_stay_while_others_are_sorted_and_the_title_says_so() {
    let mut behind = Behind::on('2');
    let before = behind.draw();
    let pressed = behind.key('I');
    assert!(pressed.contains("sorted by ≈↓+↑/s ▲"), "{pressed}");
    assert!(pressed.contains("─ sorting "), "{pressed}");
    assert!(pressed.contains(" sockets…"), "{pressed}");
    assert_eq!(first_row(&pressed), first_row(&before));
    let after = behind.finish();
    assert!(!after.contains("sorting"), "{after}");
    assert_ne!(first_row(&after), first_row(&before));
}

#[test]
fn keys_that_need_no_other_rows_need_no_request() {
    let mut behind = Behind::on('2');
    behind.keys("jjk");
    // The peers of a selected socket are looked up once for each moment.
    behind.finish();
    for key in "jjkGgj".chars() {
        behind.key(key);
        assert!(behind.state.take_request().is_none(), "{key}");
    }
}

#[test]
fn a_filter_is_applied_elsewhere_and_only_the_last_one() {
    let mut behind = Behind::on('2');
    let all = behind.draw();
    behind.key('/');
    let typed = behind.keys("process nginx");
    assert!(typed.contains("filtering…"), "{typed}");
    assert_eq!(first_row(&typed), first_row(&all), "the rows stay");
    let first = behind.request();
    let longer = behind.keys(" state close-wait");
    assert!(longer.contains("filtering…"), "{longer}");
    assert!(
        behind.state.take_request().is_none(),
        "there is one request at a time"
    );
    // It was cancelled, so that this is over at once.
    behind.state.install(first.prepare());
    let shown = behind.finish();
    assert!(
        shown.contains("filter: process nginx state close-wait"),
        "{shown}"
    );
    assert!(!shown.contains("filtering"), "{shown}");
    let mut inline = Dashboard::new((140, 40), Machine::default());
    inline
        .keys("2")
        .ticks(2)
        .type_in("/process nginx state close-wait");
    let rows = |screen: &str| -> Vec<String> {
        let lines = screen.lines().filter(|line| line.starts_with('│'));
        lines.map(|line| line.trim_end().to_owned()).collect()
    };
    assert_eq!(rows(&shown), rows(&inline.text()));
}

#[test]
fn a_moment_is_shown_once_its_view_is_there_and_newer_ones_are_not_kept_waiting() {
    let mut behind = Behind::on('2');
    let before = behind.draw();
    let time = |behind: &Behind| behind.state.moment.as_ref().map(|m| m.sample.monotonic_ns);
    let first = time(&behind);
    let arrived = behind.moment();
    assert_eq!(arrived, before, "nothing flickers");
    let request = behind.request();
    behind.moment();
    behind.moment();
    assert_eq!(time(&behind), first);
    behind.state.install(request.prepare());
    behind.draw();
    assert!(time(&behind) > first);
    let second = time(&behind);
    behind.finish();
    let skipped = behind.state.take_retired();
    assert!(time(&behind) > second);
    assert_eq!(
        skipped.len(),
        3,
        "two were shown before, and one was skipped"
    );
}

#[test]
fn a_key_during_a_new_moment_loses_neither() {
    let mut behind = Behind::on('2');
    let first = behind.state.moment.clone().expect("it is shown");
    behind.moment();
    let request = behind.request();
    behind.key('I');
    let given_up = request.prepare();
    behind.state.install(given_up);
    let shown = behind.finish();
    assert!(shown.contains("sorted by ≈↓+↑/s ▲"), "{shown}");
    assert!(!shown.contains("sorting"), "{shown}");
    let moment = behind.state.moment.as_ref().expect("one is shown");
    assert!(moment.sample.monotonic_ns > first.sample.monotonic_ns);
}

#[test]
fn another_screen_opens_at_once_and_its_rows_follow() {
    let mut behind = Behind::on('2');
    for (key, title) in [
        ('3', "┌ Processes"),
        ('4', "┌ Listeners"),
        ('5', "┌ Remotes"),
    ] {
        let opened = behind.key(key);
        assert!(opened.contains(title), "{opened}");
        assert!(opened.contains("sorting "), "{opened}");
        assert!(!opened.contains("no socket"), "nothing false is said");
        let there = behind.finish();
        assert!(!there.contains("sorting"), "{there}");
    }
    let opened = behind.keys("2");
    assert!(opened.contains("┌ Sockets"), "{opened}");
    behind.finish();
    let opened = behind.keys("j\r");
    assert!(
        opened.contains("other end"),
        "the page of a socket: {opened}"
    );
}

#[test]
fn the_selected_row_is_the_same_one_after_sorting_even_if_it_was_selected_meanwhile() {
    let mut behind = Behind::on('2');
    behind.key('I');
    let request = behind.request();
    behind.keys("jjj");
    let selected = behind.state.sockets.selected();
    assert!(selected.is_some());
    behind.state.install(request.prepare());
    behind.finish();
    assert_eq!(behind.state.sockets.selected(), selected);
    let cursor = behind.state.sockets.cursor();
    behind.key('I');
    behind.finish();
    assert_eq!(behind.state.sockets.selected(), selected);
    assert_ne!(behind.state.sockets.cursor(), cursor);
}

#[test]
fn a_frozen_display_is_not_changed_by_a_moment_on_its_way() {
    let mut behind = Behind::on('2');
    let time = |behind: &Behind| behind.state.moment.as_ref().map(|m| m.sample.monotonic_ns);
    let frozen = time(&behind);
    behind.moment();
    let request = behind.request();
    behind.key(' ');
    behind.state.install(request.prepare());
    behind.finish();
    assert_eq!(time(&behind), frozen);
    assert_eq!(behind.state.take_retired().len(), 1, "its memory is reused");
}

/// Keys on every screen, each of which does something.
const KEYS: &str = "2jjjI>I<<tzjjZtZttttoojo/nginx\rjiEF3j\rjEEI/rtt > 1ms\r45jzjZIF82GjpE2MjjD\
    DjE\r\x1bjePE 1236745";

#[test]
fn every_screen_is_the_same_wherever_its_view_is_computed() {
    let machine = || Machine {
        trouble: Some(3..40),
        ..Machine::default()
    };
    let mut here = Dashboard::new((140, 40), machine()).with_history();
    let mut elsewhere = Dashboard::new((140, 40), machine())
        .with_history()
        .with_worker();
    for (at, key) in KEYS.chars().enumerate() {
        for dashboard in [&mut here, &mut elsewhere] {
            dashboard.type_in(&key.to_string());
            if at % 3 == 0 {
                dashboard.ticks(1);
            }
        }
        assert_eq!(elsewhere.text(), here.text(), "after key {at}, {key:?}");
    }
}

#[test]
fn a_replay_is_the_same_wherever_its_view_is_computed() {
    let replay = || Dashboard::replay((140, 40), Box::new(recorded(30, 1)));
    let (mut here, mut elsewhere) = (replay(), replay().with_worker());
    let keys = "2..I.j,MD...DE/nginx\r..3.5$^.8..n N.";
    for (at, key) in keys.chars().enumerate() {
        for dashboard in [&mut here, &mut elsewhere] {
            dashboard.type_in(&key.to_string());
            dashboard.advance(Duration::from_millis(200));
        }
        assert_eq!(elsewhere.text(), here.text(), "after key {at}, {key:?}");
    }
}

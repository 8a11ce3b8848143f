//! Navigates through a recording and through the history of a live display: real key presses, complete screens.

use std::time::Duration;

use crate::support::Machine;
use crate::support::dashboard::{Dashboard, look, recorded};
use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use sockwatch::app::Message;
use sockwatch::model::Sample;
use sockwatch::recording::{
    Archive, Encoder, Entry, FrameHistory, Loss, Metadata, Reader, RecorderOptions, RecordingError,
    SampleArchive, save,
};
use sockwatch::source::Source;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (40, 10)];

fn assert_screen<S>(name: &str, dashboard: &Dashboard<S>, (width, height): (u16, u16)) {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), dashboard.text());
    });
}

/// A recording of 600 s, one Sample a second.
fn ten_minutes() -> Box<SampleArchive> {
    Box::new(recorded(600, 1))
}

/// Five minutes of Samples, of which a minute was not recorded.
fn with_a_gap() -> Vec<Sample> {
    let mut machine = Machine::default();
    let mut samples = Vec::new();
    for second in 0..300 {
        let mut sample = Sample::default();
        machine.next_into(&mut sample).unwrap();
        if !(100..160).contains(&second) {
            samples.push(sample);
        }
    }
    samples
}

fn metadata() -> Metadata {
    Metadata {
        interval: Duration::from_secs(1),
        ..Metadata::default()
    }
}

/// A recording with Samples that cannot be read.
struct Damaged {
    samples: SampleArchive,
    unreadable: std::ops::Range<usize>,
    losses: Vec<Loss>,
}

impl Damaged {
    fn new(unreadable: std::ops::Range<usize>) -> Box<Damaged> {
        let loss = Loss {
            after: unreadable.start.checked_sub(1),
            offset: 4711,
            bytes: 815,
            why: "its checksum is wrong".to_owned(),
            loses_samples: true,
        };
        Box::new(Damaged {
            samples: recorded(60, 1),
            unreadable,
            losses: vec![loss],
        })
    }
}

impl Archive for Damaged {
    fn metadata(&self) -> &Metadata {
        self.samples.metadata()
    }

    fn entries(&self) -> &[Entry] {
        self.samples.entries()
    }

    fn losses(&self) -> &[Loss] {
        &self.losses
    }

    fn read_into(&mut self, at: usize, sample: &mut Sample) -> Result<(), RecordingError> {
        if self.unreadable.contains(&at) {
            return Err(RecordingError::Damaged("its checksum is wrong".to_owned()));
        }
        self.samples.read_into(at, sample)
    }

    fn first_seen(&self) -> Vec<(sockwatch::model::SocketKey, u64)> {
        self.samples.first_seen()
    }
}

#[test]
fn a_replay_and_its_time_line_at_every_size() {
    for size in SIZES {
        let mut dashboard = Dashboard::replay(size, ten_minutes());
        assert_screen("replay_start", &dashboard, size);
        dashboard.keys(" ").advance(Duration::from_millis(3500));
        dashboard.keys("2");
        assert_screen("replay_playing", &dashboard, size);
        dashboard.keys("@20:1");
        assert_screen("replay_go_to", &dashboard, size);
        dashboard.type_in("\x1b$");
        let samples = SampleArchive::new(metadata(), with_a_gap());
        let mut dashboard = Dashboard::replay(size, Box::new(samples));
        dashboard.keys("]]]");
        assert_screen("replay_gap", &dashboard, size);
        let mut dashboard = Dashboard::replay(size, Damaged::new(30..33));
        dashboard.keys(".....");
        assert_screen("replay_damaged", &dashboard, size);
    }
}

#[test]
fn rewinding_a_live_display_at_every_size() {
    for size in SIZES {
        let mut dashboard = Dashboard::new(size, Machine::default()).with_history();
        dashboard.ticks(30).keys("2 ");
        dashboard.ticks(5).key(KeyCode::Left).keys(",");
        assert_screen("walking", &dashboard, size);
    }
}

#[test]
fn a_replay_shows_the_same_numbers_as_the_live_display() {
    for archive in [ten_minutes() as Box<dyn Archive>, encoded()] {
        compare_with_live(archive);
    }
}

/// Returns the same ten minutes in the encoding of a file.
fn encoded() -> Box<dyn Archive> {
    let mut samples = recorded(600, 1);
    let mut encoder = Encoder::new();
    let mut history = FrameHistory::new(metadata(), Duration::from_secs(3600), 64 << 20);
    let mut sample = Sample::default();
    for at in 0..samples.entries().len() {
        samples.read_into(at, &mut sample).unwrap();
        history.push(&encoder.encode(&sample).unwrap());
    }
    Box::new(history.snapshot())
}

fn compare_with_live(archive: Box<dyn Archive>) {
    let mut live = Dashboard::new((120, 40), Machine::default());
    // The time line takes a line more.
    let mut replay = Dashboard::replay((120, 41), archive);
    live.ticks(100);
    replay.type_in("@+99s\r");
    let screens = [
        "1", "2", "2t", "tttttttt", "3", "3j\r", "4", "4j\r", "5z", "7jj", "hj", "lljj", "lG", "8",
    ];
    for keys in screens.into_iter().chain(["\x1b2/nginx\rj\r", "\x1b\x1b"]) {
        live.type_in(keys);
        replay.type_in(keys);
        // Beside the status, the time line and the footer all is the same.
        let (live, replay) = (live.lines(), replay.lines());
        assert_eq!(live[0], replay[0]);
        for (at, (live, replay)) in live[2..39].iter().zip(&replay[2..39]).enumerate() {
            assert_eq!(live, replay, "{keys:?} line {at}");
        }
    }
}

#[test]
fn ten_keys_at_once_move_as_far_as_ten_single_ones() {
    let mut dashboard = Dashboard::replay((120, 40), ten_minutes());
    let right = || {
        Message::Input(Event::Key(KeyEvent::new(
            KeyCode::Right,
            KeyModifiers::NONE,
        )))
    };
    dashboard.send((0..10).map(|_| right()));
    assert!(dashboard.shows("sample  11 of 600"), "{}", dashboard.text());
    for _ in 0..10 {
        dashboard.key(KeyCode::Left);
    }
    assert!(dashboard.shows("sample   1 of 600"));
    dashboard.key(KeyCode::Left).keys("{[,");
    assert!(
        dashboard.shows("sample   1 of 600"),
        "the start is the start"
    );
    dashboard.keys("$").key(KeyCode::Right).keys("}].");
    assert!(dashboard.shows("sample 600 of 600"), "the end is the end");
}

#[test]
fn playing_keeps_to_the_recorded_time() {
    let mut dashboard = Dashboard::replay((120, 40), ten_minutes());
    let shows = |dashboard: &Dashboard<()>, sample: usize| {
        let text = format!("sample {sample:>3} of 600");
        assert!(dashboard.shows(&text), "{text}:\n{}", dashboard.text());
    };
    dashboard.keys(" ").advance(Duration::from_millis(5500));
    shows(&dashboard, 6);
    dashboard.keys(")").advance(Duration::from_millis(2600));
    shows(&dashboard, 11);
    dashboard.keys("))))))");
    assert!(dashboard.shows("▶ 100×"), "{}", dashboard.text());
    dashboard.keys(")");
    assert!(dashboard.shows("100× is the maximum"));
    dashboard.advance(Duration::from_secs(1));
    shows(&dashboard, 111);
    dashboard.keys(" ").advance(Duration::from_secs(3));
    shows(&dashboard, 111);
    dashboard.keys(" ").advance(Duration::from_secs(10));
    shows(&dashboard, 600);
    assert!(dashboard.shows("■ 100×"), "at the end it stops");
    dashboard
        .keys("((((((((( ")
        .advance(Duration::from_millis(10_500));
    shows(&dashboard, 2);
    assert!(dashboard.shows("▶ 0.1×"), "from the end it begins anew");
}

#[test]
fn playing_skips_gaps() {
    let samples = SampleArchive::new(metadata(), with_a_gap());
    let mut dashboard = Dashboard::replay((120, 40), Box::new(samples));
    dashboard
        .type_in("@+98s\r ")
        .advance(Duration::from_millis(3500));
    assert!(
        dashboard.shows("20:16:48  sample 102 of 240"),
        "{}",
        dashboard.text()
    );
}

#[test]
fn a_damaged_sample_is_skipped_and_reported() {
    let mut dashboard = Dashboard::replay((120, 40), Damaged::new(30..33));
    assert!(dashboard.shows("⚠ 1 corrupt part"));
    dashboard.type_in("@+29s\r").key(KeyCode::Right);
    assert!(dashboard.shows("sample 34 of 60"), "{}", dashboard.text());
    assert!(dashboard.shows("skipped sample 33 of 60: "));
    dashboard.key(KeyCode::Left);
    assert!(
        dashboard.shows("sample 30 of 60"),
        "backwards, too:\n{}",
        dashboard.text()
    );
    dashboard.keys(" ").advance(Duration::from_millis(2500));
    assert!(dashboard.shows("sample 35 of 60"), "{}", dashboard.text());
    // At the end of a recording there may be nothing more.
    let mut dashboard = Dashboard::replay((120, 40), Damaged::new(50..60));
    dashboard.keys("$");
    assert!(dashboard.shows("sample 50 of 60"), "{}", dashboard.text());
    dashboard.keys(" ").advance(Duration::from_secs(3));
    assert!(dashboard.shows("sample 50 of 60") && dashboard.shows("■ 1×"));
    let mut dashboard = Dashboard::replay((120, 40), Damaged::new(0..60));
    dashboard.keys("$ ").advance(Duration::from_secs(1));
    assert!(dashboard.shows("skipped sample"), "{}", dashboard.text());
}

#[test]
fn a_recorded_socket_cannot_be_killed() {
    let mut dashboard = Dashboard::replay((120, 40), ten_minutes());
    dashboard.keys("2jK");
    assert!(dashboard.shows("a replay has nothing to kill"));
    assert!(!dashboard.shows("┌ Kill"));
}

#[test]
fn a_click_on_the_time_line_moves_to_its_time() {
    let mut dashboard = Dashboard::replay((120, 40), ten_minutes());
    let row = dashboard.lines().iter().position(|line| line.contains('●'));
    let row = row.expect("a time line") as u16;
    let line = dashboard.lines()[usize::from(row)].clone();
    let last = line.chars().take_while(|&c| c != '●').count() + line.matches('─').count();
    let click = MouseEvent {
        kind: MouseEventKind::Down(MouseButton::Left),
        column: last as u16,
        row,
        modifiers: KeyModifiers::NONE,
    };
    dashboard.send([Message::Input(Event::Mouse(click))]);
    assert!(dashboard.shows("sample 600 of 600"), "{}", dashboard.text());
}

#[test]
fn the_history_can_be_entered_and_left() {
    let mut dashboard = Dashboard::new((120, 40), Machine::default()).with_history();
    dashboard.ticks(60).keys("2jjj");
    let selected = |dashboard: &Dashboard| {
        let line = dashboard.selected().unwrap_or_default();
        line.split_whitespace()
            .nth(3)
            .unwrap_or_default()
            .to_owned()
    };
    let socket = selected(&dashboard);
    dashboard.keys(" ").key(KeyCode::Left);
    assert!(
        dashboard.shows("■ FROZEN  at 20:15:05 · 0:01 ago"),
        "{}",
        dashboard.text()
    );
    assert_eq!(selected(&dashboard), socket, "the selection stays");
    dashboard.ticks(3);
    assert!(
        dashboard.shows("at 20:15:05 · 0:04 ago"),
        "sampling goes on: {}",
        dashboard.lines()[1]
    );
    dashboard.key(KeyCode::Right);
    assert!(dashboard.shows("at 20:15:06"), "and on again");
    dashboard.keys("^");
    assert!(dashboard.shows("at 20:14:07 · 1:02 ago"));
    dashboard.keys(" ");
    assert!(
        !dashboard.shows("FROZEN") && !dashboard.shows("●"),
        "Space shows what is now"
    );
    dashboard.ticks(1);
    assert!(dashboard.shows("20:15:10"), "{}", dashboard.text());
    assert_eq!(selected(&dashboard), socket);
}

#[test]
fn without_a_history_the_arrows_report_it() {
    let mut dashboard = Dashboard::new((120, 40), Machine::default());
    dashboard.ticks(3).keys(" ").key(KeyCode::Left);
    assert!(dashboard.shows("nothing is kept"));
    dashboard.keys("@");
    assert!(dashboard.shows("nothing is kept"), "{}", dashboard.text());
    assert!(dashboard.event_loop.state().text_input.is_none());
}

#[test]
fn a_page_of_a_socket_follows_through_time() {
    let mut dashboard = Dashboard::replay((120, 40), ten_minutes());
    // A connection in TIME-WAIT at the tenth second, which is gone after the minute.
    dashboard.type_in("@+10s\r2/10.0.0.1:33030\r\r");
    assert!(dashboard.shows("TIME-WAIT"), "{}", dashboard.text());
    dashboard.keys("^");
    assert!(
        dashboard.shows("not in this sample"),
        "{}",
        dashboard.text()
    );
    dashboard.type_in("@+12s\r");
    assert!(
        !dashboard.shows("not in this sample"),
        "{}",
        dashboard.text()
    );
}

#[test]
fn without_utf8_the_time_line_is_ascii() {
    let mut ascii = look();
    ascii.ascii = true;
    let mut dashboard = Dashboard::with_look((120, 40), Machine::default(), ascii).with_history();
    dashboard.ticks(20).keys(" ,");
    assert!(dashboard.text().is_ascii(), "{}", dashboard.text());
    assert!(dashboard.shows("%O%%%"), "{}", dashboard.text());
}

#[test]
fn the_difference_of_two_instants_at_every_size() {
    for size in SIZES {
        let mut dashboard = Dashboard::replay(size, ten_minutes());
        dashboard.type_in("@+10s\rM@+30s\rD");
        assert_screen("difference", &dashboard, size);
        dashboard.keys("D");
        assert_screen("difference_by_process", &dashboard, size);
    }
}

#[test]
fn two_instants_are_compared_in_either_order() {
    let mut dashboard = Dashboard::replay((120, 40), ten_minutes());
    dashboard.type_in("@+10s\rM@+30s\rD");
    let forwards = dashboard.lines();
    assert!(
        dashboard.shows("20:14:17 → 20:14:37    0:20 later"),
        "{}",
        dashboard.text()
    );
    dashboard.type_in("\x1bM@+10s\rD");
    let backwards = dashboard.lines();
    assert_eq!(forwards[4..36], backwards[4..36]);
    // Going on through time, the difference follows.
    dashboard.key(KeyCode::Right);
    assert!(
        dashboard.shows("20:14:18 → 20:14:37"),
        "{}",
        dashboard.text()
    );
    dashboard.type_in("/port = 443\r");
    assert!(dashboard.shows("filter: port = 443"));
    assert!(!dashboard.shows("TIME-WAIT 38"), "{}", dashboard.text());
    // A socket that exists at the marked instant only can be opened.
    dashboard.type_in("F\x1b^D/sport = 33050\r\r");
    assert!(
        dashboard.shows("not in this sample"),
        "{}",
        dashboard.text()
    );
    dashboard.type_in("\x1b\x1b");
    assert!(
        dashboard.shows("States"),
        "Esc leads back:\n{}",
        dashboard.text()
    );
}

#[test]
fn a_live_display_shows_the_difference_from_the_marked_instant() {
    let mut dashboard = Dashboard::new((120, 40), Machine::default()).with_history();
    dashboard.ticks(5).keys("MD").ticks(4);
    assert!(
        dashboard.shows("20:14:11 → 20:14:15    0:04 later"),
        "{}",
        dashboard.text()
    );
    let appeared = |dashboard: &Dashboard| {
        let line = dashboard.lines()[3].clone();
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.iter().position(|&word| word == "appeared").unwrap();
        words[at - 1].parse::<usize>().unwrap()
    };
    let before = appeared(&dashboard);
    dashboard.ticks(2);
    assert!(appeared(&dashboard) > before);
    dashboard.keys(" ").key(KeyCode::Left).keys(",");
    assert!(
        dashboard.shows("20:14:07 → 20:14:11"),
        "{}",
        dashboard.text()
    );
}

#[test]
fn the_header_shows_what_a_recording_leaves_out() {
    let metadata = Metadata {
        filter: "-t state established".to_owned(),
        redacted: true,
        ..metadata()
    };
    let samples = SampleArchive::new(metadata, with_a_gap());
    let dashboard = Dashboard::replay((120, 40), Box::new(samples));
    assert!(
        dashboard.lines()[2].starts_with(
            " recorded with filter -t state established; names and addresses are redacted"
        ),
        "{}",
        dashboard.text()
    );
}

#[test]
fn the_header_says_that_a_recording_was_not_closed() {
    let directory = tempfile::tempdir().unwrap();
    let options = RecorderOptions {
        path: directory.path().join("s.swr"),
        ..RecorderOptions::default()
    };
    let path = options.path.clone();
    save(&mut recorded(20, 1), 0..20, options).unwrap();
    let shown = |path: &std::path::Path| {
        let dashboard = Dashboard::replay((120, 40), Box::new(Reader::open(path).unwrap()));
        assert!(dashboard.shows("1 of 20"), "{}", dashboard.text());
        dashboard.shows(" not closed, so its end may be missing")
    };
    assert!(!shown(&path));
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    // The end is a header and 8 bytes.
    file.set_len(file.metadata().unwrap().len() - 72).unwrap();
    assert!(shown(&path));
}

#[test]
fn no_key_panics_anywhere_in_a_replay() {
    use sockwatch::tui::Command;
    use sockwatch::tui::keymap::BINDINGS;
    let places = ["1", "2t", "2j\r", "5z", "8k\r", "c", "MD", "@"];
    for place in places {
        let mut dashboard = Dashboard::replay((60, 16), Damaged::new(20..23));
        for binding in BINDINGS
            .iter()
            .filter(|binding| !matches!(binding.command, Command::Close | Command::Quit))
        {
            for &(code, modifiers) in binding.keys {
                dashboard.type_in(place);
                let ended = dashboard.press(KeyEvent::new(code, modifiers));
                assert!(
                    matches!(ended, sockwatch::app::ExitReason::InboxClosed),
                    "{ended:?}"
                );
                dashboard.advance(Duration::from_millis(20));
                // Leaves an input line, closes a popup, leaves a page.
                dashboard.type_in("\x1b\x1b\x1b");
            }
        }
        let state = dashboard.event_loop.state();
        assert!(
            state.popup.is_none() && state.text_input.is_none(),
            "{place}"
        );
        assert!(dashboard.shows(" of 60"), "{}", dashboard.text());
    }
}

#[test]
fn absurd_times_are_drawn() {
    let mut samples = with_a_gap();
    samples.truncate(6);
    for (sample, at_us) in samples
        .iter_mut()
        .zip([i64::MIN, 0, i64::MAX, -7, i64::MAX, 9])
    {
        sample.taken_at_us = at_us;
        sample.monotonic_ns = at_us.cast_unsigned();
        for (closed, ns) in sample.closed.iter_mut().zip([u64::MAX, 0, u64::MAX / 2]) {
            (closed.monotonic_ns, closed.first_seen_ns) = (ns, Some(u64::MAX - ns));
        }
    }
    let mut dashboard =
        Dashboard::replay((80, 24), Box::new(SampleArchive::new(metadata(), samples)));
    dashboard
        .type_in("MD")
        .key(KeyCode::Right)
        .key(KeyCode::Right);
    dashboard.type_in("]}$[8");
    dashboard
        .type_in("@-5m\r@20:00:00\r ")
        .advance(Duration::from_millis(100));
    assert!(dashboard.shows(" of 6"), "{}", dashboard.text());
    dashboard.type_in("1 ");
    for width in [40, 41, 60, 79, 100, 250] {
        dashboard.resize(width, 24);
        assert!(dashboard.shows(" of 6"), "{}", dashboard.text());
    }
}

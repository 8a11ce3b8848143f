//! Findings in the dashboard: whole screens, and the way from "what is wrong" to where it is, with real keys.

use std::time::Duration;

use crate::support::Machine;
use crate::support::dashboard::{Dashboard, look};
use crate::support::edited_rows::edit_rows;
use crossterm::event::KeyCode;
use ratatui::style::Color;
use sockwatch::model::Sample;
use sockwatch::recording::{Metadata, Redactor, SampleArchive};
use sockwatch::source::Source;
use sockwatch::tui::theme::{Theme, Tone};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

fn assert_screen<S>(name: &str, dashboard: &Dashboard<S>, (width, height): (u16, u16)) {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), dashboard.text());
    });
}

/// A machine on which much goes wrong from the fourth second on, for twenty.
fn troubled() -> Machine {
    Machine {
        trouble: Some(4..24),
        ..Machine::default()
    }
}

fn in_trouble(size: (u16, u16)) -> Dashboard {
    let mut dashboard = Dashboard::new(size, troubled());
    dashboard.ticks(16);
    dashboard
}

/// What the machine does in so many seconds.
fn recorded(samples: usize) -> Box<SampleArchive> {
    let mut machine = troubled();
    let samples = (0..samples).map(|_| {
        let mut sample = Sample::default();
        machine.next_into(&mut sample).unwrap();
        sample
    });
    let metadata = Metadata {
        interval: Duration::from_secs(1),
        ..Metadata::default()
    };
    Box::new(SampleArchive::new(metadata, samples.collect()))
}

#[test]
fn screens_with_findings_at_every_size() {
    for size in SIZES {
        let mut dashboard = in_trouble(size);
        assert_screen("findings_overview", &dashboard, size);
        dashboard.keys("6j");
        assert_screen("findings", &dashboard, size);
        dashboard
            .keys("3/postgres")
            .key(KeyCode::Enter)
            .key(KeyCode::Enter);
        assert_screen("findings_process", &dashboard, size);
        dashboard.keys("F4g").key(KeyCode::Enter);
        assert_screen("findings_listener", &dashboard, size);
        dashboard.keys("f");
        assert_screen("findings_of_listener", &dashboard, size);
        dashboard.key(KeyCode::Esc).keys("5/192.0.2.99");
        dashboard.key(KeyCode::Enter).key(KeyCode::Enter);
        assert_screen("findings_remote", &dashboard, size);
        dashboard.keys("F33j").ticks(1);
        assert_screen("findings_processes", &dashboard, size);
    }
}

#[test]
fn findings_stay_listed_after_they_ended() {
    for size in SIZES {
        let mut dashboard = in_trouble(size);
        dashboard.keys("6").ticks(30);
        assert_screen("findings_over", &dashboard, size);
    }
}

/// A machine on which nothing is wrong.
#[derive(Debug, Default)]
struct Healthy(Machine);

impl Source for Healthy {
    fn next_into(&mut self, sample: &mut Sample) -> Result<(), sockwatch::source::SourceError> {
        self.0.next_into(sample)?;
        // No connection waits for accept(), and nothing is dropped.
        sample.sockets.retain(|_, row| row.cookie != 141);
        edit_rows(&mut sample.sockets, |_, socket, parts| {
            if socket.is_listener() {
                (socket.recv_queue, *parts) = Default::default();
            }
        });
        Ok(())
    }
}

#[test]
fn without_findings_the_screen_lists_what_was_examined() {
    for size in SIZES {
        let mut dashboard = Dashboard::new(size, Healthy::default());
        dashboard.ticks(16).keys("6");
        assert_screen("findings_none", &dashboard, size);
        assert!(!dashboard.shows("⚠"), "there is no badge");
        dashboard.keys("3f");
        assert!(dashboard.shows("there are no findings"));
    }
}

#[test]
fn live_findings_are_listed_and_lead_to_their_subjects() {
    let mut dashboard = in_trouble((80, 24));
    assert!(
        dashboard.shows("6Findings ✗1⚠2 "),
        "how many there are and how grave is seen from everywhere:\n{}",
        dashboard.text()
    );
    dashboard.keys("6g");
    let row = dashboard.selected().unwrap();
    assert!(
        row.contains("✗ critical accept-queue-full"),
        "the gravest comes first: {row}"
    );
    assert!(
        dashboard.shows("kill -CONT 2211"),
        "what to do is said beside it:\n{}",
        dashboard.text()
    );
    let there = dashboard.text();
    dashboard.key(KeyCode::Enter);
    assert!(
        dashboard.shows("┌ tcp LISTEN 10.0.0.1:443"),
        "Enter leads to the listener"
    );
    dashboard.key(KeyCode::Esc);
    assert_eq!(dashboard.text(), there, "Esc leads back");
    dashboard.keys("/close-wait-leak");
    dashboard.key(KeyCode::Esc);
    dashboard.keys("j").key(KeyCode::Enter);
    assert!(
        dashboard.shows("┌ postgres/1404"),
        "another leads to the process:\n{}",
        dashboard.text()
    );
    dashboard.key(KeyCode::Esc).keys("j").key(KeyCode::Enter);
    assert!(
        dashboard.shows("┌ 192.0.2.99"),
        "and another to the host that does not answer:\n{}",
        dashboard.text()
    );
    dashboard.keys("4g");
    assert!(
        dashboard.selected().unwrap().contains('✗'),
        "rows that something is wrong with are marked"
    );
    dashboard.keys("y");
    assert!(dashboard.shows("copied: "));
}

#[test]
fn f_shows_the_findings_of_any_row() {
    for (keys, expected) in [
        // A process, its listener, a connection that came in by it, its client.
        ("3/nginx\rg", "accept-queue-full"),
        ("4/nginx\rg", "accept-queue-full"),
        ("2/198.51.100.7:50000\rg", "accept-queue-full"),
        ("3/postgres\rg", "close-wait-leak"),
        ("2/10.0.0.40:51000\rg", "close-wait-leak"),
        ("5/192.0.2.99\rg", "connect-stuck"),
        ("2/192.0.2.99\rg", "connect-stuck"),
        // The panes of the overview, an event.
        ("1lllh", "accept-queue-full"),
        ("1ll", "accept-queue-full"),
        ("8/198.51.100.20\rk", "accept-queue-full"),
        // Pages: of a process, of a socket, of a host.
        ("3/postgres\r\r", "close-wait-leak"),
        ("4g\r", "accept-queue-full"),
        ("5/192.0.2.99\r\r", "connect-stuck"),
    ] {
        let mut dashboard = in_trouble((120, 40));
        dashboard.type_in(keys).keys("f");
        assert!(
            dashboard.shows(&format!(" ─ {expected} ─ ")),
            "{keys}: {expected}\n{}",
            dashboard.text()
        );
        dashboard.keys("f");
        assert!(dashboard.event_loop.state().popup.is_none());
    }
    let mut dashboard = in_trouble((120, 40));
    dashboard.type_in("3/redis\rgf");
    assert!(
        dashboard.shows("no finding about this row; press 6 for 3 other findings"),
        "{}",
        dashboard.text()
    );
}

#[test]
fn of_several_findings_one_is_chosen_and_opened() {
    let mut dashboard = in_trouble((80, 24));
    // A connection request of the client, whose host does not answer, and whose own page shows it too.
    dashboard.type_in("3/curl\rgf");
    assert!(dashboard.shows("connect-stuck"), "{}", dashboard.text());
    dashboard.key(KeyCode::Enter);
    assert!(
        dashboard.shows("┌ 192.0.2.99"),
        "Enter leads to what it is about:\n{}",
        dashboard.text()
    );
    dashboard.keys("f").key(KeyCode::Enter);
    assert!(dashboard.shows("the subject of this finding is already open"));
    dashboard.key(KeyCode::Esc);
    assert!(dashboard.selected().unwrap().contains("curl"));
}

#[test]
fn findings_do_not_depend_on_the_filter() {
    let mut dashboard = in_trouble((120, 40));
    dashboard.type_in("/redis\r6");
    assert!(dashboard.shows("6 Findings ✗1 ⚠2"));
    assert!(dashboard.shows("Findings (filter not applied)"));
    assert!(dashboard.shows("close-wait-leak"));
    assert!(!dashboard.shows("filter: redis"), "{}", dashboard.text());
}

#[test]
fn the_selected_finding_stays_selected_when_it_ends() {
    let mut dashboard = in_trouble((120, 40));
    dashboard.keys("6jj");
    let selected = |dashboard: &Dashboard| {
        let row = dashboard.selected().unwrap();
        row.split_whitespace().nth(3).map(str::to_owned)
    };
    let before = selected(&dashboard);
    dashboard.ticks(30);
    assert_eq!(selected(&dashboard), before);
    assert!(dashboard.shows(" ─ ended at "), "{}", dashboard.text());
}

#[test]
fn severity_has_its_color_and_its_sign() {
    for (theme, warning) in [(Theme::Dark, Color::Yellow), (Theme::Light, Color::Magenta)] {
        let mut look = look();
        look.theme = theme;
        let mut dashboard = Dashboard::with_look((120, 40), troubled(), look);
        dashboard.ticks(16).keys("6");
        let style = |text: &str| dashboard.style_of(text).unwrap();
        assert_eq!(style("✗1").fg, Some(Color::Red), "the badge");
        assert_eq!(style("⚠2").fg, Some(warning), "and that of the warnings");
        assert_eq!(style("✗ critical").fg, Some(Color::Red));
        assert_eq!(style("⚠ warning").fg, Some(warning));
        dashboard.ticks(30);
        let over = dashboard.style_of("⚠ warning").unwrap();
        let muted = theme.style(Tone::Muted);
        assert_eq!(
            (over.fg, over.add_modifier),
            (muted.fg, muted.add_modifier),
            "it is over"
        );
    }
}

#[test]
fn without_utf8_findings_are_ascii_and_still_distinct() {
    let mut ascii = look();
    ascii.ascii = true;
    let mut dashboard = Dashboard::with_look((120, 40), troubled(), ascii);
    dashboard.ticks(16);
    for keys in ["1", "6", "f", "\x1b3", "4"] {
        dashboard.type_in(keys);
        assert!(dashboard.text().is_ascii(), "{}", dashboard.text());
    }
    dashboard.keys("6");
    assert!(dashboard.shows("X critical") && dashboard.shows("! warning"));
    assert!(dashboard.shows("6 Findings X1 !2"));
}

#[test]
fn no_size_is_too_small_for_findings() {
    let mut dashboard = in_trouble((80, 24));
    for keys in ["1", "6", "6jf", "\x1b3\rf", "\x1b4\r"] {
        dashboard.type_in(keys);
        for width in [1, 20, 40, 41, 60, 79, 100, 250] {
            for height in [1, 5, 9, 10, 11, 12, 16, 20, 36, 80] {
                dashboard.resize(width, height);
            }
        }
    }
}

/// The text of the findings screen, without the footer and the time line.
fn screen_text<S>(dashboard: &Dashboard<S>) -> Vec<String> {
    let lines = dashboard.lines();
    let from = lines.iter().position(|line| line.starts_with('┌')).unwrap();
    let to = lines
        .iter()
        .rposition(|line| line.starts_with('└'))
        .unwrap();
    let mut screen_text = lines[from..=to].to_vec();
    screen_text.retain(|line| line.chars().any(char::is_alphanumeric));
    screen_text
}

#[test]
fn an_instant_has_the_same_findings_live_and_in_a_replay_by_any_way() {
    const SECONDS: [usize; 6] = [3, 9, 12, 25, 32, 40];
    let mut live = Dashboard::new((120, 41), troubled());
    live.keys("6");
    let mut expected = Vec::new();
    for second in 0..=40 {
        live.ticks(1);
        if SECONDS.contains(&second) {
            expected.push((second, screen_text(&live)));
        }
    }
    let mut replay = Dashboard::replay((120, 42), recorded(45));
    replay.scan_findings(recorded(45), 45).keys("6");
    // Backwards, so that nothing that was shown leads there.
    for (second, expected) in expected.iter().rev() {
        replay.type_in(&format!("@+{second}s\r"));
        assert_eq!(&screen_text(&replay), expected, "at second {second}");
    }
    // Without a survey too, once what came before is read.
    let mut replay = Dashboard::replay((120, 42), recorded(45));
    replay.keys("6");
    for (second, expected) in expected.iter().rev() {
        replay.type_in(&format!("@+{second}s\r"));
        assert_eq!(&screen_text(&replay), expected, "at second {second}");
    }
}

#[test]
fn the_time_line_has_the_findings_and_keys_to_go_between_them() {
    let mut replay = Dashboard::replay((120, 40), recorded(60));
    assert!(replay.shows("scanned  0 %"), "{}", replay.text());
    replay.scan_findings(recorded(60), 30);
    assert!(
        replay.shows("scanned 50 %"),
        "the progress of the scan is shown"
    );
    replay.type_in("6").keys("n");
    assert!(replay.shows("sample  4 of 60"), "{}", replay.text());
    assert!(replay.shows("accept-queue"), "{}", replay.text());
    replay.keys("nn");
    let there = replay.text();
    assert!(!replay.shows("sample  4 of 60"), "two keys, two findings");
    replay.keys("N").keys("n");
    assert_eq!(replay.text(), there);
    replay.keys("$n");
    assert!(
        replay.shows("no later finding in the 50 % of the recording scanned so far"),
        "{}",
        replay.text()
    );
    replay.keys("^N");
    assert!(replay.shows("no finding before this instant"));
    let mut replay = Dashboard::replay((120, 40), recorded(60));
    replay.scan_findings(recorded(60), 60);
    for size in SIZES {
        replay.resize(size.0, size.1);
        assert_screen("findings_time_line", &replay, size);
    }
    assert_eq!(replay.style_of("!").unwrap().fg, Some(Color::Red));
}

#[test]
fn keys_pressed_at_once_go_as_far_as_keys_pressed_one_by_one() {
    let mut one_by_one = Dashboard::replay((120, 40), recorded(60));
    one_by_one.scan_findings(recorded(60), 60).keys("nn");
    let mut at_once = Dashboard::replay((120, 40), recorded(60));
    at_once.scan_findings(recorded(60), 60).burst("nn");
    assert_eq!(at_once.text(), one_by_one.text());
}

#[test]
fn in_a_frozen_display_n_walks_through_what_was_found_live() {
    let mut dashboard = Dashboard::new((120, 40), troubled()).with_history();
    dashboard.ticks(30).keys("6 N");
    assert!(dashboard.shows("■ FROZEN"), "{}", dashboard.text());
    assert!(dashboard.shows("══"), "what holds has its span");
    let there = dashboard.text();
    dashboard.keys("Nn");
    assert_eq!(dashboard.text(), there);
    dashboard.keys(" ");
    assert!(!dashboard.shows("FROZEN"));
}

#[test]
fn a_finding_about_the_host_leads_to_the_system_and_back() {
    let mut dashboard = Dashboard::new((120, 40), Crowded::default());
    dashboard.ticks(10).keys("6");
    assert!(
        dashboard.shows("time-wait-overflow"),
        "{}",
        dashboard.text()
    );
    while !dashboard
        .selected()
        .is_some_and(|row| row.contains("time-wait-overflow"))
    {
        dashboard.keys("j");
    }
    let there = dashboard.text();
    dashboard.key(KeyCode::Enter);
    assert!(dashboard.shows("Limits"), "{}", dashboard.text());
    dashboard.key(KeyCode::Esc);
    assert_eq!(dashboard.text(), there);
}

/// The machine, with few TIME-WAITs allowed.
#[derive(Debug, Default)]
struct Crowded(Machine);

impl Source for Crowded {
    fn next_into(&mut self, sample: &mut Sample) -> Result<(), sockwatch::source::SourceError> {
        self.0.next_into(sample)?;
        let settings = std::sync::Arc::make_mut(&mut sample.settings);
        for (name, value) in &mut settings.values {
            if name == "net.ipv4.tcp_max_tw_buckets" {
                "10".clone_into(value);
            }
        }
        Ok(())
    }
}

/// Files below `tests/fixtures` with this ending.
fn fixtures(directory: &str) -> Vec<std::path::PathBuf> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let files = std::fs::read_dir(path.join(directory)).unwrap();
    let files = files.map(|file| file.unwrap().path());
    files
        .filter(|file| file.extension().is_some_and(|ending| ending == "swr"))
        .collect()
}

#[test]
fn n_leads_to_what_each_kept_recording_is_about() {
    let mut with_marks = 0;
    for file in fixtures("findings") {
        let open = || Box::new(sockwatch::recording::Reader::open(&file).unwrap());
        let mut replay = Dashboard::replay((160, 50), open());
        replay.scan_findings(open(), usize::MAX);
        let timeline = replay.event_loop.state().timeline.as_ref().unwrap();
        if timeline.marks.spans().is_empty() {
            // Its thresholds differ from the defaults.
            continue;
        }
        with_marks += 1;
        replay.keys("6");
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let mut found = false;
        for _ in 0..8 {
            replay.keys("n");
            let rows = replay.lines();
            // The file's name begins with the finding's, and may name its cause.
            let shown = rows.iter().filter_map(|row| row.split_whitespace().nth(2));
            found |= shown
                .into_iter()
                .any(|id| id.len() > 4 && name.starts_with(id));
        }
        assert!(found, "{name}\n{}", replay.text());
    }
    assert!(with_marks > 15, "{with_marks} recordings have findings");
}

#[test]
fn a_recording_without_names_has_findings_all_the_same() {
    let redacted = || {
        let (mut machine, mut redactor) = (troubled(), Redactor::new());
        let samples = (0..20).map(|_| {
            let mut sample = Sample::default();
            machine.next_into(&mut sample).unwrap();
            redactor.redact(&mut sample);
            sample
        });
        Box::new(SampleArchive::new(Metadata::default(), samples.collect()))
    };
    let mut replay = Dashboard::replay((120, 40), redacted());
    replay.scan_findings(redacted(), 20).keys("6$");
    for id in ["accept-queue-full", "close-wait-leak", "connect-stuck"] {
        assert!(replay.shows(id), "{id}\n{}", replay.text());
    }
    assert!(!replay.shows("192.0.2.99"), "{}", replay.text());
    replay.keys("jj").key(KeyCode::Enter);
    assert!(
        replay.shows("┌ Sockets of this process"),
        "{}",
        replay.text()
    );
}

#[test]
fn recordings_of_every_age_are_diagnosed() {
    let files = fixtures("recording");
    assert!(!files.is_empty());
    for file in files {
        let open = || Box::new(sockwatch::recording::Reader::open(&file).unwrap());
        let mut replay = Dashboard::replay((120, 40), open());
        replay.scan_findings(open(), usize::MAX);
        assert!(!replay.shows("findings "), "{}", replay.text());
        replay.keys("6nN$");
        assert!(replay.shows("Findings"), "{}", replay.text());
    }
}

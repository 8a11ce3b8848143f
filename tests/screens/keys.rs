//! Every key in the help does what it says, and none loses the place where one is.

use crate::support::Machine;
use crate::support::dashboard::{Dashboard, recorded};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use sockwatch::app::ExitReason;
use sockwatch::tui::keymap::{BINDINGS, Binding};
use sockwatch::tui::theme::Theme;
use sockwatch::tui::{Command, Screen};

/// Sockets, the third row selected.
fn among_sockets() -> Dashboard {
    let machine = Machine {
        many: 200,
        ..Machine::default()
    };
    let mut dashboard = Dashboard::new((100, 30), machine).with_history();
    dashboard.ticks(4).keys("2jjj");
    dashboard
}

/// A replay of an hour and a half, a sample every ten seconds, half an hour after its start.
fn in_a_replay() -> Dashboard<()> {
    let mut dashboard = Dashboard::replay((100, 30), Box::new(recorded(540, 10)));
    dashboard.type_in("@+30m\r2jjj");
    assert!(dashboard.shows(" 20:44:07 "), "{}", dashboard.text());
    dashboard
}

/// What one key that is about time does in a replay.
fn check_in_a_replay(command: Command, key: (KeyCode, KeyModifiers)) {
    let mut dashboard = in_a_replay();
    press_in(&mut dashboard, key);
    let expected = match command {
        Command::Later | Command::Jump(10) => "20:44:17  sample 182 of 540",
        Command::Earlier | Command::Jump(-10) => "20:43:57  sample 180 of 540",
        Command::Jump(60) => "20:45:07  sample 187 of 540",
        Command::Jump(-60) => "20:43:07  sample 175 of 540",
        Command::Jump(600) => "20:54:07  sample 241 of 540",
        Command::Jump(-600) => "20:34:07  sample 121 of 540",
        Command::FirstSample => "20:14:07  sample   1 of 540",
        Command::LastSample => "21:43:57  sample 540 of 540",
        Command::Freeze => "▶ 1×",
        Command::ChangeSpeed(1) => "■ 2×",
        Command::ChangeSpeed(-1) => "■ 0.5×",
        _ => panic!("{command:?} is not about time"),
    };
    assert!(
        dashboard.shows(expected),
        "{expected}\n{}",
        dashboard.text()
    );
}

/// What a key does in a replay that goes from finding to finding there, or from row to row in any case.
fn check_marks(key: (KeyCode, KeyModifiers), to_mark: Option<bool>) {
    let mut dashboard = Dashboard::replay((100, 30), Box::new(recorded(12, 1)));
    dashboard.scan_findings(Box::new(recorded(12, 1)), 12);
    dashboard.type_in("$2jjj/redis\rg");
    press_in(&mut dashboard, key);
    match to_mark {
        None => assert!(dashboard.shows("20:14:18  sample 12 of 12")),
        Some(false) => assert!(dashboard.shows("20:14:10  sample  4 of 12")),
        Some(true) => {
            assert!(dashboard.shows("no finding after this instant"));
            dashboard.keys("^");
            press_in(&mut dashboard, key);
            assert!(dashboard.shows("20:14:10  sample  4 of 12"));
        }
    }
}

fn press_in(dashboard: &mut Dashboard<()>, (code, modifiers): (KeyCode, KeyModifiers)) {
    let ended = dashboard.press(KeyEvent::new(code, modifiers));
    assert!(matches!(ended, ExitReason::InboxClosed), "{ended:?}");
}

/// Presses one key of a binding.
fn press(dashboard: &mut Dashboard, (code, modifiers): (KeyCode, KeyModifiers)) -> ExitReason {
    dashboard.press(KeyEvent::new(code, modifiers))
}

/// The place of the selected row among all: `3/265`.
fn place(dashboard: &Dashboard) -> String {
    let lines = dashboard.lines();
    let edge = lines.iter().rev().find(|line| line.contains('└')).unwrap();
    let place = edge
        .split_whitespace()
        .rev()
        .find(|word| word.contains('/'));
    place.unwrap_or_default().to_owned()
}

/// What one key does where it does something. Every command has to be dealt with here.
fn check(command: Command, key: (KeyCode, KeyModifiers)) {
    let mut dashboard = among_sockets();
    let before = dashboard.text();
    let title = |dashboard: &Dashboard| -> String {
        let lines = dashboard.lines();
        lines
            .into_iter()
            .find(|line| line.contains('┌'))
            .unwrap_or_default()
    };
    let state = |dashboard: &Dashboard| dashboard.event_loop.state().screen;
    let pressed = |dashboard: &mut Dashboard| {
        let ended = press(dashboard, key);
        assert!(
            matches!(ended, ExitReason::InboxClosed),
            "{command:?} ends it: {ended:?}"
        );
    };
    match command {
        Command::Close => {
            dashboard.type_in("\r?");
            pressed(&mut dashboard);
            assert!(
                dashboard.event_loop.state().popup.is_none(),
                "the popup closes"
            );
            assert!(dashboard.event_loop.state().page().is_some());
            pressed(&mut dashboard);
            assert!(
                dashboard.event_loop.state().page().is_none(),
                "the page closes"
            );
            assert!(matches!(press(&mut dashboard, key), ExitReason::Quit));
        }
        Command::Quit => {
            assert!(matches!(press(&mut dashboard, key), ExitReason::Quit));
        }
        Command::Suspend => {
            pressed(&mut dashboard);
            assert_eq!(dashboard.effects.suspensions, 1);
            assert_eq!(dashboard.text(), before);
        }
        Command::Redraw => {
            pressed(&mut dashboard);
            assert_eq!(dashboard.text(), before);
        }
        Command::Help => {
            pressed(&mut dashboard);
            assert!(dashboard.shows("┌ Keys"));
            pressed(&mut dashboard);
            assert_eq!(dashboard.text(), before, "it closes what it opened");
        }
        Command::Faults => {
            pressed(&mut dashboard);
            assert!(dashboard.shows("┌ Unreadable sources"));
            pressed(&mut dashboard);
            assert_eq!(dashboard.text(), before);
        }
        Command::GoTo(screen) => {
            pressed(&mut dashboard);
            assert_eq!(state(&dashboard), screen);
            dashboard.keys("2");
            assert_eq!(dashboard.text(), before, "one comes back to where one was");
        }
        Command::NextScreen => {
            pressed(&mut dashboard);
            assert_eq!(state(&dashboard), Screen::Processes);
        }
        Command::PreviousScreen => {
            pressed(&mut dashboard);
            assert_eq!(state(&dashboard), Screen::Overview);
        }
        Command::Down | Command::Up => {
            pressed(&mut dashboard);
            let expected = if command == Command::Down { "4/" } else { "2/" };
            assert!(place(&dashboard).starts_with(expected));
        }
        Command::PageDown => {
            pressed(&mut dashboard);
            assert!(
                place(&dashboard).starts_with("26/"),
                "{}",
                place(&dashboard)
            );
        }
        Command::PageUp => {
            dashboard.key(KeyCode::PageDown);
            pressed(&mut dashboard);
            assert_eq!(dashboard.text(), before);
        }
        Command::First => {
            pressed(&mut dashboard);
            assert!(place(&dashboard).starts_with("1/"));
        }
        Command::Last => {
            pressed(&mut dashboard);
            let (at, of) = place(&dashboard)
                .split_once('/')
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
                .unwrap();
            assert_eq!(at, of);
            dashboard.keys("8k");
            assert!(title(&dashboard).contains("paused"));
            pressed(&mut dashboard);
            assert!(
                title(&dashboard).contains("following"),
                "events follow again"
            );
        }
        Command::Right | Command::Later => {
            pressed(&mut dashboard);
            assert_ne!(dashboard.lines()[4], before.lines().nth(4).unwrap());
            dashboard.key(KeyCode::Left);
            assert_eq!(dashboard.text(), before);
            dashboard.keys("1");
            pressed(&mut dashboard);
            assert!(
                dashboard.shows("▶ Remotes"),
                "on the overview the next table"
            );
            dashboard.keys("7");
            pressed(&mut dashboard);
            assert!(dashboard.shows("▶ Interfaces"), "on the system too");
            if command == Command::Later {
                check_in_a_replay(command, key);
            }
        }
        Command::Left | Command::Earlier => {
            dashboard.key(KeyCode::Right);
            pressed(&mut dashboard);
            assert_eq!(dashboard.text(), before);
            dashboard.keys("1");
            pressed(&mut dashboard);
            assert!(
                dashboard.shows("▶ TIME-WAIT"),
                "on the overview the table before"
            );
            dashboard.keys("7");
            pressed(&mut dashboard);
            assert!(dashboard.shows("▶ Limits"), "on the system too");
            if command == Command::Earlier {
                check_in_a_replay(command, key);
            }
        }
        Command::Open => {
            pressed(&mut dashboard);
            assert!(dashboard.shows("Queues and buffers"));
            dashboard.key(KeyCode::Esc);
            assert_eq!(dashboard.text(), before);
            dashboard.keys("t");
            pressed(&mut dashboard);
            assert!(dashboard.shows("▾"), "it unfolds a group");
        }
        Command::Back => {
            dashboard.key(KeyCode::Enter).keys("p");
            pressed(&mut dashboard);
            assert!(dashboard.shows("Queues and buffers"));
            pressed(&mut dashboard);
            assert_eq!(dashboard.text(), before);
            dashboard.type_in("/nginx\r");
            assert!(title(&dashboard).contains("filter: nginx"));
            pressed(&mut dashboard);
            assert!(!title(&dashboard).contains("filter"));
        }
        Command::Owner => {
            pressed(&mut dashboard);
            assert!(dashboard.shows("┌ Sockets of this process"));
            dashboard.key(KeyCode::Esc);
            assert_eq!(dashboard.text(), before);
        }
        Command::OtherEnd | Command::OtherProcess => {
            dashboard.type_in("/198.51.100.7\rg");
            pressed(&mut dashboard);
            assert!(dashboard.shows("the other end is not a socket on this machine"));
            dashboard.type_in("\x1b/127.0.0.1:41003\rg");
            let there = dashboard.text();
            pressed(&mut dashboard);
            let expected = if command == Command::OtherEnd {
                "Queues and buffers"
            } else {
                "┌ Sockets of this process"
            };
            assert!(dashboard.shows(expected));
            dashboard.key(KeyCode::Esc);
            assert_eq!(dashboard.text(), there);
        }
        Command::Filter => {
            pressed(&mut dashboard);
            dashboard.keys("redis");
            assert!(dashboard.shows("filter: redis") && dashboard.shows("5 of"));
            dashboard.key(KeyCode::Esc);
            assert_eq!(dashboard.text(), before, "Esc leaves it as it was");
            dashboard.keys("7");
            pressed(&mut dashboard);
            dashboard.keys("overflow");
            assert!(dashboard.shows("ListenOverflows") && !dashboard.shows("RetransSegs"));
            dashboard.type_in("\x1b2");
            assert_eq!(dashboard.text(), before, "it is no filter");
            dashboard.keys("?");
            pressed(&mut dashboard);
            dashboard.type_in("quit\r");
            assert!(dashboard.shows("Quit at once") && !dashboard.shows("Shift-Tab"));
        }
        Command::FilterBy | Command::Exclude => {
            pressed(&mut dashboard);
            let exclude = command == Command::Exclude;
            let title = if exclude {
                "┌ Exclude"
            } else {
                "┌ Include only"
            };
            assert!(dashboard.shows(title) && dashboard.shows("process "));
            dashboard.key(KeyCode::Enter);
            let filter = if exclude { "filter: not " } else { "filter: " };
            assert!(dashboard.shows(filter) && dashboard.shows(" of "));
        }
        Command::NextStateFilter => {
            let chips = dashboard.lines()[2].clone();
            assert!(
                chips.contains("ESTAB ") && chips.contains("TIME-WAIT "),
                "{chips}"
            );
            let mut seen = Vec::new();
            for _ in 0..13 {
                pressed(&mut dashboard);
                if !title(&dashboard).contains("filter: ") {
                    break;
                }
                let title = title(&dashboard);
                let (_, state) = title
                    .split_once("filter: netid tcp and state ")
                    .expect("a state");
                seen.push(state.split_whitespace().next().unwrap_or("").to_owned());
            }
            assert_eq!(seen[..2], ["established", "time-wait"], "{seen:?}");
            assert!(
                !title(&dashboard).contains("filter: "),
                "after the last one, none"
            );
            dashboard.type_in("/dport = :443\r");
            pressed(&mut dashboard);
            assert!(title(&dashboard).contains("dport = :443 and netid tcp and state established"));
            pressed(&mut dashboard);
            assert!(title(&dashboard).contains("dport = :443 and netid tcp and state "));
            assert!(
                !title(&dashboard).contains("established"),
                "one state at a time"
            );
        }
        Command::ClearFilter => {
            dashboard.type_in("/state time-wait\r");
            assert!(title(&dashboard).contains("filter: state time-wait"));
            pressed(&mut dashboard);
            assert!(!title(&dashboard).contains("filter"));
        }
        Command::Kill => {
            pressed(&mut dashboard);
            assert!(dashboard.shows("┌ Kill") && dashboard.shows("SIGTERM to "));
            dashboard.key(KeyCode::Enter);
            assert!(dashboard.shows("Are you sure? y confirms"));
            dashboard.key(KeyCode::Esc);
            assert!(dashboard.effects.log.is_empty(), "nothing but y does it");
            pressed(&mut dashboard);
            dashboard.key(KeyCode::Enter).keys("y");
            assert_eq!(dashboard.effects.log.len(), 1);
            assert!(dashboard.shows("destroyed"), "{}", dashboard.text());
        }
        Command::Findings => {
            dashboard.type_in("/redis\rg");
            pressed(&mut dashboard);
            assert!(dashboard.shows("no finding about this row; press 6 for 1 other finding"));
            dashboard.keys("F4g");
            let there = dashboard.text();
            pressed(&mut dashboard);
            let title = " ─ accept-queue-full ─ 10.0.0.1:443 ─ since ";
            assert!(dashboard.shows(title), "{}", dashboard.text());
            pressed(&mut dashboard);
            assert_eq!(dashboard.text(), there, "it closes what it opened");
        }
        Command::NextMatch | Command::PreviousMatch | Command::NextMark | Command::PreviousMark => {
            dashboard.type_in("/redis\rg");
            pressed(&mut dashboard);
            let forward = matches!(command, Command::NextMatch | Command::NextMark);
            let first = if forward { "2/5" } else { "5/5" };
            assert_eq!(place(&dashboard), first);
            for _ in 0..4 {
                pressed(&mut dashboard);
            }
            assert_eq!(place(&dashboard), "1/5", "it goes around");
            let is_mark = matches!(command, Command::NextMark | Command::PreviousMark);
            check_marks(key, is_mark.then_some(forward));
        }
        Command::PickSort => {
            pressed(&mut dashboard);
            assert!(dashboard.shows("┌ Sort by"));
            dashboard.key(KeyCode::Esc);
            assert_eq!(dashboard.text(), before);
        }
        Command::InvertSort => {
            pressed(&mut dashboard);
            assert!(title(&dashboard).contains('▲'));
            pressed(&mut dashboard);
            assert!(title(&dashboard).contains('▼'));
            assert!(place(&dashboard).starts_with("3/"), "the selection is kept");
        }
        Command::SortLeft | Command::SortRight => {
            pressed(&mut dashboard);
            assert_ne!(title(&dashboard), before.lines().nth(4).unwrap());
        }
        Command::HoldOrder => {
            pressed(&mut dashboard);
            assert!(title(&dashboard).contains("order held"));
            let rows = |dashboard: &Dashboard| -> Vec<String> {
                let lines = dashboard.lines()[5..20].to_vec();
                let ends = |line: &String| line.split_whitespace().skip(2).take(2).collect();
                lines.iter().map(ends).collect()
            };
            let held = rows(&dashboard);
            dashboard.ticks(8);
            assert_eq!(rows(&dashboard), held, "rows stay where they are");
            pressed(&mut dashboard);
            assert_ne!(rows(&dashboard), held, "and go where they belong");
        }
        Command::PickColumns => {
            pressed(&mut dashboard);
            assert!(dashboard.shows("┌ Columns (default)"));
            dashboard.key(KeyCode::Esc);
            assert_eq!(dashboard.text(), before);
        }
        Command::Widen | Command::Narrow | Command::ResetColumns => {
            let narrow = KeyEvent::new(KeyCode::Char('-'), KeyModifiers::NONE);
            if command == Command::ResetColumns {
                dashboard.press(narrow);
                assert_ne!(dashboard.text(), before);
            }
            pressed(&mut dashboard);
            let same = dashboard.text() == before;
            assert_eq!(same, command == Command::ResetColumns);
        }
        Command::Group => {
            for by in [
                "process",
                "remote",
                "local port",
                "state",
                "cgroup",
                "network namespace",
                "unit",
                "container",
                "pod",
            ] {
                pressed(&mut dashboard);
                assert!(title(&dashboard).contains(&format!("by {by}")), "{by}");
            }
            pressed(&mut dashboard);
            assert!(!dashboard.shows("▸"));
        }
        Command::PickNamespace => {
            pressed(&mut dashboard);
            assert!(dashboard.shows("there is no other network namespace"));
        }
        Command::PickGroup => {
            pressed(&mut dashboard);
            assert!(dashboard.shows("┌ Group by"));
            pressed(&mut dashboard);
            assert_eq!(dashboard.text(), before, "it closes what it opened");
            pressed(&mut dashboard);
            dashboard.keys("s");
            assert!(title(&dashboard).contains("by state"), "a letter chooses");
            pressed(&mut dashboard);
            dashboard.keys("j").key(KeyCode::Enter);
            assert!(title(&dashboard).contains("by cgroup"), "and so does Enter");
        }
        Command::Fold | Command::FoldAll => {
            dashboard.keys("tg");
            let folded = dashboard.text();
            pressed(&mut dashboard);
            assert!(dashboard.shows("▾"));
            pressed(&mut dashboard);
            assert_eq!(dashboard.text(), folded);
        }
        Command::Freeze => {
            pressed(&mut dashboard);
            assert!(dashboard.shows("■ FROZEN"));
            let frozen = dashboard.lines();
            dashboard.ticks(3);
            assert_eq!(dashboard.lines()[2..], frozen[2..], "what is shown stays");
            assert!(
                dashboard.shows("0:03 ago"),
                "the distance from now is shown"
            );
            pressed(&mut dashboard);
            assert!(
                dashboard.shows("20:14:13"),
                "then it is now:\n{}",
                dashboard.text()
            );
            check_in_a_replay(command, key);
        }
        Command::Jump(..0) | Command::FirstSample => {
            pressed(&mut dashboard);
            assert!(
                dashboard.shows("■ FROZEN  at 20:14:07 · 0:03 ago"),
                "it freezes and goes back:\n{}",
                dashboard.text()
            );
            check_in_a_replay(command, key);
        }
        Command::Jump(_) | Command::LastSample => {
            pressed(&mut dashboard);
            assert!(dashboard.shows("this is the latest sample"));
            check_in_a_replay(command, key);
        }
        Command::ChangeSpeed(_) => {
            pressed(&mut dashboard);
            assert!(dashboard.shows("speed applies to replays only"));
            check_in_a_replay(command, key);
        }
        Command::GoToTime => {
            pressed(&mut dashboard);
            dashboard.type_in("20:14:09\r");
            assert!(dashboard.shows("■ FROZEN  at 20:14:09 · 0:01 ago"));
            let mut replay = in_a_replay();
            press_in(&mut replay, key);
            replay.type_in("soon\r");
            assert!(replay.shows("invalid time 'soon'"), "{}", replay.text());
            replay.press(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL));
            replay.type_in("-5m\r");
            assert!(replay.shows("21:38:57  sample 510 of 540"));
        }
        Command::Mark => {
            pressed(&mut dashboard);
            assert!(dashboard.shows("marked 20:14:10"));
        }
        Command::Difference => {
            pressed(&mut dashboard);
            assert!(dashboard.shows("no instant marked"));
            dashboard.keys("M").ticks(5);
            pressed(&mut dashboard);
            assert!(dashboard.shows("┌ Sockets that differ"));
            assert!(dashboard.shows("20:14:10 → 20:14:15"));
            pressed(&mut dashboard);
            assert!(dashboard.shows("┌ Processes that differ"));
            dashboard.key(KeyCode::Esc);
            assert!(dashboard.shows("┌ Sockets ─ sorted by"), "Esc goes back");
        }
        Command::Record => {
            pressed(&mut dashboard);
            assert!(dashboard.shows("● REC 00:12:31 4.10 MB"));
            pressed(&mut dashboard);
            assert_eq!(dashboard.effects.log, ["record", "record"]);
            assert!(!dashboard.shows("● REC"));
            let mut replay = in_a_replay();
            press_in(&mut replay, key);
            assert!(replay.shows("not available in a replay"));
        }
        Command::Save => {
            pressed(&mut dashboard);
            assert!(dashboard.shows("┌ Save history to a file"));
            dashboard.keys("j").key(KeyCode::Enter);
            assert_eq!(dashboard.effects.log, ["save Some(300s)"]);
            pressed(&mut dashboard);
            dashboard.keys("G").key(KeyCode::Enter);
            assert_eq!(dashboard.effects.log[1], "save None");
        }
        Command::CopyRow | Command::CopyCell => {
            pressed(&mut dashboard);
            let copied = dashboard
                .effects
                .clipboard
                .clone()
                .expect("something is copied");
            assert!(dashboard.shows("copied: "));
            let cells = copied.split('\t').count();
            assert_eq!(cells > 1, command == Command::CopyRow, "{copied}");
        }
        Command::NextAverage => {
            for heading in ["↓+↑ 60s ▼", "↓+↑/s ▼", "≈↓+↑/s ▼"] {
                pressed(&mut dashboard);
                let title = title(&dashboard);
                assert!(title.contains(&format!("sorted by {heading}")), "{title}");
            }
        }
        Command::ChartWindow => {
            dashboard.keys("1");
            for title in ["10 min", "1 min", "5 min"] {
                pressed(&mut dashboard);
                let (states, throughput) = (
                    format!("States · {title}"),
                    format!("TCP throughput · {title}"),
                );
                assert!(dashboard.shows(&states) && dashboard.shows(&throughput));
            }
        }
        Command::Theme => {
            for theme in Theme::ALL
                .into_iter()
                .cycle()
                .skip(1)
                .take(Theme::ALL.len())
            {
                pressed(&mut dashboard);
                assert_eq!(dashboard.event_loop.state().appearance.theme, theme);
            }
        }
        Command::Mouse => {
            pressed(&mut dashboard);
            assert!(!dashboard.event_loop.state().mouse);
            pressed(&mut dashboard);
            assert!(dashboard.event_loop.state().mouse);
        }
    }
}

#[test]
fn every_key_does_what_the_help_says() {
    for Binding { keys, command, .. } in BINDINGS {
        for &key in *keys {
            check(*command, key);
        }
    }
}

#[test]
fn no_key_panics_or_loses_the_selection_on_any_screen() {
    let places = [
        "1", "2", "2t", "3", "4", "5z", "6", "7", "7h", "7/tcp\r", "8", "2j\r", "3j\r", "5j\r",
        "8k\r", "?", "c", "s", "!",
    ];
    for place in places {
        for Binding { keys, command, .. } in BINDINGS {
            for &(code, modifiers) in *keys {
                let mut dashboard = Dashboard::new((60, 16), Machine::default());
                dashboard.ticks(1).keys("2jjj");
                let selected = dashboard.selected().unwrap();
                dashboard.type_in(place);
                dashboard.press(KeyEvent::new(code, modifiers));
                // What is being typed is left, what lies over the screen is closed.
                dashboard.type_in("\x1b\x1b");
                if dashboard.event_loop.state().popup.is_some() {
                    dashboard.type_in("\x1b");
                }
                assert!(dashboard.event_loop.state().popup.is_none());
                // On the screen of sockets itself keys are there to move the selection.
                let elsewhere = matches!(place, "1" | "3" | "4" | "5z" | "6" | "7" | "7h" | "8");
                if elsewhere
                    && !matches!(
                        command,
                        Command::Close | Command::Quit | Command::Freeze | Command::GoTo(_)
                    )
                {
                    dashboard.keys("2");
                    if dashboard.event_loop.state().page().is_none() {
                        let now = dashboard.selected();
                        assert_eq!(now.as_ref(), Some(&selected), "{place} {command:?}");
                    }
                }
            }
        }
    }
}

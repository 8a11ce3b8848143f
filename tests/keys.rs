//! Every key in the help does what it says, and none loses the place where one is.

mod support;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use sockwatch::app::Ended;
use sockwatch::tui::keymap::{BINDINGS, Binding};
use sockwatch::tui::theme::Theme;
use sockwatch::tui::{Command, Popup, Screen};
use support::Machine;
use support::dashboard::Dashboard;

/// Sockets, the third row selected.
fn among_sockets() -> Dashboard {
    let machine = Machine {
        many: 200,
        ..Machine::default()
    };
    let mut dashboard = Dashboard::new((100, 30), machine);
    dashboard.ticks(4).keys("2jjj");
    dashboard
}

/// Presses one key of a binding.
fn press(dashboard: &mut Dashboard, (code, modifiers): (KeyCode, KeyModifiers)) -> Ended {
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
    let title = |dashboard: &Dashboard| dashboard.lines()[4].clone();
    let state = |dashboard: &Dashboard| dashboard.event_loop.state().screen;
    let pressed = |dashboard: &mut Dashboard| {
        let ended = press(dashboard, key);
        assert!(
            matches!(ended, Ended::Idle),
            "{command:?} ends it: {ended:?}"
        );
    };
    match command {
        Command::Quit => {
            assert!(matches!(press(&mut dashboard, key), Ended::Quit));
        }
        Command::Suspend => {
            pressed(&mut dashboard);
            assert_eq!(dashboard.job.0, 1);
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
            assert!(dashboard.shows("┌ What could not be read"));
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
                place(&dashboard).starts_with("25/"),
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
        Command::Right => {
            pressed(&mut dashboard);
            assert_ne!(dashboard.lines()[5], before.lines().nth(5).unwrap());
            dashboard.key(KeyCode::Left);
            assert_eq!(dashboard.text(), before);
            dashboard.keys("1");
            pressed(&mut dashboard);
            assert!(
                dashboard.shows("▶ Remotes"),
                "on the overview the next table"
            );
        }
        Command::Left => {
            dashboard.key(KeyCode::Right);
            pressed(&mut dashboard);
            assert_eq!(dashboard.text(), before);
            dashboard.keys("1");
            pressed(&mut dashboard);
            assert!(
                dashboard.shows("▶ TIME-WAIT"),
                "on the overview the table before"
            );
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
            assert!(dashboard.shows("┌ Its sockets"));
            dashboard.key(KeyCode::Esc);
            assert_eq!(dashboard.text(), before);
        }
        Command::OtherEnd | Command::OtherProcess => {
            dashboard.type_in("/198.51.100.7\rg");
            pressed(&mut dashboard);
            assert!(dashboard.shows("the other end is not a socket of this machine"));
            dashboard.type_in("\x1b/127.0.0.1:41003\rg");
            let there = dashboard.text();
            pressed(&mut dashboard);
            let expected = if command == Command::OtherEnd {
                "Queues and buffers"
            } else {
                "┌ Its sockets"
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
            dashboard.keys("?");
            pressed(&mut dashboard);
            dashboard.type_in("quit\r");
            assert!(dashboard.shows("q Ctrl-C") && !dashboard.shows("Shift-Tab"));
        }
        Command::FilterBy | Command::Exclude => {
            pressed(&mut dashboard);
            let exclude = command == Command::Exclude;
            let title = if exclude {
                "┌ Leave out"
            } else {
                "┌ Filter by"
            };
            assert!(dashboard.shows(title) && dashboard.shows("process "));
            dashboard.key(KeyCode::Enter);
            let filter = if exclude { "filter: not " } else { "filter: " };
            assert!(dashboard.shows(filter) && dashboard.shows(" of "));
        }
        Command::ClearFilter => {
            dashboard.type_in("/state time-wait\r");
            assert!(title(&dashboard).contains("filter: state time-wait"));
            pressed(&mut dashboard);
            assert!(!title(&dashboard).contains("filter"));
        }
        Command::Kill => {
            pressed(&mut dashboard);
            assert!(dashboard.shows("┌ End") && dashboard.shows("SIGTERM to "));
            dashboard.key(KeyCode::Enter);
            assert!(dashboard.shows("really? y does it"));
            dashboard.key(KeyCode::Esc);
            assert!(dashboard.job.2.is_empty(), "nothing but y does it");
            pressed(&mut dashboard);
            dashboard.key(KeyCode::Enter).keys("y");
            assert_eq!(dashboard.job.2.len(), 1);
            assert!(dashboard.shows("destroyed"), "{}", dashboard.text());
        }
        Command::NextMatch | Command::PreviousMatch => {
            dashboard.type_in("/redis\rg");
            pressed(&mut dashboard);
            let forward = command == Command::NextMatch;
            let first = if forward { "2/5" } else { "5/5" };
            assert_eq!(place(&dashboard), first);
            for _ in 0..4 {
                pressed(&mut dashboard);
            }
            assert_eq!(place(&dashboard), "1/5", "it goes around");
        }
        Command::PickSort => {
            pressed(&mut dashboard);
            assert!(dashboard.shows("┌ Sort by"));
            pressed(&mut dashboard);
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
                let lines = dashboard.lines()[6..20].to_vec();
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
            assert!(dashboard.shows("┌ Columns as they come"));
            pressed(&mut dashboard);
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
            for by in ["process", "remote", "local port", "state", "cgroup"] {
                pressed(&mut dashboard);
                assert!(title(&dashboard).contains(&format!("by {by}")), "{by}");
            }
            pressed(&mut dashboard);
            assert!(!dashboard.shows("▸"));
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
            let frozen = dashboard.text();
            dashboard.ticks(3);
            assert_eq!(dashboard.text(), frozen, "what is shown stays");
            pressed(&mut dashboard);
            assert!(
                dashboard.shows("20:14:13"),
                "then it is now:\n{}",
                dashboard.text()
            );
        }
        Command::CopyRow | Command::CopyCell => {
            pressed(&mut dashboard);
            let copied = dashboard.job.1.clone().expect("something is copied");
            assert!(dashboard.shows("copied: "));
            let cells = copied.split('\t').count();
            assert_eq!(cells > 1, command == Command::CopyRow, "{copied}");
        }
        Command::Theme => {
            for theme in [Theme::Light, Theme::Plain, Theme::Dark] {
                pressed(&mut dashboard);
                assert_eq!(dashboard.event_loop.state().look.theme, theme);
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
fn no_key_panics_or_loses_the_selection_wherever_one_is() {
    let places = [
        "1", "2", "2t", "3", "4", "5z", "8", "2j\r", "3j\r", "5j\r", "8k\r", "?", "c", "s", "!",
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
                assert_eq!(dashboard.event_loop.state().popup, None::<Popup>);
                // On the screen of sockets itself keys are there to move the selection.
                let elsewhere = matches!(place, "1" | "3" | "4" | "5z" | "8");
                if elsewhere
                    && !matches!(command, Command::Quit | Command::Freeze | Command::GoTo(_))
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

/// The table of keys in the README.
#[test]
fn the_readme_tells_the_same_keys() {
    let readme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let rows: Vec<(String, String)> = readme
        .lines()
        .skip_while(|line| !line.starts_with("| key | does |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let mut cells = line.trim_matches('|').split(" | ");
            let mut cell = || cells.next().unwrap_or_default().trim().replace('`', "");
            (cell(), cell())
        })
        .collect();
    let expected: Vec<(String, String)> = BINDINGS
        .iter()
        .map(|binding| (binding.label.to_owned(), binding.about.to_owned()))
        .collect();
    assert_eq!(rows, expected);
}

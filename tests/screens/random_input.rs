//! Any keys, clicks, sizes and samples in any order: nothing panics, and the screen asked for last is always shown.

use crate::support::Machine;
use crate::support::dashboard::Dashboard;
use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use proptest::prelude::*;
use sockwatch::app::{ExitReason, Message};
use sockwatch::tui::keymap::BINDINGS;
use sockwatch::tui::{Command, DisplayMode, Screen};

/// An event from outside.
#[derive(Debug, Clone)]
enum RandomEvent {
    Key(KeyCode, KeyModifiers),
    Mouse(MouseEventKind, u16, u16),
    Resize(u16, u16),
    /// A text that is pasted.
    Paste(&'static str),
    Tick,
}

fn key() -> impl Strategy<Value = RandomEvent> {
    let keys: Vec<(KeyCode, KeyModifiers)> = BINDINGS
        .iter()
        .filter(|binding| !matches!(binding.command, Command::Close | Command::Quit))
        .flat_map(|binding| binding.keys.iter().copied())
        .collect();
    prop_oneof![
        8 => proptest::sample::select(keys).prop_map(|(code, modifiers)| RandomEvent::Key(code, modifiers)),
        // Letters to type and look for.
        2 => proptest::sample::select(vec!['e', '4', ':', 'x', '数', '\u{301}'])
            .prop_map(|letter| RandomEvent::Key(KeyCode::Char(letter), KeyModifiers::NONE)),
    ]
}

fn random_event() -> impl Strategy<Value = RandomEvent> {
    let kinds = vec![
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::ScrollDown,
        MouseEventKind::ScrollUp,
    ];
    prop_oneof![
        12 => key(),
        4 => (proptest::sample::select(kinds), 0..130_u16, 0..45_u16)
            .prop_map(|(kind, column, row)| RandomEvent::Mouse(kind, column, row)),
        1 => (1..140_u16, 1..50_u16).prop_map(|(width, height)| RandomEvent::Resize(width, height)),
        1 => proptest::sample::select(vec!["q", "state established\r\n", "\u{1b}[31m数", "( \"a b", ""])
            .prop_map(RandomEvent::Paste),
        3 => Just(RandomEvent::Tick),
    ]
}

/// Sends an event; returns why the loop ended.
fn send(dashboard: &mut Dashboard, event: &RandomEvent) -> ExitReason {
    match *event {
        RandomEvent::Key(code, modifiers) => {
            return dashboard.press(KeyEvent::new(code, modifiers));
        }
        RandomEvent::Mouse(kind, column, row) => {
            let modifiers = KeyModifiers::NONE;
            let event = MouseEvent {
                kind,
                column,
                row,
                modifiers,
            };
            return dashboard.send([Message::Input(Event::Mouse(event))]);
        }
        RandomEvent::Resize(width, height) => dashboard.resize(width, height),
        RandomEvent::Paste(text) => dashboard.paste(text),
        RandomEvent::Tick => dashboard.ticks(1),
    };
    ExitReason::InboxClosed
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_events_leaves_a_usable_dashboard(
        events in proptest::collection::vec(random_event(), 1..80),
        many in prop_oneof![Just(0_u32), Just(300)],
        client_exits_at in proptest::option::of(0..20_u64),
    ) {
        let machine = Machine { many, client_exits_at, faulty: true, ..Machine::default() };
        let mut dashboard = Dashboard::new((80, 24), machine).with_history();
        for event in events {
            let ended = send(&mut dashboard, &event);
            prop_assert!(matches!(ended, ExitReason::InboxClosed), "{ended:?}");
        }
        // The keys still lead everywhere.
        dashboard.resize(100, 30).type_in("\x1b\x1b\x1b\x1b21");
        dashboard.ticks(1);
        if dashboard.event_loop.state().display != DisplayMode::Live {
            dashboard.keys(" ");
        }
        let state = dashboard.event_loop.state();
        prop_assert_eq!(state.screen, Screen::Overview);
        prop_assert!(state.popup.is_none() && state.text_input.is_none());
        prop_assert!(dashboard.shows("Overview"), "{}", dashboard.text());
    }

    #[test]
    fn the_screen_is_the_same_wherever_views_are_computed(
        events in proptest::collection::vec(random_event(), 1..80),
    ) {
        let machine = || Machine { many: 100, trouble: Some(2..60), ..Machine::default() };
        let mut here = Dashboard::new((100, 30), machine()).with_history();
        let mut elsewhere = Dashboard::new((100, 30), machine()).with_history().with_worker();
        for event in events {
            send(&mut here, &event);
            send(&mut elsewhere, &event);
        }
        prop_assert_eq!(elsewhere.text(), here.text());
    }
}

/// Input that a user types into the filter line: words of the language, odd letters, keys that edit.
fn typed() -> impl Strategy<Value = KeyCode> {
    let words: Vec<char> = "state established()!&|=<>~ dport:80 rtt>100ms 'nginx\"[::1]/\\*%"
        .chars()
        .collect();
    prop_oneof![
        10 => proptest::sample::select(words).prop_map(KeyCode::Char),
        3 => any::<char>().prop_map(KeyCode::Char),
        2 => proptest::sample::select(vec![
            KeyCode::Tab, KeyCode::BackTab, KeyCode::Left, KeyCode::Right, KeyCode::Up, KeyCode::Down, KeyCode::Home,
            KeyCode::End, KeyCode::Delete, KeyCode::Backspace,
        ]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn any_typed_filter_leaves_a_usable_screen(
        keys in proptest::collection::vec(typed(), 0..30),
        (width, height) in proptest::sample::select(vec![(80_u16, 24_u16), (40, 10), (120, 40)]),
        enter in any::<bool>(),
    ) {
        let mut dashboard = Dashboard::new((width, height), Machine::default());
        dashboard.ticks(1).keys("2/");
        for key in keys {
            dashboard.key(key);
            // Whatever is typed: the frame is whole, and the line is where it was.
            let lines = dashboard.lines();
            let body = lines.iter().find(|line| line.starts_with('┌')).expect("the table's frame");
            prop_assert!(body.ends_with('┐'), "{}", dashboard.text());
            if dashboard.event_loop.state().text_input.is_none() {
                // Backspace in an empty line leaves it.
                dashboard.keys("/");
            }
            let lines = dashboard.lines();
            prop_assert!(lines.iter().any(|line| line.starts_with(" /")), "{}", dashboard.text());
            prop_assert!(lines.iter().all(|line| unicode_width::UnicodeWidthStr::width(line.as_str()) <= usize::from(width)));
        }
        if enter {
            dashboard.key(KeyCode::Enter);
        }
        dashboard.ticks(1);
        dashboard.key(KeyCode::Esc).keys("1");
        prop_assert!(dashboard.shows("Overview") || width < 50, "{}", dashboard.text());
    }
}

//! Whole screens of the synthetic machine, at the sizes that people have; colours asserted apart.

use crate::support::Machine;
use crate::support::dashboard::{Dashboard, look};
use crossterm::event::KeyCode;
use ratatui::style::{Color, Modifier};
use sockwatch::tui::theme::{Theme, Tone};

/// The sizes that people have, and one that is too small to be used.
const SIZES: [(u16, u16); 4] = [(80, 24), (120, 40), (200, 60), (20, 5)];

fn after_a_while(size: (u16, u16), machine: Machine) -> Dashboard {
    let mut dashboard = Dashboard::new(size, machine);
    dashboard.ticks(8);
    dashboard
}

fn assert_screen(name: &str, dashboard: &Dashboard, (width, height): (u16, u16)) {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), dashboard.text());
    });
}

#[test]
fn every_screen_at_every_size() {
    for size in SIZES {
        let mut dashboard = after_a_while(size, Machine::default());
        assert_screen("overview", &dashboard, size);
        dashboard.keys("2jj");
        assert_screen("sockets", &dashboard, size);
        dashboard.keys("3");
        assert_screen("processes", &dashboard, size);
        dashboard.keys("4");
        assert_screen("listeners", &dashboard, size);
        dashboard.keys("5z");
        assert_screen("remotes", &dashboard, size);
        dashboard.keys("7");
        assert_screen("system", &dashboard, size);
        dashboard.keys("8");
        assert_screen("events", &dashboard, size);
        dashboard.keys("?");
        assert_screen("help", &dashboard, size);
    }
}

#[test]
fn detail_pages_at_every_size() {
    for size in SIZES {
        let mut dashboard = after_a_while(size, Machine::default());
        dashboard.keys("3j").key(KeyCode::Enter);
        assert_screen("process", &dashboard, size);
        // The connection with the highest round-trip time, and the end of a loopback connection.
        dashboard.keys("2/203.0.113.77");
        dashboard.key(KeyCode::Enter).key(KeyCode::Enter).ticks(4);
        assert_screen("socket", &dashboard, size);
        dashboard.keys("4j").key(KeyCode::Enter);
        assert_screen("listener", &dashboard, size);
        dashboard.keys("5jj").key(KeyCode::Enter);
        assert_screen("remote", &dashboard, size);
        // The last event: a connection that is over.
        dashboard.keys("F8/closed").key(KeyCode::Enter).keys("k");
        dashboard.key(KeyCode::Enter);
        assert_screen("closed", &dashboard, size);
    }
}

#[test]
fn tables_of_the_system_at_every_size() {
    for size in SIZES {
        let mut dashboard = after_a_while(size, Machine::default());
        dashboard.keys("7hjj");
        assert_screen("system_limits", &dashboard, size);
        dashboard.keys("lljj");
        assert_screen("system_interfaces", &dashboard, size);
        dashboard.keys("ljjjjjj");
        assert_screen("system_settings", &dashboard, size);
        dashboard.type_in("h/drop\r");
        assert_screen("system_search", &dashboard, size);
    }
}

#[test]
fn table_modes_at_every_size() {
    for size in SIZES {
        let mut dashboard = after_a_while(size, Machine::default());
        dashboard.keys("3s");
        assert_screen("sort", &dashboard, size);
        dashboard.key(KeyCode::Esc).keys("2c");
        assert_screen("columns", &dashboard, size);
        dashboard.key(KeyCode::Esc).keys("tj").key(KeyCode::Enter);
        assert_screen("groups", &dashboard, size);
        dashboard.keys("tttttttt/nginx");
        assert_screen("filter", &dashboard, size);
        dashboard.key(KeyCode::Enter).keys(" ");
        assert_screen("frozen", &dashboard, size);
    }
}

#[test]
fn before_the_first_sample_there_is_a_screen() {
    for size in SIZES {
        assert_screen("start", &Dashboard::new(size, Machine::default()), size);
    }
}

#[test]
fn hidden_data_is_reported_with_the_remedy() {
    let machine = Machine {
        unprivileged: true,
        faulty: true,
        ..Machine::default()
    };
    for size in SIZES {
        let mut dashboard = after_a_while(size, machine.clone());
        assert_screen("blind", &dashboard, size);
        dashboard.keys("!");
        assert_screen("faults", &dashboard, size);
    }
}

/// What states, severity and the selection look like on a ground.
fn assert_colours(theme: Theme, warning: Color, notice: Color) {
    let mut look = look();
    look.theme = theme;
    let mut dashboard = Dashboard::with_look((120, 40), Machine::default(), look);
    dashboard.ticks(7);
    dashboard.keys("2");
    let colour = |dashboard: &Dashboard, text: &str| dashboard.style_of(text).unwrap().fg;
    assert_eq!(colour(&dashboard, "ESTAB      10.0"), Some(Color::Green));
    assert_eq!(colour(&dashboard, "CLOSE-WAIT 10.0"), Some(warning));
    assert_eq!(colour(&dashboard, "LISTEN     10.0"), Some(notice));
    dashboard.type_in("/time-wait\r");
    let waiting = dashboard.style_of("TIME-WAIT  10.0").unwrap();
    let muted = theme.style(Tone::Muted);
    assert_eq!(
        (waiting.fg, waiting.add_modifier),
        (muted.fg, muted.add_modifier)
    );
    assert!(muted.fg.is_some());
    dashboard.type_in("\x1b1");
    assert_eq!(
        colour(&dashboard, "92.2 %"),
        Some(warning),
        "an accept queue that is nearly full is worth a look"
    );
    dashboard.keys("4").key(KeyCode::Enter);
    assert_eq!(
        colour(&dashboard, "119 connections are waiting"),
        Some(notice)
    );
    dashboard.keys("3j");
    let selected = dashboard.style_of("2211").unwrap();
    assert!(selected.add_modifier.contains(Modifier::REVERSED));
    let tab = dashboard.style_of("3 Processes").unwrap();
    assert!(tab.add_modifier.contains(Modifier::REVERSED));
    // A connection that opens is tinted for one sample.
    dashboard.keys("2").ticks(2);
    assert!(dashboard.style_of("198.51.100.20:52002").is_some());
    let fresh = dashboard.style_of("198.51.100.20:52002").unwrap();
    assert!(fresh.add_modifier.contains(Modifier::BOLD), "{fresh:?}");
    dashboard.ticks(1);
    let known = dashboard.style_of("198.51.100.20:52002").unwrap();
    assert!(!known.add_modifier.contains(Modifier::BOLD), "{known:?}");
}

#[test]
fn colours_mean_states_and_severity_on_dark_and_light_ground() {
    assert_colours(Theme::Dark, Color::Yellow, Color::Cyan);
    assert_colours(Theme::Light, Color::Magenta, Color::Blue);
}

#[test]
fn without_colours_the_screen_says_the_same() {
    let mut plain = look();
    plain.theme = Theme::Plain;
    let mut dashboard = Dashboard::with_look((120, 40), Machine::default(), plain);
    dashboard.ticks(8).keys("2jj");
    let mut coloured = after_a_while((120, 40), Machine::default());
    coloured.keys("2jj");
    assert_eq!(dashboard.text(), coloured.text());
    let buffer = dashboard.event_loop.backend().buffer();
    for cell in &buffer.content {
        assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset));
    }
}

#[test]
fn without_utf8_nothing_but_ascii_is_drawn() {
    let mut ascii = look();
    ascii.ascii = true;
    let mut dashboard = Dashboard::with_look((120, 40), Machine::default(), ascii);
    dashboard.ticks(8);
    for keys in ["1", "2", "t", "3", "4", "5z", "7", "8", "?"] {
        dashboard.keys(keys);
        assert!(dashboard.text().is_ascii(), "{}", dashboard.text());
    }
}

#[test]
fn every_screen_is_drawn_at_any_size() {
    let mut dashboard = after_a_while(
        (80, 24),
        Machine {
            faulty: true,
            ..Machine::default()
        },
    );
    let looked_into = ["3j\r", "2j\r", "5j\r", "8k\r"];
    let screens = [
        "1", "2", "t", "3", "4", "5", "7", "l", "l", "l", "8", "s", "c", "!", "2/x\r",
    ];
    for keys in screens.into_iter().chain(looked_into) {
        dashboard.type_in(keys);
        for width in [1, 2, 5, 20, 39, 40, 41, 60, 72, 79, 100, 250] {
            for height in [1, 2, 3, 5, 9, 10, 11, 12, 16, 20, 22, 36, 80] {
                dashboard.resize(width, height);
            }
        }
        if dashboard.event_loop.state().popup.is_some() {
            dashboard.key(KeyCode::Esc);
        }
    }
}

#[test]
fn process_names_cannot_control_the_terminal() {
    let mut dashboard = after_a_while((120, 40), Machine::default());
    for keys in ["1", "2", "3", "G"] {
        dashboard.keys(keys);
        assert!(
            !dashboard
                .text()
                .chars()
                .any(|c| c.is_control() && c != '\n')
        );
    }
    dashboard.key(KeyCode::Enter);
    assert!(
        !dashboard
            .text()
            .chars()
            .any(|c| c.is_control() && c != '\n')
    );
}

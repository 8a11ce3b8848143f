//! Whole screens of the synthetic machine, at the sizes that people have; colours asserted apart.

mod support;

use crossterm::event::KeyCode;
use ratatui::style::{Color, Modifier};
use sockwatch::tui::theme::Theme;
use support::Machine;
use support::dashboard::{Dashboard, look};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (20, 5)];

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
        dashboard.keys("jj").key(KeyCode::Enter);
        assert_screen("process", &dashboard, size);
        dashboard.keys("?");
        assert_screen("help", &dashboard, size);
        dashboard.key(KeyCode::Esc).keys("s");
        assert_screen("sort", &dashboard, size);
    }
}

#[test]
fn before_the_first_sample_there_is_a_screen() {
    for size in SIZES {
        assert_screen("start", &Dashboard::new(size, Machine::default()), size);
    }
}

#[test]
fn what_cannot_be_seen_is_told_with_its_remedy() {
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

#[test]
fn colours_mean_states_and_severity() {
    let mut dashboard = after_a_while((120, 40), Machine::default());
    dashboard.keys("2");
    let colour = |dashboard: &Dashboard, text: &str| dashboard.style_of(text).unwrap().fg;
    assert_eq!(colour(&dashboard, "ESTAB      10.0"), Some(Color::Green));
    assert_eq!(colour(&dashboard, "CLOSE-WAIT 10.0"), Some(Color::Yellow));
    dashboard.keys("1");
    assert_eq!(
        colour(&dashboard, "119/128"),
        Some(Color::Yellow),
        "an accept queue that is nearly full is worth a look"
    );
    dashboard.keys("3j");
    let selected = dashboard.style_of("2211").unwrap();
    assert!(selected.add_modifier.contains(Modifier::REVERSED));
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
    for keys in ["1", "2", "3", "?"] {
        dashboard.keys(keys);
        assert!(dashboard.text().is_ascii(), "{}", dashboard.text());
    }
}

#[test]
fn no_size_is_too_small_to_draw() {
    let mut dashboard = after_a_while(
        (80, 24),
        Machine {
            faulty: true,
            ..Machine::default()
        },
    );
    for keys in ["1", "2", "3", "s", "!"] {
        dashboard.keys(keys);
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
fn what_a_process_calls_itself_cannot_reach_the_terminal() {
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

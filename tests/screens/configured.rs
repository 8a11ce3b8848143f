//! Keys and themes that the configuration sets are in force: in what they do, in the footer, hints and help.

use std::sync::Arc;

use crate::support::Machine;
use crate::support::dashboard::{Dashboard, look};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::Color;
use sockwatch::app::ExitReason;
use sockwatch::config::Config;
use sockwatch::tui::keymap::KeyMap;
use sockwatch::tui::theme::{ColorSupport, Theme};
use sockwatch::tui::{Appearance, names};

/// The dashboard with the keys of a configuration.
fn with_keys(keys: &str) -> Dashboard {
    let config = Config::parse(&format!("[keys]\n{keys}"), &names()).unwrap();
    let appearance = Appearance {
        keys: Arc::new(KeyMap::new(&config.key_changes())),
        ..look()
    };
    let mut dashboard = Dashboard::with_look((120, 84), Machine::default(), appearance);
    dashboard.ticks(2);
    dashboard
}

#[test]
fn the_keys_of_the_file_work_and_the_footer_and_the_help_show_them() {
    let mut dashboard = with_keys(
        "go_to_sockets = ['F2']\nclose = 'x'\nexclude = []\nhelp = ['F1', 'H']\npick_sort = 'F6'\n\
         filter = ['F4', '/']\nfreeze = 'p'\nopen_owner = []\n",
    );
    dashboard.keys("2");
    assert!(!dashboard.shows("┌ Sockets"), "2 has no command");
    dashboard.key(KeyCode::F(2));
    assert!(dashboard.shows("┌ Sockets"));
    for hint in ["F1 help", "x quit", "F6 sort", "F4 filter"] {
        assert!(dashboard.shows(hint), "{hint}\n{}", dashboard.text());
    }
    dashboard.key(KeyCode::F(1));
    assert!(
        dashboard.shows("F2           Go to Sockets"),
        "{}",
        dashboard.text()
    );
    assert!(dashboard.shows("F1 H         Show this help"));
    assert!(dashboard.shows("F4 /         Filter sockets"));
    dashboard.keys("x");
    assert!(dashboard.event_loop.state().popup.is_none());
    // Texts name the key in force.
    dashboard.keys("p");
    assert!(dashboard.shows("p resumes"), "{}", dashboard.text());
    dashboard.keys("p");
    let ended = dashboard.press(KeyEvent::new(KeyCode::Char('x'), KeyModifiers::NONE));
    assert!(matches!(ended, ExitReason::Quit));
}

#[test]
fn a_confirmation_stays_y_whatever_y_means() {
    let mut dashboard = with_keys("copy_row = 'Ctrl-Y'\n");
    dashboard.type_in("2jK\r");
    assert!(
        dashboard.shows("Are you sure? y confirms"),
        "{}",
        dashboard.text()
    );
    assert!(dashboard.shows("y confirm"), "the footer as well");
    dashboard.keys("y");
    assert_eq!(
        dashboard.effects.log.len(),
        1,
        "{:?}",
        dashboard.effects.log
    );
}

#[test]
fn every_theme_paints_the_whole_screen_in_its_own_colors_or_none() {
    for theme in Theme::ALL {
        let appearance = Appearance { theme, ..look() };
        let mut dashboard = Dashboard::with_look((100, 30), Machine::default(), appearance);
        dashboard.ticks(2);
        for keys in ["1", "2", "3j", "6", "7", "?"] {
            dashboard.keys(keys);
            let buffer = dashboard.event_loop.backend().buffer().clone();
            let mut is_second_half = false;
            for cell in &buffer.content {
                // The terminal draws nothing in the second half of a wide character.
                let is_hidden = is_second_half;
                is_second_half = unicode_width::UnicodeWidthStr::width(cell.symbol()) > 1;
                if is_hidden {
                    continue;
                }
                match theme.base() {
                    Some(base) => {
                        assert_eq!(Some(cell.bg), base.bg, "{theme:?} {keys}");
                        assert!(
                            matches!(cell.fg, Color::Rgb(..)),
                            "{theme:?} {keys} {cell:?}"
                        );
                    }
                    None => assert_eq!(cell.bg, Color::Reset, "{theme:?} {keys}"),
                }
            }
        }
    }
}

#[test]
fn the_theme_is_switched_by_a_key_among_those_that_the_terminal_shows() {
    let appearance = Appearance {
        colors: ColorSupport::Sixteen,
        theme: Theme::Dark.shown_with(ColorSupport::Sixteen),
        ..look()
    };
    let mut dashboard = Dashboard::with_look((100, 30), Machine::default(), appearance);
    dashboard.ticks(1);
    for name in ["light", "plain", "dark"] {
        dashboard.keys("T");
        assert!(dashboard.shows(&format!("theme: {name}")), "{name}");
    }
    let appearance = Appearance {
        colors: ColorSupport::None,
        theme: Theme::Plain,
        ..look()
    };
    let mut dashboard = Dashboard::with_look((100, 30), Machine::default(), appearance);
    dashboard.ticks(1).keys("T");
    assert!(dashboard.shows("theme: plain; colors are off"));
}

//! Settings of the dashboard: their values, and the messages about those that are refused.

use super::{error_of, parse};
use crate::column::format::Units;
use crate::config::{Config, Key, Times, key_name, parse_key};

#[test]
fn settings_of_the_dashboard_are_read() {
    let text = "[dashboard]\nscreen = 'findings'\ninterval_s = 2\nhistory_s = 0\ntheme = 'nord'\n\
        units = 'iec'\ntimes = 'utc'\nmouse = false\nchart_minutes = 1\n";
    let dashboard = parse(text).unwrap().dashboard;
    assert_eq!(dashboard.screen, "findings");
    assert_eq!((dashboard.interval_s, dashboard.history_s), (2.0, 0.0));
    assert_eq!(dashboard.theme, "nord");
    assert_eq!((dashboard.units, dashboard.times), (Units::Iec, Times::Utc));
    assert_eq!((dashboard.mouse, dashboard.chart_minutes), (false, 1));
}

#[test]
fn invalid_settings_are_refused_with_their_position_and_the_allowed_values() {
    for (setting, column, message) in [
        (
            "screen = 'socket'",
            10,
            "screen = 'socket' in [dashboard]: must be one of overview, sockets, processes, \
             listeners, remotes, findings, system, events",
        ),
        (
            "theme = 'gruvbox'",
            9,
            "theme = 'gruvbox' in [dashboard]: must be one of auto, dark, light, high-contrast, \
             color-blind, solarized-dark, solarized-light, nord, plain",
        ),
        (
            "theme = 3",
            9,
            "theme = 3 in [dashboard]: must be one of auto, ",
        ),
        (
            "interval_s = 0.01",
            14,
            "interval_s = 0.01 in [dashboard]: must be a number of seconds from 0.1 to 3600",
        ),
        (
            "interval_s = nan",
            14,
            "interval_s = nan in [dashboard]: must be",
        ),
        (
            "history_s = -1",
            13,
            "history_s = -1 in [dashboard]: must be a number of seconds from 0 to 86400",
        ),
        (
            "units = 'SI'",
            9,
            "units = 'SI' in [dashboard]: must be one of si, iec",
        ),
        (
            "times = 'CET'",
            9,
            "times = 'CET' in [dashboard]: must be one of local, utc",
        ),
        (
            "mouse = 1",
            9,
            "mouse = 1 in [dashboard]: must be true or false",
        ),
        (
            "chart_minutes = 2",
            17,
            "chart_minutes = 2 in [dashboard]: must be 1, 5 or 10",
        ),
        (
            "chart_minutes = 5.0",
            17,
            "chart_minutes = 5.0 in [dashboard]: must be 1, 5 or 10",
        ),
        (
            "them = 'dark'",
            1,
            "unknown key 'them' in [dashboard]; did you mean 'theme'?",
        ),
    ] {
        let said = error_of(&format!("[dashboard]\n{setting}\n"));
        assert!(
            said.starts_with(&format!(":2:{column}: {message}")),
            "{said}"
        );
    }
}

#[test]
fn columns_and_orders_are_those_of_their_table() {
    let text = "[dashboard.columns]\nsockets = ['local', 'rtt']\nremotes = []\n\
        [dashboard.sort]\nsockets = 'rtt'\nremotes = 'steady_rate:desc'\n";
    let dashboard = parse(text).unwrap().dashboard;
    assert_eq!(dashboard.columns.len(), 1, "the default is not kept");
    assert_eq!(dashboard.columns["sockets"], ["local", "rtt"]);
    assert_eq!(dashboard.sort.len(), 1, "the default is not kept");
    assert_eq!(dashboard.sort["sockets"], "rtt");
    for (section, setting, expected) in [
        (
            "columns",
            "sockets = ['local', 'rttt']",
            ":2:21: sockets = ['local', 'rttt'] in [dashboard.columns]: unknown column 'rttt'; did you mean 'rtt'?",
        ),
        (
            "columns",
            "findings = ['xyzzy']",
            ":2:13: findings = ['xyzzy'] in [dashboard.columns]: unknown column 'xyzzy'; columns are severity, ",
        ),
        (
            "columns",
            "sockets = ['rtt', 'rtt']",
            ":2:19: sockets = ['rtt', 'rtt'] in [dashboard.columns]: 'rtt' is listed twice",
        ),
        (
            "columns",
            "sockets = 'rtt'",
            ":2:11: sockets = 'rtt' in [dashboard.columns]: must be a list of columns",
        ),
        (
            "columns",
            "sockets = [1]",
            ":2:12: sockets = [1] in [dashboard.columns]: must be a list of columns",
        ),
        (
            "columns",
            "overview = []",
            ":2:1: unknown key 'overview' in [dashboard.columns]; keys are ",
        ),
        (
            "sort",
            "sockets = 'rttt'",
            ":2:11: sockets = 'rttt' in [dashboard.sort]: unknown column 'rttt'; did you mean 'rtt'?",
        ),
        (
            "sort",
            "sockets = 'rtt:down'",
            ":2:11: sockets = 'rtt:down' in [dashboard.sort]: unknown direction; use rtt:asc or rtt:desc",
        ),
        (
            "sort",
            "sockets = ['rtt']",
            ":2:11: sockets = ['rtt'] in [dashboard.sort]: must be a column, COLUMN:asc or COLUMN:desc",
        ),
    ] {
        let said = error_of(&format!("[dashboard.{section}]\n{setting}\n"));
        assert!(said.starts_with(expected), "{said}");
    }
}

/// The names of the keys that replace the defaults of a command.
fn keys_of(config: &Config, command: &str) -> Vec<String> {
    let keys = &config.key_changes()[command];
    keys.iter().map(|key: &Key| key_name(*key)).collect()
}

#[test]
fn keys_are_texts_or_lists_and_are_written_in_several_ways() {
    let text = "[keys]\nclose = 'x'\nexclude = ['f10', 'CTRL-x']\nkill = []\nup = ['up', 'k']\n";
    let config = parse(text).unwrap();
    assert_eq!(keys_of(&config, "close"), ["x"]);
    assert_eq!(keys_of(&config, "exclude"), ["F10", "Ctrl-X"]);
    assert!(keys_of(&config, "kill").is_empty());
    assert!(!config.keys.contains_key("up"), "these are the defaults");
    // Two commands may exchange their keys.
    assert!(parse("[keys]\nfreeze = 'p'\nopen_owner = 'Space'\n").is_ok());
    let quit = "[keys]\nquit = ['Ctrl-C', 'Ctrl-Q']\n";
    assert_eq!(keys_of(&parse(quit).unwrap(), "quit"), ["Ctrl-C", "Ctrl-Q"]);
    assert_eq!(parse_key("ctrl-q"), parse_key("Ctrl-Q"));
}

#[test]
fn keys_that_conflict_or_are_unknown_are_refused_with_the_remedy() {
    for (keys, expected) in [
        (
            "freeze = 'q'",
            ":2:10: freeze = 'q' in [keys]: q is a key of close already; set other keys for it as \
             well, or none: close = []",
        ),
        (
            "freeze = ['F9', 'j']",
            ":2:17: freeze = ['F9', 'j'] in [keys]: j is a key of down already; ",
        ),
        (
            "freeze = 'F9'\nmark = 'f9'",
            ":3:8: mark = 'f9' in [keys]: F9 is a key of freeze already; remove it from one of them",
        ),
        (
            "freeze = 'Hyper-x'",
            ":2:10: freeze = 'Hyper-x' in [keys]: unknown key 'Hyper-x'; keys are written like q, ",
        ),
        (
            "freeze = ['F9', '']",
            ":2:17: freeze = ['F9', ''] in [keys]: unknown key ''; ",
        ),
        (
            "freeze = ['F9', 'f9']",
            ":2:17: freeze = ['F9', 'f9'] in [keys]: 'f9' is listed twice",
        ),
        (
            "freeze = 9",
            ":2:10: freeze = 9 in [keys]: must be a key or a list of keys",
        ),
        (
            "freeze = [9]",
            ":2:10: freeze = [9] in [keys]: must be a key or a list of keys",
        ),
        (
            "freeze = 'Ctrl-C'",
            ":2:10: freeze = 'Ctrl-C' in [keys]: Ctrl-C always quits; choose another key",
        ),
        (
            "quit = 'F10'",
            ":2:8: quit = 'F10' in [keys]: must include Ctrl-C, the key that always quits",
        ),
        (
            "freze = 'F9'",
            ":2:1: unknown key 'freze' in [keys]; did you mean 'freeze'?",
        ),
        ("x = 'F9'", ":2:1: unknown key 'x' in [keys]; keys are "),
    ] {
        let said = error_of(&format!("[keys]\n{keys}\n"));
        assert!(said.starts_with(expected), "{said}");
    }
    assert!(error_of("keys = 3").starts_with(":1:1: 'keys' is a section; write [keys] with "));
}

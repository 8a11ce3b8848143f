//! Generates the sample configuration from the registry of findings.

use std::fmt::Write as _;

use toml::{Table, Value};

use super::dashboard::{Names, SETTINGS};
use super::{Config, DashboardSettings};
use crate::diagnose::{GENERAL, SECTIONS};

/// The comment before all settings.
const HEAD: &str = "\
# Configuration of sockwatch: every setting with its default.
#
# Put your changes into ~/.config/sockwatch/config.toml ($XDG_CONFIG_HOME/sockwatch/config.toml if
# that variable is set), or into /etc/sockwatch/config.toml for all users. Only the first of these
# files that exists is read. `--config FILE` or SOCKWATCH_CONFIG=FILE reads another file instead;
# `--config none` reads none, which suits scripts. Settings that a file omits keep their defaults.
# Unknown keys and invalid values are errors, reported with their position.
#
# Units: keys that end in _s are seconds, those that end in per_s are numbers per second, bytes are
# bytes, and shares range from 0 to 1 (0.8 is 80 %). Everything else is a count.
";

/// Maximum number of characters of a comment.
const WIDTH: usize = 100;

/// The beginning of the section of columns.
const COLUMNS: &str = "
# The columns of the table on a screen, in their order. [] shows as many of the default columns as
# fit. c chooses them while the dashboard runs; `sockwatch help columns` describes them.
[dashboard.columns]
";

/// The beginning of the section of orders.
const SORT: &str = "
# The column by which the rows of a screen are sorted at the start: COLUMN:asc or COLUMN:desc.
[dashboard.sort]
";

/// The beginning of the section of keys.
const KEYS: &str = "
# The keys of each command: one, or a list; [] for none. A key is a character or a name: q, Q,
# Ctrl-L, Shift-Tab, Space, Enter, Esc, Backspace, Up, Down, PgUp, PgDn, Home, End, Ins, Del, F1 to
# F12. Each has at most one command: to use a key of another command, give that one other keys.
[keys]
";

/// Returns the sample configuration: every key with its documentation and default.
///
/// # Errors
/// If the defaults cannot be written as TOML.
pub fn sample(names: &Names) -> Result<String, toml::ser::Error> {
    let defaults = Table::try_from(Config::default().diagnose)?;
    let mut out = format!("{HEAD}\n");
    write_dashboard(&mut out, names)?;
    out.push_str("\n[diagnose]\n");
    let general = GENERAL.iter().map(|threshold| {
        let mut text = String::new();
        for line in threshold.doc {
            let _ = writeln!(text, "#{line}");
        }
        write_value(&mut text, threshold.name, &defaults);
        text
    });
    out.push_str(&general.collect::<Vec<_>>().join("\n"));
    for group in SECTIONS {
        let _ = writeln!(out, "\n# --- {}", group.heading);
        for section in group.sections {
            let _ = writeln!(out, "\n[diagnose.{}]", section.name);
            let values = defaults.get(section.name).and_then(Value::as_table);
            for threshold in section.thresholds {
                for line in section.doc(threshold) {
                    let _ = writeln!(out, "#{line}");
                }
                if let Some(values) = values {
                    write_value(&mut out, threshold.name, values);
                }
            }
        }
    }
    Ok(out)
}

/// Writes the settings of the dashboard and of its keys.
fn write_dashboard(out: &mut String, names: &Names) -> Result<(), toml::ser::Error> {
    let mut defaults = Table::new();
    defaults.insert(
        "dashboard".to_owned(),
        Value::try_from(DashboardSettings::default())?,
    );
    names.add_defaults(&mut defaults);
    let section = |name: &str| defaults.get(name).and_then(Value::as_table);
    let Some(dashboard) = section("dashboard") else {
        return Ok(());
    };
    out.push_str("# --- The dashboard\n\n[dashboard]\n");
    for (at, setting) in SETTINGS.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        for line in setting.doc {
            let line = line.replace("{screens}", &names.screens.join(", "));
            write_comment(out, &line.replace("{themes}", &names.themes.join(", ")));
        }
        write_value(out, setting.name, dashboard);
    }
    out.push_str(COLUMNS);
    let tables = |name: &str| dashboard.get(name).and_then(Value::as_table);
    for table in &names.tables {
        write_comment(
            out,
            &format!(" {}: {}", table.name, table.columns.join(", ")),
        );
        if let Some(values) = tables("columns") {
            write_value(out, &table.name, values);
        }
    }
    out.push_str(SORT);
    for table in &names.tables {
        if let Some(values) = tables("sort") {
            write_value(out, &table.name, values);
        }
    }
    out.push_str(KEYS);
    for command in &names.commands {
        let end = if command.about.ends_with('…') {
            ""
        } else {
            "."
        };
        write_comment(out, &format!(" {}{end}", command.about));
        if let Some(values) = section("keys") {
            write_value(out, command.name, values);
        }
    }
    Ok(())
}

/// Writes a comment in lines of at most [`WIDTH`] characters.
fn write_comment(out: &mut String, text: &str) {
    let mut line = "#".to_owned();
    for word in text.split(' ').skip(1) {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            let _ = writeln!(out, "{line}");
            line.clear();
            line.push('#');
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(out, "{line}");
}

fn write_value(out: &mut String, name: &str, values: &Table) {
    if let Some(value) = values.get(name) {
        let _ = writeln!(out, "{name} = {value}");
    }
}

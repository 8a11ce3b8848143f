//! Generates the sample configuration from the registry of findings.

use std::fmt::Write as _;

use toml::{Table, Value};

use super::Config;
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

/// Returns the sample configuration: every key with its documentation and default.
///
/// # Errors
/// If the defaults cannot be written as TOML.
pub fn sample() -> Result<String, toml::ser::Error> {
    let defaults = Table::try_from(Config::default().diagnose)?;
    let mut out = format!("{HEAD}\n[diagnose]\n");
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

fn write_value(out: &mut String, name: &str, values: &Table) {
    if let Some(value) = values.get(name) {
        let _ = writeln!(out, "{name} = {value}");
    }
}

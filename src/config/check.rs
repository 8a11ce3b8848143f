//! Validates a file against all known settings, and reports the first error with its position.

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::dashboard::Names;
use super::error::InvalidSetting;
use super::message::{Found, excerpt, nearest};
use super::{dashboard_rules, rules};

/// Validates the settings of a file; `defaults` has every key.
pub(super) fn check(
    file: &DeTable<'_>,
    defaults: &Table,
    names: &Names,
    text: &str,
) -> Result<(), InvalidSetting> {
    let mut found = Vec::new();
    check_table(file, defaults, "", (names, text), &mut found);
    dashboard_rules::check_conflicts(file, names, text, &mut found);
    found.sort_by_key(|(byte, _)| *byte);
    match found.into_iter().next() {
        Some((byte, message)) => Err(InvalidSetting::at(text, byte, &message)),
        None => Ok(()),
    }
}

fn check_table(
    file: &DeTable<'_>,
    defaults: &Table,
    name: &str,
    (names, text): (&Names, &str),
    found: &mut Vec<Found>,
) {
    for (key, value) in file {
        let at = key.span().start;
        let key: &str = key.get_ref();
        let path = match name {
            "" => key.to_owned(),
            name => format!("{name}.{key}"),
        };
        match (defaults.get(key), value.get_ref()) {
            (None, _) => found.push((at, unknown_key(key, name, defaults))),
            (Some(Value::Table(defaults)), DeValue::Table(inner)) => {
                check_table(inner, defaults, &path, (names, text), found);
            }
            (Some(Value::Table(defaults)), _) => {
                let keys = keys(defaults);
                found.push((
                    at,
                    format!("'{path}' is a section; write [{path}] with {keys}"),
                ));
            }
            (Some(_), _) if name == "keys" || name.starts_with("dashboard") => {
                found.extend(dashboard_rules::error(name, key, value, names, text));
            }
            (Some(_), value_here) => {
                let rule = rules::find(name, key);
                if let Some(rule) = rule.filter(|rule| !rules::allows(*rule, value_here)) {
                    let written = excerpt(text, value.span());
                    let allowed = rules::describe(rule);
                    let message = format!("{key} = {written} in [{name}]: {allowed}");
                    found.push((value.span().start, message));
                }
            }
        }
    }
    check_order(file, defaults, name, text, found);
}

/// Checks that the warning threshold is not above the critical one.
fn check_order(
    file: &DeTable<'_>,
    defaults: &Table,
    name: &str,
    text: &str,
    found: &mut Vec<Found>,
) {
    let set = |key: &str| file.get(key);
    let number = |key: &str| match set(key) {
        Some(value) => rules::number(value.get_ref()),
        None => defaults.get(key).and_then(Value::as_float),
    };
    let (Some(warning), Some(critical)) = (number("warning"), number("critical")) else {
        return;
    };
    let places = ["warning", "critical"].map(|key| set(key).map(toml::Spanned::span));
    let last = places.iter().flatten().max_by_key(|span| span.start);
    if let Some(last) = last
        && warning > critical
    {
        let written = |key: &str, number: f64| match set(key) {
            Some(value) => excerpt(text, value.span()),
            None => format!("{number} (the default)"),
        };
        let message = format!(
            "warning = {} in [{name}] is above critical = {}; it must not be higher",
            written("warning", warning),
            written("critical", critical)
        );
        found.push((last.start, message));
    }
}

/// Returns the message about an unknown key.
fn unknown_key(key: &str, name: &str, defaults: &Table) -> String {
    let place = match name {
        "" => "the configuration".to_owned(),
        name => format!("[{name}]"),
    };
    let nearest = nearest(key, defaults.keys().map(String::as_str));
    let key = excerpt(key, 0..key.len());
    match nearest {
        Some(near) => format!("unknown key '{key}' in {place}; did you mean '{near}'?"),
        None => format!(
            "unknown key '{key}' in {place}; keys are {}",
            keys(defaults)
        ),
    }
}

/// Returns the keys of a section, separated by commas.
fn keys(defaults: &Table) -> String {
    let keys: Vec<&str> = defaults.keys().map(String::as_str).collect();
    keys.join(", ")
}

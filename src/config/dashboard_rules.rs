//! The allowed values of settings of the dashboard.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::dashboard::{AUTO, Names, TableNames};
use super::key::{EXAMPLES, Key, ascii_key_name, parse_key};
use super::message::{Found, excerpt, nearest};
use super::rules::number;

/// Time between two samples, seconds.
const INTERVAL_S: (f64, f64) = (0.1, 3600.0);

/// Longest history, seconds.
const MAX_HISTORY_S: f64 = 86_400.0;

/// Time that charts span, minutes.
const CHART_MINUTES: [f64; 3] = [1.0, 5.0, 10.0];

/// The key that always ends the program.
const RESERVED: &str = "Ctrl-C";

/// The command of that key.
const RESERVED_FOR: &str = "quit";

/// Returns why a value of a section of the dashboard is not allowed, with its place; `None` if it is.
pub(super) fn error(
    section: &str,
    key: &str,
    value: &Spanned<DeValue<'_>>,
    names: &Names,
    text: &str,
) -> Option<Found> {
    let (at, why) = match section {
        "dashboard" => (
            value.span().start,
            setting_error(key, value.get_ref(), names)?,
        ),
        "dashboard.columns" => columns_error(value, names.table(key)?)?,
        "dashboard.sort" => (
            value.span().start,
            sort_error(value.get_ref(), names.table(key)?)?,
        ),
        "keys" => keys_error(key, value)?,
        _ => return None,
    };
    let written = excerpt(text, value.span());
    Some((at, format!("{key} = {written} in [{section}]: {why}")))
}

fn setting_error(key: &str, value: &DeValue<'_>, names: &Names) -> Option<String> {
    let is_one_of = |allowed: &[&str]| value.as_str().is_some_and(|text| allowed.contains(&text));
    let number = number(value);
    let allowed: Vec<&str> = match key {
        "screen" => names.screens.iter().map(String::as_str).collect(),
        "theme" => [AUTO]
            .into_iter()
            .chain(names.themes.iter().copied())
            .collect(),
        "units" => vec!["si", "iec"],
        "times" => vec!["local", "utc"],
        "mouse" => {
            let is_bool = matches!(value, DeValue::Boolean(_));
            return (!is_bool).then(|| "must be true or false".to_owned());
        }
        "chart_minutes" => {
            let is_known =
                value.is_integer() && number.is_some_and(|it| CHART_MINUTES.contains(&it));
            return (!is_known).then(|| "must be 1, 5 or 10".to_owned());
        }
        "interval_s" => {
            let (min, max) = INTERVAL_S;
            let is_in = number.is_some_and(|it| (min..=max).contains(&it));
            return (!is_in).then(|| format!("must be a number of seconds from {min} to {max}"));
        }
        "history_s" => {
            let is_in = number.is_some_and(|it| (0.0..=MAX_HISTORY_S).contains(&it));
            return (!is_in)
                .then(|| format!("must be a number of seconds from 0 to {MAX_HISTORY_S}"));
        }
        _ => return None,
    };
    (!is_one_of(&allowed)).then(|| format!("must be one of {}", allowed.join(", ")))
}

/// Returns the message about a column that a table does not have.
fn unknown_column(name: &str, table: &TableNames) -> String {
    let name_shown = excerpt(name, 0..name.len());
    match nearest(name, table.columns.iter().copied()) {
        Some(near) => format!("unknown column '{name_shown}'; did you mean '{near}'?"),
        None => format!(
            "unknown column '{name_shown}'; columns are {}",
            table.columns.join(", ")
        ),
    }
}

fn columns_error(value: &Spanned<DeValue<'_>>, table: &TableNames) -> Option<Found> {
    let list = value.get_ref().as_array();
    let Some(list) = list else {
        return Some((value.span().start, "must be a list of columns".to_owned()));
    };
    let mut seen: Vec<&str> = Vec::new();
    list.iter().find_map(|entry| {
        let why = match entry.get_ref().as_str() {
            None => "must be a list of columns".to_owned(),
            Some(name) if !table.columns.contains(&name) => unknown_column(name, table),
            Some(name) if seen.contains(&name) => format!("'{name}' is listed twice"),
            Some(name) => {
                seen.push(name);
                return None;
            }
        };
        Some((entry.span().start, why))
    })
}

fn sort_error(value: &DeValue<'_>, table: &TableNames) -> Option<String> {
    let Some(order) = value.as_str() else {
        return Some("must be a column, COLUMN:asc or COLUMN:desc".to_owned());
    };
    let (name, direction) = order.split_once(':').unwrap_or((order, "asc"));
    if !table.columns.contains(&name) {
        return Some(unknown_column(name, table));
    }
    let is_known = matches!(direction, "asc" | "desc");
    (!is_known).then(|| format!("unknown direction; use {name}:asc or {name}:desc"))
}

/// Returns the names of keys in a value: one text, or a list of them; `None` if it is anything else.
fn key_names<'v>(value: &'v Spanned<DeValue<'v>>) -> Option<Vec<(usize, &'v str)>> {
    if let Some(name) = value.get_ref().as_str() {
        return Some(vec![(value.span().start, name)]);
    }
    let list = value.get_ref().as_array()?.iter();
    list.map(|entry| Some((entry.span().start, entry.get_ref().as_str()?)))
        .collect()
}

fn keys_error(command: &str, value: &Spanned<DeValue<'_>>) -> Option<Found> {
    let Some(names) = key_names(value) else {
        return Some((
            value.span().start,
            "must be a key or a list of keys".to_owned(),
        ));
    };
    let mut seen: Vec<Key> = Vec::new();
    let wrong = names.iter().find_map(|&(at, name)| {
        let shown = excerpt(name, 0..name.len());
        let why = match parse_key(name) {
            None => format!("unknown key '{shown}'; keys are written like {EXAMPLES}"),
            Some(key) if ascii_key_name(key) == RESERVED && command != RESERVED_FOR => {
                format!("{RESERVED} always quits; choose another key")
            }
            Some(key) if seen.contains(&key) => format!("'{shown}' is listed twice"),
            Some(key) => {
                seen.push(key);
                return None;
            }
        };
        Some((at, why))
    });
    let keeps_reserved = seen.iter().any(|key| ascii_key_name(*key) == RESERVED);
    if wrong.is_none() && command == RESERVED_FOR && !keeps_reserved {
        let why = format!("must include {RESERVED}, the key that always quits");
        return Some((value.span().start, why));
    }
    wrong
}

/// Finds keys that two commands have, after the keys of each were found to be valid.
pub(super) fn check_conflicts(
    file: &DeTable<'_>,
    names: &Names,
    text: &str,
    found: &mut Vec<Found>,
) {
    let Some(set) = file.get("keys").and_then(|keys| keys.get_ref().as_table()) else {
        return;
    };
    let mut taken: Vec<(Key, &str, bool)> = Vec::new();
    let is_set = |name: &str| set.get(name).is_some();
    for command in names
        .commands
        .iter()
        .filter(|command| !is_set(command.name))
    {
        taken.extend(command.keys.iter().map(|key| (*key, command.name, false)));
    }
    // In the order of the file, so that the later one of two is reported.
    let mut entries: Vec<_> = set.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    for (command, value) in entries {
        let command: &str = command.get_ref();
        let Some(command) = names.commands.iter().find(|it| it.name == command) else {
            continue;
        };
        for (at, name) in key_names(value).unwrap_or_default() {
            let Some(key) = parse_key(name) else { continue };
            let Some((_, other, is_set)) = taken.iter().find(|(used, ..)| *used == key) else {
                taken.push((key, command.name, true));
                continue;
            };
            let (written, name) = (excerpt(text, value.span()), ascii_key_name(key));
            let remedy = if *is_set {
                "remove it from one of them".to_owned()
            } else {
                format!("set other keys for it as well, or none: {other} = []")
            };
            found.push((
                at,
                format!(
                    "{} = {written} in [keys]: {name} is a key of {other} already; {remedy}",
                    command.name
                ),
            ));
        }
    }
}

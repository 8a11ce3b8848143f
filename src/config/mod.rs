//! The configuration: one TOML file that overrides the defaults. The whole file is validated before it is used.
//!
//! `assets/config.toml` is the sample, with every key, its default and the reason for it. A test checks that it equals
//! the output of [`sample`].

mod check;
mod dashboard;
mod dashboard_rules;
mod error;
mod file;
mod key;
mod message;
mod rules;
mod sample;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::Table;
use toml::de::DeTable;

use crate::diagnose::Thresholds;
pub use dashboard::{AUTO, CommandName, DashboardSettings, Names, TableNames, Times};
pub use error::{ConfigError, InvalidSetting};
pub use file::{Environment, NONE, load};
use key::ascii_key_name;
pub use key::{Key, key_name, normalized, parse_key};
pub use sample::sample;

/// All settings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The thresholds of findings.
    pub diagnose: Thresholds,
    /// Settings of the dashboard.
    pub dashboard: DashboardSettings,
    /// The keys of commands that do not have the default ones, by the name of the command.
    pub keys: BTreeMap<String, Vec<String>>,
}

impl Config {
    /// Parses a file; omitted settings have their defaults. `names` has those that the settings of the dashboard may use.
    ///
    /// # Errors
    /// The first unknown setting or invalid value.
    pub fn parse(text: &str, names: &Names) -> Result<Config, InvalidSetting> {
        let file = DeTable::parse(text).map_err(|error| InvalidSetting::of_toml(&error, text))?;
        let mut all = Table::try_from(Config::default())
            .map_err(|error| InvalidSetting::without_place(&error))?;
        names.add_defaults(&mut all);
        check::check(file.get_ref(), &all, names, text)?;
        let mut set: Table =
            toml::from_str(text).map_err(|error| InvalidSetting::of_toml(&error, text))?;
        if let Some(toml::Value::Table(keys)) = set.get_mut("keys") {
            keys.iter_mut().for_each(|(_, value)| to_names(value));
        }
        overlay(&mut all, set);
        let mut config: Config = all
            .try_into()
            .map_err(|error| InvalidSetting::without_place(&error))?;
        names.remove_defaults(&mut config.dashboard, &mut config.keys);
        Ok(config)
    }

    /// The keys that replace the defaults, by the name of the command.
    pub fn key_changes(&self) -> BTreeMap<String, Vec<Key>> {
        let parsed =
            |names: &Vec<String>| names.iter().filter_map(|name| parse_key(name)).collect();
        let changes = self.keys.iter();
        changes
            .map(|(name, keys)| (name.clone(), parsed(keys)))
            .collect()
    }
}

/// Converts a key, or a list of keys, to a list of their names as the sample writes them.
fn to_names(value: &mut toml::Value) {
    let names = match &*value {
        toml::Value::Array(names) => names.clone(),
        other => vec![other.clone()],
    };
    let names = names.into_iter().map(|name| {
        let key = name.as_str().and_then(parse_key);
        key.map_or(name, |key| toml::Value::String(ascii_key_name(key)))
    });
    *value = toml::Value::Array(names.collect());
}

/// Replaces defaults with the values that are set.
fn overlay(all: &mut Table, set: Table) {
    for (key, value) in set {
        match (all.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(set)) => overlay(below, set),
            (_, value) => {
                all.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests;

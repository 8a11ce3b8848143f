//! The configuration: one TOML file that overrides the defaults. The whole file is validated before it is used.
//!
//! `assets/config.toml` is the sample, with every key, its default and the reason for it. A test checks that it equals
//! the output of [`sample`].

mod check;
mod error;
mod file;
mod rules;
mod sample;

use serde::{Deserialize, Serialize};
use toml::Table;
use toml::de::DeTable;

use crate::diagnose::Thresholds;
pub use error::{ConfigError, InvalidSetting};
pub use file::{Environment, NONE, load};
pub use sample::sample;

/// All settings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The thresholds of findings.
    pub diagnose: Thresholds,
}

impl Config {
    /// Parses a file; omitted settings have their defaults.
    ///
    /// # Errors
    /// The first unknown setting or invalid value.
    pub fn parse(text: &str) -> Result<Config, InvalidSetting> {
        let file = DeTable::parse(text).map_err(|error| InvalidSetting::of_toml(&error, text))?;
        let mut all = Table::try_from(Config::default())
            .map_err(|error| InvalidSetting::without_place(&error))?;
        check::check(file.get_ref(), &all, text)?;
        let set: Table =
            toml::from_str(text).map_err(|error| InvalidSetting::of_toml(&error, text))?;
        overlay(&mut all, set);
        all.try_into()
            .map_err(|error| InvalidSetting::without_place(&error))
    }
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

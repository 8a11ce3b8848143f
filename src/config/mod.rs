//! What the user has set: one TOML file over the defaults. All of it is checked before anything of it is used.
//!
//! `assets/config.toml` is the sample, with every key, its default and the reason of that.

mod check;
mod error;
mod file;
mod rules;

use serde::{Deserialize, Serialize};
use toml::Table;
use toml::de::DeTable;

use crate::diagnose::Thresholds;
pub use error::{ConfigError, Wrong};
pub use file::{Environment, NONE, load};

/// All that can be set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What is told as a finding, and from which numbers on.
    pub diagnose: Thresholds,
}

impl Config {
    /// Reads what a file says; what it leaves out is as by default.
    ///
    /// # Errors
    /// The first thing in it that is not understood or not allowed.
    pub fn parse(text: &str) -> Result<Config, Wrong> {
        let file = DeTable::parse(text).map_err(|error| Wrong::of_toml(&error, text))?;
        let mut all =
            Table::try_from(Config::default()).map_err(|error| Wrong::anywhere(&error))?;
        check::check(file.get_ref(), &all, text)?;
        let set: Table = toml::from_str(text).map_err(|error| Wrong::of_toml(&error, text))?;
        lay_over(&mut all, set);
        all.try_into().map_err(|error| Wrong::anywhere(&error))
    }
}

/// Puts what is set in place of what was.
fn lay_over(all: &mut Table, set: Table) {
    for (key, value) in set {
        match (all.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(set)) => lay_over(below, set),
            (_, value) => {
                all.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests;

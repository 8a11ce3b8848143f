//! What is wrong with a configuration, in one line.

use std::fmt::{self, Display};
use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why there is no configuration.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A file that was asked for, or that is there, cannot be read.
    #[error("cannot read the configuration {}: {error}; {NO_CONFIG}", path.display())]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// It is no configuration at all.
    #[error("{}: {why}; {NO_CONFIG}", path.display())]
    NoConfig {
        /// Which one.
        path: PathBuf,
        /// Why not.
        why: &'static str,
    },
    /// Something in it is not understood or not allowed.
    #[error("{}{wrong}", path.display())]
    Wrong {
        /// Which one.
        path: PathBuf,
        /// What, and where.
        wrong: Wrong,
    },
}

/// What can be done without it.
const NO_CONFIG: &str = "'--config none' goes without";

/// Something in a file that is not understood or not allowed: with its place, what is allowed instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Line and column, from 1 on.
    pub place: Option<(usize, usize)>,
    /// What is wrong, and what is allowed.
    pub what: String,
}

impl Wrong {
    /// Something wrong at a byte of the text.
    pub(super) fn at(text: &str, byte: usize, what: &str) -> Wrong {
        let before = text.get(..byte).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        Wrong {
            place: Some((line, column)),
            what: one_line(what),
        }
    }

    /// Something wrong that has no place.
    pub(super) fn anywhere(error: &impl Display) -> Wrong {
        Wrong {
            place: None,
            what: one_line(&error.to_string()),
        }
    }

    /// What the TOML parser says.
    pub(super) fn of_toml(error: &toml::de::Error, text: &str) -> Wrong {
        let what = format!("not TOML: {}", error.message());
        match error.span() {
            Some(span) => Wrong::at(text, span.start, &what),
            None => Wrong::anywhere(&what),
        }
    }
}

/// A text without anything that would break the line or the terminal.
fn one_line(text: &str) -> String {
    let parts: Vec<&str> = text.lines().map(str::trim).collect();
    let line = parts.join(", ");
    line.chars().filter(|letter| !letter.is_control()).collect()
}

impl Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.what)
    }
}

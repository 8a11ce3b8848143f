//! Errors of a configuration, one line each.

use std::fmt::{self, Display};
use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::printable::sanitized;

/// A configuration that cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A named or existing file cannot be read.
    #[error("cannot read the configuration {}: {error}; {NO_CONFIG}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// The file cannot be a configuration.
    #[error("{}: {why}; {NO_CONFIG}", path.display())]
    NoConfig {
        /// The file.
        path: PathBuf,
        /// The reason.
        why: &'static str,
    },
    /// A setting is unknown or its value is not allowed.
    #[error("{}{error}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The error, with its position.
        error: InvalidSetting,
    },
}

/// Remedy for an unusable configuration.
const NO_CONFIG: &str = "use '--config none' to run without it";

/// An unknown setting or an invalid value, with its position and what is allowed instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidSetting {
    /// Line and column, counted from 1.
    pub place: Option<(usize, usize)>,
    /// The error, and what is allowed.
    pub message: String,
}

impl InvalidSetting {
    /// Creates an error at a byte of the text.
    pub(super) fn at(text: &str, byte: usize, message: &str) -> InvalidSetting {
        let before = text.get(..byte).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        InvalidSetting {
            place: Some((line, column)),
            message: one_line(message),
        }
    }

    /// Creates an error without a position.
    pub(super) fn without_place(error: &impl Display) -> InvalidSetting {
        InvalidSetting {
            place: None,
            message: one_line(&error.to_string()),
        }
    }

    /// Converts an error of the TOML parser.
    pub(super) fn of_toml(error: &toml::de::Error, text: &str) -> InvalidSetting {
        let message = format!(
            "invalid TOML: {}; correct it, or {NO_CONFIG}",
            error.message()
        );
        match error.span() {
            Some(span) => InvalidSetting::at(text, span.start, &message),
            None => InvalidSetting::without_place(&message),
        }
    }
}

/// Returns a text as printable text on one line.
fn one_line(text: &str) -> String {
    let parts: Vec<&str> = text.lines().map(str::trim).collect();
    sanitized(&parts.join(", ")).into_owned()
}

impl Display for InvalidSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

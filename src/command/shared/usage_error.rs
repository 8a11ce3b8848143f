//! Usage errors, which have their own exit status.

use std::fmt;

/// Invalid arguments that the command-line parser cannot detect. The exit status is 2.
#[derive(Debug)]
pub struct UsageError(String);

impl UsageError {
    /// Creates an error from a text that names the invalid argument and a valid one.
    pub fn new(text: impl Into<String>) -> UsageError {
        UsageError(text.into())
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

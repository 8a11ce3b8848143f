//! The configuration that a command runs with.

use crate::cli::ConfigFile;
use crate::config::{self, Config, ConfigError, Environment};

/// Loads the file named on the command line, or the first of the default files that exists.
///
/// # Errors
/// If the named file cannot be read, or a file is invalid.
pub(in crate::command) fn load(arguments: &ConfigFile) -> Result<Config, ConfigError> {
    config::load(arguments.file.as_deref(), &Environment::of_process())
}

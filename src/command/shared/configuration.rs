//! The configuration that a command runs with.

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::app;
use crate::app::environment;
use crate::cli::{ConfigFile, Look};
use crate::config::{self, Config, ConfigError, Environment, Times};
use crate::tui;
use crate::tui::keymap::KeyMap;
use crate::tui::theme::Theme;

/// Loads the file named on the command line, or the first of the default files that exists.
///
/// # Errors
/// If the named file cannot be read, or a file is invalid.
pub(in crate::command) fn load(arguments: &ConfigFile) -> Result<Config, ConfigError> {
    config::load(
        arguments.file.as_deref(),
        &Environment::of_process(),
        &tui::names(),
    )
}

/// Returns the zone of the times that the dashboard shows.
pub(in crate::command) fn zone(config: &Config) -> TimeZone {
    match config.dashboard.times {
        Times::Local => environment::time_zone(),
        Times::Utc => TimeZone::UTC,
    }
}

/// Returns the appearance of the dashboard: arguments override the configuration.
pub(in crate::command) fn look(arguments: &Look, config: &Config) -> app::Look {
    let theme = arguments.theme.as_ref().unwrap_or(&config.dashboard.theme);
    app::Look {
        // No theme has the name "auto".
        theme: Theme::by_name(theme),
        color: arguments.color.into(),
        keys: Arc::new(KeyMap::new(&config.key_changes())),
        settings: config.dashboard.clone(),
        zone: zone(config),
    }
}

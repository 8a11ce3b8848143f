//! The configuration that a command runs with.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::usage_error::UsageError;
use crate::app::{self, ColorChoice, environment};
use crate::cli::{ConfigFile, Look, When};
use crate::config::{self, AUTO, Config, ConfigError, Environment, Times};
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
///
/// # Errors
/// If there is no such theme.
pub(in crate::command) fn look(arguments: &Look, config: &Config) -> Result<app::Look, UsageError> {
    let theme = arguments.theme.as_ref().unwrap_or(&config.dashboard.theme);
    let theme = match Theme::by_name(theme) {
        None if theme != AUTO => {
            let names = Theme::ALL.map(Theme::name).join(", ");
            return Err(UsageError::new(format!(
                "--theme {theme}: unknown theme; use {AUTO}, {names}"
            )));
        }
        theme => theme,
    };
    Ok(app::Look {
        theme,
        color: match arguments.color {
            When::Auto => ColorChoice::Auto,
            When::Always => ColorChoice::Always,
            When::Never => ColorChoice::Never,
        },
        keys: Arc::new(KeyMap::new(&config.key_changes())),
        settings: config.dashboard.clone(),
        zone: zone(config),
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn the_help_names_every_theme() {
        let command = Cli::command();
        let mut arguments = command.get_arguments();
        let theme = arguments.find(|argument| argument.get_id() == "theme");
        let help = theme.unwrap().get_long_help().unwrap().to_string();
        for theme in Theme::ALL {
            assert!(help.contains(theme.name()), "{}", theme.name());
        }
    }

    #[test]
    fn the_theme_of_the_command_line_overrides_the_file() {
        let mut config = Config::default();
        config.dashboard.theme = "nord".to_owned();
        let theme = |name: Option<&str>| {
            let arguments = Look {
                theme: name.map(str::to_owned),
                ..Look::default()
            };
            look(&arguments, &config).map(|look| look.theme)
        };
        assert_eq!(theme(None).unwrap(), Some(Theme::Nord));
        assert_eq!(theme(Some("light")).unwrap(), Some(Theme::Light));
        assert_eq!(theme(Some("auto")).unwrap(), None);
        let said = theme(Some("gruvbox")).unwrap_err().to_string();
        assert!(
            said.starts_with("--theme gruvbox: unknown theme; use auto, dark, "),
            "{said}"
        );
    }
}

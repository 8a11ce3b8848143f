//! Arguments about the appearance of the dashboard.

use clap::{Args, ValueEnum};

use crate::app::ColorChoice;
use crate::config::AUTO;
use crate::tui::theme::Theme;

/// The appearance of the dashboard, live and over a recording.
#[derive(Debug, Clone, Default, Args)]
pub struct Look {
    /// Theme: auto, dark, light, high-contrast, …
    ///
    /// One of auto, dark, light, high-contrast, color-blind, solarized-dark, solarized-light, nord, plain. By default,
    /// the one of the configuration. auto follows the background of the terminal.
    #[arg(long, value_name = "NAME", value_parser = theme)]
    pub theme: Option<String>,
    /// Colors: auto, always or never
    ///
    /// auto shows the colors of the terminal, and none if NO_COLOR is set. CLICOLOR_FORCE has the effect of always.
    #[expect(clippy::doc_markdown, reason = "it is printed as it is")]
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        hide_short_help = true,
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub color: When,
}

/// When there are colors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// If the terminal shows them, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl From<When> for ColorChoice {
    fn from(when: When) -> ColorChoice {
        match when {
            When::Auto => ColorChoice::Auto,
            When::Always => ColorChoice::Always,
            When::Never => ColorChoice::Never,
        }
    }
}

fn theme(name: &str) -> Result<String, String> {
    if name == AUTO || Theme::by_name(name).is_some() {
        return Ok(name.to_owned());
    }
    let names = Theme::ALL.map(Theme::name).join(", ");
    Err(format!("unknown theme; use {AUTO}, {names}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_theme() {
        let command = Look::augment_args(clap::Command::new("x"));
        let mut arguments = command.get_arguments();
        let theme = arguments
            .find(|argument| argument.get_id() == "theme")
            .unwrap();
        let help = theme.get_long_help().unwrap().to_string();
        for theme in Theme::ALL {
            assert!(help.contains(theme.name()), "{}", theme.name());
        }
    }
}

//! Arguments about the appearance of the dashboard.

use clap::{Args, ValueEnum};

/// The appearance of the dashboard, live and over a recording.
#[derive(Debug, Clone, Default, Args)]
pub struct Look {
    /// Theme: auto, dark, light, high-contrast, …
    ///
    /// One of auto, dark, light, high-contrast, color-blind, solarized-dark, solarized-light, nord, plain. By default,
    /// the one of the configuration. auto follows the background of the terminal.
    #[arg(long, value_name = "NAME", hide_short_help = true)]
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

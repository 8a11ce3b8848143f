//! Options of the dashboard, live and over a recording.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::color_support::ColorChoice;
use super::environment;
use crate::config::DashboardSettings;
use crate::diagnose::Thresholds;
use crate::filter::Filter;
use crate::tui::Appearance;
use crate::tui::keymap::KeyMap;
use crate::tui::theme::{ColorSupport, Theme};

/// Default time span of the history buffer.
pub const DEFAULT_HISTORY: Duration = Duration::from_secs(10 * 60);

/// The appearance and the handling that the user chose, live and over a recording.
#[derive(Debug, Clone)]
pub struct Look {
    /// The theme; `None` for the one that suits the terminal's background.
    pub theme: Option<Theme>,
    /// Whether there are colors.
    pub color: ColorChoice,
    /// The keys of the commands.
    pub keys: Arc<KeyMap>,
    /// Settings of screens, tables and units.
    pub settings: DashboardSettings,
    /// Time zone of the times that are shown.
    pub zone: TimeZone,
}

impl Default for Look {
    fn default() -> Self {
        Look {
            theme: None,
            color: ColorChoice::default(),
            keys: Arc::default(),
            settings: DashboardSettings::default(),
            zone: environment::time_zone(),
        }
    }
}

impl Look {
    /// Returns the appearance on the terminal of this process, and true if the terminal is to be asked for its
    /// background, which decides the theme.
    pub(super) fn appearance(&self) -> (Appearance, bool) {
        let colors = environment::color_support(self.color);
        let background = environment::reported_background();
        let theme = self
            .theme
            .unwrap_or_else(|| Theme::for_background(background.as_deref()));
        let is_open = self.theme.is_none() && colors != ColorSupport::None;
        let appearance = Appearance {
            theme: theme.shown_with(colors),
            colors,
            ascii: environment::is_ascii(),
            timezone: self.zone.clone(),
            keys: Arc::clone(&self.keys),
        };
        (appearance, is_open && environment::may_answer())
    }
}

/// Options of the live dashboard.
#[derive(Debug, Clone)]
pub struct Options {
    /// Time between two Samples.
    pub interval: Duration,
    /// Filter of the sockets that are shown.
    pub filter: Filter,
    /// True if this user may destroy sockets.
    pub may_destroy: bool,
    /// Time span of the history buffer; zero disables it.
    pub history: Duration,
    /// Permitted capabilities of this process, by the kernel's names.
    pub capabilities: Vec<String>,
    /// Thresholds of findings.
    pub thresholds: Thresholds,
    /// Appearance and handling.
    pub look: Look,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            interval: Duration::from_secs(1),
            filter: Filter::default(),
            may_destroy: false,
            history: DEFAULT_HISTORY,
            capabilities: Vec::new(),
            thresholds: Thresholds::default(),
            look: Look::default(),
        }
    }
}

/// Options of the dashboard over a recording.
#[derive(Debug, Clone, Default)]
pub struct ReplayOptions {
    /// Index of the Sample that is shown first.
    pub at: usize,
    /// A message for the user.
    pub message: Option<String>,
    /// Filter of the sockets that are shown.
    pub filter: Filter,
    /// Thresholds of findings.
    pub thresholds: Thresholds,
    /// Appearance and handling.
    pub look: Look,
}

//! Options of the dashboard, live and over a recording.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::environment;
use crate::diagnose::Thresholds;
use crate::filter::Filter;

/// Default time span of the history buffer.
pub const DEFAULT_HISTORY: Duration = Duration::from_secs(10 * 60);

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
    /// Time zone of the times that are shown.
    pub zone: TimeZone,
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
            zone: environment::time_zone(),
        }
    }
}

/// Options of the dashboard over a recording.
#[derive(Debug, Clone)]
pub struct ReplayOptions {
    /// Index of the Sample that is shown first.
    pub at: usize,
    /// A message for the user.
    pub message: Option<String>,
    /// Filter of the sockets that are shown.
    pub filter: Filter,
    /// Thresholds of findings.
    pub thresholds: Thresholds,
    /// Time zone of the times that are shown.
    pub zone: TimeZone,
}

impl Default for ReplayOptions {
    fn default() -> Self {
        ReplayOptions {
            at: 0,
            message: None,
            filter: Filter::default(),
            thresholds: Thresholds::default(),
            zone: environment::time_zone(),
        }
    }
}

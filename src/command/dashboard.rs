//! The live dashboard.

use crate::app;
use crate::cli::Dashboard;
use crate::source::{Live, LiveOptions};

/// Runs it until the user quits.
///
/// # Errors
/// If there is no terminal, or the kernel gives no sockets.
pub fn run(arguments: &Dashboard) -> anyhow::Result<()> {
    app::require_terminal()?;
    let live = Live::new(LiveOptions::default())?;
    let options = app::Options {
        interval: arguments.interval,
    };
    app::run(Box::new(live), options)
}

//! The live dashboard.

use crate::app;
use crate::cli::Dashboard;
use crate::source::{Live, LiveOptions};

/// Runs it until the user quits.
///
/// # Errors
/// If there is no terminal, or the kernel gives no sockets.
pub fn run(arguments: &Dashboard) -> anyhow::Result<()> {
    let live = Live::new(LiveOptions::default())?;
    app::run(
        Box::new(live),
        app::Options {
            interval: arguments.interval,
        },
    )
}

//! The live dashboard.

use crate::cli::Dashboard;
use crate::source::{Live, LiveOptions};

/// Runs it until the user quits.
///
/// # Errors
/// If there is no terminal, or the kernel gives no sockets.
pub fn run(arguments: &Dashboard) -> anyhow::Result<()> {
    let _ = arguments;
    let _live = Live::new(LiveOptions::default())?;
    Ok(())
}

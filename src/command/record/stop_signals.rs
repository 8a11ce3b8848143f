//! Signals that stop a recording and close its files.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use procfs::process::Process;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// A flag that a signal sets.
#[derive(Debug, Clone, Default)]
pub(super) struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// Listens for SIGTERM, SIGINT and SIGHUP, except those that the parent process ignores, as `nohup` does, or a
    /// shell for background jobs. The second signal exits at once, even if a write is blocked.
    ///
    /// # Errors
    /// If a handler cannot be installed.
    pub(super) fn listen() -> io::Result<StopFlag> {
        let stop = StopFlag::default();
        // Bit mask; signal 1 is the lowest bit. Kernel: `SigIgn` of `/proc/PID/status`.
        let status = Process::myself().and_then(|own| own.status());
        let ignored = status.map_or(0, |status| status.sigign);
        for signal in [SIGTERM, SIGINT, SIGHUP] {
            if ignored >> (signal - 1) & 1 == 1 {
                continue;
            }
            let flag = || Arc::clone(&stop.0);
            signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, flag())?;
            signal_hook::flag::register(signal, flag())?;
        }
        Ok(stop)
    }

    /// Returns true once a signal has arrived.
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

//! Signals that stop a recording in order.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// A flag that a signal sets.
#[derive(Debug, Clone, Default)]
pub(super) struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// Listens for SIGTERM, SIGINT and SIGHUP, except those that the parent process ignores, as `nohup` does, or a shell for
    /// background jobs. The second signal exits at once, even if a write is blocked.
    ///
    /// # Errors
    /// If a handler cannot be installed.
    pub(super) fn listen() -> io::Result<StopFlag> {
        let stop = StopFlag::default();
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = ignored_signals(&status);
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

/// Parses the mask of ignored signals; signal 1 is the lowest bit. Kernel: `SigIgn` of `/proc/PID/status`.
fn ignored_signals(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_read_from_the_status() {
        let status = "Name:\tx\nSigBlk:\t0000000000000003\nSigIgn:\t0000000000000001\nSigCgt:\t0\n";
        assert_eq!(ignored_signals(status), 1);
        assert_eq!(ignored_signals("SigIgn:\tnonsense\n"), 0);
        assert_eq!(ignored_signals(""), 0);
    }
}

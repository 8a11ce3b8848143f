//! Signals that end a recording in order.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Whether it is time to end.
#[derive(Debug, Clone, Default)]
pub(super) struct Ending(Arc<AtomicBool>);

impl Ending {
    /// Listens for SIGTERM, SIGINT and SIGHUP, but for those that whoever started this program ignores: `nohup`, or a
    /// shell for what it runs in the background. The second of them ends the program at once, whatever is stuck.
    ///
    /// # Errors
    /// If the system lets nobody listen.
    pub(super) fn listen() -> io::Result<Ending> {
        let ending = Ending::default();
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = ignored(&status);
        for signal in [SIGTERM, SIGINT, SIGHUP] {
            if ignored >> (signal - 1) & 1 == 1 {
                continue;
            }
            let flag = || Arc::clone(&ending.0);
            signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, flag())?;
            signal_hook::flag::register(signal, flag())?;
        }
        Ok(ending)
    }

    /// Whether one has come.
    pub(super) fn is_due(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Signals that are ignored, the first in the lowest bit. Kernel: `SigIgn` of `/proc/PID/status`.
fn ignored(status: &str) -> u64 {
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
        assert_eq!(ignored(status), 1);
        assert_eq!(ignored("SigIgn:\tnonsense\n"), 0);
        assert_eq!(ignored(""), 0);
    }
}

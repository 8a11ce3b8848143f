//! Stopping and continuing as a job of a shell.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use signal_hook::consts::{SIGCONT, SIGTSTP};
use signal_hook::low_level::emulate_default_handler;

/// The origin of a request to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopRequest {
    /// Ctrl-Z in the dashboard.
    Key,
    /// SIGTSTP of another process.
    Signal,
}

/// The latest of SIGTSTP and SIGCONT.
///
/// The event loop learns of SIGTSTP after it has arrived. If SIGCONT has arrived in the meantime, stopping then would
/// leave the program stopped although it was continued.
#[derive(Debug)]
pub(super) struct JobSignals(Arc<AtomicUsize>);

/// Value of [`JobSignals`] if the program is to stop.
const STOP: usize = 1;

/// Value of [`JobSignals`] if the program is to continue.
const CONTINUE: usize = 2;

impl JobSignals {
    /// Starts observing both signals.
    ///
    /// # Errors
    /// If a handler cannot be installed.
    pub(super) fn observe() -> io::Result<JobSignals> {
        let latest = Arc::new(AtomicUsize::new(0));
        for (signal, value) in [(SIGTSTP, STOP), (SIGCONT, CONTINUE)] {
            signal_hook::flag::register_usize(signal, Arc::clone(&latest), value)?;
        }
        Ok(JobSignals(latest))
    }

    /// Stops the process as SIGTSTP does by default and returns after SIGCONT; does nothing if the request was a signal
    /// and the process was continued since.
    ///
    /// # Errors
    /// If the signal cannot be raised.
    pub(super) fn stop(&self, request: StopRequest) -> io::Result<()> {
        if request == StopRequest::Signal && self.0.load(Ordering::SeqCst) == CONTINUE {
            return Ok(());
        }
        emulate_default_handler(SIGTSTP)
    }
}

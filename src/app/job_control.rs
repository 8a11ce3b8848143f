//! Stopping and continuing as a job of a shell.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use signal_hook::consts::{SIGCONT, SIGTSTP};
use signal_hook::low_level::{emulate_default_handler, register};

/// The origin of a request to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopRequest {
    /// Ctrl-Z in the dashboard.
    Key,
    /// SIGTSTP of another process.
    Signal,
}

/// The numbers of SIGTSTP and SIGCONT.
///
/// The event loop learns of SIGTSTP after it has arrived. If SIGCONT has arrived in the meantime, stopping then would
/// leave the program stopped although it was continued. Which of two signals came later is not known: their handlers run
/// in different threads, or one interrupts the other. So each is counted.
#[derive(Debug)]
pub(super) struct JobSignals {
    stops: Arc<AtomicUsize>,
    continues: Arc<AtomicUsize>,
    /// Number of SIGCONT without SIGTSTP: the program was stopped by a key or by SIGSTOP, or not at all.
    unpaired: usize,
}

impl JobSignals {
    /// Starts observing both signals.
    ///
    /// # Errors
    /// If a handler cannot be installed.
    pub(super) fn observe() -> io::Result<JobSignals> {
        Ok(JobSignals {
            stops: counter(SIGTSTP)?,
            continues: counter(SIGCONT)?,
            unpaired: 0,
        })
    }

    /// Reports whether a SIGTSTP has not been followed by SIGCONT.
    fn is_to_stop(&self) -> bool {
        let continues = self.continues.load(Ordering::SeqCst);
        self.stops.load(Ordering::SeqCst) > continues.saturating_sub(self.unpaired)
    }

    /// Processes a SIGCONT, once the event loop has learned of it.
    pub(super) fn settle(&mut self) {
        let continues = self.continues.load(Ordering::SeqCst);
        self.unpaired = continues.saturating_sub(self.stops.load(Ordering::SeqCst));
    }

    /// Stops the process as SIGTSTP does by default and returns after SIGCONT; does nothing if the request was a signal
    /// and the process was continued since.
    ///
    /// # Errors
    /// If the signal cannot be raised.
    pub(super) fn stop(&self, request: StopRequest) -> io::Result<()> {
        if request == StopRequest::Signal && !self.is_to_stop() {
            return Ok(());
        }
        emulate_default_handler(SIGTSTP)
    }
}

/// Counts a signal from now on.
#[allow(unsafe_code, reason = "there is no safe interface that counts")]
fn counter(signal: i32) -> io::Result<Arc<AtomicUsize>> {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    // SAFETY: the handler only adds to an atomic number, which any signal may interrupt.
    unsafe {
        register(signal, move || {
            counted.fetch_add(1, Ordering::SeqCst);
        })
    }?;
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_counts_until_it_is_continued_whichever_is_handled_first() {
        let mut job = JobSignals {
            stops: Arc::default(),
            continues: Arc::default(),
            unpaired: 0,
        };
        let stop = |job: &JobSignals| job.stops.fetch_add(1, Ordering::SeqCst);
        let go_on = |job: &JobSignals| job.continues.fetch_add(1, Ordering::SeqCst);
        // A key or SIGSTOP stopped it before.
        go_on(&job);
        job.settle();
        for _ in 0..3 {
            stop(&job);
            assert!(job.is_to_stop());
            go_on(&job);
            assert!(!job.is_to_stop());
            job.settle();
            go_on(&job);
            stop(&job);
            assert!(!job.is_to_stop());
            job.settle();
            go_on(&job);
            job.settle();
        }
        stop(&job);
        assert!(job.is_to_stop(), "it is not answered by an earlier one");
    }
}

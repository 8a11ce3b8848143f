//! Signals that stop a command which has to complete its output.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use procfs::process::Process;
use signal_hook::iterator::Signals;

/// Time after a signal in which a command that has not noticed it may do nothing. It is blocked then: in a write to a full
/// pipe, or in the kernel, which waits for the memory of another process to read its command line.
const IDLE_TIMEOUT: Duration = Duration::from_millis(500);

/// Time after a signal for a command that works to notice it: it completes its Sample and writes what that has.
const WORK_TIMEOUT: Duration = Duration::from_secs(5);

/// Interval for checking whether a command works.
const WORK_INTERVAL: Duration = Duration::from_millis(50);

/// Processor time in that interval with which a command works.
const WORK_SHARE: Duration = Duration::from_micros(500);

/// Time to report an error at the end. Standard error may be blocked as well.
const REPORT_TIMEOUT: Duration = Duration::from_millis(100);

/// Exit status of a command that cannot report its error.
const FAILED: i32 = 1;

/// Interval for checking whether the output is complete.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// A flag that a signal sets.
#[derive(Debug, Clone, Default)]
pub(in crate::command) struct StopFlag {
    requested: Arc<AtomicBool>,
    noticed: Arc<AtomicBool>,
    completed: Arc<AtomicBool>,
}

impl StopFlag {
    /// Returns true once a signal has arrived.
    pub(in crate::command) fn is_set(&self) -> bool {
        self.requested.load(Ordering::Relaxed)
    }

    /// Declares that the command has stopped its work and completes its output, within a time limit of its own.
    pub(in crate::command) fn notice(&self) {
        self.noticed.store(true, Ordering::Relaxed);
    }

    /// Declares that the output is complete, or has failed: only an error may still be reported.
    pub(in crate::command) fn complete(&self) {
        self.completed.store(true, Ordering::Relaxed);
    }
}

/// Signals that are handled but not watched yet.
#[derive(Debug)]
pub(in crate::command) struct StopSignals {
    flag: StopFlag,
    signals: Signals,
}

impl StopSignals {
    /// Listens for signals, except those that the parent process ignores, as `nohup` does, or a shell for background
    /// jobs. The second signal exits at once.
    ///
    /// # Errors
    /// If a handler cannot be installed.
    pub(in crate::command) fn listen(signals: &[i32]) -> io::Result<StopSignals> {
        let flag = StopFlag::default();
        // Bit mask; signal 1 is the lowest bit. Kernel: `SigIgn` of `/proc/PID/status`.
        let status = Process::myself().and_then(|own| own.status());
        let ignored = status.map_or(0, |status| status.sigign);
        let mut handled = signals.to_vec();
        handled.retain(|signal| ignored >> (signal - 1) & 1 == 0);
        for &signal in &handled {
            let requested = || Arc::clone(&flag.requested);
            signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, requested())?;
            signal_hook::flag::register(signal, requested())?;
        }
        Ok(StopSignals {
            flag,
            signals: Signals::new(handled)?,
        })
    }

    /// Starts a thread that ends the process if the command does not [notice](StopFlag::notice) a signal in time, after a call of
    /// `close`, which returns true if all output is complete. The exit status is then that of a command that stopped in
    /// time. It also ends a command that cannot report its error.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub(in crate::command) fn watch(
        self,
        close: impl FnOnce() -> bool + Send + 'static,
    ) -> io::Result<StopFlag> {
        let StopSignals { flag, mut signals } = self;
        let watched = flag.clone();
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                let Some(signal) = signals.forever().next() else {
                    return;
                };
                if !wait_until_noticed(&watched.noticed) {
                    std::process::exit(if close() { 0 } else { 128 + signal });
                }
                while !watched.completed.load(Ordering::Relaxed) {
                    thread::sleep(POLL_INTERVAL);
                }
                thread::sleep(REPORT_TIMEOUT);
                std::process::exit(FAILED);
            })?;
        Ok(flag)
    }
}

/// Waits until a command has noticed a signal. Returns false if it is blocked, or works for too long.
fn wait_until_noticed(noticed: &AtomicBool) -> bool {
    let start = Instant::now();
    let mut active = start;
    let mut used = processor_time();
    while !noticed.load(Ordering::Relaxed) {
        let now = Instant::now();
        if now - active >= IDLE_TIMEOUT || now - start >= WORK_TIMEOUT {
            return false;
        }
        thread::sleep(WORK_INTERVAL);
        let before = std::mem::replace(&mut used, processor_time());
        if used.saturating_sub(before) >= WORK_SHARE {
            active = Instant::now();
        }
    }
    true
}

/// Returns the processor time that the process has used.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

//! Waits for signals, and exits if the event loop is blocked.

use std::io;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::Signals;

use super::active_recording::ActiveRecording;
use super::history_buffer::HistoryBuffer;
use super::message::Message;
use super::terminal;

/// Time for the loop to restore the terminal. It may be blocked in a write to a stopped terminal.
const RESTORE_TIMEOUT: Duration = Duration::from_millis(500);

/// Time for pending writes to files: after the terminal is restored, if another signal arrives; and to close the recording
/// if the loop is blocked.
const WRITE_TIMEOUT: Duration = Duration::from_millis(400);

/// A flag that is set once the loop has restored the terminal.
#[derive(Debug, Default)]
pub(super) struct RestoredFlag(Mutex<bool>, Condvar);

impl RestoredFlag {
    pub(super) fn set(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.1.notify_all();
    }

    /// Waits for the flag; returns false on timeout.
    fn wait(&self, time: Duration) -> bool {
        let set = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.1.wait_timeout_while(set, time, |set| !*set);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Starts the thread, which closes the active recording of `history` if the loop is blocked. The caller sets the flag that is returned once the terminal is restored.
///
/// # Errors
/// If the signal handlers cannot be installed or the thread cannot be started.
pub(super) fn spawn(
    sender: Sender<Message>,
    history: Option<Arc<HistoryBuffer>>,
) -> io::Result<Arc<RestoredFlag>> {
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH])?;
    let restored = Arc::new(RestoredFlag::default());
    let flag = Arc::clone(&restored);
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            for signal in signals.forever() {
                match signal {
                    SIGWINCH => drop(sender.send(Message::Resized)),
                    SIGTSTP => drop(sender.send(Message::Suspend)),
                    SIGCONT => drop(sender.send(Message::Resumed)),
                    _ => {
                        if sender.send(Message::Signal(signal)).is_err() {
                            // The loop has ended, and files are still being written.
                            thread::sleep(WRITE_TIMEOUT);
                            std::process::exit(128 + signal);
                        }
                        if !restored.wait(RESTORE_TIMEOUT) {
                            terminal::restore_without_waiting();
                            close_recording(history.as_ref());
                            std::process::exit(128 + signal);
                        }
                    }
                }
            }
        })?;
    Ok(flag)
}

/// Closes the active recording; waits at most [`WRITE_TIMEOUT`].
fn close_recording(history: Option<&Arc<HistoryBuffer>>) {
    let Some(history) = history.cloned() else {
        return;
    };
    let (closing, closed) = mpsc::channel::<()>();
    // Without the thread, the recording is readable, but not closed.
    let _ = thread::Builder::new()
        .name("file".to_owned())
        .spawn(move || {
            let finished = history.detach_recording().map(ActiveRecording::finish);
            drop((closing, finished));
        });
    let _ = closed.recv_timeout(WRITE_TIMEOUT);
}

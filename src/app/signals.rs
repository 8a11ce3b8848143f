//! Listens for signals, and ends the program if the loop cannot.

use std::io;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::Signals;

use super::event_loop::Message;
use super::terminal;

/// How long the loop may take to end in order. It may be stuck in a write to a terminal that takes nothing.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long what is being written to files may take after the terminal is restored, if somebody loses patience.
const GRACE: Duration = Duration::from_secs(5);

/// Set once the terminal is restored in order.
#[derive(Debug, Default)]
pub(super) struct InOrder(Mutex<bool>, Condvar);

impl InOrder {
    pub(super) fn set(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.1.notify_all();
    }

    /// Whether it was set within the time.
    fn wait(&self, time: Duration) -> bool {
        let set = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.1.wait_timeout_while(set, time, |set| !*set);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Starts to listen.
pub(super) fn listen(sender: Sender<Message>) -> io::Result<Arc<InOrder>> {
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH])?;
    let in_order = Arc::new(InOrder::default());
    let ended = Arc::clone(&in_order);
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            for signal in signals.forever() {
                match signal {
                    SIGWINCH => drop(sender.send(Message::Resized)),
                    SIGTSTP => drop(sender.send(Message::Suspend)),
                    SIGCONT => drop(sender.send(Message::Continued)),
                    _ => {
                        if sender.send(Message::Signal(signal)).is_err() {
                            // The loop has ended, and a disk takes its time.
                            thread::sleep(GRACE);
                            std::process::exit(128 + signal);
                        }
                        if !ended.wait(PATIENCE) {
                            terminal::restore_without_waiting();
                            std::process::exit(128 + signal);
                        }
                    }
                }
            }
        })?;
    Ok(in_order)
}

//! Threads of the dashboard.

use std::panic::AssertUnwindSafe;
use std::sync::mpsc::Sender;
use std::thread;

use anyhow::{Context, anyhow};

use super::message::Message;

/// Starts a thread. If it panics, the event loop receives a message that ends the program and restores the terminal.
pub(super) fn spawn(
    name: &'static str,
    sender: &Sender<Message>,
    work: impl FnOnce() + Send + 'static,
) -> anyhow::Result<()> {
    let sender = sender.clone();
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            if std::panic::catch_unwind(AssertUnwindSafe(work)).is_err() {
                let error = anyhow!("the {name} thread panicked; this is a bug in sockwatch");
                // A closed channel means that the program is ending anyway.
                let _ = sender.send(Message::Failed(error));
            }
        })
        .with_context(|| format!("cannot start the {name} thread"))?;
    Ok(())
}

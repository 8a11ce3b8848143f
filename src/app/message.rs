//! Messages that threads send to the event loop.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use crossterm::event::Event;

use crate::diagnose::Findings;

/// An event from outside the loop.
#[derive(Debug)]
pub enum Message {
    /// A key, a mouse event, pasted text or a resize from the terminal.
    Input(Event),
    /// The background color of the terminal, which answered late: red, green and blue from 0 to 1.
    Background([f64; 3]),
    /// A moment or a playback status can be fetched from the slot.
    MomentReady,
    /// A view of the moment has been computed.
    ViewPrepared,
    /// Findings at the next Samples of the recording, in order.
    FindingsScanned(Vec<Arc<Findings>>),
    /// The terminal was resized.
    Resized,
    /// Host names that a filter uses were resolved.
    HostsResolved,
    /// The outcome of a background task, to be shown on the screen.
    Notice(String),
    /// SIGTSTP: the program must stop.
    Suspend,
    /// SIGCONT: the program continues after a stop.
    Resumed,
    /// A signal that ends the program.
    Signal(i32),
    /// The terminal is closed or cannot be read.
    TerminalLost(io::Error),
    /// A thread failed; the program cannot continue.
    Failed(anyhow::Error),
}

/// Source of messages for the event loop.
pub trait Inbox {
    /// Blocks until the next message; `None` if all senders are closed.
    fn wait(&mut self) -> Option<Message>;
    /// Returns a message that has already arrived, without blocking.
    fn poll(&mut self) -> Option<Message>;
}

impl Inbox for Receiver<Message> {
    fn wait(&mut self) -> Option<Message> {
        self.recv().ok()
    }

    fn poll(&mut self) -> Option<Message> {
        self.try_recv().ok()
    }
}

//! Effects outside the dashboard that a command requests. The program that runs the dashboard carries them out.

use std::time::Duration;

use super::timeline::Seek;
use crate::model::{NamespaceHandle, ProcessKey, Socket};

/// An action outside the dashboard, requested by a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// End the program.
    Quit,
    /// Stop the program until it is continued.
    Suspend,
    /// Draw every cell again, whatever was drawn before.
    Redraw,
    /// Show the present again: the display is no longer frozen.
    Thaw,
    /// Put a text into the terminal's clipboard.
    Copy(String),
    /// Receive mouse events if true; otherwise leave them to the terminal.
    Mouse(bool),
    /// Destroy a socket, in another network namespace if there is a way into one; the text names its ends.
    Destroy(Box<Socket>, Option<NamespaceHandle>, String),
    /// Send a signal, by its number and name, to processes.
    Signal(Vec<ProcessKey>, i32, &'static str),
    /// Resolve the names of hosts.
    Resolve(Vec<String>),
    /// Start recording to a file, or stop.
    Record,
    /// Save the last part of the history to a file; all of it if no time is given.
    Save(Option<Duration>),
    /// Move in time, in the recording or in the history.
    Seek(Seek),
    /// Move to the next finding in time if true; otherwise to the previous one.
    SeekMark(bool),
}

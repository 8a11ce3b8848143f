//! What could be ended, and how.

use std::sync::Arc;

use crate::column::{SocketColumn, SocketRow};
use crate::model::{Attribution, Process, Protocol, Socket};

/// What could be ended: a socket, the process that owns it, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Victim {
    /// The socket, if it is one that lives.
    pub socket: Option<Socket>,
    /// Its ends, as they are shown.
    pub ends: String,
    /// The process.
    pub process: Option<Arc<Process>>,
}

/// What can be done to a victim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// End the socket.
    Destroy,
    /// Send a signal to the process: its number and name.
    Signal(i32, &'static str),
}

impl Victim {
    /// A socket and who owns it.
    pub fn of_socket(row: &SocketRow<'_>) -> Victim {
        let mut ends = String::new();
        for id in ["local", "remote"] {
            let column = SocketColumn::by_id(id);
            let mut end = String::new();
            if column.is_some_and(|column| column.write_known(row, &mut end)) {
                if !ends.is_empty() {
                    ends.push_str(" → ");
                }
                ends.push_str(&end);
            }
        }
        // Only who holds it now can be sent a signal for its sake.
        let held = row.socket.socket.attribution == Attribution::Observed;
        Victim {
            socket: Some(*row.socket.socket),
            ends,
            process: row
                .socket
                .owner()
                .filter(|_| held)
                .map(|owner| Arc::clone(&owner.process)),
        }
    }

    /// What can be done to it, the gentler first.
    pub fn deeds(&self) -> Vec<Deed> {
        let mut deeds = Vec::new();
        let destroyable =
            |socket: &Socket| matches!(socket.protocol, Protocol::Tcp | Protocol::Udp);
        if self.socket.as_ref().is_some_and(destroyable) {
            deeds.push(Deed::Destroy);
        }
        if self.process.is_some() {
            deeds.extend([
                Deed::Signal(15, "SIGTERM"),
                Deed::Signal(1, "SIGHUP"),
                Deed::Signal(2, "SIGINT"),
                Deed::Signal(9, "SIGKILL"),
            ]);
        }
        deeds
    }
}

//! The page of a process.

use std::sync::Arc;

use super::unix_peers::UnixPeers;
use crate::aggregate::Moment;
use crate::model::{Process, ProcessKey};
use crate::tui::lists::{DEFAULT_SORT, SocketScope, Sockets, process_index};
use crate::tui::table::Table;

/// A process and its sockets.
#[derive(Debug)]
pub struct ProcessPage {
    /// The identity of the process.
    pub key: ProcessKey,
    /// The process as it was last seen.
    pub last_known: Arc<Process>,
    /// Sockets of the process.
    pub sockets: Table<Sockets>,
    /// The processes at the other ends of its unix sockets, with the number of the moment that they were counted in.
    pub unix_peers: Option<(u64, UnixPeers)>,
}

impl ProcessPage {
    /// Opens the page of a process.
    pub(in crate::tui) fn new(process: Arc<Process>) -> ProcessPage {
        let scope = SocketScope::OwnedBy(process.key);
        ProcessPage {
            key: process.key,
            last_known: process,
            sockets: Table::new(Sockets::new(scope), DEFAULT_SORT, true),
            unix_peers: None,
        }
    }

    /// Updates the process from a moment.
    pub(super) fn update(&mut self, moment: &Moment) {
        if let Some(row) = process_index(moment, self.key) {
            self.last_known = Arc::clone(&moment.sample.processes[row as usize].process);
        }
    }
}

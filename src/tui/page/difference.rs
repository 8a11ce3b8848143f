//! The page that compares two instants.

use std::sync::Arc;

use crate::tui::lists::{InstantComparison, ProcessDifferences, SocketDifferences};
use crate::tui::table::{Table, TableControl};

/// What differs between the instant that was marked and the one that is shown.
#[derive(Debug)]
pub struct DifferencePage {
    /// Sockets that differ.
    pub sockets: Table<SocketDifferences>,
    /// Processes of whose sockets some differ.
    pub processes: Table<ProcessDifferences>,
    /// Whether it is processes that are shown.
    pub by_process: bool,
    /// What was compared, by the moment's number.
    sequence: Option<u64>,
}

impl DifferencePage {
    pub(in crate::tui) fn new() -> DifferencePage {
        DifferencePage {
            sockets: Table::new(SocketDifferences::default(), "fate", false),
            processes: Table::new(ProcessDifferences::default(), "growth", true),
            by_process: false,
            sequence: None,
        }
    }

    pub(super) fn table_mut(&mut self) -> &mut dyn TableControl {
        if self.by_process {
            &mut self.processes
        } else {
            &mut self.sockets
        }
    }

    pub(super) fn table(&self) -> &dyn TableControl {
        if self.by_process {
            &self.processes
        } else {
            &self.sockets
        }
    }

    /// What is compared.
    pub fn compared(&self) -> &InstantComparison {
        &self.sockets.list().compared
    }

    /// Compares anew, once for each moment.
    pub(in crate::tui) fn bring_up(
        &mut self,
        sequence: u64,
        compare: impl FnOnce() -> InstantComparison,
    ) {
        if self.sequence != Some(sequence) {
            self.sequence = Some(sequence);
            let compared = Arc::new(compare());
            self.sockets.list_mut().compared = Arc::clone(&compared);
            self.processes.list_mut().compared = compared;
        }
    }
}

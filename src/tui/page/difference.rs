//! The page with the difference between two instants.

use std::sync::Arc;

use crate::tui::lists::{InstantComparison, ProcessDifferences, SocketDifferences};
use crate::tui::table::{Table, TableControl};

/// The difference between the marked instant and the one shown.
#[derive(Debug)]
pub struct DifferencePage {
    /// Sockets that differ.
    pub sockets: Table<SocketDifferences>,
    /// Processes with sockets that differ.
    pub processes: Table<ProcessDifferences>,
    /// True if processes are shown, not sockets.
    pub by_process: bool,
    /// The number of the moment that was compared.
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

    /// The comparison of the two instants.
    pub fn comparison(&self) -> &InstantComparison {
        &self.sockets.list().comparison
    }

    /// Releases the comparison and the marked Sample that it holds, until the page is shown again.
    pub(super) fn release(&mut self) {
        if self.sequence.take().is_some() {
            self.sockets.list_mut().comparison = Arc::default();
            self.processes.list_mut().comparison = Arc::default();
        }
        self.sockets.release();
        self.processes.release();
    }

    /// Compares the two instants, once for each moment.
    pub(in crate::tui) fn refresh(
        &mut self,
        sequence: u64,
        compare: impl FnOnce() -> InstantComparison,
    ) {
        if self.sequence != Some(sequence) {
            self.sequence = Some(sequence);
            let comparison = Arc::new(compare());
            self.sockets.list_mut().comparison = Arc::clone(&comparison);
            self.processes.list_mut().comparison = comparison;
        }
    }
}

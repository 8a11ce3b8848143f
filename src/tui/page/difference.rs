//! The page with the difference between two instants.

use std::sync::Arc;

use crate::aggregate::Moment;
use crate::filter::Filter;
use crate::tui::lists::{
    ComparisonSource, InstantComparison, ProcessDifferences, SocketDifferences,
};
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
    /// True if the marked instant is set.
    has_instant: bool,
}

impl DifferencePage {
    pub(in crate::tui) fn new() -> DifferencePage {
        DifferencePage {
            sockets: Table::new(SocketDifferences::default(), "fate", false),
            processes: Table::new(ProcessDifferences::default(), "growth", true),
            by_process: false,
            has_instant: false,
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

    /// The comparison of the two instants that is shown.
    pub fn comparison(&self) -> &InstantComparison {
        let (sockets, processes) = (self.sockets.shown_list(), self.processes.shown_list());
        let source = if self.by_process {
            &processes.source
        } else {
            &sockets.source
        };
        &source.comparison
    }

    /// Sets the instant to compare with the one shown, and the filter.
    pub(in crate::tui) fn set_instant(&mut self, marked: &Arc<Moment>, filter: &Arc<Filter>) {
        let known = &self.sockets.list().source;
        if !Arc::ptr_eq(&known.marked, marked) || !Arc::ptr_eq(&known.filter, filter) {
            let source = ComparisonSource {
                marked: Arc::clone(marked),
                filter: Arc::clone(filter),
                comparison: Arc::default(),
            };
            self.has_instant = true;
            self.sockets.list_mut().source = source.clone();
            self.processes.list_mut().source = source;
        }
    }

    /// Keeps the comparison that is shown for the other table.
    pub(in crate::tui) fn share_comparison(&mut self) {
        let shown = if self.by_process {
            &self.processes.shown_list().source.comparison
        } else {
            &self.sockets.shown_list().source.comparison
        };
        let shown = Arc::clone(shown);
        self.sockets.derived_mut().source.comparison = Arc::clone(&shown);
        self.processes.derived_mut().source.comparison = shown;
    }

    /// Releases the comparison and the marked moment that it holds, until the page is shown again.
    pub(super) fn release(&mut self) {
        if std::mem::take(&mut self.has_instant) {
            self.sockets.derived_mut().source = ComparisonSource::default();
            self.processes.derived_mut().source = ComparisonSource::default();
        }
        self.sockets.release();
        self.processes.release();
    }
}

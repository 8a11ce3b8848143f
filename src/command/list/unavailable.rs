//! Kinds of sockets that were asked for by name but cannot be listed here.

use crate::command::shared::selection::Selection;
use crate::model::{FaultSeverity, Sample};
use crate::source::netlink::request::Table;

/// Named kinds of sockets that the kernel does not list.
#[derive(Debug)]
pub(super) struct UnavailableKinds {
    names: Vec<&'static str>,
    /// True if nothing else was asked for, so that nothing can be listed.
    pub(super) is_all: bool,
    /// The kernel's error.
    error: String,
}

impl UnavailableKinds {
    /// Returns the named kinds that a Sample lacks because the kernel does not support them, or their module for
    /// `sock_diag` is missing; `None` if there are none.
    pub(super) fn of(sample: &Sample, selection: &Selection) -> Option<UnavailableKinds> {
        let fault = |table: Table| {
            let name = table.name();
            let mut faults = sample.faults.iter();
            faults.find(|fault| fault.source == name && fault.severity == FaultSeverity::Note)
        };
        let is_unavailable = |table: Table| !table.has_procfs_file() && fault(table).is_some();
        let (names, is_all) = selection.kinds.unavailable(is_unavailable);
        let tables = selection.tables().into_iter();
        let error = tables
            .filter(|table| is_unavailable(*table))
            .find_map(|table| Some(fault(table)?.error.clone()))?;
        (!names.is_empty()).then_some(UnavailableKinds {
            names,
            is_all,
            error,
        })
    }

    /// Says which kinds cannot be listed, and why.
    pub(super) fn reason(&self) -> String {
        format!(
            "{} sockets cannot be listed: {}",
            self.names.join(" and "),
            self.error
        )
    }
}

//! The criteria by which processes are grouped: workers of one program, or of one container or unit.

use super::criterion::{Criterion, hash};
use crate::aggregate::Moment;
use crate::column::{Column, PROCESS_COLUMNS, ProcessLine, Processes, format};

/// The criterion by which processes are grouped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum ProcessGrouping {
    /// Not grouped.
    #[default]
    None,
    /// The name, with the program that an interpreter runs.
    Name,
    /// The container with its pod, or else the unit.
    Workload,
    /// The user.
    User,
}

impl ProcessGrouping {
    /// The criterion after this one.
    #[must_use]
    pub(super) fn next(self) -> ProcessGrouping {
        match self {
            ProcessGrouping::None => ProcessGrouping::Name,
            ProcessGrouping::Name => ProcessGrouping::Workload,
            ProcessGrouping::Workload => ProcessGrouping::User,
            ProcessGrouping::User => ProcessGrouping::None,
        }
    }

    /// Returns the name of the grouping; `None` if processes are not grouped.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            ProcessGrouping::None => None,
            ProcessGrouping::Name => Some("name"),
            ProcessGrouping::Workload => Some("workload"),
            ProcessGrouping::User => Some("user"),
        }
    }
}

/// The identity of a group of processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProcessGroupKey {
    /// Processes of one name, by its hash.
    Name(u64),
    /// Processes of one workload, by the hash of its name.
    Workload(u64),
    /// Processes of one user, by id.
    User(u32),
    /// Processes to which the criterion does not apply.
    Other,
}

impl Criterion for ProcessGrouping {
    type Kind = Processes;
    type Key = ProcessGroupKey;

    fn columns() -> &'static [Column<Processes>] {
        &PROCESS_COLUMNS
    }

    fn row(moment: &Moment, number: u32) -> Option<ProcessLine<'_>> {
        ProcessLine::of(moment, number as usize)
    }

    fn key(self, line: &ProcessLine<'_>) -> ProcessGroupKey {
        let process = &line.process.process;
        match self {
            ProcessGrouping::None => ProcessGroupKey::Other,
            ProcessGrouping::Name => ProcessGroupKey::Name(hash(process.program_name())),
            ProcessGrouping::Workload => {
                let workload = line.sample.workload_of(process);
                workload.map_or(ProcessGroupKey::Other, |name| {
                    ProcessGroupKey::Workload(hash(name))
                })
            }
            ProcessGrouping::User => ProcessGroupKey::User(process.uid),
        }
    }

    fn label(key: ProcessGroupKey, line: &ProcessLine<'_>) -> String {
        let process = &line.process.process;
        let name = match key {
            ProcessGroupKey::Name(_) => process.program_name(),
            ProcessGroupKey::Workload(_) => line.sample.workload_of(process).unwrap_or_default(),
            ProcessGroupKey::User(uid) => match process.user.as_deref() {
                Some(user) => user.into(),
                None => uid.to_string().into(),
            },
            ProcessGroupKey::Other => "none".into(),
        };
        let mut label = String::new();
        format::sanitize(&mut label, name.as_bytes());
        label
    }

    fn heading(label: &str, rows: u32) -> String {
        let mut text = format!("{label} ×");
        format::count(&mut text, rows.into());
        text
    }
}

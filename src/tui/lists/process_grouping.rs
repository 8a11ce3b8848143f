//! The criteria by which processes are grouped: workers of one program, or of one container or unit.

use super::criterion::{Criterion, hash};
use super::group_key::{container_label, pod_label};
use crate::aggregate::Moment;
use crate::column::{Column, PROCESS_COLUMNS, ProcessLine, Processes, format};
use crate::model::{Container, unit_of_cgroup};
use crate::tui::group::GroupKey;
use crate::tui::table::GroupingChoice;

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
    /// The network namespace.
    Namespace,
    /// The systemd unit.
    Unit,
    /// The container.
    Container,
    /// The pod.
    Pod,
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
    /// Processes of one network namespace, unit, container or pod, by the key of the group of its sockets.
    Sockets(GroupKey),
    /// Processes to which the criterion does not apply.
    Other,
}

impl ProcessGroupKey {
    /// The group of sockets with the same unit, container or pod.
    pub(super) fn sockets(self) -> Option<GroupKey> {
        match self {
            ProcessGroupKey::Sockets(key) => Some(key),
            _ => None,
        }
    }
}

fn container<'a>(line: &ProcessLine<'a>) -> Option<&'a Container> {
    line.sample.container_of(&line.process.process)
}

impl Criterion for ProcessGrouping {
    type Kind = Processes;
    type Key = ProcessGroupKey;
    type Summary = ();

    const ALL: &'static [ProcessGrouping] = &[
        ProcessGrouping::Name,
        ProcessGrouping::Workload,
        ProcessGrouping::User,
        ProcessGrouping::Namespace,
        ProcessGrouping::Unit,
        ProcessGrouping::Container,
        ProcessGrouping::Pod,
    ];

    fn choice(self) -> GroupingChoice {
        let (name, key, about) = match self {
            ProcessGrouping::None => ("none", '-', "all processes, one by one"),
            ProcessGrouping::Name => ("name", 'o', "processes of the same program"),
            ProcessGrouping::Workload => {
                ("workload", 'w', "processes of the same container or unit")
            }
            ProcessGrouping::User => ("user", 'r', "processes of the same user"),
            ProcessGrouping::Namespace => (
                "network namespace",
                'n',
                "processes in the same network namespace",
            ),
            ProcessGrouping::Unit => ("unit", 'u', "processes of the same systemd unit"),
            ProcessGrouping::Container => ("container", 'c', "processes of the same container"),
            ProcessGrouping::Pod => ("pod", 'p', "processes of the same pod"),
        };
        GroupingChoice { name, key, about }
    }

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
            ProcessGrouping::Namespace => {
                let netns = process.namespaces.net;
                netns.map_or(ProcessGroupKey::Other, |netns| {
                    ProcessGroupKey::Sockets(GroupKey::Namespace(netns))
                })
            }
            ProcessGrouping::Unit => {
                let unit = process.cgroup.as_deref().and_then(unit_of_cgroup);
                unit.map_or(ProcessGroupKey::Other, |unit| {
                    ProcessGroupKey::Sockets(GroupKey::of_unit(unit))
                })
            }
            ProcessGrouping::Container => container(line)
                .map_or(ProcessGroupKey::Other, |container| {
                    ProcessGroupKey::Sockets(GroupKey::of_container(container))
                }),
            ProcessGrouping::Pod => {
                let pod = container(line).and_then(|container| container.pod.as_ref());
                pod.map_or(ProcessGroupKey::Other, |pod| {
                    ProcessGroupKey::Sockets(GroupKey::of_pod(pod))
                })
            }
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
            ProcessGroupKey::Sockets(GroupKey::Namespace(netns)) => {
                match line.sample.namespace_name(netns) {
                    Some(name) => name.into(),
                    None => format!("netns {netns}").into(),
                }
            }
            ProcessGroupKey::Sockets(GroupKey::Unit(_)) => {
                let unit = process.cgroup.as_deref().and_then(unit_of_cgroup);
                unit.unwrap_or_default().into()
            }
            ProcessGroupKey::Sockets(GroupKey::Pod(_)) => {
                let pod = container(line).and_then(|container| container.pod.as_ref());
                return pod.map_or_else(String::new, pod_label);
            }
            ProcessGroupKey::Sockets(_) => {
                return container(line).map_or_else(String::new, container_label);
            }
            ProcessGroupKey::Other => "none".into(),
        };
        let mut label = String::new();
        format::sanitize(&mut label, name.as_bytes());
        label
    }

    fn heading(self, label: &str, rows: u32, (): &()) -> String {
        let mut text = format!("{label} ×");
        format::count(&mut text, rows.into());
        text
    }
}

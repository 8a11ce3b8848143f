//! The group of a socket by each criterion, its label and its heading.

use super::criterion::{Criterion, hash};
use super::group_summary::GroupSummary;
use crate::aggregate::Moment;
use crate::column::{Column, SOCKET_COLUMNS, SocketColumn, SocketRow, Sockets, format};
use crate::model::{Attribution, Container, Pod, RemoteHost, SocketRef};
use crate::tui::group::{GroupKey, Grouping};
use crate::tui::table::GroupingChoice;

impl GroupKey {
    /// The group of a container.
    pub(super) fn of_container(container: &Container) -> GroupKey {
        GroupKey::Container(hash((container.runtime, &container.id)))
    }

    /// The group of a pod.
    pub(super) fn of_pod(pod: &Pod) -> GroupKey {
        GroupKey::Pod(match &pod.uid {
            Some(uid) => hash(uid),
            None => hash((&pod.namespace, &pod.name)),
        })
    }

    /// The group of a unit.
    pub(super) fn of_unit(unit: &str) -> GroupKey {
        GroupKey::Unit(hash(unit))
    }

    /// The group of a socket.
    pub(super) fn of(by: Grouping, at: SocketRef<'_>) -> GroupKey {
        let socket = at.socket;
        let netid = socket.protocol.netid(socket.family);
        match by {
            Grouping::None => GroupKey::Other,
            Grouping::Process => match (at.owner(), socket.attribution.unowned()) {
                (Some(owner), None) if socket.attribution == Attribution::OneOf => {
                    GroupKey::OneOf(owner.process.key)
                }
                (Some(owner), None) => GroupKey::Process(owner.process.key),
                (_, Some(why)) => GroupKey::Unowned(why),
                (None, None) => GroupKey::Other,
            },
            Grouping::Remote => RemoteHost::of(socket).map_or(GroupKey::Other, GroupKey::Remote),
            Grouping::Port => match socket.local() {
                Some(local) if local.port != 0 => GroupKey::Port(netid, local.port),
                _ => GroupKey::Other,
            },
            Grouping::State => GroupKey::State(netid, socket.state),
            Grouping::Unit => at.unit().map_or(GroupKey::Other, GroupKey::of_unit),
            Grouping::Container => at
                .container()
                .map_or(GroupKey::Other, GroupKey::of_container),
            Grouping::Pod => {
                let container = at.container();
                let pod = container.and_then(|container| container.pod.as_ref());
                pod.map_or(GroupKey::Other, GroupKey::of_pod)
            }
            Grouping::Cgroup => match socket.cgroup_id {
                0 => GroupKey::Other,
                id => GroupKey::Cgroup(id),
            },
            Grouping::Namespace => GroupKey::Namespace(socket.netns),
        }
    }

    /// The label of the group, given one of its sockets.
    pub(super) fn label(self, row: &SocketRow<'_>) -> String {
        let cell = |id: &str| {
            let mut text = String::new();
            if let Some(column) = SocketColumn::by_id(id) {
                column.write(row, &mut text);
            }
            text
        };
        match self {
            GroupKey::Process(key) => {
                let mut label = String::new();
                if let Some(owner) = row.socket.owner() {
                    format::sanitize(&mut label, owner.process.comm.as_bytes());
                }
                format!("{label}/{}", key.pid)
            }
            GroupKey::Unowned(why) => format!("[{}]", why.name()),
            GroupKey::Remote(host) => match row.socket.namespace() {
                // The same address is another host elsewhere.
                Some(_) if host.is_local() => format!("{} in {}", host.address, cell("netns_name")),
                _ => host.address.to_string(),
            },
            GroupKey::Port(netid, port) => format!("{netid} :{port}"),
            GroupKey::State(netid, state) => format!("{netid} {}", state.short_name()),
            GroupKey::OneOf(_) => cell("process"),
            GroupKey::Cgroup(_) => cell("cgroup"),
            GroupKey::Namespace(inode) => match row.socket.namespace_name() {
                Some(_) => cell("netns_name"),
                None => format!("netns {inode}"),
            },
            GroupKey::Unit(_) => cell("unit"),
            GroupKey::Container(_) => {
                let container = row.socket.container();
                container.map_or_else(String::new, container_label)
            }
            GroupKey::Pod(_) => {
                let container = row.socket.container();
                let pod = container.and_then(|container| container.pod.as_ref());
                pod.map_or_else(String::new, pod_label)
            }
            GroupKey::Other => "none".to_owned(),
        }
    }
}

/// The label of a container.
pub(super) fn container_label(container: &Container) -> String {
    let mut label = String::new();
    format::sanitize(&mut label, container.label().as_bytes());
    label
}

/// The label of a pod: `payments/api-7c9`. Without a readable file and in Podman, only its id is known.
pub(super) fn pod_label(pod: &Pod) -> String {
    let name = pod.name_or_id();
    let mut label = String::new();
    for part in pod.namespace.as_deref().into_iter().chain(name) {
        if !label.is_empty() {
            label.push('/');
        }
        format::sanitize(&mut label, part.as_bytes());
    }
    label
}

/// The label of a group with the number of its rows: `nginx/2211 (812)`.
pub(super) fn counted(label: &str, rows: u32) -> String {
    let mut text = format!("{label} (");
    format::count(&mut text, rows.into());
    text.push(')');
    text
}

impl Criterion for Grouping {
    type Kind = Sockets;
    type Key = GroupKey;
    type Summary = GroupSummary;

    const ALL: &'static [Grouping] = &[
        Grouping::Process,
        Grouping::Remote,
        Grouping::Port,
        Grouping::State,
        Grouping::Cgroup,
        Grouping::Namespace,
        Grouping::Unit,
        Grouping::Container,
        Grouping::Pod,
    ];

    fn choice(self) -> GroupingChoice {
        let (key, about) = match self {
            Grouping::None => ('-', "all sockets, one by one"),
            Grouping::Process => ('o', "sockets with the same owner"),
            Grouping::Remote => ('r', "connections to the same remote host"),
            Grouping::Port => ('l', "sockets on the same local port"),
            Grouping::State => ('s', "sockets of one protocol in one state"),
            Grouping::Cgroup => ('g', "sockets of the same control group"),
            Grouping::Namespace => ('n', "sockets of the same network namespace"),
            Grouping::Unit => ('u', "sockets of the same systemd unit"),
            Grouping::Container => ('c', "sockets of the same container"),
            Grouping::Pod => ('p', "sockets of the same pod"),
        };
        let name = self.name().unwrap_or("none");
        GroupingChoice { name, key, about }
    }

    fn columns() -> &'static [Column<Sockets>] {
        &SOCKET_COLUMNS
    }

    fn row(moment: &Moment, number: u32) -> Option<SocketRow<'_>> {
        SocketRow::of(moment, number as usize)
    }

    fn key(self, row: &SocketRow<'_>) -> GroupKey {
        GroupKey::of(self, row.socket)
    }

    fn label(key: GroupKey, row: &SocketRow<'_>) -> String {
        key.label(row)
    }

    fn add_to(summary: &mut GroupSummary, row: &SocketRow<'_>) {
        summary.add(row);
    }

    fn heading(self, label: &str, rows: u32, summary: &GroupSummary) -> String {
        let mut text = counted(label, rows);
        summary.write(
            &mut text,
            self != Grouping::State,
            self != Grouping::Process,
        );
        text
    }
}

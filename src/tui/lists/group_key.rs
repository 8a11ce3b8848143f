//! The criteria by which sockets are grouped, and the identities of groups.

use std::net::IpAddr;

use super::criterion::{Criterion, hash};
use crate::aggregate::Moment;
use crate::column::{Column, SOCKET_COLUMNS, SocketColumn, SocketRow, Sockets, format};
use crate::model::{Attribution, ProcessKey, State, Unowned};

/// The criterion by which sockets are grouped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Grouping {
    /// Not grouped.
    #[default]
    None,
    /// The first owner of each socket, or the reason for having none.
    Process,
    /// The remote host.
    Remote,
    /// The local port.
    Port,
    /// Protocol and state.
    State,
    /// The control group.
    Cgroup,
    /// The network namespace.
    Namespace,
    /// The systemd unit.
    Unit,
    /// The container.
    Container,
    /// The pod in Kubernetes.
    Pod,
}

impl Grouping {
    /// The criterion after this one.
    #[must_use]
    pub fn next(self) -> Grouping {
        match self {
            Grouping::None => Grouping::Process,
            Grouping::Process => Grouping::Remote,
            Grouping::Remote => Grouping::Port,
            Grouping::Port => Grouping::State,
            Grouping::State => Grouping::Cgroup,
            Grouping::Cgroup => Grouping::Namespace,
            Grouping::Namespace => Grouping::Unit,
            Grouping::Unit => Grouping::Container,
            Grouping::Container => Grouping::Pod,
            Grouping::Pod => Grouping::None,
        }
    }

    /// Returns the name of the grouping; `None` if sockets are not grouped.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Grouping::None => None,
            Grouping::Process => Some("process"),
            Grouping::Remote => Some("remote"),
            Grouping::Port => Some("local port"),
            Grouping::State => Some("state"),
            Grouping::Cgroup => Some("cgroup"),
            Grouping::Namespace => Some("network namespace"),
            Grouping::Unit => Some("unit"),
            Grouping::Container => Some("container"),
            Grouping::Pod => Some("pod"),
        }
    }
}

/// The identity of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GroupKey {
    /// A process.
    Process(ProcessKey),
    /// Sockets without an owner.
    Unowned(Unowned),
    /// One of several processes, by the first of them.
    OneOf(ProcessKey),
    /// A remote host.
    Remote(IpAddr),
    /// A local port of a protocol.
    Port(&'static str, u16),
    /// A protocol and a state.
    State(&'static str, State),
    /// A control group.
    Cgroup(u64),
    /// A network namespace.
    Namespace(u32),
    /// A systemd unit, by the hash of its name.
    Unit(u64),
    /// A container, by the hash of its id.
    Container(u64),
    /// A pod, by the hash of its uid, or of its namespace and name.
    Pod(u64),
    /// Sockets to which the criterion does not apply.
    Other,
}

impl GroupKey {
    /// The group of a socket.
    fn of(by: Grouping, row: &SocketRow<'_>) -> GroupKey {
        let socket = row.socket.socket;
        let netid = socket.protocol.netid(socket.family);
        match by {
            Grouping::None => GroupKey::Other,
            Grouping::Process => match (row.socket.owner(), socket.attribution.unowned()) {
                (Some(owner), None) if socket.attribution == Attribution::OneOf => {
                    GroupKey::OneOf(owner.process.key)
                }
                (Some(owner), None) => GroupKey::Process(owner.process.key),
                (_, Some(why)) => GroupKey::Unowned(why),
                (None, None) => GroupKey::Other,
            },
            Grouping::Remote => match socket.remote() {
                Some(remote) => GroupKey::Remote(remote.canonical().address),
                None => GroupKey::Other,
            },
            Grouping::Port => match socket.local() {
                Some(local) if local.port != 0 => GroupKey::Port(netid, local.port),
                _ => GroupKey::Other,
            },
            Grouping::State => GroupKey::State(netid, socket.state),
            Grouping::Unit => row
                .socket
                .unit()
                .map_or(GroupKey::Other, |unit| GroupKey::Unit(hash(unit))),
            Grouping::Container => {
                let container = row.socket.container();
                container.map_or(GroupKey::Other, |container| {
                    GroupKey::Container(hash((container.runtime, &container.id)))
                })
            }
            Grouping::Pod => {
                let container = row.socket.container();
                let pod = container.and_then(|container| container.pod.as_ref());
                pod.map_or(GroupKey::Other, |pod| {
                    let name = (&pod.namespace, &pod.name);
                    GroupKey::Pod(match &pod.uid {
                        Some(uid) => hash(uid),
                        None => hash(name),
                    })
                })
            }
            Grouping::Cgroup => match socket.cgroup_id {
                0 => GroupKey::Other,
                id => GroupKey::Cgroup(id),
            },
            Grouping::Namespace => GroupKey::Namespace(socket.netns),
        }
    }

    /// The label of the group, given one of its sockets.
    fn label(self, row: &SocketRow<'_>) -> String {
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
            GroupKey::Remote(address) => address.to_string(),
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
                let mut label = String::new();
                if let Some(container) = row.socket.container() {
                    format::sanitize(&mut label, container.label().as_bytes());
                }
                label
            }
            GroupKey::Pod(_) => {
                let container = row.socket.container();
                let pod = container.and_then(|container| container.pod.as_ref());
                let pod = pod.cloned().unwrap_or_default();
                let mut label = String::new();
                // Without a readable file, only the uid is known.
                let name = pod.name.or(pod.uid).unwrap_or_default();
                for (at, part) in pod.namespace.iter().chain([&name]).enumerate() {
                    let slash = if at > 0 { "/" } else { "" };
                    label.push_str(slash);
                    format::sanitize(&mut label, part.as_bytes());
                }
                label
            }
            GroupKey::Other => "none".to_owned(),
        }
    }
}

impl Criterion for Grouping {
    type Kind = Sockets;
    type Key = GroupKey;

    fn columns() -> &'static [Column<Sockets>] {
        &SOCKET_COLUMNS
    }

    fn row(moment: &Moment, number: u32) -> Option<SocketRow<'_>> {
        SocketRow::of(moment, number as usize)
    }

    fn key(self, row: &SocketRow<'_>) -> GroupKey {
        GroupKey::of(self, row)
    }

    fn label(key: GroupKey, row: &SocketRow<'_>) -> String {
        key.label(row)
    }

    fn heading(label: &str, rows: u32) -> String {
        let mut text = format!("{label} (");
        format::count(&mut text, rows.into());
        text.push(')');
        text
    }
}

//! The columns, in the order of the JSON object's fields.

use std::fmt::Write;

use super::column::{Column, Row, flag, large, number, rate, text, time};
use super::nested::{CongestionInfo, Options, owners};
use crate::model::{Ends, KernelField, MemoryInfo, MptcpInfo, Socket, TcpInfo, Timer, Unowned};

/// Every column.
pub(super) fn all() -> Vec<Box<dyn Column>> {
    let mut columns = identity();
    columns.extend(ends());
    columns.extend(state());
    columns.extend(ownership());
    columns.extend(fields("tcp", TcpInfo::FIELDS, |row| {
        row.view.tcp_info().map(TcpInfo::bytes)
    }));
    columns.extend(fields("mptcp", MptcpInfo::FIELDS, |row| {
        row.view.mptcp_info().map(MptcpInfo::bytes)
    }));
    columns.extend(memory());
    columns.extend(settings());
    columns
}

fn socket<'a>(row: &Row<'a>) -> &'a Socket {
    row.view.socket
}

fn known_inode(socket: &Socket) -> Option<u32> {
    (socket.inode != 0).then_some(socket.inode)
}

/// Appends a text that there may be.
fn put(out: &mut String, text: Option<&str>) -> Option<()> {
    out.push_str(text?);
    Some(())
}

fn identity() -> Vec<Box<dyn Column>> {
    vec![
        time("taken_at", |row| Some(row.taken_at_us)),
        number("netns", 32, |row| Some(socket(row).netns)),
        large("cookie", |row| socket(row).known_cookie()),
        number("inode", 32, |row| known_inode(socket(row))),
        text("family", |row, out| {
            put(out, Some(socket(row).family.name()))
        }),
        text("protocol", |row, out| {
            put(out, Some(socket(row).protocol.name()))
        }),
        text("state", |row, out| {
            put(out, Some(socket(row).state.filter_name()))
        }),
    ]
}

fn ends() -> Vec<Box<dyn Column>> {
    vec![
        text("local_address", local_address),
        number("local_port", 32, |row| match socket(row).ends {
            Ends::Inet { local, .. } => Some(local.port.into()),
            Ends::Unix { .. } => None,
            Ends::Netlink { port_id, .. } => Some(port_id),
            Ends::Packet { ethertype } => Some(ethertype.into()),
            Ends::Vsock { local, .. } => Some(local.1),
        }),
        text("remote_address", remote_address),
        number("remote_port", 32, |row| match socket(row).ends {
            Ends::Inet { .. } => socket(row).remote().map(|end| end.port.into()),
            Ends::Unix { .. } | Ends::Packet { .. } => None,
            Ends::Netlink { remote_port_id, .. } => Some(remote_port_id).filter(|&port| port != 0),
            Ends::Vsock { remote, .. } => connected(remote).map(|(_, port)| port),
        }),
        text("path", |row, out| {
            let name = String::from_utf8_lossy(row.view.name()?);
            put(out, Some(&name.replace('\0', "@")))
        }),
        large("peer_cookie", |row| row.peer?.socket.known_cookie()),
        number("peer_inode", 32, |row| known_inode(row.peer?.socket)),
        owners("peer_owners", |row| row.peer),
        text("interface", |row, out| put(out, row.view.interface_name())),
    ]
}

fn local_address(row: &Row<'_>, out: &mut String) -> Option<()> {
    match socket(row).ends {
        Ends::Inet { local, .. } => write!(out, "{}", local.address).ok(),
        Ends::Unix { .. } => None,
        Ends::Netlink { .. } => put(out, Some(socket(row).protocol.name())),
        Ends::Packet { .. } => put(out, row.view.interface_name().or(Some("*"))),
        Ends::Vsock { local, .. } => write!(out, "{}", local.0).ok(),
    }
}

fn remote_address(row: &Row<'_>, out: &mut String) -> Option<()> {
    match socket(row).ends {
        Ends::Inet { .. } => write!(out, "{}", socket(row).remote()?.address).ok(),
        Ends::Netlink { remote_port_id, .. } if remote_port_id != 0 => {
            put(out, Some(socket(row).protocol.name()))
        }
        Ends::Unix { .. } | Ends::Netlink { .. } | Ends::Packet { .. } => None,
        Ends::Vsock { remote, .. } => write!(out, "{}", connected(remote)?.0).ok(),
    }
}

/// A vsock end; `None` if there is none.
fn connected(end: (u32, u32)) -> Option<(u32, u32)> {
    (end != (u32::MAX, u32::MAX)).then_some(end)
}

fn state() -> Vec<Box<dyn Column>> {
    fn timer(row: &Row<'_>) -> Option<Timer> {
        socket(row).timer
    }
    vec![
        number("recv_queue", 32, |row| socket(row).received_unread()),
        number("send_queue", 32, |row| socket(row).sent_unacknowledged()),
        number("accept_queue", 32, |row| socket(row).accept_queue()),
        number("backlog", 32, |row| socket(row).backlog()),
        rate("received_bytes_per_s", |row| row.rates?.received),
        rate("sent_bytes_per_s", |row| row.rates?.sent),
        text("timer", |row, out| put(out, Some(timer(row)?.kind.name()))),
        number("timer_expires_ms", 32, |row| Some(timer(row)?.expires_ms)),
        number("timer_retries", 8, |row| Some(timer(row)?.retries.into())),
    ]
}

fn ownership() -> Vec<Box<dyn Column>> {
    vec![
        number("uid", 32, |row| socket(row).uid),
        text("user", |row, out| put(out, row.view.user_name())),
        // The first owner once more, for it is nearly always the only one.
        number("pid", 32, |row| Some(row.view.owner()?.process.key.pid)),
        text("process", |row, out| {
            put(out, Some(&row.view.owner()?.process.comm))
        }),
        owners("owners", |row| Some(row.view)),
        text("attribution", |row, out| {
            put(out, socket(row).attribution.name())
        }),
        text("unowned", |row, out| {
            put(out, socket(row).attribution.unowned().map(Unowned::name))
        }),
        large("cgroup_id", |row| {
            Some(socket(row).cgroup_id).filter(|&id| id != 0)
        }),
        text("cgroup", |row, out| {
            put(out, row.view.sample.cgroup_path(socket(row).cgroup_id))
        }),
    ]
}

/// The fields of a kernel structure that arrived, as wide as it has them.
fn fields(
    prefix: &'static str,
    fields: &'static [KernelField],
    bytes: for<'a> fn(&Row<'a>) -> Option<&'a [u8]>,
) -> impl Iterator<Item = Box<dyn Column>> {
    fields.iter().map(move |field| {
        let name = format!("{prefix}_{}", field.name);
        let value = move |row: &Row<'_>| field.read(bytes(row)?);
        match field.width {
            8 => large(name, value),
            width => number(name, width as u8 * 8, move |row| {
                value(row).map(|value| value as u32)
            }),
        }
    })
}

fn memory() -> impl Iterator<Item = Box<dyn Column>> {
    MemoryInfo::NAMES.iter().enumerate().map(|(at, name)| {
        number(format!("memory_{name}"), 32, move |row| {
            row.view.memory()?.get(at)
        })
    })
}

fn settings() -> Vec<Box<dyn Column>> {
    vec![
        text("congestion", |row, out| put(out, row.view.congestion())),
        Box::new(CongestionInfo::default()),
        Box::new(Options::default()),
        number("mark", 32, |row| socket(row).mark),
        number("class_id", 32, |row| socket(row).class_id),
        number("tos", 8, |row| socket(row).tos.map(u32::from)),
        number("tclass", 8, |row| socket(row).tclass.map(u32::from)),
        flag("v6only", |row| socket(row).v6only),
        number("raw_protocol", 8, |row| {
            socket(row).raw_protocol.map(u32::from)
        }),
        number("shutdown", 8, |row| socket(row).shutdown.map(u32::from)),
        text("ulp", |row, out| {
            put(out, Some(&String::from_utf8_lossy(row.view.ulp()?)))
        }),
    ]
}

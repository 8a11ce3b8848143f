//! The two ends of a socket, written as in ss, and their sort keys.

use std::fmt::Write;
use std::net::IpAddr;

use super::row::SocketRow;
use crate::column::SortKey;
use crate::column::format;
use crate::model::{Endpoint, Ends, SocketRef};

/// Appends `10.0.0.1:80`, `[fe80::1]%eth0:80`, `0.0.0.0:*`, with the device before the port as in ss.
pub(super) fn endpoint(out: &mut String, end: Endpoint, row: Option<&SocketRow<'_>>) -> Option<()> {
    match end.address {
        IpAddr::V4(address) => write!(out, "{address}").ok()?,
        IpAddr::V6(address) => write!(out, "[{address}]").ok()?,
    }
    if let Some(row) = row {
        write_device(out, row.socket);
    }
    if end.port == 0 {
        out.push_str(":*");
    } else {
        write!(out, ":{}", end.port).ok()?;
    }
    Some(())
}

/// Appends `%eth0` for a socket that is bound to a device, `%if5` if the device was removed.
pub fn write_device(out: &mut String, socket: SocketRef<'_>) {
    if let Some(device) = socket.device() {
        out.push('%');
        format::sanitize(out, device.to_string().as_bytes());
    }
}

/// Appends a vsock context id, by name if well known.
fn context(out: &mut String, cid: u32) -> Option<()> {
    if cid == u32::MAX {
        out.push('*');
        Some(())
    } else {
        write!(out, "{cid}").ok()
    }
}

/// Appends the local end: address and port, path, port id or ethertype by family.
pub(in crate::column) fn local(row: &SocketRow<'_>, out: &mut String) -> Option<()> {
    let socket = row.socket.socket;
    match socket.ends {
        Ends::Inet { local, .. } => return endpoint(out, local, Some(row)),
        Ends::Unix { .. } => {
            match row.socket.name() {
                Some(name) => format::sanitize(out, name),
                None => write!(out, "* {}", socket.inode).ok()?,
            }
            return Some(());
        }
        Ends::Netlink { port_id: 0, .. } => {
            write!(out, "{}:kernel", socket.protocol.name()).ok()?;
        }
        Ends::Netlink { port_id, .. } => {
            write!(out, "{}:{port_id}", socket.protocol.name()).ok()?;
        }
        Ends::Packet { ethertype: 3 } => out.push('*'),
        Ends::Packet { ethertype } => write!(out, "{ethertype:#06x}").ok()?,
        Ends::Vsock {
            local: (cid, port), ..
        } => {
            context(out, cid)?;
            write!(out, ":{port}").ok()?;
        }
        Ends::Tipc {
            local: (node, port),
            ..
        } => write!(out, "{node}:{port}").ok()?,
        Ends::Xdp { .. } if socket.interface == 0 => out.push('*'),
        Ends::Xdp { queue } => {
            if let Some(device) = row.socket.device() {
                format::sanitize(out, device.to_string().as_bytes());
            }
            write!(out, ":q{queue}").ok()?;
            return Some(());
        }
    }
    write_device(out, row.socket);
    Some(())
}

/// Appends the remote end; `None` without one.
pub(in crate::column) fn remote(row: &SocketRow<'_>, out: &mut String) -> Option<()> {
    match row.socket.socket.ends {
        Ends::Inet { remote, .. } if remote.is_unset() => None,
        Ends::Inet { remote, .. } => endpoint(out, remote, None),
        Ends::Unix { peer_inode, .. } => write!(out, "* {}", peer_inode?).ok(),
        Ends::Netlink {
            remote_port_id: 0, ..
        }
        | Ends::Packet { .. }
        | Ends::Xdp { .. }
        | Ends::Vsock {
            remote: (u32::MAX, u32::MAX),
            ..
        } => None,
        Ends::Netlink { remote_port_id, .. } => write!(out, "{remote_port_id}").ok(),
        Ends::Vsock {
            remote: (cid, port),
            ..
        } => {
            context(out, cid)?;
            write!(out, ":{port}").ok()
        }
        Ends::Tipc { remote, .. } => {
            let (node, port) = remote?;
            write!(out, "{node}:{port}").ok()
        }
    }
}

/// Returns the sort key of an endpoint.
pub(super) fn endpoint_key(end: Endpoint) -> SortKey<'static> {
    match end.address {
        IpAddr::V4(address) => SortKey::Address(4, u128::from(u32::from(address)), end.port),
        IpAddr::V6(address) => SortKey::Address(6, u128::from(address), end.port),
    }
}

/// Returns the sort key of the local end.
pub(in crate::column) fn local_key<'a>(row: &SocketRow<'a>) -> Option<SortKey<'a>> {
    Some(match row.socket.socket.ends {
        Ends::Inet { local, .. } => endpoint_key(local),
        Ends::Unix { .. } => SortKey::Text(String::from_utf8_lossy(row.socket.name()?)),
        Ends::Netlink { port_id, .. } => SortKey::Number(port_id.into()),
        Ends::Packet { ethertype } => SortKey::Number(ethertype.into()),
        Ends::Vsock {
            local: (cid, port), ..
        } => SortKey::Address(8, cid.into(), port as u16),
        Ends::Tipc { local, .. } => node_key(local),
        Ends::Xdp { queue } => SortKey::Number(queue.into()),
    })
}

/// Returns the sort key of the remote end; `None` without one.
pub(in crate::column) fn remote_key<'a>(row: &SocketRow<'a>) -> Option<SortKey<'a>> {
    match row.socket.socket.ends {
        Ends::Inet { .. } => row.socket.socket.remote().map(endpoint_key),
        Ends::Unix { peer_inode, .. } => peer_inode.map(|inode| SortKey::Number(inode.into())),
        Ends::Vsock {
            remote: (cid, port),
            ..
        } => Some(SortKey::Address(8, cid.into(), port as u16)),
        Ends::Tipc { remote, .. } => remote.map(node_key),
        Ends::Netlink { .. } | Ends::Packet { .. } | Ends::Xdp { .. } => None,
    }
}

/// Returns the sort key of a TIPC node and port, which are 32 bits each.
fn node_key((node, port): (u32, u32)) -> SortKey<'static> {
    SortKey::Address(9, u128::from(node) << 32 | u128::from(port), 0)
}

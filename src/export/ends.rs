//! The endpoints of a socket as an address and a number, or a path, for every family.

use super::row::Row;
use super::text::Text;
use crate::model::Ends;

/// Reports whether the socket has a local endpoint: all except unix sockets without a name.
pub(super) fn has_local(row: &Row<'_>) -> bool {
    !matches!(row.socket.socket.ends, Ends::Unix { .. }) || row.socket.name().is_some()
}

/// Reports whether the socket is connected to an endpoint with an address.
pub(super) fn has_remote(row: &Row<'_>) -> bool {
    remote_address(row).is_some()
}

/// Returns the local address: IP address, netlink protocol, device of a packet or XDP socket (`*` for all
/// or none), vsock context id, TIPC node.
pub(super) fn local_address<'a>(row: &Row<'a>) -> Option<Text<'a>> {
    let socket = row.socket.socket;
    Some(match socket.ends {
        Ends::Inet { local, .. } => Text::Address(local.address),
        Ends::Unix { .. } => return None,
        Ends::Netlink { .. } => Text::Plain(socket.protocol.name()),
        Ends::Packet { .. } | Ends::Xdp { .. } => {
            row.socket.device().map_or(Text::Plain("*"), Text::Device)
        }
        Ends::Vsock { local, .. } | Ends::Tipc { local, .. } => Text::Number(local.0),
    })
}

/// Returns the local port: port, netlink port id, ethertype, vsock or TIPC port, queue of an XDP socket.
pub(super) fn local_port(row: &Row<'_>) -> Option<u64> {
    match row.socket.socket.ends {
        Ends::Inet { local, .. } => Some(local.port.into()),
        Ends::Unix { .. } => None,
        Ends::Netlink { port_id, .. } => Some(port_id.into()),
        Ends::Packet { ethertype } => Some(ethertype.into()),
        Ends::Vsock { local, .. } | Ends::Tipc { local, .. } => Some(local.1.into()),
        Ends::Xdp { queue } => (row.socket.socket.interface != 0).then_some(queue.into()),
    }
}

/// Returns the path or abstract name of a unix socket.
pub(super) fn local_path<'a>(row: &Row<'a>) -> Option<Text<'a>> {
    row.socket.name().map(Text::Path)
}

/// Returns the address to which the socket is connected.
pub(super) fn remote_address<'a>(row: &Row<'a>) -> Option<Text<'a>> {
    let socket = row.socket.socket;
    match socket.ends {
        Ends::Inet { .. } => socket.remote().map(|end| Text::Address(end.address)),
        Ends::Netlink { remote_port_id, .. } => {
            (remote_port_id != 0).then(|| Text::Plain(socket.protocol.name()))
        }
        Ends::Vsock { remote, .. } => connected(remote).map(|(cid, _)| Text::Number(cid)),
        Ends::Tipc { remote, .. } => remote.map(|(node, _)| Text::Number(node)),
        Ends::Unix { .. } | Ends::Packet { .. } | Ends::Xdp { .. } => None,
    }
}

/// Returns the port to which the socket is connected.
pub(super) fn remote_port(row: &Row<'_>) -> Option<u64> {
    let socket = row.socket.socket;
    match socket.ends {
        Ends::Inet { .. } => socket.remote().map(|end| end.port.into()),
        Ends::Netlink { remote_port_id, .. } => {
            (remote_port_id != 0).then(|| remote_port_id.into())
        }
        Ends::Vsock { remote, .. } => connected(remote).map(|(_, port)| port.into()),
        Ends::Tipc { remote, .. } => remote.map(|(_, port)| port.into()),
        Ends::Unix { .. } | Ends::Packet { .. } | Ends::Xdp { .. } => None,
    }
}

/// Returns a vsock endpoint; `None` for `VMADDR_CID_ANY` with `VMADDR_PORT_ANY`, which unconnected sockets have.
fn connected(end: (u32, u32)) -> Option<(u32, u32)> {
    (end != (u32::MAX, u32::MAX)).then_some(end)
}

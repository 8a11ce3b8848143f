//! Columns of connections whose addresses are translated (NAT).

use super::ends::{endpoint, endpoint_key};
use super::row::{SocketColumn, SocketRow};
use crate::model::Endpoint;

/// Description of `real_peer`, which exports share.
pub(crate) const REAL_PEER_ABOUT: &str = "Local endpoint of the peer, behind the translation of addresses (NAT): the backend of a Service, the client behind a router. Empty if addresses are not translated on this machine. Requires CAP_NET_ADMIN. Kernel: ctnetlink.";

/// Description of `seen_as`, which exports share.
pub(crate) const SEEN_AS_ABOUT: &str = "Endpoint to which the peer is connected if addresses are translated (NAT): the local endpoint as the peer sees it. Requires CAP_NET_ADMIN. Kernel: ctnetlink.";

fn real_peer(row: &SocketRow<'_>) -> Option<Endpoint> {
    Some(row.socket.translation()?.peer)
}

fn seen_as(row: &SocketRow<'_>) -> Option<Endpoint> {
    Some(row.socket.translation()?.seen_as)
}

/// Returns the columns.
pub(super) fn columns() -> [SocketColumn; 2] {
    [
        SocketColumn::text(
            ("real_peer", "REAL PEER", 21),
            REAL_PEER_ABOUT,
            |row, out| endpoint(out, real_peer(row)?, None),
            |row, _| Some(endpoint_key(real_peer(row)?)),
        ),
        SocketColumn::text(
            ("seen_as", "SEEN AS", 21),
            SEEN_AS_ABOUT,
            |row, out| endpoint(out, seen_as(row)?, None),
            |row, _| Some(endpoint_key(seen_as(row)?)),
        ),
    ]
}

//! Columns of connections whose addresses are translated (NAT).

use super::ends::{endpoint, endpoint_key};
use super::row::{SocketColumn, SocketRow};
use crate::model::Endpoint;

/// Description of `real_peer`, which exports share.
pub(crate) const REAL_PEER_ABOUT: &str = "Remote endpoint behind the translation of addresses (NAT) on this machine: the backend of a Service, the client behind a router. Empty without translation. Requires CAP_NET_ADMIN. Kernel: ctnetlink.";

/// Description of `seen_as`, which exports share.
pub(crate) const SEEN_AS_ABOUT: &str = "Local endpoint behind the translation of addresses (NAT) on this machine, as the peer sees it: the address of a Service, of a router. Empty without translation. Requires CAP_NET_ADMIN. Kernel: ctnetlink.";

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

//! Sockets and remote hosts as [`Concern`]s, by which the findings about them are found.

use crate::aggregate::Moment;
use crate::column::Service;
use crate::diagnose::{Concern, RemoteConcern, SocketConcern};
use crate::model::{ListenerIndex, RemoteHost, Sample, SocketRef, State, Unowned};

/// The concern of a remote host, or of one of its ports. A port of this machine adds nothing to that of the host.
pub(super) fn remote_concern(
    host: RemoteHost,
    service: Option<Service>,
    sample: &Sample,
) -> Concern {
    let port = service.filter(|service| !service.here);
    let netns = Some(host.netns).filter(|_| host.is_local());
    Concern::Remote(RemoteConcern {
        host,
        other_netns: netns.and_then(|netns| sample.other_netns(netns)),
        port: port.map(|service| service.port),
    })
}

/// The concern of a socket: the socket with its processes, the listeners that accepted it and its ends.
pub(super) fn socket_concern(socket: SocketRef<'_>, moment: &Moment) -> SocketConcern {
    let row = socket.socket;
    let mut sockets = vec![row.key()];
    let rows = &moment.sample.sockets;
    if row.state != State::Listen {
        let mut listeners = ListenerIndex::default();
        for totals in &moment.unfiltered().listeners {
            if let Some(listener) = rows.get(totals.row as usize) {
                listeners.insert(totals.row, &listener);
            }
        }
        let accepted_by = listeners.find(row, rows).map(|at| rows[at as usize].key());
        sockets.extend(accepted_by);
    }
    let is_hidden = row.attribution.unowned() == Some(Unowned::PermissionDenied);
    SocketConcern {
        sockets,
        processes: socket
            .owners()
            .map(|(owner, _)| owner.process.key)
            .collect(),
        hidden_user: row.uid.filter(|_| is_hidden),
        other_netns: moment.sample.other_netns(row.netns),
        ends: row.local().zip(row.remote()),
    }
}

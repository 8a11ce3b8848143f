//! One socket of one moment, as every export format reads it.

use crate::aggregate::{Moment, PeerIndex, SocketRates};
use crate::model::{MemoryInfo, MptcpInfo, SocketRef, TcpInfo};

/// A socket with its rates and its peer. Fields read their values from it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    /// The socket, and the Sample that names of users, devices and control groups come from.
    pub(super) socket: SocketRef<'a>,
    /// Rates, if they could be measured.
    pub(super) rates: Option<&'a SocketRates>,
    /// The other end, if it is a socket of this machine.
    pub(super) peer: Option<SocketRef<'a>>,
    /// `struct tcp_info` as it arrived.
    pub(super) tcp_info: Option<&'a [u8]>,
    /// `struct mptcp_info` as it arrived.
    pub(super) mptcp_info: Option<&'a [u8]>,
    /// Memory of the socket's buffers.
    pub(super) memory: Option<MemoryInfo<'a>>,
}

impl<'a> Row<'a> {
    /// Makes the row of a socket without rates and peer.
    pub(super) fn of_socket(socket: SocketRef<'a>) -> Row<'a> {
        Row {
            socket,
            rates: None,
            peer: None,
            // Each has many fields, so that it is looked up once.
            tcp_info: socket.tcp_info().map(TcpInfo::bytes),
            mptcp_info: socket.mptcp_info().map(MptcpInfo::bytes),
            memory: socket.memory(),
        }
    }

    /// Makes the row of the socket at an index of a moment; `peers` finds its other end.
    pub(super) fn of_moment(
        moment: &'a Moment,
        peers: &PeerIndex,
        index: usize,
    ) -> Option<Row<'a>> {
        let socket = moment.sample.socket(index)?;
        let peer = peers.peer(socket.socket);
        Some(Row {
            rates: moment.aggregate.sockets.get(index),
            peer: peer.and_then(|index| moment.sample.socket(index)),
            ..Row::of_socket(socket)
        })
    }
}

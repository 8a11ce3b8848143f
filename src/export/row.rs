//! A socket of a moment, as read by every export format.

use crate::aggregate::{Moment, PeerIndex, SocketRates};
use crate::model::{KernelBytes, MemoryInfo, MptcpInfo, SctpInfo, SctpOptions, SocketRef, TcpInfo};

/// A socket with its rates and its peer, from which fields read their values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    /// The socket, and the Sample with the names of users, devices and cgroups.
    pub(super) socket: SocketRef<'a>,
    /// Rates, if measured.
    pub(super) rates: Option<SocketRates>,
    /// The peer, if it is a socket on this host.
    pub(super) peer: Option<SocketRef<'a>>,
    /// `struct tcp_info` as received.
    pub(super) tcp_info: Option<KernelBytes<'a>>,
    /// `struct mptcp_info` as received.
    pub(super) mptcp_info: Option<KernelBytes<'a>>,
    /// The part of `struct sctp_info` for associations as received.
    pub(super) sctp_info: Option<KernelBytes<'a>>,
    /// The part of `struct sctp_info` for sockets as received.
    pub(super) sctp_options: Option<KernelBytes<'a>>,
    /// Memory of the socket's buffers.
    pub(super) memory: Option<MemoryInfo<'a>>,
}

impl<'a> Row<'a> {
    /// Creates the row of a socket without rates and peer.
    pub(super) fn of_socket(socket: SocketRef<'a>) -> Row<'a> {
        Row {
            socket,
            rates: None,
            peer: None,
            // Each has many fields, so it is looked up once.
            tcp_info: socket.tcp_info().map(TcpInfo::bytes),
            mptcp_info: socket.mptcp_info().map(MptcpInfo::bytes),
            sctp_info: socket.sctp_info().map(SctpInfo::bytes),
            sctp_options: socket.sctp_options().map(SctpOptions::bytes),
            memory: socket.memory(),
        }
    }

    /// Returns the row with `struct tcp_info` in full, which is read faster if many of its fields are read.
    pub(super) fn with_whole_tcp_info<'b>(&self, scratch: &'b mut Vec<u8>) -> Row<'b>
    where
        'a: 'b,
    {
        scratch.clear();
        let tcp_info = self.tcp_info.map(|info| {
            info.append_to(scratch);
            KernelBytes::from(&*scratch)
        });
        Row { tcp_info, ..*self }
    }

    /// Creates the row of the socket at an index of a moment; `peers` finds its peer.
    pub(super) fn of_moment(
        moment: &'a Moment,
        peers: &PeerIndex,
        index: usize,
    ) -> Option<Row<'a>> {
        let socket = moment.sample.socket(index)?;
        let peer = peers.peer(&moment.sample, socket.socket);
        Some(Row {
            rates: moment.aggregate.sockets.get(index),
            peer: peer.and_then(|index| moment.sample.socket(index)),
            ..Row::of_socket(socket)
        })
    }
}

//! Rows of the table of sockets.

use crate::aggregate::{Moment, SocketRates};
use crate::column::{Column, Kind};
use crate::model::{SocketRef, State, TcpInfo};

/// The kind of tables of sockets.
#[derive(Debug)]
pub struct Sockets;

impl Kind for Sockets {
    type Row<'a> = SocketRow<'a>;
}

/// A socket with its rates: a row of a table of sockets.
#[derive(Debug, Clone, Copy)]
pub struct SocketRow<'a> {
    /// The socket.
    pub socket: SocketRef<'a>,
    /// Rates of the socket; `None` without a previous Sample.
    pub rates: Option<SocketRates>,
    /// The moment with its other end; `None` if the socket is no longer in a Sample.
    pub moment: Option<&'a Moment>,
}

impl<'a> SocketRow<'a> {
    /// Returns the socket at a row of a moment.
    #[inline]
    pub fn of(moment: &'a Moment, row: usize) -> Option<SocketRow<'a>> {
        Some(SocketRow {
            socket: moment.sample.socket(row)?,
            rates: moment.aggregate.sockets.get(row),
            moment: Some(moment),
        })
    }

    /// Makes a row of a socket without rates and without a moment.
    pub fn detached(socket: SocketRef<'a>) -> SocketRow<'a> {
        SocketRow {
            socket,
            rates: None,
            moment: None,
        }
    }

    /// Returns the other end, if it is a socket on this machine.
    pub fn peer(&self) -> Option<SocketRow<'a>> {
        let moment = self.moment?;
        SocketRow::of(moment, moment.peer_of(self.socket.socket)?)
    }

    /// Returns the other end by an index, which the first call for a moment builds.
    pub(super) fn indexed_peer(&self) -> Option<SocketRow<'a>> {
        self.moment?.peers();
        self.peer()
    }
}

/// A column of a table of sockets.
pub type SocketColumn = Column<Sockets>;

/// Returns the `tcp_info` of a connection; `None` on listeners, for which the kernel reports zeros and initial values.
pub(in crate::column) fn connection<'a>(row: &SocketRow<'a>) -> Option<TcpInfo<'a>> {
    match row.socket.socket.state {
        State::Listen => None,
        _ => row.socket.tcp_info(),
    }
}

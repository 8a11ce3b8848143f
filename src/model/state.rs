//! Socket states, with the kernel's numbers (`include/net/tcp_states.h`).

/// The state of a socket: TCP's twelve states, which the kernel also uses for the other families, and those of SCTP
/// associations. An established association is [`Established`](State::Established).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum State {
    /// An open connection (or a UDP or unix socket with a peer).
    Established = 1,
    /// A connection request was sent and not answered yet.
    SynSent = 2,
    /// A connection request was received and acknowledged; the handshake is not complete.
    SynRecv = 3,
    /// Closed locally; the FIN is not acknowledged.
    FinWait1 = 4,
    /// Closed locally and acknowledged; the peer has not closed.
    FinWait2 = 5,
    /// Both sides closed, this side first; the address pair stays reserved for 60 s.
    TimeWait = 6,
    /// Not connected. The normal state of an unconnected UDP, raw, unix datagram, netlink or packet socket.
    Closed = 7,
    /// The peer closed; the local process has not.
    CloseWait = 8,
    /// Both sides closed, the peer first; the local FIN is not acknowledged.
    LastAck = 9,
    /// Waiting for connections.
    Listen = 10,
    /// Both sides closed simultaneously; the local FIN is not acknowledged.
    Closing = 11,
    /// A TCP socket with a local port from `bind(2)` that neither listens nor connects (kernel bit 13; the kernel
    /// reports such rows as state 7).
    BoundInactive = 13,
    /// An SCTP association: INIT was sent and not answered yet.
    CookieWait = 14,
    /// An SCTP association: COOKIE ECHO was sent and not acknowledged yet.
    CookieEchoed = 15,
    /// An SCTP association: closed locally; data is not acknowledged.
    ShutdownPending = 16,
    /// An SCTP association: closed locally; SHUTDOWN was sent.
    ShutdownSent = 17,
    /// An SCTP association: the peer has closed; local data is not acknowledged.
    ShutdownReceived = 18,
    /// An SCTP association: the peer has closed; SHUTDOWN ACK was sent.
    ShutdownAckSent = 19,
}

impl State {
    /// Every state: TCP's in the kernel's order, then those of SCTP associations alone.
    pub const ALL: [State; 18] = [
        State::Established,
        State::SynSent,
        State::SynRecv,
        State::FinWait1,
        State::FinWait2,
        State::TimeWait,
        State::Closed,
        State::CloseWait,
        State::LastAck,
        State::Listen,
        State::Closing,
        State::BoundInactive,
        State::CookieWait,
        State::CookieEchoed,
        State::ShutdownPending,
        State::ShutdownSent,
        State::ShutdownReceived,
        State::ShutdownAckSent,
    ];

    /// Size of an array indexed by `State as usize`.
    pub const SLOTS: usize = 20;

    /// Returns the state of an SCTP association for a kernel number; `None` for a number unknown to this version. Kernel:
    /// `enum sctp_state`.
    pub fn of_association(number: u8) -> Option<State> {
        Some(match number {
            0 => State::Closed,
            1 => State::CookieWait,
            2 => State::CookieEchoed,
            3 => State::Established,
            4 => State::ShutdownPending,
            5 => State::ShutdownSent,
            6 => State::ShutdownReceived,
            7 => State::ShutdownAckSent,
            _ => return None,
        })
    }

    /// Returns the state for a kernel number of TCP; `None` for a number unknown to this version. `TCP_NEW_SYN_RECV` (12)
    /// appears as SYN-RECV outside the kernel.
    pub fn from_kernel(number: u8) -> Option<State> {
        Some(match number {
            1 => State::Established,
            2 => State::SynSent,
            3 | 12 => State::SynRecv,
            4 => State::FinWait1,
            5 => State::FinWait2,
            6 => State::TimeWait,
            7 => State::Closed,
            8 => State::CloseWait,
            9 => State::LastAck,
            10 => State::Listen,
            11 => State::Closing,
            13 => State::BoundInactive,
            _ => return None,
        })
    }

    /// Returns the name used in ss filters, such as `fin-wait-1`; also the value in JSON.
    pub fn filter_name(self) -> &'static str {
        match self {
            State::Established => "established",
            State::SynSent => "syn-sent",
            State::SynRecv => "syn-recv",
            State::FinWait1 => "fin-wait-1",
            State::FinWait2 => "fin-wait-2",
            State::TimeWait => "time-wait",
            State::Closed => "closed",
            State::CloseWait => "close-wait",
            State::LastAck => "last-ack",
            State::Listen => "listening",
            State::Closing => "closing",
            State::BoundInactive => "bound-inactive",
            State::CookieWait => "cookie-wait",
            State::CookieEchoed => "cookie-echoed",
            State::ShutdownPending => "shutdown-pending",
            State::ShutdownSent => "shutdown-sent",
            State::ShutdownReceived => "shutdown-received",
            State::ShutdownAckSent => "shutdown-ack-sent",
        }
    }

    /// Returns the short name that ss prints in its State column, such as `FIN-WAIT-1`, `ESTAB` or `UNCONN`.
    pub fn short_name(self) -> &'static str {
        match self {
            State::Established => "ESTAB",
            State::SynSent => "SYN-SENT",
            State::SynRecv => "SYN-RECV",
            State::FinWait1 => "FIN-WAIT-1",
            State::FinWait2 => "FIN-WAIT-2",
            State::TimeWait => "TIME-WAIT",
            State::Closed => "UNCONN",
            State::CloseWait => "CLOSE-WAIT",
            State::LastAck => "LAST-ACK",
            State::Listen => "LISTEN",
            State::Closing => "CLOSING",
            State::BoundInactive => "BOUND",
            State::CookieWait => "COOKIE_WAIT",
            State::CookieEchoed => "COOKIE_ECHOED",
            State::ShutdownPending => "SHUTDOWN_PENDING",
            State::ShutdownSent => "SHUTDOWN_SENT",
            State::ShutdownReceived => "SHUTDOWN_RECEIVED",
            State::ShutdownAckSent => "ACK_SENT",
        }
    }

    /// Reports whether a TCP socket in this state is not connected yet or is not a connection.
    pub fn is_before_connection(self) -> bool {
        matches!(
            self,
            State::SynSent | State::SynRecv | State::Listen | State::Closed | State::BoundInactive
        )
    }

    /// Reports whether ss lists a socket in this state without `-a` or `-l`: all states except listening, unconnected,
    /// bound-inactive, TIME-WAIT and SYN-RECV.
    pub fn is_connected_for_ss(self) -> bool {
        !matches!(
            self,
            State::Listen | State::Closed | State::BoundInactive | State::TimeWait | State::SynRecv
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_survives_its_kernel_number() {
        for state in State::ALL {
            let of_association =
                (0..8).find(|&number| State::of_association(number) == Some(state));
            let of_tcp = State::from_kernel(state as u8);
            assert!(of_tcp == Some(state) || (of_tcp, of_association.is_some()) == (None, true));
            assert!((state as usize) < State::SLOTS);
        }
        assert_eq!(State::of_association(3), Some(State::Established));
        assert_eq!(State::of_association(8), None);
        assert_eq!(State::from_kernel(12), Some(State::SynRecv));
        assert_eq!(State::from_kernel(0), None);
        assert_eq!(State::from_kernel(14), None);
    }
}

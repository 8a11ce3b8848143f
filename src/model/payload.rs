//! Payload that a TCP connection has transferred: the one definition of a byte count.
//!
//! The kernel's counters count sequence numbers: `bytes_acked` includes the SYN of the side that connected and its FIN,
//! `bytes_received` the peer's FIN, and `bytes_sent` every retransmission. A program that writes 3 000 bytes has sent
//! 3 000 here, and its peer has received 3 000.

use super::{Socket, State, TcpInfo};

/// Bytes of payload since the connection opened, each counted once: without SYN, FIN and retransmissions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Payload {
    /// Received in order, read by the process or not.
    pub received: u64,
    /// Sent at least once. Equals `acked` on kernels without `tcpi_bytes_sent` (before 4.19).
    pub sent: u64,
    /// Sent and acknowledged by the peer.
    pub acked: u64,
    /// True if this side connected and false if it accepted; `None` if the counters do not show it.
    pub is_opener: Option<bool>,
}

impl Payload {
    /// Returns the payload of a socket in a Sample; `None` if the kernel does not count bytes (before 4.1).
    #[inline]
    pub fn of(socket: &Socket, info: TcpInfo<'_>) -> Option<Payload> {
        let fin_received = matches!(
            socket.state,
            State::CloseWait | State::LastAck | State::Closing
        );
        let mut payload = Payload::at_end(info, fin_received)?;
        if let Some(acked) = acked_by_queue(socket, info, payload.sent)
            // The kernel reads the queue before it locks the socket: only one that agrees with the counter is used.
            && matches!(info.bytes_acked()?.checked_sub(acked), Some(0 | 1))
        {
            payload.acked = acked;
            // The own FIN is not counted yet.
            if !matches!(socket.state, State::FinWait2 | State::Closed) {
                payload.is_opener = info.bytes_acked().map(|counted| counted > acked);
            }
        }
        Some(payload)
    }

    /// Returns the payload of a freed connection, whose peer's FIN was received or not.
    #[inline]
    pub fn at_end(info: TcpInfo<'_>, fin_received: bool) -> Option<Payload> {
        let (received, acked) = (info.bytes_received()?, info.bytes_acked()?);
        let sent = sent(info).unwrap_or(acked);
        Some(Payload {
            received: received.saturating_sub(fin_received.into()),
            sent,
            // While everything is acknowledged, the rest is SYN and FIN.
            acked: acked.min(sent),
            is_opener: None,
        })
    }
}

/// Returns the payload sent, each byte once.
fn sent(info: TcpInfo<'_>) -> Option<u64> {
    let retransmitted = info.bytes_retrans().unwrap_or(0);
    Some(info.bytes_sent()?.saturating_sub(retransmitted))
}

/// Returns the payload acknowledged, from what was written and what the send queue still holds. Unlike `bytes_acked`, it
/// does not depend on whether this side sent the SYN.
fn acked_by_queue(socket: &Socket, info: TcpInfo<'_>, sent: u64) -> Option<u64> {
    let unsent = info.notsent_bytes()?;
    // The FIN is the last of the queue: it was sent if nothing else waits.
    let fin_in_flight = unsent == 0
        && matches!(
            socket.state,
            State::FinWait1 | State::LastAck | State::Closing
        );
    // Counters of a recording or a dump may have any value.
    let written = sent.checked_add(unsent)?;
    let written = written.checked_add(fin_in_flight.into())?;
    written.checked_sub(socket.send_queue.into())
}

/// Evidence of how a connection ended, apart from its final counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EndingEvidence {
    /// The last state in which a Sample saw the connection.
    pub before: Option<State>,
    /// The state of its mini-socket.
    pub remains: Option<State>,
    /// True if this side connected.
    pub is_opener: bool,
    /// Payload that the peer has sent, if it is a socket of this host that was freed too.
    pub sent_by_peer: Option<u64>,
}

/// Reports whether `bytes_received` of a freed connection counts the peer's FIN, as far as that can be known.
pub fn fin_received(socket: &Socket, info: TcpInfo<'_>, evidence: EndingEvidence) -> bool {
    let received = info.bytes_received().unwrap_or(0);
    if received == 0 || evidence.remains == Some(State::FinWait2) {
        return false;
    }
    if let Some(sent) = evidence.sent_by_peer {
        return received > sent;
    }
    let seen = matches!(
        evidence.before,
        Some(State::CloseWait | State::LastAck | State::Closing)
    );
    // Without a segment of payload, the FIN is all that was counted.
    if seen || (received == 1 && info.data_segs_in() == Some(0)) {
        return true;
    }
    // In order, both sides close: the own FIN is acknowledged. A reset leaves it unsent or in flight.
    let (Some(acked), Some(sent)) = (info.bytes_acked(), sent(info)) else {
        return false;
    };
    socket.send_queue == 0 && acked > sent.saturating_add(evidence.is_opener.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Endpoint, Ends, Family, Protocol};
    use std::net::Ipv4Addr;

    /// (`bytes_sent`, `bytes_retrans`, `bytes_acked`, `bytes_received`, `notsent_bytes`)
    fn info((sent, again, acked, received, unsent): (u64, u64, u64, u64, u32)) -> [u8; 232] {
        let mut bytes = [0; 232];
        for (at, value) in [(120, acked), (128, received), (200, sent), (208, again)] {
            bytes[at..at + 8].copy_from_slice(&value.to_ne_bytes());
        }
        bytes[144..148].copy_from_slice(&unsent.to_ne_bytes());
        bytes[152..156].copy_from_slice(&u32::from(received > 1).to_ne_bytes());
        bytes
    }

    fn socket(state: State, send_queue: u32) -> Socket {
        let end = Endpoint {
            address: Ipv4Addr::LOCALHOST.into(),
            port: 80,
        };
        let ends = Ends::Inet {
            local: end,
            remote: end,
        };
        let mut socket = Socket::new(1, 1, Family::Inet, Protocol::Tcp, state, ends);
        socket.send_queue = send_queue;
        socket
    }

    /// (received, sent, acked)
    fn payload(state: State, queue: u32, counters: (u64, u64, u64, u64, u32)) -> (u64, u64, u64) {
        let bytes = info(counters);
        let payload = Payload::of(&socket(state, queue), TcpInfo::new(&bytes)).unwrap();
        (payload.received, payload.sent, payload.acked)
    }

    #[test]
    fn counters_of_any_value_are_read() {
        let counters = (u64::MAX, 0, 7, 8, u32::MAX);
        let (received, sent, _) = payload(State::Established, 5, counters);
        assert_eq!((received, sent), (8, u64::MAX));
        // The queue says that as much was acknowledged as a counter can hold.
        let counters = (u64::MAX, 0, u64::MAX, 8, 0);
        let full = payload(State::Established, 0, counters);
        assert_eq!(full, (8, u64::MAX, u64::MAX));
    }

    #[test]
    fn syn_fin_and_retransmissions_are_not_payload() {
        use State::{CloseWait, Closing, Established, FinWait1, FinWait2, LastAck};
        // Nothing was written: SYN and FIN alone.
        assert_eq!(payload(Established, 0, (0, 0, 1, 0, 0)), (0, 0, 0));
        assert_eq!(payload(CloseWait, 0, (0, 0, 0, 1, 0)), (0, 0, 0));
        assert_eq!(payload(FinWait2, 0, (0, 0, 2, 0, 0)), (0, 0, 0));
        // The opener wrote 3 000 bytes, 1 000 of them twice.
        assert_eq!(
            payload(Established, 0, (4000, 1000, 3001, 2000, 0)),
            (2000, 3000, 3000)
        );
        // 1 000 are in flight, 500 unsent, at the opener and at the acceptor.
        for syn in [1, 0] {
            let acked = 2000 + syn;
            assert_eq!(
                payload(Established, 1500, (3000, 0, acked, 0, 500)),
                (0, 3000, 2000)
            );
            assert_eq!(
                payload(FinWait1, 1501, (3000, 0, acked, 0, 501)),
                (0, 3000, 2000)
            );
            for state in [FinWait1, LastAck, Closing] {
                let received = u64::from(state != FinWait1);
                assert_eq!(
                    payload(state, 1001, (3000, 0, acked, received, 0)),
                    (0, 3000, 2000),
                    "{state:?}"
                );
            }
        }
        // A queue that was read at another moment than the counters is not used.
        assert_eq!(
            payload(Established, 9000, (3000, 0, 2000, 0, 0)),
            (0, 3000, 2000)
        );
    }

    #[test]
    fn the_fin_of_the_peer_is_recognized_at_the_end() {
        use State::{CloseWait, Established, FinWait2, TimeWait};
        let fin = |counters, queue, before, remains, is_opener| {
            let bytes = info(counters);
            let socket = socket(State::Closed, queue);
            let evidence = EndingEvidence {
                before,
                remains,
                is_opener,
                sent_by_peer: None,
            };
            fin_received(&socket, TcpInfo::new(&bytes), evidence)
        };
        let opener = (3000, 0, 3002, 2001, 0);
        let acceptor = (2000, 0, 2001, 3001, 0);
        assert!(fin(opener, 0, Some(Established), Some(TimeWait), true));
        assert!(fin(acceptor, 0, None, None, false));
        // Closed first, with a peer that has not closed.
        assert!(!fin(
            (3000, 0, 3002, 2000, 0),
            0,
            None,
            Some(FinWait2),
            true
        ));
        // Reset: without a FIN of its own, and with one in flight.
        assert!(!fin(
            (3000, 0, 3001, 2000, 0),
            0,
            Some(Established),
            None,
            true
        ));
        assert!(!fin((3000, 0, 3001, 2000, 0), 1, None, None, true));
        // Reset after the peer's FIN.
        assert!(fin(
            (2000, 0, 2000, 3001, 0),
            0,
            Some(CloseWait),
            None,
            false
        ));
        // The peer on this host has sent all of it, so the FIN went to the mini-socket.
        let bytes = info((3000, 0, 3002, 2000, 0));
        let evidence = |sent| EndingEvidence {
            is_opener: true,
            sent_by_peer: Some(sent),
            ..EndingEvidence::default()
        };
        let closed = socket(State::Closed, 0);
        assert!(!fin_received(&closed, TcpInfo::new(&bytes), evidence(2000)));
        assert!(fin_received(&closed, TcpInfo::new(&bytes), evidence(1999)));
        // Nothing was sent either way.
        assert!(fin((0, 0, 0, 1, 0), 0, None, None, false));
        assert!(!fin((0, 0, 1, 0, 0), 0, None, None, true));
    }
}

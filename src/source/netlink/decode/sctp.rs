//! Sockets and associations of SCTP.
//!
//! The kernel reports each association after its socket, in a message with the same cookie and inode, but with queues,
//! addresses and a state of its own. Only associations have peers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netlink_packet_sock_diag::constants::{AF_INET, AF_INET6};

use crate::model::{Ends, SctpAddresses, Socket, State, Timer, TimerKind};
use crate::source::netlink::wire::{DecodeError, u16_at, u32_at};

// Attributes that the crate does not name. Kernel: `include/uapi/linux/inet_diag.h`.
pub(super) const INET_DIAG_LOCALS: u16 = 12;
pub(super) const INET_DIAG_PEERS: u16 = 13;

/// Bytes of `struct sockaddr_storage`.
const SOCKADDR_STORAGE: usize = 128;

/// `sctpi_p_address` in `struct sctp_info`: the address of the primary path.
const PRIMARY_ADDRESS: usize = 168;

/// Attributes of SCTP sockets and associations.
#[derive(Debug)]
pub(super) struct SctpAttributes<'a> {
    /// `INET_DIAG_INFO`, `struct sctp_info`.
    pub(super) info: &'a [u8],
    /// `INET_DIAG_LOCALS`.
    pub(super) locals: &'a [u8],
    /// `INET_DIAG_PEERS`, of associations only.
    pub(super) peers: Option<&'a [u8]>,
}

/// Completes a row that was decoded like that of any internet protocol: state, identity and addresses of an association.
/// `number` is the state in the message. Appends the addresses of both ends to `addresses`.
pub(super) fn complete(
    socket: &mut Socket,
    number: u8,
    attributes: &SctpAttributes<'_>,
    addresses: &mut Vec<u8>,
) -> Result<(), DecodeError> {
    let SctpAttributes {
        info,
        locals,
        peers,
    } = *attributes;
    let mut first_local = None;
    for local in addresses_in(locals) {
        first_local = first_local.or(Some(local));
        SctpAddresses::push(addresses, Some(local));
    }
    let Some(peers) = peers else {
        socket.state = State::from_kernel(number).ok_or(DecodeError::State(number))?;
        return Ok(());
    };
    SctpAddresses::push(addresses, None);
    let mut first_peer = None;
    for peer in addresses_in(peers) {
        first_peer = first_peer.or(Some(peer));
        SctpAddresses::push(addresses, Some(peer));
    }
    socket.state = State::of_association(number).ok_or(DecodeError::State(number))?;
    // The only timer that is reported is T3-rtx, under a number of SCTP.
    let timer = socket.timer.after(0).map(|timer| Timer {
        kind: TimerKind::Retransmit,
        ..timer
    });
    socket.timer = timer.into();
    let primary = info.get(PRIMARY_ADDRESS..).and_then(address_in);
    if let Ends::Inet { local, remote } = &mut socket.ends {
        // The kernel reads IPv4 addresses of an IPv6 socket as if they were IPv6 addresses; on Linux 5.10, the second half is
        // uninitialised memory.
        for (end, address) in [(&mut *local, first_local), (&mut *remote, primary)] {
            if let (IpAddr::V6(_), Some(IpAddr::V4(address))) = (end.address, address) {
                end.address = address.to_ipv6_mapped().into();
            }
        }
        // Without INFO, as in dumps that others made, the remote end identifies the association.
        let from_end = || u32::from(remote.port) << 16 | checksum(first_peer);
        let tag = u32_at(info, 0).filter(|&tag| tag != 0);
        socket.association = Some(tag.unwrap_or_else(from_end).max(1));
    }
    Ok(())
}

/// Folds an address to 16 bits.
fn checksum(address: Option<IpAddr>) -> u32 {
    let bits = match address {
        None => 0,
        Some(IpAddr::V4(address)) => u128::from(address.to_bits()),
        Some(IpAddr::V6(address)) => address.to_bits(),
    };
    (0..8).fold(0, |sum, word| sum ^ (bits >> (16 * word)) as u32 & 0xffff)
}

/// Iterates over an array of `struct sockaddr_storage`; leaves out entries of other families.
fn addresses_in(bytes: &[u8]) -> impl Iterator<Item = IpAddr> {
    bytes.chunks_exact(SOCKADDR_STORAGE).filter_map(address_in)
}

/// Decodes the address of a `struct sockaddr_in` or `sockaddr_in6`.
fn address_in(bytes: &[u8]) -> Option<IpAddr> {
    let family = u8::try_from(u16_at(bytes, 0)?).ok()?;
    Some(match family {
        AF_INET => {
            let octets: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
            Ipv4Addr::from(octets).into()
        }
        AF_INET6 => {
            let octets: [u8; 16] = bytes.get(8..24)?.try_into().ok()?;
            Ipv6Addr::from(octets).into()
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use netlink_packet_sock_diag::constants::INET_DIAG_INFO;

    use super::*;
    use crate::model::{Family, Protocol, SocketTable};
    use crate::source::netlink::wire::push_attribute;

    /// Bytes of a `struct sockaddr_storage` with an IPv4 address.
    fn storage(octets: [u8; 4]) -> Vec<u8> {
        let mut bytes = u16::from(AF_INET).to_ne_bytes().to_vec();
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(&octets);
        bytes.resize(SOCKADDR_STORAGE, 0);
        bytes
    }

    /// An `inet_diag_msg` of the socket with the cookie 9, in a state, with one attribute for each that is given.
    fn message(family: u8, state: u8, attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0; 72];
        bytes[0] = family;
        bytes[1] = state;
        // T3-rtx, the ports 80 and 90, the cookie and the inode.
        (bytes[2], bytes[5], bytes[7], bytes[44], bytes[68]) = (4, 80, 90, 9, 7);
        for (kind, value) in attributes {
            push_attribute(&mut bytes, *kind, value);
        }
        bytes
    }

    fn decoded(messages: &[Vec<u8>]) -> SocketTable {
        let mut table = SocketTable::default();
        for message in messages {
            let protocol = Some(Protocol::Sctp);
            let result = super::super::decode_socket(message, protocol, 1, &mut table);
            result.expect("it is decoded");
        }
        table
    }

    #[test]
    fn an_association_has_the_cookie_of_its_socket_and_a_key_of_its_own() {
        let (local, peer) = (storage([10, 0, 0, 1]), storage([10, 0, 0, 2]));
        let mut info = vec![0; 368];
        info[..4].copy_from_slice(&0xabcd_u32.to_ne_bytes());
        let table = decoded(&[
            message(AF_INET, 10, &[(INET_DIAG_LOCALS, &local)]),
            message(
                AF_INET,
                3,
                &[
                    (INET_DIAG_INFO, &info),
                    (INET_DIAG_LOCALS, &local),
                    (INET_DIAG_PEERS, &[&peer[..], &local].concat()),
                ],
            ),
            message(AF_INET, 1, &[(INET_DIAG_PEERS, &peer)]),
        ]);
        assert_eq!(table.len(), 3);
        let [socket, first, second] = [0, 1, 2].map(|row| table.get(row).expect("a row"));
        assert!(socket.is_listener() && !socket.is_association());
        assert_eq!((first.cookie, second.cookie), (9, 9));
        let states = [first.state, second.state];
        assert_eq!(states, [State::Established, State::CookieWait]);
        assert_eq!(first.association, Some(0xabcd));
        assert!(second.association.is_some(), "known by its remote end");
        assert!(first.key() != socket.key() && first.key() != second.key());
        assert_eq!(first.uid, Some(0));
        assert_eq!(
            first.timer().map(|timer| timer.kind),
            Some(TimerKind::Retransmit)
        );
        let addresses = SctpAddresses::new(first.name().expect("addresses"));
        assert_eq!(addresses.peers().to_string(), "10.0.0.2,10.0.0.1");
        assert!(first.sctp_info().is_some() && first.sctp_options().is_none());
    }

    #[test]
    fn ipv4_addresses_of_an_ipv6_socket_are_known_from_its_attributes() {
        let (local, peer) = (storage([10, 0, 0, 1]), storage([10, 0, 0, 2]));
        let mut info = vec![0; 368];
        info[PRIMARY_ADDRESS..PRIMARY_ADDRESS + 128].copy_from_slice(&peer);
        let attributes: [(u16, &[u8]); 3] = [
            (INET_DIAG_INFO, &info),
            (INET_DIAG_LOCALS, &local),
            (INET_DIAG_PEERS, &peer),
        ];
        let table = decoded(&[message(AF_INET6, 7, &attributes)]);
        let socket = &table[0];
        assert_eq!(socket.family, Family::Inet6);
        assert_eq!(socket.state, State::ShutdownAckSent);
        let ends = [socket.local(), socket.remote()].map(|end| end.map(|end| end.address));
        let mapped = |address: &str| address.parse().ok();
        assert_eq!(ends, [mapped("::ffff:10.0.0.1"), mapped("::ffff:10.0.0.2")]);
    }

    #[test]
    fn any_length_of_an_association_is_decoded_or_refused() {
        let peer = storage([10, 0, 0, 2]);
        let whole = message(
            AF_INET,
            3,
            &[(INET_DIAG_PEERS, &peer), (INET_DIAG_INFO, &[1; 368])],
        );
        for length in 0..whole.len() {
            let mut table = SocketTable::default();
            let protocol = Some(Protocol::Sctp);
            let result = super::super::decode_socket(&whole[..length], protocol, 1, &mut table);
            assert_eq!(result.is_ok(), !table.is_empty());
        }
    }
}

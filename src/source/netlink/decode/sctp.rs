//! Sockets and associations of SCTP.
//!
//! The kernel reports each association after its socket, in a message with the same cookie and inode, but with queues,
//! addresses and a state of its own. Only associations have peers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netlink_packet_sock_diag::constants::{AF_INET, AF_INET6};

use crate::model::{Ends, SctpAddresses, Socket, State, TimerKind};
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
    if let Some(timer) = &mut socket.timer {
        timer.kind = TimerKind::Retransmit;
    }
    let primary = info.get(PRIMARY_ADDRESS..).and_then(address_in);
    if let Ends::Inet { local, remote } = &mut socket.ends {
        // The kernel reads IPv4 addresses of an IPv6 socket as if they were IPv6 addresses.
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

//! Entries of connection tracking, one by one, from ctnetlink.
//!
//! A table can have hundreds of thousands of entries, in one hash table for all network namespaces, which a dump walks:
//! 150 ms for 50 000 entries, 19 ms if the kernel leaves out those that are not translated (`CTA_STATUS_MASK`). It finds the
//! entry of one connection by the addresses and ports of a packet in either direction (`IPCTNL_MSG_CT_GET`) in 4 µs, with the
//! request and the answer (Linux 6.18). It looks in zone 0, the only one unless a rule says otherwise.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsFd as _;
use std::time::Duration;

use netlink_packet_core::{NLM_F_REQUEST, NLMSG_ERROR, NetlinkBuffer};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_NETFILTER};
use rustix::io::Errno;
use rustix::net::{RecvFlags, sockopt};

use super::wire::{Attributes, HEADER, aligned, errno, write_message};
use crate::model::Endpoint;
use crate::privilege::{self, ADMINISTER_NETWORK};

// Kernel: `include/uapi/linux/netfilter/nfnetlink.h`, `nfnetlink_conntrack.h`.
const IPCTNL_MSG_CT_NEW: u16 = 1 << 8;
const IPCTNL_MSG_CT_GET: u16 = 1 << 8 | 1;
const CTA_TUPLE_ORIG: u16 = 1;
const CTA_TUPLE_REPLY: u16 = 2;
const CTA_PROTOINFO: u16 = 4;
const CTA_TUPLE_IP: u16 = 1;
const CTA_TUPLE_PROTO: u16 = 2;
const CTA_IP_V4_SRC: u16 = 1;
const CTA_IP_V4_DST: u16 = 2;
const CTA_IP_V6_SRC: u16 = 3;
const CTA_IP_V6_DST: u16 = 4;
const CTA_PROTO_NUM: u16 = 1;
const CTA_PROTO_SRC_PORT: u16 = 2;
const CTA_PROTO_DST_PORT: u16 = 3;
const CTA_PROTOINFO_TCP: u16 = 1;
const CTA_PROTOINFO_TCP_STATE: u16 = 1;
const NLA_F_NESTED: u16 = 1 << 15;

/// States of a TCP entry whose connection is over. Kernel: `enum tcp_conntrack`.
const TCP_CONNTRACK_TIME_WAIT: u8 = 7;
const TCP_CONNTRACK_CLOSE: u8 = 8;

/// Bytes of `struct nfgenmsg`.
const NFGENMSG: usize = 4;

const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

/// Requests that are sent before answers are received. An answer takes less than 2 kB of the receive buffer, of 208 kB.
const BATCH: usize = 32;

/// Time to wait for the kernel's answer, which takes microseconds.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Addresses and ports of the packets of a connection in one direction. Kernel: `struct nf_conntrack_tuple`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tuple {
    /// Number of the protocol above IP.
    pub protocol: u8,
    /// Source of the packets. Not v4-mapped.
    pub source: Endpoint,
    /// Their destination, of the same family.
    pub destination: Endpoint,
}

/// An entry of connection tracking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrackedConnection {
    /// Packets of the end that sent the first one, before translation.
    pub original: Tuple,
    /// Packets of the other end, before translation. The reverse of `original` if no address is translated.
    pub reply: Tuple,
    /// True for a TCP connection that was closed or reset.
    pub is_over: bool,
}

impl TrackedConnection {
    /// Returns the packets of the other end than that which sends `sent`, before translation; `None` if neither does.
    pub fn opposite(&self, sent: &Tuple) -> Option<Tuple> {
        if self.original == *sent {
            Some(self.reply)
        } else if self.reply == *sent {
            Some(self.original)
        } else {
            None
        }
    }
}

/// Answer to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The entry.
    Found(TrackedConnection),
    /// There is none, or it cannot be read: an errno.
    Failed(i32),
}

/// Looks up entries in one network namespace.
#[derive(Debug)]
pub struct ConntrackReader {
    socket: Socket,
    sequence: u32,
    message: Vec<u8>,
    request: Vec<u8>,
}

impl ConntrackReader {
    /// Opens the socket. It stays in the network namespace of the calling thread.
    ///
    /// # Errors
    /// If `socket(2)` or `connect(2)` fails.
    pub fn new() -> io::Result<ConntrackReader> {
        // The kernel also checks the rights with which the socket was opened.
        let _raised = privilege::raise(ADMINISTER_NETWORK);
        let socket = Socket::new(NETLINK_NETFILTER)?;
        socket.connect(&SocketAddr::new(0, 0))?;
        sockopt::set_socket_timeout(socket.as_fd(), sockopt::Timeout::Recv, Some(TIMEOUT))?;
        Ok(ConntrackReader {
            socket,
            sequence: 0,
            message: Vec::new(),
            request: Vec::new(),
        })
    }

    /// Looks up the entries of connections by the packets in either direction, and calls `found` with the index of each that
    /// has one.
    ///
    /// # Errors
    /// If the kernel refuses: it requires `CAP_NET_ADMIN` in the namespace.
    pub fn look_up(
        &mut self,
        tuples: &[Tuple],
        mut found: impl FnMut(usize, TrackedConnection),
    ) -> io::Result<()> {
        let _raised = privilege::raise(ADMINISTER_NETWORK);
        for (batch, tuples) in tuples.chunks(BATCH).enumerate() {
            let first = self.sequence.wrapping_add(1);
            self.request.clear();
            for tuple in tuples {
                self.sequence = self.sequence.wrapping_add(1);
                write_request(tuple, self.sequence, &mut self.message);
                self.request.extend_from_slice(&self.message);
            }
            self.socket.send(&self.request, 0)?;
            let mut left = tuples.len();
            while left > 0 {
                let mut buffer = [0; 4096];
                let (_, length) = rustix::io::retry_on_intr(|| {
                    rustix::net::recv(self.socket.as_fd(), &mut buffer[..], RecvFlags::empty())
                })?;
                for (sequence, answer) in decode_answers(buffer.get(..length).unwrap_or(&[])) {
                    let at = sequence.wrapping_sub(first) as usize;
                    // Answers to an abandoned request may still arrive.
                    if at >= tuples.len() {
                        continue;
                    }
                    left = left.saturating_sub(1);
                    match answer {
                        Answer::Found(connection) => found(batch * BATCH + at, connection),
                        Answer::Failed(code) if code == Errno::NOENT.raw_os_error() => {}
                        Answer::Failed(code) => return Err(io::Error::from_raw_os_error(code)),
                    }
                }
            }
        }
        Ok(())
    }
}

/// Writes the request for the entry of a connection, replacing the contents of `out`.
fn write_request(tuple: &Tuple, sequence: u32, out: &mut Vec<u8>) {
    let mut addresses = Vec::with_capacity(40);
    let (family, kinds) = match tuple.source.address {
        IpAddr::V4(_) => (AF_INET, (CTA_IP_V4_SRC, CTA_IP_V4_DST)),
        IpAddr::V6(_) => (AF_INET6, (CTA_IP_V6_SRC, CTA_IP_V6_DST)),
    };
    let ends = [(kinds.0, tuple.source), (kinds.1, tuple.destination)];
    for (kind, end) in ends {
        match end.address {
            IpAddr::V4(address) => push(&mut addresses, kind, &address.octets()),
            IpAddr::V6(address) => push(&mut addresses, kind, &address.octets()),
        }
    }
    let mut ports = Vec::with_capacity(24);
    push(&mut ports, CTA_PROTO_NUM, &[tuple.protocol]);
    push(
        &mut ports,
        CTA_PROTO_SRC_PORT,
        &tuple.source.port.to_be_bytes(),
    );
    push(
        &mut ports,
        CTA_PROTO_DST_PORT,
        &tuple.destination.port.to_be_bytes(),
    );
    let mut both = Vec::with_capacity(72);
    push(&mut both, CTA_TUPLE_IP | NLA_F_NESTED, &addresses);
    push(&mut both, CTA_TUPLE_PROTO | NLA_F_NESTED, &ports);
    // Kernel: `struct nfgenmsg`, version 0.
    let mut payload = vec![family, 0, 0, 0];
    push(&mut payload, CTA_TUPLE_ORIG | NLA_F_NESTED, &both);
    write_message(IPCTNL_MSG_CT_GET, &payload, NLM_F_REQUEST, sequence, out);
}

/// Appends an attribute of any length.
fn push(bytes: &mut Vec<u8>, kind: u16, value: &[u8]) {
    bytes.extend_from_slice(&(4 + value.len() as u16).to_ne_bytes());
    bytes.extend_from_slice(&kind.to_ne_bytes());
    bytes.extend_from_slice(value);
    bytes.resize(aligned(bytes.len()), 0);
}

/// Decodes a datagram of answers, each with the sequence number of its request. Pure and total: any `bytes` are accepted, and
/// an entry that cannot be decoded is one that was not found.
pub fn decode_answers(bytes: &[u8]) -> impl Iterator<Item = (u32, Answer)> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        loop {
            let message = NetlinkBuffer::new_checked(rest).ok()?;
            let length = message.length() as usize;
            let payload = rest.get(HEADER..length).unwrap_or(&[]);
            rest = rest.get(aligned(length)..).unwrap_or(&[]);
            let answer = match message.message_type() {
                IPCTNL_MSG_CT_NEW => connection(payload)
                    .map_or(Answer::Failed(Errno::NOENT.raw_os_error()), Answer::Found),
                NLMSG_ERROR => Answer::Failed(errno(payload)),
                _ => continue,
            };
            return Some((message.sequence_number(), answer));
        }
    })
}

/// Decodes an entry.
fn connection(payload: &[u8]) -> Option<TrackedConnection> {
    let (mut original, mut reply, mut state) = (None, None, None);
    for attribute in Attributes(payload.get(NFGENMSG..)?) {
        match attribute.ok()? {
            (CTA_TUPLE_ORIG, value) => original = tuple(value),
            (CTA_TUPLE_REPLY, value) => reply = tuple(value),
            (CTA_PROTOINFO, value) => {
                let tcp = attribute_of(value, CTA_PROTOINFO_TCP);
                let tcp = tcp.and_then(|value| attribute_of(value, CTA_PROTOINFO_TCP_STATE));
                state = tcp.and_then(|value| value.first().copied());
            }
            _ => {}
        }
    }
    Some(TrackedConnection {
        original: original?,
        reply: reply?,
        is_over: matches!(state, Some(TCP_CONNTRACK_TIME_WAIT | TCP_CONNTRACK_CLOSE)),
    })
}

fn tuple(value: &[u8]) -> Option<Tuple> {
    let addresses = attribute_of(value, CTA_TUPLE_IP)?;
    let ports = attribute_of(value, CTA_TUPLE_PROTO)?;
    let address = |v4, v6| {
        let address = attribute_of(addresses, v4).or_else(|| attribute_of(addresses, v6))?;
        ip(address)
    };
    let port = |kind| {
        let bytes = attribute_of(ports, kind)?.get(..2)?;
        Some(u16::from_be_bytes(bytes.try_into().ok()?))
    };
    let tuple = Tuple {
        protocol: *attribute_of(ports, CTA_PROTO_NUM)?.first()?,
        source: Endpoint {
            address: address(CTA_IP_V4_SRC, CTA_IP_V6_SRC)?,
            port: port(CTA_PROTO_SRC_PORT)?,
        },
        destination: Endpoint {
            address: address(CTA_IP_V4_DST, CTA_IP_V6_DST)?,
            port: port(CTA_PROTO_DST_PORT)?,
        },
    };
    let is_v4 = tuple.source.address.is_ipv4();
    (is_v4 == tuple.destination.address.is_ipv4()).then_some(tuple)
}

/// Returns the value of the first attribute of a type.
fn attribute_of(bytes: &[u8], wanted: u16) -> Option<&[u8]> {
    let mut attributes = Attributes(bytes).map_while(Result::ok);
    attributes.find_map(|(kind, value)| (kind == wanted).then_some(value))
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => Some(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?).into()),
        16 => Some(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;

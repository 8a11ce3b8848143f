//! TIPC sockets.

use super::common::protocol_of_type;
use crate::model::{Ends, Family, MemoryInfo, Parts, Socket, SocketTable, State};
use crate::source::netlink::wire::{Attributes, DecodeError, too_short, u32_at, u64_at};

/// The only attribute of a message. Kernel: `include/uapi/linux/tipc_netlink.h`, as all that follow.
const TIPC_NLA_SOCK: u16 = 2;

// Attributes of a socket.
const SOCK_ADDR: u16 = 1;
const SOCK_REF: u16 = 2;
const SOCK_CON: u16 = 3;
const SOCK_STAT: u16 = 5;
const SOCK_TYPE: u16 = 6;
const SOCK_INO: u16 = 7;
const SOCK_UID: u16 = 8;
const SOCK_TIPC_STATE: u16 = 9;
const SOCK_COOKIE: u16 = 10;

// Attributes of its connection.
const CON_NODE: u16 = 2;
const CON_SOCK: u16 = 3;

// Attributes of its queues, which unlike the others are counted from 0.
const STAT_RCVQ: u16 = 0;
const STAT_SENDQ: u16 = 1;
const STAT_DROP: u16 = 4;

/// Bytes of a message with only a state and a cookie.
const SMALLEST: usize = 24;

/// Decodes one message, which has no structure before its attributes, and appends the row. The states have the numbers
/// of TCP's. Of the memory, only the drops are known.
pub(super) fn decode(
    message: &[u8],
    netns: u32,
    table: &mut SocketTable,
) -> Result<(), DecodeError> {
    let mut nested: &[u8] = &[];
    for attribute in Attributes(message) {
        if let (TIPC_NLA_SOCK, value) = attribute? {
            nested = value;
        }
    }
    let (mut node, mut port, mut remote) = (0, 0, None);
    let (mut kind_of_socket, mut state) = (0, None);
    let (mut inode, mut uid, mut cookie) = (0, None, None);
    let mut queues = Queues::default();
    for attribute in Attributes(nested) {
        let (kind, value) = attribute?;
        let word = u32_at(value, 0);
        match kind {
            SOCK_ADDR => node = word.unwrap_or(0),
            SOCK_REF => port = word.unwrap_or(0),
            SOCK_CON => remote = peer(value)?,
            SOCK_STAT => queues = Queues::new(value)?,
            SOCK_TYPE => kind_of_socket = word.unwrap_or(0),
            SOCK_INO => inode = word.unwrap_or(0),
            SOCK_UID => uid = word,
            SOCK_TIPC_STATE => state = word,
            SOCK_COOKIE => cookie = u64_at(value, 0),
            _ => {}
        }
    }
    // Without its identity, a socket is not distinguished from others.
    let (Some(cookie), Some(number)) = (cookie, state) else {
        return Err(too_short(message, SMALLEST));
    };
    let number = u8::try_from(number).unwrap_or(u8::MAX);
    let state = State::from_kernel(number).ok_or(DecodeError::State(number))?;
    let protocol = protocol_of_type(u8::try_from(kind_of_socket).unwrap_or(u8::MAX));
    let ends = Ends::Tipc {
        local: (node, port),
        remote,
    };
    let mut socket = Socket::new(netns, cookie, Family::Tipc, protocol, state, ends);
    socket.inode = inode;
    socket.uid = uid;
    socket.recv_queue = queues.unread;
    socket.send_queue = queues.unsent;
    let memory = MemoryInfo::encode(|name| queues.drops.filter(|_| name == "drops"));
    let parts = Parts {
        memory: &memory,
        ..Parts::default()
    };
    table.push(socket, parts).ok_or(DecodeError::TableFull)
}

/// Returns the node and port of the peer.
fn peer(attributes: &[u8]) -> Result<Option<(u32, u32)>, DecodeError> {
    let (mut node, mut port) = (None, None);
    for attribute in Attributes(attributes) {
        match attribute? {
            (CON_NODE, value) => node = u32_at(value, 0),
            (CON_SOCK, value) => port = u32_at(value, 0),
            _ => {}
        }
    }
    Ok(node.zip(port))
}

/// Messages in the queues of a socket.
#[derive(Debug, Default)]
struct Queues {
    unread: u32,
    unsent: u32,
    drops: Option<u32>,
}

impl Queues {
    fn new(attributes: &[u8]) -> Result<Queues, DecodeError> {
        let mut queues = Queues::default();
        for attribute in Attributes(attributes) {
            let (kind, value) = attribute?;
            let word = u32_at(value, 0);
            match kind {
                STAT_RCVQ => queues.unread = word.unwrap_or(0),
                STAT_SENDQ => queues.unsent = word.unwrap_or(0),
                STAT_DROP => queues.drops = word,
                _ => {}
            }
        }
        Ok(queues)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Protocol;

    /// A connection with two unread messages, as Linux 6.12 reports it.
    const CONNECTED: &str = "8400028008000200ece2175808000100000000002800030008000200000000000800\
        03000fd20bcb0400010008000400c849000008000500020000000800060001000000080009000100000008000700\
        1901000008000800000000000c000a0003000000000000001c000500080000000200000008000100000000000800\
        040007000000";

    fn bytes() -> Vec<u8> {
        let digits: Vec<u8> = CONNECTED.bytes().filter(u8::is_ascii_hexdigit).collect();
        let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair));
        pairs
            .map(|pair| u8::from_str_radix(pair.expect("ASCII"), 16).expect("a number"))
            .collect()
    }

    #[test]
    fn a_connection_has_both_ends_and_its_messages() {
        let mut table = SocketTable::default();
        decode(&bytes(), 1, &mut table).expect("a row");
        let socket = table.get(0).expect("a row");
        let ends = Ends::Tipc {
            local: (0, 1_477_960_428),
            remote: Some((0, 3_406_549_519)),
        };
        assert_eq!(socket.ends, ends);
        assert_eq!(
            (socket.protocol, socket.state),
            (Protocol::Stream, State::Established)
        );
        assert_eq!((socket.recv_queue, socket.send_queue), (2, 0));
        assert_eq!((socket.inode, socket.uid, socket.cookie), (281, Some(0), 3));
        let memory = socket.memory().expect("memory");
        assert_eq!((memory.drops(), memory.rcvbuf()), (Some(7), None));
    }

    #[test]
    fn a_message_that_is_cut_is_malformed_or_has_fewer_values() {
        let whole = bytes();
        for length in 0..whole.len() {
            let mut table = SocketTable::default();
            let result = decode(&whole[..length], 1, &mut table);
            assert!(result.is_err() && table.is_empty(), "{length}");
        }
    }
}

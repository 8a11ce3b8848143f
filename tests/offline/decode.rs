//! Decodes dumps recorded from a real kernel (6.18) in `tests/fixtures`, and what results from cutting, changing and
//! reordering them.
//!
//! The dumps are recorded again by `cargo test --test offline -- --ignored record_fixtures` in a network namespace that
//! holds sockets in the states to be recorded; the expectations below then have to be updated.

use proptest::prelude::*;
use sockwatch::model::{
    Ends, Family, MemoryInfo, Protocol, Sample, Socket, SocketTable, State, TcpInfo, TimerKind,
};
use sockwatch::source::netlink::datagram::{DatagramStatus, decode_datagram};
use sockwatch::source::netlink::decode::decode_socket;
use sockwatch::source::netlink::request::Table;

use crate::support::dumps::{fixture, messages, protocol, record, recorded, to_bytes};

const TABLES: [(&str, Table); 7] = [
    ("tcp", Table::Inet(Protocol::Tcp)),
    ("tcp6", Table::Inet6(Protocol::Tcp)),
    ("udp", Table::Inet(Protocol::Udp)),
    ("udp6", Table::Inet6(Protocol::Udp)),
    ("unix", Table::Unix),
    ("netlink", Table::Netlink),
    ("packet", Table::Packet),
];

fn decoded(name: &str, datagrams: &[Vec<u8>]) -> (SocketTable, Vec<DatagramStatus>) {
    let mut table = SocketTable::default();
    let statuses = datagrams
        .iter()
        .map(|bytes| decode_datagram(bytes, None, protocol(name), 1, &mut table))
        .collect();
    (table, statuses)
}

/// Bytes of the fixed structure before the attributes.
fn head(name: &str) -> usize {
    match name {
        "tcp" | "tcp6" | "udp" | "udp6" => 72,
        "netlink" => 28,
        _ => 16,
    }
}

/// A message with its `tcp_info` (attribute 2) cut or grown to `length`.
fn with_tcp_info(message: &[u8], length: usize) -> Vec<u8> {
    let mut out = message[..72].to_vec();
    let mut rest = &message[72..];
    while rest.len() >= 4 {
        let size = usize::from(u16::from_ne_bytes(rest[..2].try_into().unwrap()));
        let kind = u16::from_ne_bytes(rest[2..4].try_into().unwrap());
        let mut value = rest[4..size].to_vec();
        if kind == 2 {
            value.resize(length, 0xee);
        }
        out.extend_from_slice(&((value.len() + 4) as u16).to_ne_bytes());
        out.extend_from_slice(&kind.to_ne_bytes());
        out.extend_from_slice(&value);
        out.resize(out.len().next_multiple_of(4), 0);
        rest = rest.get((size + 3) & !3..).unwrap_or(&[]);
    }
    out
}

/// A sample around a table, to read the parts of variable length.
fn sample(sockets: SocketTable) -> Sample {
    Sample {
        sockets,
        ..Sample::default()
    }
}

fn states(table: &SocketTable) -> Vec<State> {
    let mut states: Vec<State> = table.iter().map(|socket| socket.state).collect();
    states.sort_unstable();
    states.dedup();
    states
}

#[test]
fn recorded_dumps_decode_without_an_error() {
    for (name, _) in TABLES {
        let datagrams = recorded(name);
        let (table, statuses) = decoded(name, &datagrams);
        assert_eq!(
            table.len(),
            messages(name).len(),
            "{name}: every message is a row"
        );
        assert!(
            statuses.iter().all(|status| status.malformed == 0),
            "{name}: {statuses:?}"
        );
        assert_eq!(
            statuses.last().and_then(|status| status.ended),
            Some(0),
            "{name} ends with DONE"
        );
        assert!(
            table.iter().all(|socket| socket.cookie != 0),
            "{name}: every row has its cookie"
        );
    }
}

#[test]
fn every_recorded_state_is_decoded() {
    let (tcp, _) = decoded("tcp", &recorded("tcp"));
    for state in [
        State::Established,
        State::SynSent,
        State::FinWait2,
        State::TimeWait,
        State::CloseWait,
        State::Listen,
        State::BoundInactive,
    ] {
        assert!(states(&tcp).contains(&state), "{state:?}");
    }
    let (unix, _) = decoded("unix", &recorded("unix"));
    assert_eq!(
        states(&unix),
        [State::Established, State::Closed, State::Listen]
    );
    let (tcp6, _) = decoded("tcp6", &recorded("tcp6"));
    assert!(tcp6.iter().any(|socket| {
        socket.family == Family::Inet6
            && socket
                .local()
                .is_some_and(|end| end.address != end.canonical().address)
    }));
}

#[test]
fn a_listener_reports_its_accept_queue_and_its_limit() {
    let (tcp, _) = decoded("tcp", &recorded("tcp"));
    let full = tcp
        .iter()
        .find(|socket| {
            socket
                .accept_queue()
                .is_some_and(|queue| queue.waiting == 2)
        })
        .expect("a full accept queue");
    let queue = full.accept_queue().unwrap();
    assert_eq!(
        queue.backlog, 1,
        "listen(1) holds one connection more than its limit"
    );
    assert!(queue.is_full());
    assert_eq!(
        full.received_unread(),
        None,
        "a listener has no bytes to read"
    );
    let info = full.tcp_info().expect("tcp_info");
    assert_eq!(
        (info.unacked(), info.sacked()),
        (Some(2), Some(1)),
        "which alias the queue on listeners"
    );
    assert!(full.memory().and_then(MemoryInfo::drops).is_some());
}

#[test]
fn time_wait_keeps_its_expiry_and_hides_its_placeholders() {
    let (tcp, _) = decoded("tcp", &recorded("tcp"));
    let row = tcp
        .iter()
        .find(|socket| socket.state == State::TimeWait)
        .expect("TIME-WAIT");
    let timer = row.timer().expect("its timer");
    assert_eq!(timer.kind, TimerKind::TimeWait);
    assert!((1..=60_000).contains(&timer.expires_ms), "{timer:?}");
    assert_eq!((row.inode, row.uid), (0, None));
    assert!(row.tcp_info().is_none());
}

#[test]
fn unread_and_unacknowledged_bytes_are_decoded() {
    let (tcp, _) = decoded("tcp", &recorded("tcp"));
    assert!(
        tcp.iter()
            .any(|socket| socket.state == State::Established && socket.recv_queue == 5000)
    );
    assert!(
        tcp.iter()
            .all(|socket| socket.uid.is_none_or(|uid| uid == 0))
    );
    let (udp, _) = decoded("udp", &recorded("udp"));
    let unread = udp
        .iter()
        .find(|socket| socket.recv_queue > 0)
        .expect("unread datagrams");
    assert_eq!(
        unread.recv_queue, 3840,
        "three datagrams of 500 bytes take this much memory"
    );
    assert!(unread.tcp_info().is_none());
}

#[test]
fn unix_names_are_kept_as_the_kernel_has_them() {
    let (table, _) = decoded("unix", &recorded("unix"));
    let sample = sample(table);
    let names: Vec<&[u8]> = sample.iter().filter_map(|socket| socket.name()).collect();
    assert!(
        names.contains(&&b"/tmp/sockwatch-fixture.sock"[..]),
        "{names:?}"
    );
    assert!(names.contains(&&b"\0sockwatch-abstract"[..]), "{names:?}");
    let inodes: Vec<u32> = sample.sockets.iter().map(|socket| socket.inode).collect();
    let peers = sample
        .sockets
        .iter()
        .filter_map(|socket| match socket.ends {
            Ends::Unix { peer_inode, .. } => peer_inode,
            _ => None,
        });
    assert!(
        peers.into_iter().any(|peer| inodes.contains(&peer)),
        "a pair whose both ends are in the dump"
    );
}

#[test]
fn tcp_info_of_every_length_decodes_to_the_fields_it_contains() {
    let originals: Vec<Vec<u8>> = messages("tcp")
        .into_iter()
        .filter(|message| {
            let mut table = SocketTable::default();
            decode_socket(message, Some(Protocol::Tcp), 1, &mut table).unwrap();
            table.get(0).unwrap().tcp_info().is_some()
        })
        .collect();
    assert!(originals.len() > 3);
    for message in &originals {
        let mut complete = SocketTable::default();
        decode_socket(message, Some(Protocol::Tcp), 1, &mut complete).unwrap();
        let full = complete.get(0).unwrap().tcp_info().unwrap();
        assert_eq!(full.bytes().len(), 280, "recorded on 6.18");
        for length in [104, 144, 232, 248, 280, 320] {
            let mut table = SocketTable::default();
            decode_socket(
                &with_tcp_info(message, length),
                Some(Protocol::Tcp),
                1,
                &mut table,
            )
            .unwrap();
            let info = table.get(0).unwrap().tcp_info().unwrap();
            assert_eq!(info.bytes().len(), length);
            for field in TcpInfo::FIELDS {
                // An age is unknown without its segments, as far as their number arrived.
                let shorter = full.bytes().slice(0, length);
                let expected = field.read(shorter);
                assert_eq!(
                    field.read(info.bytes()),
                    expected,
                    "{} at {length} bytes",
                    field.name
                );
            }
            // Everything but tcp_info is the same.
            let (mut row, mut other) = (table[0], complete[0]);
            (row.blob, other.blob) = Default::default();
            assert_eq!(row, other);
            assert_eq!(
                table.get(0).unwrap().memory(),
                complete.get(0).unwrap().memory()
            );
        }
    }
}

#[test]
fn done_and_error_messages_have_their_codes() {
    let message = |kind: u16, payload: &[u8]| {
        let mut bytes = ((16 + payload.len()) as u32).to_ne_bytes().to_vec();
        bytes.extend_from_slice(&kind.to_ne_bytes());
        bytes.extend_from_slice(&[0; 2]);
        bytes.extend_from_slice(&7u32.to_ne_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(payload);
        bytes
    };
    let ended = |bytes: &[u8], sequence| {
        decode_datagram(bytes, Some(sequence), None, 1, &mut SocketTable::default()).ended
    };
    assert_eq!(
        ended(&message(3, &(-2i32).to_ne_bytes()), 7),
        Some(2),
        "a missing family says so in DONE"
    );
    assert_eq!(ended(&message(2, &(-1i32).to_ne_bytes()), 7), Some(1));
    assert_eq!(ended(&message(3, &[]), 7), Some(0));
    assert_eq!(
        ended(&message(3, &i32::MIN.to_ne_bytes()), 7),
        Some(i32::MAX)
    );
    assert_eq!(
        ended(&message(3, &[]), 8),
        None,
        "answers to an earlier request are skipped"
    );
    let status = decode_datagram(&message(4, &[]), None, None, 1, &mut SocketTable::default());
    assert!(
        status.interrupted,
        "an overrun says that rows may be missing"
    );
}

#[test]
fn a_refused_message_leaves_the_table_unchanged() {
    for (name, _) in TABLES {
        for message in messages(name) {
            let mut table = SocketTable::default();
            for length in 0..head(name) {
                assert!(decode_socket(&message[..length], protocol(name), 1, &mut table).is_err());
            }
            assert!(table.is_empty() && table.parts_len() == 0);
        }
    }
}

/// All accessors of a row: none may panic or read beyond what arrived.
fn read_all(table: SocketTable) {
    let sample = sample(table);
    for socket in sample.iter() {
        if let Some(info) = socket.tcp_info() {
            for field in TcpInfo::FIELDS {
                let _ = field.read(info.bytes());
            }
        }
        if let Some(memory) = socket.memory() {
            let _ = (0..12).map(|index| memory.get(index)).collect::<Vec<_>>();
        }
        let _ = (
            socket.name(),
            socket.ulp(),
            socket.congestion(),
            socket.congestion_info(),
            socket.holders(),
        );
        let row: &Socket = socket.socket;
        let _ = (row.local(), row.remote(), row.accept_queue(), row.key());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_prefix_panics(table in 0..TABLES.len(), cut in any::<prop::sample::Index>()) {
        let name = TABLES[table].0;
        for datagram in recorded(name) {
            let (table, _) = decoded(name, &[datagram[..cut.index(datagram.len() + 1)].to_vec()]);
            read_all(table);
        }
    }

    #[test]
    fn no_mutation_panics(
        table in 0..TABLES.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..64),
    ) {
        let name = TABLES[table].0;
        for mut datagram in recorded(name) {
            for (at, value) in &changes {
                let at = at.index(datagram.len());
                datagram[at] = *value;
            }
            let (table, _) = decoded(name, &[datagram]);
            read_all(table);
        }
    }

    #[test]
    fn the_order_of_attributes_does_not_matter(seed in any::<u64>()) {
        for name in ["tcp", "tcp6", "unix"] {
            for message in messages(name) {
                let (front, mut rest) = message.split_at(head(name));
                let mut attributes = Vec::new();
                while rest.len() >= 4 {
                    let size = usize::from(u16::from_ne_bytes(rest[..2].try_into().unwrap())).next_multiple_of(4);
                    attributes.push(&rest[..size.min(rest.len())]);
                    rest = rest.get(size..).unwrap_or(&[]);
                }
                let turn = (seed % attributes.len().max(1) as u64) as usize;
                attributes.rotate_left(turn);
                let reordered: Vec<u8> = front.iter().copied().chain(attributes.concat()).collect();
                let mut original = SocketTable::default();
                let mut other = SocketTable::default();
                decode_socket(&message, protocol(name), 1, &mut original).unwrap();
                decode_socket(&reordered, protocol(name), 1, &mut other).unwrap();
                prop_assert_eq!(original, other);
            }
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..2048), family in 0u8..64) {
        let mut table = SocketTable::default();
        let _ = decode_datagram(&bytes, None, None, 1, &mut table);
        let mut message = bytes;
        if let Some(first) = message.first_mut() {
            *first = family;
        }
        let _ = decode_socket(&message, Some(Protocol::Tcp), 1, &mut table);
        let _ = decode_socket(&message, None, 1, &mut table);
        read_all(table);
    }
}

#[test]
#[ignore = "records the fixtures anew from the running kernel"]
fn record_fixtures() {
    for (name, table) in TABLES {
        let datagrams = record(table).unwrap();
        std::fs::write(fixture(name), to_bytes(&datagrams)).unwrap();
    }
}

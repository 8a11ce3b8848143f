//! Tables that share unchanged pages with the previous one are the same as tables that are decoded in full: from dumps of a
//! real kernel whose clocks advance and whose sockets change, vanish and appear.

use std::sync::Arc;

use jiff::tz::TimeZone;
use proptest::prelude::*;
use sockwatch::aggregate::{Aggregator, Moment};
use sockwatch::diagnose::{Diagnosis, Thresholds};
use sockwatch::model::{
    PageLink, PreviousRows, Protocol, RowLinks, Settings, Socket, SocketKey, SocketTable,
};
use sockwatch::source::netlink::datagram::decode_datagram;

use crate::support::dumps::{messages as recorded, protocol};

/// `idiag_timer`, `idiag_expires` and the cookie in `struct inet_diag_msg`.
const TIMER: usize = 2;
const EXPIRES: usize = 52;
const COOKIE: usize = 44;

/// A change of the sockets between two dumps.
#[derive(Debug, Clone)]
enum Step {
    /// The clock advances by ticks of 4 ms; from one message on, by one more.
    Clock(u32, prop::sample::Index),
    /// A byte of a message changes.
    Change(prop::sample::Index, prop::sample::Index, u8),
    Close(prop::sample::Index),
    Open(prop::sample::Index, u32),
    /// The kernel lists a socket elsewhere.
    Move(prop::sample::Index, prop::sample::Index),
    /// The kernel lists a socket twice.
    Repeat(prop::sample::Index, prop::sample::Index),
}

fn steps() -> impl Strategy<Value = Vec<Vec<Step>>> {
    let index = any::<prop::sample::Index>;
    let step = prop_oneof![
        6 => (1u32..600, index()).prop_map(|(ticks, at)| Step::Clock(ticks, at)),
        3 => (index(), index(), any::<u8>()).prop_map(|(at, byte, value)| Step::Change(at, byte, value)),
        2 => index().prop_map(Step::Close),
        2 => (index(), any::<u32>()).prop_map(|(at, cookie)| Step::Open(at, cookie)),
        1 => (index(), index()).prop_map(|(from, to)| Step::Move(from, to)),
        1 => (index(), index()).prop_map(|(from, to)| Step::Repeat(from, to)),
    ];
    prop::collection::vec(prop::collection::vec(step, 0..4), 2..9)
}

fn word(message: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes(message[at..at + 4].try_into().unwrap())
}

fn put(message: &mut [u8], at: usize, value: u32) {
    message[at..at + 4].copy_from_slice(&value.to_ne_bytes());
}

/// Returns the offset of the value of `INET_DIAG_INFO`.
fn info(message: &[u8]) -> Option<usize> {
    let mut at = 72;
    while at + 4 <= message.len() {
        let length = usize::from(u16::from_ne_bytes([message[at], message[at + 1]]));
        if u16::from_ne_bytes([message[at + 2], message[at + 3]]) == 2 {
            return (length >= 64).then_some(at + 4);
        }
        at += ((length + 3) & !3).max(4);
    }
    None
}

/// Advances the clock of a socket, as the kernel does.
fn advance(message: &mut [u8], ms: u32) {
    if message.len() < 72 || !matches!(message[0], 2 | 10) {
        return;
    }
    if message[TIMER] != 0 {
        let left = word(message, EXPIRES).saturating_sub(ms);
        put(message, EXPIRES, left);
    }
    // The ages of a listener stay at 0.
    if message[1] != 10
        && let Some(info) = info(message)
    {
        for at in [44, 52, 56] {
            let aged = word(message, info + at).wrapping_add(ms);
            put(message, info + at, aged);
        }
    }
}

fn apply(step: &Step, messages: &mut Vec<Vec<u8>>) {
    match step {
        Step::Clock(ticks, later) => {
            let later = later.index(messages.len() + 1);
            for (at, message) in messages.iter_mut().enumerate() {
                advance(message, 4 * (ticks + u32::from(at >= later)));
            }
        }
        _ if messages.is_empty() => {}
        Step::Change(at, byte, value) => {
            let message = at.get(messages).clone();
            let mut changed = message.clone();
            // The family and the identity stay.
            let byte = 1 + byte.index(message.len() - 1);
            if !(COOKIE..COOKIE + 8).contains(&byte) {
                changed[byte] = *value;
            }
            let at = at.index(messages.len());
            messages[at] = changed;
        }
        Step::Close(at) => {
            messages.remove(at.index(messages.len()));
        }
        Step::Open(at, cookie) => {
            let mut opened = at.get(messages).clone();
            if opened.len() >= 72 && matches!(opened[0], 2 | 10) {
                put(&mut opened, COOKIE, *cookie);
            }
            messages.insert(at.index(messages.len()), opened);
        }
        Step::Move(from, to) => {
            let moved = messages.remove(from.index(messages.len()));
            messages.insert(to.index(messages.len() + 1), moved);
        }
        Step::Repeat(from, to) => {
            let repeated = from.get(messages).clone();
            messages.insert(to.index(messages.len() + 1), repeated);
        }
    }
}

/// Returns the messages of a recorded dump, several times with other cookies: more than fit into a page.
fn many(name: &str) -> Vec<Vec<u8>> {
    let recorded = recorded(name);
    let copies = (0..=600 / recorded.len() as u32).flat_map(|copy| {
        recorded.iter().map(move |message| {
            let mut message = message.clone();
            let cookie = match message[0] {
                2 | 10 => COOKIE,
                1 => 8,
                _ => 20,
            };
            let other = word(&message, cookie).wrapping_add(copy << 16);
            put(&mut message, cookie, other);
            message
        })
    });
    copies.collect()
}

/// Packs messages into a datagram, each behind its `struct nlmsghdr`.
fn datagram(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for message in messages {
        bytes.extend_from_slice(&(16 + message.len() as u32).to_ne_bytes());
        bytes.extend_from_slice(&20u16.to_ne_bytes());
        bytes.extend_from_slice(&[0; 10]);
        bytes.extend_from_slice(message);
        bytes.resize((bytes.len() + 3) & !3, 0);
    }
    bytes
}

fn decode(name: &str, messages: &[Vec<u8>], table: &mut SocketTable) {
    for messages in messages.chunks(50) {
        decode_datagram(&datagram(messages), None, protocol(name), 1, table);
    }
    table.finish();
}

fn keys(table: &SocketTable) -> Vec<SocketKey> {
    table.iter().map(|row| row.key()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_table_that_shares_pages_is_as_one_that_is_decoded_in_full(steps in steps(), name in 0usize..5) {
        let name = ["tcp", "tcp6", "udp", "unix", "netlink"][name];
        let mut messages = many(name);
        let mut previous = SocketTable::default();
        let mut links = RowLinks::default();
        for step in &steps {
            for change in step {
                apply(change, &mut messages);
            }
            let (mut full, mut shared) = (SocketTable::default(), SocketTable::default());
            decode(name, &messages, &mut full);
            shared.begin_after(&previous);
            decode(name, &messages, &mut shared);
            prop_assert_eq!(shared.len(), full.len());
            for (own, other) in shared.iter().zip(&full) {
                let placeless = |mut socket: Socket| {
                    socket.blob.at = 0;
                    // Its name is compared: a table keeps those that the one before had.
                    socket.congestion = 0;
                    socket
                };
                prop_assert_eq!(placeless(own.to_socket()), placeless(other.to_socket()));
                prop_assert_eq!(own.parts(), other.parts());
                prop_assert_eq!(own.timer(), other.timer());
                prop_assert_eq!(shared.name_at(own.congestion), full.name_at(other.congestion));
            }

            links.update(&previous, &shared);
            let (before, after) = (keys(&previous), keys(&shared));
            let mut linked = vec![false; before.len()];
            for page in links.pages() {
                for at in 0..page.rows {
                    let row = match page.previous {
                        PreviousRows::Same { first, .. } => Some(first + at),
                        PreviousRows::Linked(first) => links.previous_of(first + at),
                    };
                    let key = after[(page.first + at) as usize];
                    match row {
                        Some(row) => {
                            prop_assert_eq!(before[row as usize], key);
                            prop_assert!(!std::mem::replace(&mut linked[row as usize], true));
                        }
                        // It is new, or there is another of its kind.
                        None => prop_assert!(!before.contains(&key) || after.iter().filter(|other| **other == key).count() > before.iter().filter(|other| **other == key).count() || before.iter().filter(|other| **other == key).count() > 1),
                    }
                }
            }
            let gone: Vec<u32> = (0..).zip(&linked).filter(|(_, linked)| !**linked).map(|(row, _)| row).collect();
            prop_assert_eq!(links.vanished(), &gone[..]);
            previous = shared;
        }
    }
}

/// Derives rates, totals and findings from Samples, one after the other.
struct Derived {
    moment: Moment,
    aggregator: Aggregator,
    diagnosis: Diagnosis,
}

impl Derived {
    fn new() -> Derived {
        let mut moment = Moment::default();
        // All local ports, so that every connection uses one.
        moment.sample.settings = Arc::new(Settings {
            values: vec![(
                "net.ipv4.ip_local_port_range".to_owned(),
                "1\t65535".to_owned(),
            )],
        });
        Derived {
            moment,
            aggregator: Aggregator::new(),
            diagnosis: Diagnosis::new(Thresholds::default(), TimeZone::UTC),
        }
    }

    /// Returns everything that is derived from the next Sample, as text.
    fn next(&mut self, sockets: SocketTable) -> String {
        self.moment.sample.sockets = sockets;
        self.moment.sample.monotonic_ns += 1_000_000_000;
        self.moment.derive(&mut self.aggregator);
        let findings = format!("{:?}", self.diagnosis.update(&self.moment));
        let ports = self.diagnosis.ports(&self.moment);
        let aggregate = &self.moment.aggregate;
        let sums = (&aggregate.totals, aggregate.throughput, aggregate.changes);
        let groups = (&aggregate.remotes, &aggregate.ports, &aggregate.listeners);
        let events = aggregate.events.batches().map(|batch| &batch.events);
        let events: Vec<_> = events.collect();
        let sockets = &aggregate.sockets;
        format!("{sums:?}\n{groups:?}\n{sockets:?}\n{events:?}\n{findings}\n{ports:?}")
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_same_is_derived_from_a_table_that_shares_pages(steps in steps(), name in 0usize..3) {
        let name = ["tcp", "tcp6", "udp"][name];
        let mut messages = many(name);
        let mut previous = SocketTable::default();
        let (mut from_shared, mut from_full) = (Derived::new(), Derived::new());
        for step in &steps {
            // A source removes the sockets that the kernel lists twice.
            for change in step.iter().filter(|step| !matches!(step, Step::Repeat(..))) {
                apply(change, &mut messages);
            }
            let (mut full, mut shared) = (SocketTable::default(), SocketTable::default());
            decode(name, &messages, &mut full);
            shared.begin_after(&previous);
            decode(name, &messages, &mut shared);
            previous = shared.clone();
            prop_assert!(from_shared.next(shared) == from_full.next(full));
        }
    }
}

#[test]
fn pages_in_which_only_the_clock_has_changed_are_shared() {
    for name in ["tcp", "tcp6", "udp", "unix"] {
        let mut messages = many(name);
        let mut previous = SocketTable::default();
        let mut links = RowLinks::default();
        for round in 0..3 {
            let mut table = SocketTable::default();
            table.begin_after(&previous);
            decode(name, &messages, &mut table);
            links.update(&previous, &table);
            let is_shared = |page: &&PageLink| matches!(page.previous, PreviousRows::Same { .. });
            let shared = links.pages().iter().filter(is_shared).count();
            let expected = if round == 0 { 0 } else { links.pages().len() };
            assert_eq!(shared, expected, "{name}, round {round}");
            for message in &mut messages {
                advance(message, 1004);
            }
            previous = table;
        }
        // One changed socket is in one page.
        let socket = messages.len() / 2;
        messages[socket][64] ^= 1;
        let mut table = SocketTable::default();
        table.begin_after(&previous);
        decode(name, &messages, &mut table);
        links.update(&previous, &table);
        let others = links.pages().iter();
        let others = others.filter(|page| matches!(page.previous, PreviousRows::Linked(_)));
        assert_eq!(others.count(), 1, "{name}");
    }
}

/// TCP sockets of the fixtures, so that a change of the kernel's attributes is noticed.
#[test]
fn the_recorded_sockets_have_clocks() {
    let messages = recorded("tcp");
    assert!(messages.iter().any(|message| info(message).is_some()));
    let mut table = SocketTable::default();
    decode("tcp", &messages, &mut table);
    assert!(
        table
            .iter()
            .any(|row| row.protocol == Protocol::Tcp && row.timer().is_some())
    );
}

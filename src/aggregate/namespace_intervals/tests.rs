//! Rates in a network namespace that is not checked for every Sample.

use std::sync::Arc;

use crate::aggregate::{Aggregate, Aggregator, Change, FilteredView, Lifetime, Moment};
use crate::aggregate::{Cancellation, Throughput};
use crate::model::{
    ClosedSocket, Endpoint, Ends, Family, NetNamespace, Parts, Protocol, Sample, Socket,
    SocketTable, State,
};

const SECOND: u64 = 1_000_000_000;
const OWN: u32 = 1;
const OTHER: u32 = 9;

/// A namespace that was last checked at this second.
fn namespace(checked_s: u64) -> Arc<NetNamespace> {
    Arc::new(NetNamespace {
        since_ns: 7,
        checked_ns: checked_s * SECOND,
        ..NetNamespace::named(OTHER, "blue")
    })
}

fn end(last: u8, port: u16) -> Endpoint {
    let address = [10, 0, 0, last].into();
    Endpoint { address, port }
}

/// Appends a connection that has received and sent this many bytes.
fn push(table: &mut SocketTable, netns: u32, cookie: u64, moved: u64) {
    let mut info = vec![0; 232];
    for place in [120..128, 128..136, 200..208] {
        info[place].copy_from_slice(&moved.to_ne_bytes());
    }
    let parts = Parts {
        info: &info,
        ..Parts::default()
    };
    let ends = Ends::Inet {
        local: end(1, 80),
        remote: end(2, 1000 + cookie as u16),
    };
    let (family, protocol) = (Family::Inet, Protocol::Tcp);
    let socket = Socket::new(netns, cookie, family, protocol, State::Established, ends);
    table.push(socket, parts).expect("it fits");
}

fn push_listener(table: &mut SocketTable) {
    let ends = Ends::Inet {
        local: end(1, 80),
        remote: end(0, 0),
    };
    let mut listener = Socket::new(OTHER, 1, Family::Inet, Protocol::Tcp, State::Listen, ends);
    listener.send_queue = 128;
    table.push(listener, Parts::default()).expect("it fits");
}

/// A Sample of a second: in our own namespace a connection that moves 100 bytes per second, and in the other, which was last
/// checked at another second, a listener and connections with these bytes, by their cookies.
fn sample(second: u64, checked_s: u64, moved: &[(u64, u64)]) -> Sample {
    let mut sample = Sample {
        monotonic_ns: second * SECOND,
        own_netns: OWN,
        namespaces: vec![namespace(checked_s)],
        events_available: true,
        ..Sample::default()
    };
    push(&mut sample.sockets, OWN, 50, second * 100);
    push_listener(&mut sample.sockets);
    for &(cookie, moved) in moved {
        push(&mut sample.sockets, OTHER, cookie, moved);
    }
    sample
}

struct Run(Aggregator, Aggregate);

impl Run {
    fn new() -> Run {
        Run(Aggregator::new(), Aggregate::default())
    }

    fn update(&mut self, sample: &Sample) -> &Aggregate {
        self.0.update(sample, &mut self.1);
        &self.1
    }

    fn received(&self, row: usize) -> Option<f32> {
        self.1.sockets.get(row).expect("a row").received
    }
}

fn opened(aggregate: &Aggregate) -> f64 {
    aggregate.changes.expect("not the first").opened
}

#[test]
fn an_idle_namespace_that_gets_a_transfer_shows_its_true_rate() {
    let mut run = Run::new();
    run.update(&sample(10, 10, &[(2, 500)]));
    assert_eq!(run.received(2), None);
    run.update(&sample(11, 11, &[(2, 500)]));
    assert_eq!((run.received(0), run.received(2)), (Some(100.0), Some(0.0)));
    // Not checked: the rates of the last check.
    for second in 12..=14 {
        let all = run.update(&sample(second, 11, &[(2, 500)]));
        assert!(all.namespaces.others[0].is_repeated);
        assert_eq!(all.throughput.received, Some(100.0));
        assert_eq!((run.received(0), run.received(2)), (Some(100.0), Some(0.0)));
    }
    // 4000 bytes in the four seconds since the last check, then 1000 in one.
    for (second, moved) in [(15, 4500), (16, 5500)] {
        let all = run.update(&sample(second, second, &[(2, moved)]));
        assert_eq!(all.throughput.received, Some(1100.0), "in second {second}");
        let remote = all
            .remotes
            .iter()
            .find(|it| it.sockets > 0 && it.throughput.sent == Some(1100.0));
        assert!(remote.is_some(), "in second {second}: {:?}", all.remotes);
        assert_eq!(all.ports[0].throughput.received, Some(1100.0));
        assert_eq!(
            (run.received(0), run.received(2)),
            (Some(100.0), Some(1000.0))
        );
    }
}

#[test]
fn times_of_checks_count_rather_than_those_of_samples() {
    let mut run = Run::new();
    let at = |second, checked_ms: u64, moved| {
        let mut sample = sample(second, 0, &[(2, moved)]);
        Arc::make_mut(&mut sample.namespaces[0]).checked_ns = checked_ms * 1_000_000;
        sample
    };
    run.update(&at(10, 9_100, 0));
    run.update(&at(11, 10_900, 1800));
    assert_eq!(run.received(2), Some(1000.0));
}

#[test]
fn nothing_is_measured_before_the_second_check() {
    let mut run = Run::new();
    run.update(&sample(10, 10, &[(2, 500)]));
    for second in 11..=13 {
        let all = run.update(&sample(second, 10, &[(2, 500)]));
        assert_eq!(all.namespaces.others[0].since_ns, None);
        assert_eq!(all.listeners[0].opened, None);
        assert_eq!(run.received(2), None, "in second {second}");
    }
    run.update(&sample(14, 14, &[(2, 900)]));
    assert_eq!(run.received(2), Some(100.0));
}

#[test]
fn connections_are_counted_by_the_time_within_which_they_opened() {
    let mut run = Run::new();
    run.update(&sample(10, 10, &[]));
    run.update(&sample(11, 11, &[]));
    run.update(&sample(12, 11, &[]));
    // Two in the four seconds since the last check.
    let new = [(2, 800), (3, 0)];
    let all = run.update(&sample(15, 15, &new));
    assert_eq!(opened(all), 2.0 / 4.0, "per second");
    let listener = &all.listeners[0];
    assert_eq!(listener.opened, Some(2));
    assert_eq!(listener.accepted_per_s, Some(2.0 / 4.0));
    assert_eq!(run.received(2), Some(200.0), "all its bytes are new");
    let row = run.1.sockets.get(2).expect("a row");
    assert_eq!(row.change, Some(Change::Opened));
    // The next interval begins with that check.
    let all = run.update(&sample(16, 15, &new));
    assert_eq!(
        (opened(all), all.listeners[0].accepted_per_s),
        (0.0, Some(0.0))
    );
    assert_eq!(run.received(2), Some(0.0));
}

#[test]
fn a_closed_connection_counts_by_the_time_since_the_last_check() {
    let mut run = Run::new();
    run.update(&sample(10, 10, &[(2, 500)]));
    run.update(&sample(11, 11, &[(2, 500)]));
    run.update(&sample(14, 11, &[(2, 500)]));
    let mut last = sample(15, 15, &[]);
    for (row, (cookie, moved)) in (0..).zip([(2, 900), (3, 400)]) {
        push(&mut last.closed_sockets, OTHER, cookie, moved);
        last.closed.push(ClosedSocket {
            row,
            monotonic_ns: 15 * SECOND,
            last_state: Some(State::Established),
            first_seen_ns: None,
        });
    }
    let all = run.update(&last);
    let rates = all.closed[0].expect("a connection");
    assert_eq!(rates.sent, Some(100.0), "400 bytes in four seconds");
    assert_eq!(all.throughput.sent, Some(100.0 + 100.0 + 100.0));
    // One of them is new, and opened within these four seconds.
    let changes = all.changes.expect("not the first");
    assert_eq!((changes.closed, changes.opened), (2.0, 0.25));
    let number = all.events.next() - 1;
    let (event, _) = all.events.get(number).expect("an event");
    assert_eq!(event.lifetime, Some(Lifetime::Below(4 * SECOND)));
}

#[test]
fn a_filter_shows_the_same_numbers() {
    let mut aggregator = Aggregator::new();
    let mut moment = Moment::default();
    for (second, checked_s, moved) in [
        (10, 10, &[(2, 500)][..]),
        (11, 11, &[(2, 500)]),
        (14, 11, &[(2, 500)]),
        (15, 15, &[(2, 4500), (3, 0)]),
    ] {
        moment.sample = sample(second, checked_s, moved);
        moment.derive(&mut aggregator);
    }
    let (all, remotes) = (moment.aggregate.throughput, moment.aggregate.remotes.len());
    let changes = moment.aggregate.changes;
    assert_ne!(all, Throughput::default());
    let every = |_: &Moment, _: u32| true;
    let cancellation = Cancellation::default();
    FilteredView::new().apply(&mut moment, "", &cancellation, every, |_, _| true);
    assert_eq!(moment.aggregate.throughput, all);
    assert_eq!(moment.aggregate.changes, changes);
    assert_eq!(moment.aggregate.remotes.len(), remotes);
}

#[test]
fn another_namespace_with_the_same_inode_is_new() {
    let mut run = Run::new();
    run.update(&sample(10, 10, &[(2, 500)]));
    run.update(&sample(11, 11, &[(2, 500)]));
    let mut other = sample(12, 11, &[(7, 300)]);
    Arc::make_mut(&mut other.namespaces[0]).since_ns = 11 * SECOND;
    let all = run.update(&other);
    assert!(!all.namespaces.others[0].is_repeated);
    assert_eq!(run.received(2), Some(300.0));
}

//! Rates and counts over hand-made Samples, one second apart.

use std::sync::Arc;

use super::*;
use crate::aggregate::{Change, Event, EventKind, FinalTotals, Lifetime, SendLimit};
use crate::model::{
    Attribution, ClosedSocket, Endpoint, Ends, Family, Fault, FaultSeverity, Holder, Parts,
    Process, ProcessRow, Socket, SocketTable, State, Unowned,
};

const SECOND: u64 = 1_000_000_000;

/// Counters of a connection: (`bytes_received`, `bytes_acked`).
type Moved = (u64, u64);

struct Run {
    aggregator: Aggregator,
    out: Aggregate,
    seconds: u64,
}

impl Run {
    fn new() -> Run {
        Run {
            aggregator: Aggregator::new(),
            out: Aggregate::default(),
            seconds: 100,
        }
    }

    fn all_events() -> Run {
        Run {
            aggregator: Aggregator::new().with_all_events(),
            ..Run::new()
        }
    }

    /// Processes the next Sample; returns its events: kind, cookie, state before and after.
    fn events_of(&mut self, sample: Sample) -> Vec<(EventKind, u64, Option<State>, Option<State>)> {
        let before = self.out.events.next();
        self.update(sample);
        (before..self.out.events.next())
            .filter_map(|number| self.out.events.get(number))
            .map(|(event, socket)| (event.kind, socket.socket.cookie, event.from, event.to))
            .collect()
    }

    /// Processes the next Sample, one second after the previous one.
    fn update(&mut self, mut sample: Sample) -> &Aggregate {
        self.seconds += 1;
        sample.monotonic_ns = self.seconds * SECOND;
        sample.taken_at_us = (self.seconds * 1_000_000).cast_signed();
        self.aggregator.update(&sample, &mut self.out);
        &self.out
    }
}

/// (opened, closed, TIME-WAIT) per second.
fn changes(aggregate: &Aggregate) -> (f64, f64, f64) {
    let changes = aggregate.changes.expect("not the first");
    (changes.opened, changes.closed, changes.time_wait)
}

fn sample() -> Sample {
    Sample {
        events_available: true,
        ..Sample::default()
    }
}

/// A connection between 10.0.0.1:80 and 10.0.0.2:`cookie`.
fn connection(cookie: u64, state: State) -> Socket {
    let local = Endpoint {
        address: "10.0.0.1".parse().unwrap(),
        port: 80,
    };
    let remote = Endpoint {
        address: "10.0.0.2".parse().unwrap(),
        port: cookie as u16,
    };
    let ends = Ends::Inet { local, remote };
    Socket::new(1, cookie, Family::Inet, Protocol::Tcp, state, ends)
}

fn insert(table: &mut SocketTable, socket: Socket, moved: Option<Moved>) {
    let mut info = Vec::new();
    if let Some((received, acked)) = moved {
        // The length of Linux 5.4's `struct tcp_info`.
        info.resize(232, 0);
        info[120..128].copy_from_slice(&acked.to_ne_bytes());
        info[128..136].copy_from_slice(&received.to_ne_bytes());
        info[200..208].copy_from_slice(&acked.to_ne_bytes());
    }
    let parts = Parts {
        info: &info,
        ..Parts::default()
    };
    table.push(socket, parts).unwrap();
}

/// With one connection more; without counters it is a mini-socket.
fn with(mut sample: Sample, cookie: u64, state: State, moved: Option<Moved>) -> Sample {
    insert(&mut sample.sockets, connection(cookie, state), moved);
    sample
}

/// With one more destroy event.
fn with_closed(mut sample: Sample, cookie: u64, moved: Moved) -> Sample {
    sample.closed.push(ClosedSocket {
        row: sample.closed_sockets.len() as u32,
        monotonic_ns: 0,
        last_state: None,
        first_seen_ns: None,
    });
    let socket = connection(cookie, State::Closed);
    insert(&mut sample.closed_sockets, socket, Some(moved));
    sample
}

#[test]
fn a_first_sample_has_counts_and_no_rates() {
    let mut run = Run::new();
    let first = run.update(with(sample(), 1, State::Established, Some((500, 500))));
    assert_eq!(first.totals.tcp[State::Established as usize], 1);
    assert_eq!(first.changes, None);
    assert_eq!(first.throughput, Throughput::default());
    assert_eq!(first.sockets.get(0).unwrap(), SocketRates::default());
}

#[test]
fn a_loopback_address_is_another_host_in_each_network_namespace() {
    let mut given = sample();
    for (cookie, (netns, remote)) in (1..).zip([
        (7, "127.0.0.1"),
        (8, "127.0.0.1"),
        (7, "10.0.0.3"),
        (8, "10.0.0.3"),
        (8, "198.51.100.9"),
    ]) {
        let mut socket = connection(cookie, State::Established);
        socket.netns = netns;
        if let Ends::Inet { remote: end, .. } = &mut socket.ends {
            end.address = remote.parse().unwrap();
        }
        insert(&mut given.sockets, socket, Some((5, 5)));
    }
    let mut run = Run::new();
    let remotes = run.update(given).remotes.iter();
    let mut found: Vec<(String, u32, Option<u32>, u32)> = remotes
        .map(|remote| {
            let address = remote.address.to_string();
            (address, remote.local_to, remote.netns, remote.sockets)
        })
        .collect();
    found.sort();
    let expected = [
        ("10.0.0.3", 0, None, 2),
        ("127.0.0.1", 7, Some(7), 1),
        ("127.0.0.1", 8, Some(8), 1),
        ("198.51.100.9", 0, Some(8), 1),
    ];
    let expected =
        expected.map(|(address, of, netns, sockets)| (address.to_owned(), of, netns, sockets));
    assert_eq!(found, expected);
}

#[test]
fn rates_are_the_growth_of_counters_over_the_interval() {
    let mut run = Run::new();
    run.update(with(sample(), 1, State::Established, Some((500, 100))));
    let next = run.update(with(sample(), 1, State::Established, Some((1700, 130))));
    assert_eq!(next.sockets.get(0).unwrap().received, Some(1200.0));
    assert_eq!(next.sockets.get(0).unwrap().sent, Some(30.0));
    assert_eq!(next.throughput.received, Some(1200.0));
    assert_eq!(next.remotes[0].throughput.sent, Some(30.0));
    assert_eq!(changes(next), (0.0, 0.0, 0.0));
}

#[test]
fn no_application_limits_a_connection_that_waits_for_accept() {
    let of = |attribution| {
        let mut run = Run::new();
        let mut waiting = || {
            let mut sample = sample();
            let mut socket = connection(1, State::Established);
            socket.attribution = attribution;
            insert(&mut sample.sockets, socket, Some((500, 100)));
            run.update(sample).sockets.get(0).unwrap().limit
        };
        waiting();
        waiting()
    };
    assert_eq!(of(Attribution::Unowned(Unowned::WaitingForAccept)), None);
    let accepted = of(Attribution::Observed);
    assert_eq!(accepted, Some(SendLimit::Application));
}

#[test]
fn the_bytes_of_a_connection_that_lived_between_two_samples_are_counted() {
    let mut run = Run::new();
    run.update(sample());
    let next = run.update(with_closed(sample(), 7, (4000, 250)));
    assert_eq!(changes(next), (1.0, 1.0, 0.0));
    assert_eq!(next.throughput.received, Some(4000.0));
    assert_eq!(next.throughput.sent, Some(250.0));
    assert_eq!(changes(run.update(sample())), (0.0, 0.0, 0.0));
}

#[test]
fn each_change_of_a_connection_is_counted_once() {
    let mut run = Run::new();
    run.update(sample());
    let handshake = run.update(with(sample(), 7, State::SynRecv, None));
    assert_eq!(changes(handshake), (0.0, 0.0, 0.0), "it may be a flood");
    let open = run.update(with(sample(), 7, State::Established, Some((10, 0))));
    assert_eq!(changes(open), (1.0, 0.0, 0.0));
    assert_eq!(open.throughput.received, Some(10.0));
    // The full socket is freed on entry to TIME-WAIT.
    let waiting = with(sample(), 7, State::TimeWait, None);
    let closed = run.update(with_closed(waiting, 7, (30, 5)));
    assert_eq!(changes(closed), (0.0, 1.0, 1.0));
    assert_eq!(closed.throughput.received, Some(20.0));
    let later = run.update(with(sample(), 7, State::TimeWait, None));
    assert_eq!(changes(later), (0.0, 0.0, 0.0));
    assert_eq!(changes(run.update(sample())), (0.0, 0.0, 0.0));
}

#[test]
fn a_short_connection_whose_time_wait_is_seen_was_opened_and_closed() {
    let mut run = Run::new();
    run.update(sample());
    let waiting = with(sample(), 7, State::TimeWait, None);
    let next = run.update(with_closed(waiting, 7, (30, 5)));
    assert_eq!(changes(next), (1.0, 1.0, 1.0));
    assert_eq!(next.throughput.received, Some(30.0));
}

#[test]
fn a_row_missing_from_one_dump_is_neither_closed_nor_opened_again() {
    let mut run = Run::new();
    run.update(with(sample(), 1, State::Established, Some((0, 0))));
    assert_eq!(changes(run.update(sample())), (0.0, 0.0, 0.0));
    let back = run.update(with(sample(), 1, State::Established, Some((3000, 0))));
    assert_eq!(changes(back), (0.0, 0.0, 0.0));
    assert_eq!(
        back.sockets.get(0).unwrap().received,
        Some(1500.0),
        "over two seconds"
    );
}

#[test]
fn a_counter_that_goes_backwards_has_no_rate() {
    let mut run = Run::new();
    run.update(with(sample(), 1, State::Established, Some((500, 500))));
    let next = run.update(with(sample(), 1, State::Established, Some((400, 600))));
    assert_eq!(next.sockets.get(0).unwrap().received, None);
    assert_eq!(next.throughput.received, None);
}

#[test]
fn without_destroy_events_a_missing_socket_counts_as_closed_after_three_samples() {
    let mut run = Run::new();
    let without_events = || Sample::default();
    run.update(with(without_events(), 1, State::Established, Some((0, 0))));
    let closed: f64 = (0..5)
        .map(|_| changes(run.update(without_events())).1)
        .sum();
    assert_eq!(closed, 1.0);
}

#[test]
fn absence_from_an_incomplete_dump_proves_nothing() {
    let mut run = Run::new();
    let partial = || Sample {
        faults: vec![Fault::new(
            FaultSeverity::Incomplete,
            "sock_diag tcp",
            "cut short",
        )],
        ..Sample::default()
    };
    run.update(with(Sample::default(), 1, State::Established, Some((0, 0))));
    for _ in 0..10 {
        assert_eq!(changes(run.update(partial())).1, 0.0);
    }
    let back = run.update(with(sample(), 1, State::Established, Some((0, 0))));
    assert_eq!(changes(back).0, 0.0);
}

#[test]
fn a_socket_of_two_processes_counts_for_both_and_once_in_all() {
    let mut run = Run::new();
    let shared = |received| {
        let mut sample = with(sample(), 1, State::Established, Some((received, 0)));
        for pid in [10, 11] {
            let process = Process::new(ProcessKey { pid, start_time: 1 });
            sample.processes.push(ProcessRow {
                process: Arc::new(process),
                descriptors: None,
                kinds: None,
                activity: None,
                unlisted: None,
            });
        }
        // The first of them has it twice.
        for (process, fd) in [(0, 3), (0, 4), (1, 3)] {
            sample.holders.push(Holder { process, fd });
        }
        let socket = sample.sockets.get_mut(0).unwrap();
        socket.attribution = Attribution::Observed;
        socket.holders_len = 3;
        sample
    };
    run.update(shared(0));
    let next = run.update(shared(100));
    assert_eq!((next.totals.sockets, next.totals.owned), (1, 1));
    assert_eq!(next.throughput.received, Some(100.0));
    for process in &next.processes {
        assert_eq!(process.sockets, 1);
        assert_eq!(process.throughput.received, Some(100.0));
    }
}

#[test]
fn connections_are_counted_for_their_listener() {
    let mut run = Run::new();
    let listening = |drops: u32| {
        let mut sample = sample();
        let mut listener = connection(1, State::Listen);
        let local = listener.local().unwrap();
        listener.ends = Ends::Inet {
            local,
            remote: Endpoint::UNSPECIFIED,
        };
        (listener.recv_queue, listener.send_queue) = (2, 128);
        let mut memory = [0; 36];
        memory[32..].copy_from_slice(&drops.to_ne_bytes());
        let parts = Parts {
            memory: &memory,
            ..Parts::default()
        };
        sample.sockets.push(listener, parts).unwrap();
        sample = with(sample, 2, State::Established, Some((0, 0)));
        sample = with(sample, 3, State::Established, Some((0, 0)));
        sample = with(sample, 4, State::CloseWait, Some((0, 0)));
        with(sample, 5, State::SynRecv, None)
    };
    run.update(listening(10));
    let next = run.update(listening(14));
    let [listener] = &next.listeners[..] else {
        panic!("one listener");
    };
    assert_eq!((listener.accept_queue, listener.backlog), (2, 128));
    assert_eq!(
        (listener.established, listener.syn_recv),
        (Some(2), Some(1))
    );
    assert_eq!(listener.accepted_per_s, Some(0.0));
    assert_eq!(listener.recent.values().last(), Some(Some(2.0)));
    assert_eq!(
        (listener.drops, listener.drops_per_s),
        (Some(14), Some(4.0))
    );
    assert_eq!(listener.sharing, 1);
    assert_eq!(next.ports[0].tcp[State::CloseWait as usize], 1);
}

#[test]
fn connections_that_left_the_accept_queue_count_as_accepted() {
    let mut run = Run::new();
    let listening = |queue: u32, connections: std::ops::Range<u64>| {
        let mut sample = sample();
        let mut listener = connection(1, State::Listen);
        let local = listener.local().unwrap();
        let remote = Endpoint::UNSPECIFIED;
        listener.ends = Ends::Inet { local, remote };
        listener.recv_queue = queue;
        insert(&mut sample.sockets, listener, None);
        connections.fold(sample, |sample, cookie| {
            with(sample, cookie, State::Established, Some((0, 0)))
        })
    };
    run.update(listening(3, 10..13));
    // Five come in; of all eight, one still waits.
    let next = run.update(listening(1, 10..18));
    assert_eq!(next.listeners[0].accepted_per_s, Some(7.0));
    // One more comes in and closes between two Samples.
    let next = run.update(with_closed(listening(1, 10..18), 30, (0, 0)));
    assert_eq!(next.listeners[0].accepted_per_s, Some(1.0));
}

/// The events of the last Sample: kind, cookie, state before and after.
fn events(aggregate: &Aggregate) -> Vec<(EventKind, u64, Option<State>, Option<State>)> {
    let batch = aggregate.events.batches().next_back();
    batch.map_or_else(Vec::new, |batch| {
        (batch.first..aggregate.events.next())
            .filter_map(|number| aggregate.events.get(number))
            .map(|(event, socket)| (event.kind, socket.socket.cookie, event.from, event.to))
            .collect()
    })
}

#[test]
fn events_are_reported_in_order() {
    use EventKind::{Closed, Opened, State as Changed};
    use State::{CloseWait, Established, FinWait1, TimeWait};
    let mut run = Run::new();
    let moved = Some((1, 1));
    let first = run.update(with(sample(), 1, Established, moved));
    assert!(first.events.is_empty(), "nothing is known to have opened");
    let both = with(with(sample(), 1, CloseWait, moved), 2, Established, moved);
    let next = run.update(both);
    assert_eq!(
        events(next),
        [
            (Changed, 1, Some(Established), Some(CloseWait)),
            (Opened, 2, None, Some(Established)),
        ]
    );
    assert_eq!(next.sockets.get(0).unwrap().change, Some(Change::State));
    assert_eq!(next.sockets.get(1).unwrap().change, Some(Change::Opened));
    run.update(with(
        with(sample(), 1, CloseWait, moved),
        2,
        FinWait1,
        moved,
    ));
    // The second goes to TIME-WAIT: the kernel frees its socket. A third lived between two samples.
    let mut last = with(with(sample(), 1, CloseWait, moved), 2, TimeWait, None);
    last.closed.clear();
    let mut last = with_closed(with_closed(last, 2, (9, 9)), 3, (5, 5));
    for closed in &mut last.closed {
        closed.monotonic_ns = 103 * SECOND + SECOND / 2;
    }
    last.closed[0].first_seen_ns = Some(102 * SECOND);
    let next = run.update(last);
    assert_eq!(
        events(next),
        [
            (Closed, 2, Some(FinWait1), Some(TimeWait)),
            (Opened, 3, None, None),
            (Closed, 3, None, None),
        ]
    );
    let batch = next.events.batches().next_back().unwrap();
    assert_eq!(batch.events[0].at_us, 103_500_000);
    let lifetime = |at: usize| batch.events[at].lifetime;
    assert_eq!(lifetime(0), Some(Lifetime::Measured(SECOND * 3 / 2)));
    assert_eq!(lifetime(2), Some(Lifetime::Below(SECOND)));
    let (_, socket) = next.events.get(batch.first).unwrap();
    assert_eq!(
        socket.tcp_info().unwrap().bytes_received(),
        Some(9),
        "final"
    );
}

#[test]
fn a_socket_that_ends_during_the_first_sample_is_reported_as_closed_and_not_as_opened() {
    use State::Established;
    let mut run = Run::new();
    let first = with_closed(with(sample(), 1, Established, Some((1, 1))), 1, (2, 2));
    let reported = run.events_of(with_closed(first, 2, (5, 5)));
    let reported: Vec<_> = reported.iter().map(|event| (event.0, event.1)).collect();
    assert_eq!(reported, [(EventKind::Closed, 2), (EventKind::Closed, 1)]);
    assert_eq!(run.events_of(sample()), [], "and not again");
}

#[test]
fn a_connection_that_was_reset_and_is_still_held_is_closed_once_when_it_is_freed() {
    use State::{Closed, Established};
    let mut run = Run::all_events();
    run.update(sample());
    run.update(with(sample(), 1, Established, Some((1, 1))));
    for _ in 1..FORGET_AFTER {
        assert_eq!(run.events_of(sample()), [], "a dump may miss a row");
    }
    let reported = run.events_of(sample());
    assert_eq!(
        reported,
        [(EventKind::State, 1, Some(Established), Some(Closed))]
    );
    for _ in 0..100 {
        assert_eq!(run.events_of(sample()), []);
    }
    let mut last = with_closed(sample(), 1, (2, 2));
    last.closed[0].first_seen_ns = Some(102 * SECOND);
    let reported = run.events_of(last);
    assert_eq!(reported, [(EventKind::Closed, 1, Some(Closed), None)]);
}

#[test]
fn after_lost_events_a_missing_socket_is_reported_as_closed_without_its_bytes() {
    use State::{Established, TimeWait};
    let mut run = Run::all_events();
    run.update(sample());
    let both = with(
        with(sample(), 1, Established, Some((1, 1))),
        2,
        Established,
        Some((1, 1)),
    );
    run.update(both);
    let remains = || with(sample(), 2, TimeWait, None);
    let mut loss = remains();
    loss.lost_events = 2;
    let mut reported = run.events_of(loss);
    for _ in 1..FORGET_AFTER {
        reported.extend(run.events_of(remains()));
    }
    reported.sort_by_key(|event| event.1);
    assert_eq!(
        reported,
        [
            (EventKind::Closed, 1, Some(Established), None),
            (EventKind::Closed, 2, Some(Established), Some(TimeWait)),
        ]
    );
    let (_, socket) = run.out.events.get(run.out.events.next() - 1).unwrap();
    assert!(
        socket.tcp_info().is_none(),
        "its final counters are unknown"
    );
}

#[test]
fn a_filter_that_matches_the_opening_of_a_connection_matches_its_closing() {
    use State::{CloseWait, Closed, Established, SynSent};
    let sample = with(sample(), 1, Established, None);
    let socket = sample.socket(0).unwrap();
    let states = |kind, from, to| {
        let event = Event {
            at_us: 0,
            kind,
            row: 0,
            from,
            to,
            lifetime: None,
            totals: None,
        };
        event.states(socket).collect::<Vec<_>>()
    };
    let closed = |from| states(EventKind::Closed, from, None);
    assert_eq!(closed(None), [Established]);
    assert_eq!(closed(Some(CloseWait)), [CloseWait, Established]);
    assert_eq!(closed(Some(Closed)), [Closed, Established]);
    assert_eq!(
        closed(Some(SynSent)),
        [SynSent],
        "it never was a connection"
    );
    assert_eq!(
        states(EventKind::State, Some(Established), Some(CloseWait)),
        [Established, CloseWait]
    );
}

#[test]
fn a_socket_without_a_destroy_event_is_reported_as_closed_when_it_is_missing() {
    let unix = |present: bool| {
        let mut sample = sample();
        if present {
            let ends = Ends::Unix {
                peer_inode: None,
                vfs: None,
                pending: 0,
            };
            let protocol = Protocol::Stream;
            let socket = Socket::new(1, 7, Family::Unix, protocol, State::Listen, ends);
            let parts = Parts {
                name: b"/run/x.sock",
                ..Parts::default()
            };
            sample.sockets.push(socket, parts).unwrap();
        }
        sample
    };
    let mut run = Run::new();
    run.update(sample());
    let opened = run.update(unix(true));
    assert_eq!(
        events(opened),
        [(EventKind::Opened, 7, None, Some(State::Listen))]
    );
    for _ in 0..FORGET_AFTER {
        run.update(unix(false));
    }
    let (event, socket) = run.out.events.get(1).unwrap();
    assert_eq!(event.kind, EventKind::Closed);
    assert_eq!(
        socket.name(),
        Some(&b"/run/x.sock"[..]),
        "its name is known"
    );
    assert_eq!(event.lifetime, Some(Lifetime::Measured(3 * SECOND)));
}

/// The totals of the only closed event of the latest Sample.
fn totals_of_closed(aggregate: &Aggregate) -> Option<FinalTotals> {
    let batch = aggregate.events.batches().next_back().unwrap();
    let mut closed = batch
        .events
        .iter()
        .filter(|event| event.kind == EventKind::Closed);
    let event = closed.next().expect("it is reported as closed");
    assert!(closed.next().is_none());
    event.totals
}

#[test]
fn an_aborted_connection_keeps_its_last_known_counts() {
    let mut run = Run::new();
    run.update(sample());
    run.update(with(sample(), 7, State::Established, Some((2000, 3000))));
    let closed = run.update(with_closed(sample(), 7, (0, 0)));
    assert_eq!(
        totals_of_closed(closed),
        Some(FinalTotals {
            received: 2000,
            sent: 3000,
            acked: 3000,
            retransmitted: 0,
            as_of_us: Some(102_000_000),
        })
    );
    assert_eq!(
        closed.throughput,
        Throughput::default(),
        "nothing was measured"
    );
    let between = run.update(with_closed(sample(), 8, (0, 0)));
    assert_eq!(totals_of_closed(between), None, "no sample saw it");
    assert_eq!(between.throughput, Throughput::default());
    assert_eq!(changes(between), (1.0, 1.0, 0.0));
}

#[test]
fn a_closed_connection_has_its_final_counts_without_the_fin() {
    let mut run = Run::new();
    run.update(sample());
    run.update(with(sample(), 7, State::CloseWait, Some((2001, 3000))));
    let closed = run.update(with_closed(sample(), 7, (2001, 3500)));
    let totals = totals_of_closed(closed).unwrap();
    assert_eq!(
        (totals.received, totals.sent, totals.acked),
        (2000, 3500, 3500)
    );
    assert_eq!(totals.as_of_us, None, "it is final");
    assert_eq!(
        closed.throughput.received,
        Some(0.0),
        "the FIN is no traffic"
    );
}

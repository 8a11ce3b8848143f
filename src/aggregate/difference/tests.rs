//! Differences between hand-made Samples.

use super::*;
use crate::model::{
    Endpoint, Ends, Family, Fault, FaultSeverity, Holder, Parts, ProcessRow, Protocol, Socket,
    State,
};

/// A connection of process 100 or another, with its bytes received and sent.
fn with(mut sample: Sample, cookie: u64, state: State, moved: (u64, u64), pid: u32) -> Sample {
    let end = |address: &str, port: u16| Endpoint {
        address: address.parse().unwrap(),
        port,
    };
    let ends = Ends::Inet {
        local: end("10.0.0.1", 80),
        remote: end("10.0.0.2", cookie as u16),
    };
    let mut socket = Socket::new(1, cookie, Family::Inet, Protocol::Tcp, state, ends);
    // The length of Linux 5.4's `struct tcp_info`.
    let mut info = [0; 232];
    info[120..128].copy_from_slice(&moved.1.to_ne_bytes());
    info[128..136].copy_from_slice(&moved.0.to_ne_bytes());
    info[200..208].copy_from_slice(&moved.1.to_ne_bytes());
    let key = ProcessKey { pid, start_time: 1 };
    let known = sample.processes.iter();
    let process = known.clone().position(|row| row.process.key == key);
    let process = process.unwrap_or_else(|| {
        sample.processes.push(ProcessRow {
            process: Arc::new(Process::new(key)),
            descriptors: None,
            kinds: None,
            activity: None,
            unlisted: None,
        });
        sample.processes.len() - 1
    });
    socket.holders_at = sample.holders.len() as u32;
    socket.holders_len = 1;
    sample.holders.push(Holder {
        process: process as u32,
        fd: 3,
    });
    let parts = Parts {
        info: &info,
        ..Parts::default()
    };
    sample.sockets.push(socket, parts).unwrap();
    sample
}

fn all(_: DifferenceSide, _: u32) -> bool {
    true
}

fn two() -> (Sample, Sample) {
    let sample = Sample::default;
    let before = with(sample(), 1, State::Established, (10, 20), 100);
    let before = with(before, 2, State::Established, (0, 0), 100);
    let before = with(before, 3, State::Established, (7, 7), 200);
    // The kernel lists the sockets in another order.
    let after = with(sample(), 4, State::Established, (5, 6), 100);
    let after = with(after, 3, State::Established, (7, 7), 200);
    // The peer's FIN is counted by the kernel.
    let after = with(after, 1, State::CloseWait, (16, 20), 100);
    (before, after)
}

#[test]
fn appeared_gone_and_changed_sockets_differ_and_equal_ones_do_not() {
    let (before, after) = two();
    let difference = Difference::between(&before, &after, &Cancellation::default(), all);
    let told: Vec<_> = difference
        .sockets
        .iter()
        .map(|socket| {
            (
                socket.kind,
                socket.before,
                socket.after,
                socket.received,
                socket.sent,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (DifferenceKind::Appeared, None, Some(0), Some(5), Some(6)),
            (DifferenceKind::Changed, Some(0), Some(2), Some(5), Some(0)),
            (DifferenceKind::Gone, Some(1), None, None, None),
        ]
    );
    assert_eq!(difference.before.tcp_in(State::Established), 3);
    assert_eq!(difference.after.tcp_in(State::CloseWait), 1);
    let same = Difference::between(&before, &before, &Cancellation::default(), all);
    assert!(same.sockets.is_empty() && same.processes.is_empty());
}

#[test]
fn a_process_differs_if_one_of_its_sockets_does() {
    let (before, after) = two();
    let difference = Difference::between(&before, &after, &Cancellation::default(), all);
    let [process] = difference.processes.as_slice() else {
        panic!("{:?}", difference.processes)
    };
    assert_eq!(process.process.key.pid, 100);
    assert_eq!((process.before, process.after), (2, 2));
    assert_eq!((process.appeared, process.gone), (1, 1));
    assert_eq!((process.received, process.sent), (10, 6));
}

#[test]
fn sockets_that_are_not_selected_are_only_counted() {
    let (before, after) = two();
    let difference =
        Difference::between(&before, &after, &Cancellation::default(), |instant, row| {
            instant == DifferenceSide::After && row == 2
        });
    assert_eq!(difference.sockets.len(), 1);
    assert_eq!(difference.sockets[0].kind, DifferenceKind::Changed);
    assert_eq!(difference.omitted, 2);
    assert_eq!(
        (difference.before.sockets, difference.after.sockets),
        (0, 1)
    );
}

#[test]
fn the_bytes_of_a_counter_that_went_backwards_are_unknown() {
    let before = with(Sample::default(), 1, State::Established, (10, 20), 100);
    let after = with(Sample::default(), 1, State::Closed, (3, 25), 100);
    let difference = Difference::between(&before, &after, &Cancellation::default(), all);
    assert_eq!(difference.sockets[0].received, None);
    assert_eq!(difference.sockets[0].sent, Some(5));
}

#[test]
fn with_an_incomplete_sample_no_socket_is_reported_as_gone() {
    let (before, mut after) = two();
    after.faults.push(Fault::new(
        FaultSeverity::Incomplete,
        "sock_diag tcp",
        "interrupted",
    ));
    let difference = Difference::between(&before, &after, &Cancellation::default(), all);
    assert!(difference.uncertain);
    assert_eq!(difference.count(DifferenceKind::Gone), 0);
    assert_eq!(difference.count(DifferenceKind::Appeared), 1);
    let difference = Difference::between(&after, &before, &Cancellation::default(), all);
    assert_eq!(difference.count(DifferenceKind::Appeared), 0);
}

#[test]
fn sums_of_the_greatest_counters_stay_as_large_as_can_be() {
    let empty = Sample::default();
    let greatest = (u64::MAX, u64::MAX);
    let after = with(Sample::default(), 1, State::Established, greatest, 100);
    let after = with(after, 2, State::Established, greatest, 100);
    let difference = Difference::between(&empty, &after, &Cancellation::default(), all);
    let process = &difference.processes[0];
    assert_eq!((process.appeared, process.sent), (2, u64::MAX));
    assert_eq!(process.received, u64::MAX);
}

//! Listeners that share an address and port, and MPTCP listeners, over hand-made Samples.

use std::sync::Arc;

use super::*;
use crate::aggregate::{Aggregate, Aggregator};
use crate::model::{
    Attribution, Endpoint, Ends, Family, Holder, Parts, Process, ProcessKey, ProcessRow,
};

fn socket(cookie: u64, state: State) -> Socket {
    let end = |last: u8, port| Endpoint {
        address: [10, 0, 0, last].into(),
        port,
    };
    let remote = match state {
        State::Listen => Endpoint::UNSPECIFIED,
        _ => end(2, 1000 + cookie as u16),
    };
    let local = end(1, 80);
    let ends = Ends::Inet { local, remote };
    let mut socket = Socket::new(1, cookie, Family::Inet, Protocol::Tcp, state, ends);
    socket.inode = cookie as u32;
    socket
}

/// A Sample with the processes 10, 11 and 12.
fn sample() -> Sample {
    let mut sample = Sample {
        events_available: true,
        ..Sample::default()
    };
    for pid in [10, 11, 12] {
        let process = Process::new(ProcessKey { pid, start_time: 1 });
        let row = ProcessRow::new(Arc::new(process));
        sample.processes.push(row);
    }
    sample
}

/// Adds a socket that some of the processes have open.
fn add(sample: &mut Sample, mut socket: Socket, processes: &[u32]) {
    socket.holders_at = sample.holders.len() as u32;
    socket.holders_len = processes.len() as u16;
    let holders = processes.iter();
    let holders = holders.map(|&process| Holder { process, fd: 3 });
    sample.holders.extend(holders);
    socket.attribution = if processes.is_empty() {
        socket.inode = 0;
        Attribution::Unowned(Unowned::WaitingForAccept)
    } else {
        Attribution::Observed
    };
    let info: &[u8] = match socket.state {
        State::Established => &[0; 232],
        _ => &[],
    };
    let parts = Parts {
        info,
        ..Parts::default()
    };
    sample.sockets.push(socket, parts).unwrap();
}

/// Aggregates Samples that are one second apart.
fn aggregate(samples: Vec<Sample>) -> Aggregate {
    let (mut aggregator, mut out) = (Aggregator::new(), Aggregate::default());
    for (second, mut sample) in (1..).zip(samples) {
        sample.monotonic_ns = second * 1_000_000_000;
        aggregator.update(&sample, &mut out);
    }
    out
}

fn listener(cookie: u64, queue: u32) -> Socket {
    let mut listener = socket(cookie, State::Listen);
    (listener.recv_queue, listener.send_queue) = (queue, 8);
    listener
}

#[test]
fn connections_belong_to_the_worker_that_has_them_open_or_in_its_queue() {
    let workers = |accepted: u64| {
        let mut sample = sample();
        add(&mut sample, listener(1, 0), &[0]);
        add(&mut sample, listener(2, 2), &[1]);
        add(&mut sample, listener(3, 0), &[2]);
        for cookie in 10..10 + accepted {
            add(&mut sample, socket(cookie, State::Established), &[0]);
        }
        for cookie in [50, 51] {
            add(&mut sample, socket(cookie, State::Established), &[]);
        }
        sample
    };
    let out = aggregate(vec![workers(3), workers(7)]);
    let established: Vec<_> = out.listeners.iter().map(|row| row.established).collect();
    assert_eq!(established, [Some(7), Some(2), Some(0)]);
    let accepted: Vec<_> = out
        .listeners
        .iter()
        .map(|row| row.accepted_by_owner)
        .collect();
    assert_eq!(accepted, [Some(4), Some(0), Some(0)]);
    for row in &out.listeners {
        assert_eq!((row.sharing, row.opened), (3, Some(4)), "common to all");
        assert_eq!(row.accepted_per_s, Some(4.0), "common to all");
    }
}

#[test]
fn processes_that_have_all_listeners_open_do_not_tell_them_apart() {
    let inherited = |accepted: u64| {
        let mut sample = sample();
        add(&mut sample, listener(1, 0), &[0, 1]);
        add(&mut sample, listener(2, 0), &[0, 1]);
        for cookie in 10..10 + accepted {
            add(&mut sample, socket(cookie, State::Established), &[1]);
        }
        sample
    };
    let out = aggregate(vec![inherited(1), inherited(2)]);
    for row in &out.listeners {
        assert_eq!((row.established, row.accepted_by_owner), (Some(2), None));
        assert_eq!(row.opened, Some(1));
    }
}

#[test]
fn an_mptcp_listener_is_listed_once_with_the_queue_of_its_subflow() {
    let mut sample = sample();
    let mut mptcp = listener(1, 3);
    mptcp.protocol = Protocol::Mptcp;
    let mut subflow = listener(2, 3);
    subflow.inode = mptcp.inode;
    let mut alone = listener(9, 1);
    alone.protocol = Protocol::Mptcp;
    for socket in [mptcp, subflow, alone] {
        add(&mut sample, socket, &[0]);
    }
    let out = aggregate(vec![sample]);
    let rows: Vec<u32> = out.listeners.iter().map(|row| row.row).collect();
    assert_eq!(rows, [1, 2], "one without a known subflow stays");
}

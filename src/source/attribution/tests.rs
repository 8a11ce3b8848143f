//! Synthetic sockets, joined with processes in a synthetic `/proc`.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use super::*;
use crate::model::{ClosedSocket, Endpoint, Ends, Family, Protocol};

/// Processes by pid, each with one socket at descriptor 3.
fn owners(processes: &[(u32, u32)]) -> (tempfile::TempDir, Owners) {
    let root = tempfile::tempdir().expect("a directory");
    for &(pid, inode) in processes {
        let process = root.path().join(pid.to_string());
        fs::create_dir_all(process.join("fd")).expect("created");
        let stat = format!(
            "{pid} (p{pid}) S 0 0 0 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 {pid}{}\n",
            " 0".repeat(30)
        );
        fs::write(process.join("stat"), stat).expect("written");
        symlink(format!("socket:[{inode}]"), process.join("fd/3")).expect("linked");
    }
    let mut owners = Owners::new(root.path(), Duration::ZERO);
    owners.refresh(1, &|_| true);
    (root, owners)
}

fn socket(cookie: u64, inode: u32, state: State, local: &str, remote: &str) -> Socket {
    let end = |text: &str| {
        let address: std::net::SocketAddr = text.parse().expect("an address");
        Endpoint {
            address: address.ip(),
            port: address.port(),
        }
    };
    let ends = Ends::Inet {
        local: end(local),
        remote: end(remote),
    };
    let mut socket = Socket::new(1, cookie, Family::Inet, Protocol::Tcp, state, ends);
    socket.inode = inode;
    socket.uid = (inode != 0).then_some(0);
    socket
}

fn listener(cookie: u64, inode: u32) -> Socket {
    socket(cookie, inode, State::Listen, "0.0.0.0:80", "0.0.0.0:0")
}

fn connection(cookie: u64, inode: u32, state: State) -> Socket {
    socket(cookie, inode, state, "10.0.0.1:80", "10.0.0.2:4000")
}

fn sample(rows: &[Socket]) -> Sample {
    Sample {
        events_available: true,
        sockets: rows.iter().copied().collect(),
        ..Sample::default()
    }
}

/// Returns the entry of a destroy event, given its time in ns and its row.
fn closed_at((monotonic_ns, row): (u64, u32)) -> ClosedSocket {
    ClosedSocket {
        row,
        monotonic_ns,
        last_state: None,
        first_seen_ns: None,
    }
}

/// Returns the attribution of a row and the pids of its owners.
fn attribution(sample: &Sample, row: usize) -> (Attribution, Vec<u32>) {
    let socket = sample.socket(row).expect("it is there");
    let pids = socket.owners().map(|(owner, _)| owner.process.key.pid);
    (socket.socket.attribution, pids.collect())
}

#[test]
fn no_process_is_searched_for_that_holds_a_socket_of_the_kernel() {
    let (_root, mut owners) = owners(&[(10, 100), (11, 101)]);
    let netlink = |cookie, inode, port_id| {
        let ends = Ends::Netlink {
            port_id,
            remote_port_id: 0,
            remote_group: 0,
        };
        let (family, protocol) = (Family::Netlink, Protocol::Netlink(0));
        let mut socket = Socket::new(1, cookie, family, protocol, State::Closed, ends);
        socket.inode = inode;
        socket
    };
    // Those of the kernel have no port id. Neither has one of a process that is not bound, if it is listed at all.
    let mut sample = sample(&[
        netlink(1, 100, 0),
        netlink(2, 200, 0),
        netlink(3, 300, 4000),
    ]);
    let mut attributor = Attributor::default();
    for _ in 0..3 {
        attributor.attribute(&mut sample, &mut owners, &mut |_| Some(true));
        assert_eq!(attributor.unknown, [(300, None)]);
        assert_eq!(attribution(&sample, 0), (Attribution::Observed, vec![10]));
        let of_kernel = Attribution::Unowned(Unowned::Kernel);
        assert_eq!(attribution(&sample, 1), (of_kernel, vec![]));
        let why = attribution(&sample, 2).0.unowned();
        assert!(why.is_some_and(|why| why != Unowned::Kernel), "{why:?}");
    }
}

#[test]
fn time_wait_keeps_its_owner_or_gets_all_owners_of_its_listeners_end() {
    let (_root, mut owners) = owners(&[(1, 11), (2, 12), (3, 13)]);
    let mut attributor = Attributor::default();
    let mut first = sample(&[
        listener(1, 11),
        listener(2, 12),
        connection(3, 13, State::Established),
    ]);
    attributor.attribute(&mut first, &mut owners, &mut |_| None);
    assert_eq!(attribution(&first, 0), (Attribution::Observed, vec![1]));
    assert_eq!(attribution(&first, 2), (Attribution::Observed, vec![3]));

    let elsewhere = socket(5, 0, State::TimeWait, "10.0.0.1:5000", "10.0.0.2:80");
    let mut second = sample(&[
        connection(3, 0, State::TimeWait),
        connection(4, 0, State::TimeWait),
        connection(6, 0, State::TimeWait),
        elsewhere,
        listener(1, 11),
        listener(2, 12),
    ]);
    attributor.attribute(&mut second, &mut owners, &mut |_| None);
    assert_eq!(attribution(&second, 0), (Attribution::Remembered, vec![3]));
    assert_eq!(attribution(&second, 1), (Attribution::OneOf, vec![1, 2]));
    assert_eq!(attribution(&second, 2), (Attribution::OneOf, vec![1, 2]));
    let unowned = Attribution::Unowned(Unowned::TimeWait);
    assert_eq!(attribution(&second, 3), (unowned, vec![]));
    assert_eq!(second.holders.len(), 5, "the joined owners are stored once");
}

#[test]
fn a_row_that_the_kernel_reported_twice_is_kept_once() {
    let (_root, mut owners) = owners(&[(1, 11)]);
    let row = listener(1, 11);
    let mut twice = sample(&[row, row]);
    Attributor::default().attribute(&mut twice, &mut owners, &mut |_| None);
    assert_eq!(twice.sockets.len(), 1);
}

#[test]
fn a_socket_without_an_owner_has_a_reason() {
    let (_root, mut owners) = owners(&[(1, 11)]);
    let mut mixed = sample(&[
        connection(1, 0, State::Established),
        connection(2, 0, State::SynRecv),
        connection(3, 0, State::FinWait1),
        connection(4, 99, State::Established),
    ]);
    let why = |sample: &Sample, row| match attribution(sample, row) {
        (Attribution::Unowned(why), pids) if pids.is_empty() => why,
        other => panic!("{other:?}"),
    };
    Attributor::default().attribute(&mut mixed, &mut owners, &mut |_| None);
    assert_eq!(why(&mixed, 0), Unowned::WaitingForAccept);
    assert_eq!(why(&mixed, 1), Unowned::Handshake);
    assert_eq!(why(&mixed, 2), Unowned::Orphan);
    assert_eq!(why(&mixed, 3), Unowned::Unknown);
}

#[test]
fn a_socket_released_before_the_scan_is_distinguished_from_a_hidden_one() {
    let (_root, mut owners) = owners(&[(1, 11)]);
    let mut attributor = Attributor::default();
    let mut asked = Vec::new();
    let mut round = |rows: &[Socket], closed: &[Socket]| {
        let mut sample = sample(rows);
        sample.closed_sockets = closed.iter().copied().collect();
        asked.clear();
        attributor.attribute(&mut sample, &mut owners, &mut |socket| {
            asked.push(socket.cookie);
            match socket.cookie {
                2 => Some(false),
                3 => Some(true),
                _ => None,
            }
        });
        let attributions = (0..rows.len()).map(|row| attribution(&sample, row).0);
        (attributions.collect::<Vec<_>>(), asked.clone())
    };
    let rows = [
        listener(1, 11),
        connection(2, 12, State::Established),
        connection(3, 13, State::Established),
        connection(4, 14, State::Established),
        connection(5, 15, State::Established),
    ];
    let exited = Attribution::Unowned(Unowned::Exited);
    let hidden = Attribution::Unowned(Unowned::Unknown);
    let (attributions, asked) = round(&rows, &[connection(5, 0, State::Closed)]);
    assert_eq!(
        attributions,
        [Attribution::Observed, exited, hidden, hidden, exited]
    );
    assert_eq!(
        asked,
        [2, 3, 4],
        "neither those with an owner nor the closed one"
    );

    let (attributions, asked) = round(&rows[..4], &[]);
    assert_eq!(attributions[2..], [hidden, hidden]);
    assert!(asked.is_empty(), "once for each: {asked:?}");
    let (_, asked) = round(&[connection(3, 16, State::Established)], &[]);
    assert_eq!(asked, [3], "it has another inode than before");
}

#[test]
fn a_destroy_event_gets_the_remembered_state_of_its_socket_once() {
    let (_root, mut owners) = owners(&[(1, 11), (3, 13)]);
    let mut attributor = Attributor::default();
    let mut first = sample(&[listener(1, 11), connection(3, 13, State::Established)]);
    first.monotonic_ns = 5;
    attributor.attribute(&mut first, &mut owners, &mut |_| None);

    let mut second = sample(&[listener(1, 11)]);
    let closed = [3, 4].map(|cookie| connection(cookie, 0, State::Closed));
    second.closed_sockets = closed.into_iter().collect();
    second.closed = [7, 8].into_iter().zip(0..).map(closed_at).collect();
    attributor.attribute(&mut second, &mut owners, &mut |_| None);
    let closed = |at: usize| {
        let closed = &second.closed[at];
        let socket = second.closed_socket(closed).expect("it has a row");
        let pids: Vec<u32> = socket.owners().map(|(p, _)| p.process.key.pid).collect();
        (
            socket.socket.attribution,
            pids,
            closed.last_state,
            closed.first_seen_ns,
        )
    };
    assert_eq!(
        closed(0),
        (
            Attribution::Remembered,
            vec![3],
            Some(State::Established),
            Some(5)
        )
    );
    let socket = second.closed_sockets[0];
    assert_eq!((socket.inode, socket.uid), (13, Some(0)));
    assert_eq!(
        closed(1),
        (Attribution::Inferred, vec![1], None, None),
        "it came in by the listener and was never seen"
    );
}

#[test]
fn the_process_that_accepts_is_named_before_the_one_that_opened_the_listener() {
    let (root, mut owners) = owners(&[(1, 11), (5, 11), (6, 11), (7, 11)]);
    let mut attributor = Attributor::default();
    let mut pids = |rows: &[Socket], owners: &mut Owners, at_ns: u64| {
        let mut sample = sample(rows);
        sample.monotonic_ns = at_ns;
        owners.refresh(at_ns, &|_| true);
        attributor.attribute(&mut sample, owners, &mut |_| None);
        attribution(&sample, 0).1
    };
    let listening = [listener(1, 11)];
    let first = pids(&listening, &mut owners, 10);
    assert_eq!(first, [7, 6, 5, 1], "the newest first, the activator last");

    let accept = |pid: u32, inode: u32| {
        let fd = root.path().join(format!("{pid}/fd/{inode}"));
        symlink(format!("socket:[{inode}]"), fd).expect("linked");
    };
    accept(6, 20);
    let one = [listener(1, 11), connection(2, 20, State::Established)];
    assert_eq!(
        pids(&one, &mut owners, 20),
        [6, 7, 5, 1],
        "6 has accepted one"
    );
    assert_eq!(
        pids(&listening, &mut owners, 30),
        [6, 7, 5, 1],
        "and is remembered"
    );
    accept(7, 21);
    let other = [listener(1, 11), connection(3, 21, State::Established)];
    assert_eq!(
        pids(&other, &mut owners, 40),
        [6, 7, 5, 1],
        "the first remains so"
    );

    std::fs::remove_dir_all(root.path().join("6")).expect("exited");
    assert_eq!(pids(&listening, &mut owners, 50), [7, 5, 1]);
}

#[test]
fn a_process_that_starts_with_an_inherited_listener_does_not_replace_the_first_one() {
    let (root, mut owners) = owners(&[(5, 11), (6, 11)]);
    let mut attributor = Attributor::default();
    let mut first = sample(&[listener(1, 11)]);
    attributor.attribute(&mut first, &mut owners, &mut |_| None);
    assert_eq!(attribution(&first, 0).1, [6, 5]);
    let (other, _) = self::owners(&[(9, 11)]);
    fs::rename(other.path().join("9"), root.path().join("9")).expect("started");
    let mut second = sample(&[listener(1, 11)]);
    owners.refresh(2, &|_| true);
    attributor.attribute(&mut second, &mut owners, &mut |_| None);
    assert_eq!(attribution(&second, 0).1, [6, 9, 5]);
}

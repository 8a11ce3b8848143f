//! Open sockets that no socket table lists, counted per process.

use std::net::Ipv4Addr;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketType, socket, sockopt};
use sockwatch::model::{ProcessRow, Sample, UnlistedSockets};
use sockwatch::source::{LiveOptions, LiveSource, Source as _};

use crate::panicking;
use crate::support::requirements::Requirement;
use crate::support::sandbox::Case;
use crate::support::sockets_in_every_state::{listener, pair};

pub(crate) const CASES: &[Case] = &[
    panicking(
        "a reset connection counts from the second sample without it, as once listed",
        &[Requirement::Root],
        reset,
    ),
    panicking(
        "without the table of TCP, its sockets do not count",
        &[Requirement::Root],
        partial,
    ),
];

/// Takes the next Sample and returns the row of this process.
fn own_row(live: &mut LiveSource, sample: &mut Sample) -> ProcessRow {
    live.next_into(sample).expect("the kernel answers");
    let own = |row: &&ProcessRow| row.process.key.pid == std::process::id();
    sample
        .processes
        .iter()
        .find(own)
        .expect("it has sockets")
        .clone()
}

/// The unlisted TCP sockets of a process: their number, and those that were once listed.
fn tcp(row: &ProcessRow) -> Option<(u32, u32)> {
    let protocols = row.unlisted.as_ref()?;
    let is_tcp = |each: &&UnlistedSockets| &*each.protocol == "TCP";
    let tcp = protocols.iter().find(is_tcp);
    Some(tcp.map_or((0, 0), |tcp| (tcp.sockets, tcp.once_listed)))
}

fn reset() {
    let listener = listener(Ipv4Addr::LOCALHOST);
    let (client, accepted) = pair(&listener);
    let mut live = LiveSource::new(LiveOptions::default()).expect("the kernel gives sock_diag");
    let mut sample = Sample::default();
    own_row(&mut live, &mut sample);
    assert_eq!(tcp(&own_row(&mut live, &mut sample)), Some((0, 0)));

    sockopt::set_socket_linger(&accepted, Some(Duration::ZERO)).expect("it is set");
    drop(accepted);
    let first = own_row(&mut live, &mut sample);
    assert_eq!(tcp(&first), Some((0, 0)), "it could have been closed since");
    assert_eq!(tcp(&own_row(&mut live, &mut sample)), Some((1, 1)));
    drop(client);
    assert_eq!(tcp(&own_row(&mut live, &mut sample)), Some((0, 0)));
}

fn partial() {
    let options = LiveOptions {
        tables: vec![sockwatch::source::netlink::request::Table::Unix],
        ..LiveOptions::default()
    };
    let _listener = listener(Ipv4Addr::LOCALHOST);
    let _unused = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
    let _pair = std::os::unix::net::UnixStream::pair().expect("a pair");
    let mut live = LiveSource::new(options).expect("the kernel gives sock_diag");
    let mut sample = Sample::default();
    for _ in 0..3 {
        assert_eq!(tcp(&own_row(&mut live, &mut sample)), Some((0, 0)));
    }
}

//! Processes that keep sockets open which have no connection, or have one elsewhere.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketType, socket, sockopt};

use super::{Arguments, Orders, say};
use crate::support::network_namespace::enter_own_namespace;

/// `KIND COUNT`: holds COUNT sockets of a kind until it is ordered to close them.
pub(super) fn hold(arguments: &Arguments) {
    let orders = Orders::listen();
    let count = arguments.number(1);
    let mut held: Vec<OwnedFd> = match arguments.text(0) {
        "reset" => connections(count).into_iter().map(reset).collect(),
        "refused" => (0..count).map(|_| refused()).collect(),
        "unused" => (0..count).map(unused).collect(),
        "elsewhere" => elsewhere(count),
        other => panic!("no kind {other:?}"),
    };
    say(held.len());
    loop {
        orders.next();
        held.clear();
        say("closed");
    }
}

/// Opens connections to this process: the client and the accepted end of each.
fn connections(count: usize) -> Vec<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("it listens");
    let to = listener.local_addr().expect("an address");
    let pair = |_| {
        let client = TcpStream::connect(to).expect("it connects");
        (client, listener.accept().expect("a connection").0)
    };
    (0..count).map(pair).collect()
}

/// Resets a connection from its accepted end, and returns the client's.
fn reset((client, accepted): (TcpStream, TcpStream)) -> OwnedFd {
    sockopt::set_socket_linger(&accepted, Some(Duration::ZERO)).expect("it is set");
    drop(accepted);
    client.into()
}

/// Tries to connect to a port on which nothing listens.
fn refused() -> OwnedFd {
    let client = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
    let to = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    rustix::net::connect(&client, &to).expect_err("nothing listens there");
    client
}

/// Opens a socket and does nothing with it: of TCP and UDP in turn.
fn unused(at: usize) -> OwnedFd {
    let kind = [SocketType::STREAM, SocketType::DGRAM][at % 2];
    socket(AddressFamily::INET6, kind, None).expect("a socket")
}

/// Opens connections in another network namespace, which this process does not run in.
fn elsewhere(count: usize) -> Vec<OwnedFd> {
    let opened = std::thread::spawn(move || {
        enter_own_namespace();
        let pairs = connections(count.div_ceil(2)).into_iter();
        pairs.flat_map(|(a, b)| [a.into(), b.into()]).collect()
    });
    opened.join().expect("they are opened")
}

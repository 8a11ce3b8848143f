//! Clients with long connections, with short ones, and that send data.

use std::collections::VecDeque;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::AddressFamily;

use super::{Arguments, Orders, say};
use crate::support::sockets_in_every_state::{connect_started, nonblocking_tcp};

fn target(arguments: &Arguments) -> SocketAddr {
    arguments.number(0)
}

/// Begins to connect without waiting.
fn begun(to: SocketAddr) -> OwnedFd {
    let socket = nonblocking_tcp(AddressFamily::INET);
    connect_started(&socket, to);
    socket
}

/// `TARGET COUNT`: opens COUNT connections, each from its own port, and keeps them until it is ordered to close.
pub(super) fn call(arguments: &Arguments) {
    let orders = Orders::listen();
    let mut held: Vec<OwnedFd> = (0..arguments.number(1))
        .map(|_| begun(target(arguments)))
        .collect();
    say("called");
    loop {
        orders.next();
        held.clear();
        say("closed");
    }
}

/// `TARGET COUNT TEXT`: opens COUNT connections, sends TEXT over each, and closes that direction. Reads until it is ordered
/// to close.
pub(super) fn ask(arguments: &Arguments) {
    let orders = Orders::listen();
    let mut held: Vec<TcpStream> = (0..arguments.number(1))
        .map(|_| {
            let mut stream = TcpStream::connect(target(arguments)).expect("it connects");
            let text = arguments.text(2).as_bytes();
            stream.write_all(text).expect("it can be written to");
            stream.shutdown(Shutdown::Write).expect("it can be closed");
            stream.set_nonblocking(true).expect("it can be set");
            stream
        })
        .collect();
    say("asked");
    loop {
        if orders.within(Duration::from_millis(20)).is_some() {
            held.clear();
            say("closed");
        }
        for stream in &mut held {
            while stream.read(&mut [0; 512]).is_ok_and(|bytes| bytes > 0) {}
        }
    }
}

/// `TARGET COUNT PERIOD_MS KEEP_MS`: opens `COUNT` connections at once in each period, and closes each after `KEEP_MS`.
pub(super) fn arrive(arguments: &Arguments) {
    let (to, count) = (target(arguments), arguments.number::<usize>(1));
    let (period, keep) = (arguments.millis(2), arguments.millis(3));
    let orders = Orders::listen();
    say("comes");
    let mut held: VecDeque<(Instant, OwnedFd)> = VecDeque::new();
    let mut next = Instant::now();
    loop {
        let now = Instant::now();
        held.extend((0..count).map(|_| (now + keep, begun(to))));
        while held.front().is_some_and(|(until, _)| *until <= now) {
            held.pop_front();
        }
        next += period;
        if orders.within(next.saturating_duration_since(now)).is_some() {
            drop(held);
            say("gone");
            orders.next();
            return;
        }
    }
}

/// `TARGET COUNT`: keeps COUNT connections open; reopens one that the server has closed.
pub(super) fn stand_in_line(arguments: &Arguments) {
    let (to, count) = (target(arguments), arguments.number::<usize>(1));
    let orders = Orders::listen();
    let mut line: Vec<TcpStream> = (0..count).map(|_| begun(to).into()).collect();
    say("in line");
    loop {
        if orders.within(Duration::from_millis(2)).is_some() {
            line.clear();
            say("gone");
        }
        for place in &mut line {
            if let Ok(0) = place.read(&mut [0; 64]) {
                *place = begun(to).into();
            }
        }
    }
}

/// `TARGET BYTES PERIOD_MS`: sends BYTES in each period, or as many as the kernel accepts, over one connection.
pub(super) fn send(arguments: &Arguments) {
    let mut stream = TcpStream::connect(target(arguments)).expect("it connects");
    stream.set_nonblocking(true).expect("it can be set");
    let chunk = vec![0x5a; arguments.number(1)];
    let period = arguments.millis(2);
    let orders = Orders::listen();
    say(stream.local_addr().expect("it has an address").port());
    let mut next = Instant::now();
    loop {
        let mut sent = 0;
        while sent < chunk.len() {
            match stream.write(&chunk[sent..]) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => panic!("write: {error}"),
            }
        }
        next = Instant::now().max(next + period);
        if orders
            .within(next.saturating_duration_since(Instant::now()))
            .is_some()
        {
            say("ends");
            return;
        }
    }
}

/// Sends over a connection to itself until nothing more fits, and does not read the other end.
pub(super) fn talk_to_itself(_: &Arguments) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("it listens");
    let to = listener.local_addr().expect("it has an address");
    let mut stream = TcpStream::connect(to).expect("it connects");
    let other = listener.accept().expect("a connection waits");
    drop(listener);
    stream.set_nonblocking(true).expect("it can be set");
    let orders = Orders::listen();
    say("talks");
    let chunk = vec![0x5a; 1 << 16];
    loop {
        while stream.write(&chunk).is_ok() {}
        if orders.within(Duration::from_millis(20)).is_some() {
            drop((stream, other));
            say("ends");
            return;
        }
    }
}

/// `TARGET RATE WHO KEPT`: opens RATE connections per second. WHO closes first: `client`, after 250 ms, or `server`. The
/// first KEPT connections stay open.
///
/// Keeps trying without a free port.
pub(super) fn churn(arguments: &Arguments) {
    const TURN: Duration = Duration::from_millis(10);
    /// Long enough to find the owner.
    const STAYS: Duration = Duration::from_millis(250);
    let to = target(arguments);
    let each_turn = arguments.number::<f64>(1) * TURN.as_secs_f64();
    let client_first = arguments.text(2) == "client";
    let orders = Orders::listen();
    let connect = |_| {
        let mut stream = TcpStream::connect(to).expect("connect");
        stream.write_all(b"keep").expect("it can be written to");
        stream
    };
    let kept: Vec<TcpStream> = (0..arguments.number(3)).map(connect).collect();
    say("churns");
    let mut due = 0.0;
    let mut open = VecDeque::new();
    let mut next = Instant::now();
    loop {
        due += each_turn;
        let until = Instant::now() + STAYS;
        while (open.front()).is_some_and(|(until, _)| *until <= Instant::now()) {
            open.pop_front();
        }
        while due >= 1.0 {
            due -= 1.0;
            match TcpStream::connect(to) {
                Ok(stream) if client_first => open.push_back((until, stream)),
                Ok(mut stream) => {
                    let _ = stream.read(&mut [0; 64]);
                }
                Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => due = 0.0,
                Err(error) => panic!("connect: {error}"),
            }
        }
        // What could not be done in time is not made up for.
        next = Instant::now().max(next + TURN);
        if orders.poll().is_some() {
            drop((open, kept));
            say("ends");
            orders.next();
            return;
        }
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
}

/// `TARGET PERIOD_MS`: each period tries to connect to a port without a listener.
pub(super) fn knock(arguments: &Arguments) {
    let (to, period) = (target(arguments), arguments.millis(1));
    let orders = Orders::listen();
    say("knocks");
    loop {
        let refused = TcpStream::connect(to).expect_err("no listener");
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        let _ = orders.within(period);
    }
}

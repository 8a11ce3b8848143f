//! Servers, most of them misbehaving.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::{self as sys, AddressFamily, SocketType, sockopt};

use super::{Arguments, Orders, say};
use crate::support::helper_process::{self, HelperProcess};

/// Creates a nonblocking listener with a backlog: on a port that the kernel chooses, or on the port of the address, which
/// others can share.
fn listen(address: &str, backlog: i32) -> TcpListener {
    let socket = sys::socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
    sockopt::set_socket_reuseaddr(&socket, true).expect("it can be set");
    let address = match address.parse::<SocketAddr>() {
        Ok(shared) => {
            sockopt::set_socket_reuseport(&socket, true).expect("it can be set");
            shared
        }
        Err(_) => SocketAddr::new(address.parse().expect("an address"), 0),
    };
    sys::bind(&socket, &address).expect("it binds");
    sys::listen(&socket, backlog).expect("it listens");
    let listener = TcpListener::from(socket);
    listener.set_nonblocking(true).expect("it can be set");
    listener
}

fn port(listener: &TcpListener) -> u16 {
    listener.local_addr().expect("it has an address").port()
}

/// Accepts the next connection, if one waits.
fn accepted(listener: &TcpListener) -> Option<TcpStream> {
    match listener.accept() {
        Ok((stream, _)) => Some(stream),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
        Err(error) => panic!("accept: {error}"),
    }
}

/// Mode in which a server accepts connections.
#[derive(Clone, Copy)]
enum Manner {
    /// Never.
    Never,
    /// One per interval.
    One(Duration),
    /// All at each interval.
    All(Duration),
}

impl Manner {
    fn parse(text: &str) -> Manner {
        let (manner, time) = text.split_once(' ').unwrap_or((text, "0"));
        let time = Duration::from_millis(time.parse().expect("milliseconds"));
        match manner {
            "never" => Manner::Never,
            "one" => Manner::One(time),
            "all" => Manner::All(time),
            other => panic!("no manner {other:?}"),
        }
    }
}

/// `ADDRESS COUNT`: COUNT children inherit the listener of their parent; none of them accepts. The first order is answered
/// with their pids.
pub(super) fn inherit(arguments: &Arguments) {
    let listener = listen(arguments.text(0), 64);
    let children: Vec<HelperProcess> = (0..arguments.number(1))
        .map(|_| {
            let mut command = helper_process::command("hold-input");
            let inherited = listener.try_clone().expect("a descriptor is free");
            command
                .arg("child")
                .stdin(Stdio::from(OwnedFd::from(inherited)));
            let mut child = HelperProcess::start(command);
            child.read_line();
            child
        })
        .collect();
    let orders = Orders::listen();
    say(port(&listener));
    orders.next();
    let pids = children.iter().map(|child| child.pid().to_string());
    say(pids.collect::<Vec<_>>().join(" "));
    orders.next();
    drop(children);
}

/// Holds its standard input open until its parent ends.
pub(super) fn hold_input() {
    let signal = rustix::process::Signal::KILL;
    rustix::process::set_parent_process_death_signal(Some(signal)).expect("it can be set");
    say("holds");
    loop {
        thread::park();
    }
}

/// `ADDRESS BACKLOG MODE`: accepts in a mode, and closes the accepted connections. An order changes the mode.
pub(super) fn accept(arguments: &Arguments) {
    let listener = listen(arguments.text(0), arguments.number(1));
    let mut manner = Manner::parse(arguments.text(2));
    let orders = Orders::listen();
    say(port(&listener));
    let mut next = Instant::now();
    loop {
        let rest = next.saturating_duration_since(Instant::now());
        let order = match manner {
            Manner::Never => Some(orders.next()),
            Manner::One(_) | Manner::All(_) => orders.within(rest),
        };
        if let Some(order) = order {
            manner = Manner::parse(&order);
            say("as told");
            next = Instant::now();
            continue;
        }
        match manner {
            Manner::Never => {}
            Manner::One(time) => {
                drop(accepted(&listener));
                // What could not be done in time is not made up for.
                next = Instant::now().max(next + time);
            }
            Manner::All(time) => {
                while accepted(&listener).is_some() {}
                next += time;
            }
        }
    }
}

/// `ADDRESS`: accepts at once and reads, but never closes. Any order makes it close all connections.
pub(super) fn keep(arguments: &Arguments) {
    let listener = listen(arguments.text(0), 511);
    let orders = Orders::listen();
    say(port(&listener));
    let mut kept = Vec::new();
    loop {
        while let Some(mut stream) = accepted(&listener) {
            stream.set_nonblocking(true).expect("it can be set");
            let _ = stream.read(&mut [0; 512]);
            kept.push(stream);
        }
        if orders.within(Duration::from_millis(5)).is_some() {
            kept.clear();
            say("closed");
        }
    }
}

/// `ADDRESS`: accepts at once, but reads only when ordered to. Closes connections at the end of their data.
pub(super) fn read(arguments: &Arguments) {
    let listener = listen(arguments.text(0), 511);
    let orders = Orders::listen();
    say(port(&listener));
    let mut streams: Vec<TcpStream> = Vec::new();
    let mut reading = arguments.text(1) == "at-once";
    let mut buffer = vec![0; 1 << 20];
    loop {
        while let Some(stream) = accepted(&listener) {
            stream.set_nonblocking(true).expect("it can be set");
            streams.push(stream);
        }
        if !reading && !streams.is_empty() {
            orders.next();
            reading = true;
            say("reads");
        }
        if reading {
            streams.retain_mut(|stream| {
                loop {
                    match stream.read(&mut buffer) {
                        Ok(0) => return false,
                        Ok(_) => {}
                        Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
                    }
                }
            });
        }
        let _ = orders.within(Duration::from_millis(2));
    }
}

/// `ADDRESS WHO`: serves one short connection after another. WHO closes first: `client` or `server`. A connection whose
/// client sends something stays open.
pub(super) fn serve_short(arguments: &Arguments) {
    let listener = listen(arguments.text(0), 4096);
    listener.set_nonblocking(false).expect("it can be set");
    let client_first = arguments.text(1) == "client";
    say(port(&listener));
    let (accepted, served) = mpsc::channel::<TcpStream>();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            accepted.send(stream).expect("the other thread serves");
        }
    });
    thread::spawn(move || {
        let mut kept = Vec::new();
        for mut stream in served {
            if client_first && stream.read(&mut [0; 64]).is_ok_and(|bytes| bytes > 0) {
                kept.push(stream);
            }
        }
    });
    Orders::listen().next();
}

/// `ADDRESS BYTES PERIOD_MS`: reads BYTES in each period from its only connection.
pub(super) fn read_slowly(arguments: &Arguments) {
    let listener = listen(arguments.text(0), 16);
    listener.set_nonblocking(false).expect("it can be set");
    let mut buffer = vec![0; arguments.number(1)];
    let period = arguments.millis(2);
    let orders = Orders::listen();
    say(port(&listener));
    let (mut stream, _) = listener.accept().expect("it accepts");
    loop {
        stream.read_exact(&mut buffer).expect("there is more");
        let _ = orders.within(period);
    }
}

/// `ADDRESS`: reads requests to their end and then answers with a few bytes at each interval, without an end.
pub(super) fn answer(arguments: &Arguments) {
    const INTERVAL: Duration = Duration::from_millis(500);
    let listener = listen(arguments.text(0), 64);
    let orders = Orders::listen();
    say(port(&listener));
    let mut streams = Vec::new();
    loop {
        while let Some(mut stream) = accepted(&listener) {
            stream.set_nonblocking(false).expect("it can be set");
            while stream.read(&mut [0; 512]).expect("it can be read") > 0 {}
            streams.push(stream);
        }
        for stream in &mut streams {
            stream.write_all(b"part").expect("the peer reads");
        }
        let _ = orders.within(INTERVAL);
    }
}

/// `ADDRESS COUNT READS`: accepts COUNT connections, which a child inherits, and reads them to the end if READS is `reads`.
/// An order closes them in both processes.
pub(super) fn share(arguments: &Arguments) {
    let listener = listen(arguments.text(0), 64);
    listener.set_nonblocking(false).expect("it can be set");
    let (count, reads): (usize, _) = (arguments.number(1), arguments.text(2) == "reads");
    let orders = Orders::listen();
    say(port(&listener));
    let mut streams: Vec<TcpStream> = (0..count)
        .map(|_| listener.accept().expect("it accepts").0)
        .collect();
    for stream in &streams {
        // The child inherits those.
        rustix::io::fcntl_setfd(stream, rustix::io::FdFlags::empty()).expect("it can be set");
    }
    let mut command = helper_process::command("hold-input");
    command.arg("sharer").stdin(Stdio::null());
    let mut child = HelperProcess::start(command);
    child.read_line();
    if reads {
        for stream in &mut streams {
            while stream.read(&mut [0; 512]).expect("it can be read") > 0 {}
        }
    }
    // Which process that is.
    orders.next();
    say(child.pid());
    orders.next();
    drop((streams, child));
    say("closed");
    orders.next();
}

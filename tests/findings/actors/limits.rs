//! Processes that exhaust a limit.

use std::net::{Ipv4Addr, UdpSocket};

use rustix::process::{Resource, Rlimit, setrlimit};

use super::{Arguments, Orders, say};

/// `LIMIT FREE`: opens file descriptors up to its limit, except for FREE of them, until it is ordered to close.
pub(super) fn hoard(arguments: &Arguments) {
    let (limit, free) = (arguments.number(0), arguments.number::<u64>(1));
    let both = Rlimit {
        current: Some(limit),
        maximum: Some(limit),
    };
    setrlimit(Resource::Nofile, both).expect("a limit can be lowered");
    let orders = Orders::listen();
    let mut held = Vec::new();
    while let Ok(socket) = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)) {
        held.push(socket);
    }
    held.truncate(held.len() - free as usize);
    say(limit - free);
    loop {
        orders.next();
        held.clear();
        say("closed");
    }
}

/// `COUNT`: sends one datagram to each of COUNT addresses and ports of this machine, which creates COUNT flows.
pub(super) fn fill_conntrack(arguments: &Arguments) {
    let count: u32 = arguments.number(0);
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("it binds");
    let orders = Orders::listen();
    for flow in 0..count {
        let port = 1024 + flow % 60_000;
        let address = Ipv4Addr::new(127, 1, 0, 1 + (flow / 60_000) as u8);
        // A port without a socket refuses what came before: the next attempt gets through.
        let to = (address, port as u16);
        if socket.send_to(&[7], to).is_err() {
            let _ = socket.send_to(&[7], to);
        }
    }
    say("full");
    orders.next();
}

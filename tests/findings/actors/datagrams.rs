//! Receivers and senders of datagrams.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use rustix::net::{self as sys, AddressFamily, SocketType, sockopt};

use super::{Arguments, Orders, say};

/// Creates nonblocking sockets that share a port.
fn sockets(address: &str, count: usize) -> Vec<UdpSocket> {
    let mut place = SocketAddr::new(address.parse().expect("an address"), 0);
    let sockets = (0..count).map(|_| {
        let socket = sys::socket(AddressFamily::INET, SocketType::DGRAM, None).expect("a socket");
        sockopt::set_socket_reuseport(&socket, count > 1).expect("it can be set");
        sys::bind(&socket, &place).expect("it binds");
        let socket = UdpSocket::from(socket);
        place = socket.local_addr().expect("it has an address");
        socket.set_nonblocking(true).expect("it can be set");
        socket
    });
    sockets.collect()
}

/// `ADDRESS BUFFER PERIOD_MS [COUNT]`: reads all datagrams once per period; with period 0 only when ordered to. BUFFER is the
/// requested receive buffer, bytes; 0 for the default. COUNT sockets share the port.
pub(super) fn receive(arguments: &Arguments) {
    let count = if arguments.0.len() > 3 {
        arguments.number(3)
    } else {
        1
    };
    let sockets = sockets(arguments.text(0), count);
    let resize = |buffer: usize| {
        for socket in &sockets {
            sockopt::set_socket_recv_buffer_size(socket, buffer).expect("it can be set");
        }
    };
    let buffer: usize = arguments.number(1);
    if buffer > 0 {
        resize(buffer);
    }
    let mut period = arguments.millis(2);
    let orders = Orders::listen();
    let place = sockets[0].local_addr().expect("it has an address");
    say(place.port());
    loop {
        if period.is_zero() {
            orders.next();
            period = Duration::from_millis(1);
            say("reads");
        }
        for socket in &sockets {
            while socket.recv(&mut [0; 2048]).is_ok() {}
        }
        if let Some(order) = orders.within(period) {
            resize(order.parse().expect("an order is a size of the buffer"));
            say("has another buffer");
        }
    }
}

/// `TARGET COUNT PERIOD_MS`: sends COUNT datagrams of 500 bytes at once in each period.
pub(super) fn send(arguments: &Arguments) {
    let to: SocketAddr = arguments.number(0);
    let count: usize = arguments.number(1);
    let period = arguments.millis(2);
    let socket = UdpSocket::bind("0.0.0.0:0").expect("it binds");
    let orders = Orders::listen();
    say("sends");
    let mut next = Instant::now();
    loop {
        for _ in 0..count {
            // A port without a socket answers with a refusal, which is not the sender's matter.
            let _ = socket.send_to(&[7; 500], to);
        }
        next += period;
        if orders
            .within(next.saturating_duration_since(Instant::now()))
            .is_some()
        {
            say("ends");
            orders.next();
            return;
        }
    }
}

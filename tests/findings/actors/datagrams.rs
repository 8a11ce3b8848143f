//! Receivers and senders of datagrams.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use rustix::net::sockopt;

use super::{Arguments, Orders, say};

/// `ADDRESS BUFFER PERIOD_MS`: reads all datagrams once per period; with period 0 only when ordered to. BUFFER is the
/// requested receive buffer, bytes; 0 for the default.
pub(super) fn receive(arguments: &Arguments) {
    let socket = UdpSocket::bind((arguments.text(0), 0)).expect("it binds");
    socket.set_nonblocking(true).expect("it can be set");
    let buffer: usize = arguments.number(1);
    if buffer > 0 {
        sockopt::set_socket_recv_buffer_size(&socket, buffer).expect("it can be set");
    }
    let mut period = arguments.millis(2);
    let orders = Orders::listen();
    say(socket.local_addr().expect("it has an address").port());
    loop {
        if period.is_zero() {
            orders.next();
            period = Duration::from_millis(1);
            say("reads");
        }
        while socket.recv(&mut [0; 2048]).is_ok() {}
        if let Some(order) = orders.within(period) {
            let buffer = order.parse().expect("an order is a size of the buffer");
            sockopt::set_socket_recv_buffer_size(&socket, buffer).expect("it can be set");
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

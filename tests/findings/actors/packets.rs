//! Hand-made packets: SYNs with forged sources.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::{Duration, Instant};

use rustix::net::{self as sys, AddressFamily, SendFlags, SocketType, ipproto};

use super::{Arguments, Orders, say};

/// Many sources: a benchmarking network, in an isolated namespace.
const MANY: [u8; 2] = [198, 18];
/// A single source.
const ONE: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 7);

/// `TARGET RATE SOURCES`: sends RATE SYNs per second, from `one` source or from `many`. Answers reach no host if packets
/// to 198.18.0.0/15 are dropped.
pub(super) fn send_syns(arguments: &Arguments) {
    const TURN: Duration = Duration::from_millis(10);
    let to: SocketAddrV4 = arguments.number(0);
    let each_turn = arguments.number::<f64>(1) * TURN.as_secs_f64();
    let many = arguments.text(2) == "many";
    // The header of the packet is in what is sent.
    let socket = sys::socket(AddressFamily::INET, SocketType::RAW, Some(ipproto::RAW));
    let socket = socket.expect("root may make a raw socket");
    let orders = Orders::listen();
    say("floods");
    let mut sent: u16 = 0;
    let mut due = 0.0;
    let mut next = Instant::now();
    loop {
        due += each_turn;
        while due >= 1.0 {
            due -= 1.0;
            sent = sent.wrapping_add(1);
            let [high, low] = sent.to_be_bytes();
            let source = if many {
                Ipv4Addr::new(MANY[0], MANY[1], high, low)
            } else {
                ONE
            };
            let packet = syn(SocketAddrV4::new(source, 1024 + sent % 60_000), to);
            let target = SocketAddr::from((*to.ip(), 0));
            sys::sendto(&socket, &packet, SendFlags::empty(), &target).expect("it is sent");
        }
        next += TURN;
        let rest = next.saturating_duration_since(Instant::now());
        if orders.within(rest).is_some() {
            say("ends");
            orders.next();
            return;
        }
    }
}

/// A SYN in an IPv4 packet. The kernel adds the length and the checksum of the outer header.
fn syn(from: SocketAddrV4, to: SocketAddrV4) -> [u8; 40] {
    let mut packet = [0; 40];
    let (outer, inner) = packet.split_at_mut(20);
    // Version 4, five words; 64 hops; TCP.
    (outer[0], outer[8], outer[9]) = (0x45, 64, 6);
    outer[12..16].copy_from_slice(&from.ip().octets());
    outer[16..20].copy_from_slice(&to.ip().octets());
    inner[0..2].copy_from_slice(&from.port().to_be_bytes());
    inner[2..4].copy_from_slice(&to.port().to_be_bytes());
    inner[4..8].copy_from_slice(&0x1234_5678_u32.to_be_bytes());
    // Five words; SYN; a window.
    (inner[12], inner[13]) = (5 << 4, 0x02);
    inner[14..16].copy_from_slice(&64_240_u16.to_be_bytes());
    // The pseudo header: both addresses, the protocol and the length.
    let pseudo = sum(&outer[12..20]) + 6 + 20;
    let checksum = !fold(pseudo + sum(inner));
    inner[16..18].copy_from_slice(&checksum.to_be_bytes());
    packet
}

fn sum(bytes: &[u8]) -> u32 {
    let words = bytes.chunks_exact(2);
    words
        .map(|word| u32::from(u16::from_be_bytes([word[0], word[1]])))
        .sum()
}

fn fold(mut sum: u32) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

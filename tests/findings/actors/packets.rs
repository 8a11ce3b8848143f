//! Hand-made packets: SYNs with forged sources, and clients that answer late.

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::net::{
    self as sys, AddressFamily, Protocol, RecvFlags, SendFlags, SocketType, ipproto,
};

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
            let from = SocketAddrV4::new(source, 1024 + sent % 60_000);
            send(&socket, &Segment::syn(from, to));
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

/// A socket that sends packets with their headers, and one that receives every IPv4 packet, whatever its destination.
fn packet_sockets() -> (OwnedFd, OwnedFd) {
    let sending = sys::socket(AddressFamily::INET, SocketType::RAW, Some(ipproto::RAW));
    let ip =
        Protocol::from_raw(std::num::NonZeroU32::new(0x0800_u16.to_be().into()).expect("some"));
    let receiving = sys::socket(AddressFamily::PACKET, SocketType::DGRAM, Some(ip));
    (
        sending.expect("root may make a raw socket"),
        receiving.expect("root may make a packet socket"),
    )
}

/// `TARGET COUNT`: opens COUNT connections, each from another source, and answers every further segment of the server without
/// acknowledging it.
pub(super) fn acknowledge_nothing(arguments: &Arguments) {
    let to: SocketAddrV4 = arguments.number(0);
    let (socket, answers) = packet_sockets();
    let orders = Orders::listen();
    say("comes");
    for at in 1..=arguments.number(1) {
        let source = Ipv4Addr::new(MANY[0], MANY[1], 0, at);
        send(&socket, &Segment::syn(SocketAddrV4::new(source, 1024), to));
    }
    let mut begins = HashMap::new();
    let mut packet = [0; 2048];
    while orders.within(Duration::from_millis(2)).is_none() {
        while let Ok((length, _)) = sys::recv(&answers, &mut packet, RecvFlags::DONTWAIT) {
            let segment = Segment::parse(&packet[..length]).filter(|got| got.from == to);
            if let Some(mut segment) = segment {
                // As if nothing had come since the SYN-ACK.
                segment.sequence = *begins.entry(segment.to).or_insert(segment.sequence);
                send(&socket, &segment.reply(0x10));
            }
        }
    }
    say("ends");
    orders.next();
}

/// `TARGET RATE DELAY_MS`: opens RATE connections per second, each from another source, and completes each handshake
/// `DELAY_MS` after the answer to its SYN. Resets a connection that the server closes.
pub(super) fn answer_late(arguments: &Arguments) {
    const TURN: Duration = Duration::from_millis(5);
    let to: SocketAddrV4 = arguments.number(0);
    let each_turn = arguments.number::<f64>(1) * TURN.as_secs_f64();
    let delay = arguments.millis(2);
    let (socket, answers) = packet_sockets();
    let orders = Orders::listen();
    say("comes");
    let (mut sent, mut due): (u16, f64) = (0, 0.0);
    let mut late: VecDeque<(Instant, Segment)> = VecDeque::new();
    let mut answered = HashSet::new();
    let mut packet = [0; 2048];
    while orders.within(TURN).is_none() {
        due += each_turn;
        while due >= 1.0 {
            due -= 1.0;
            sent = sent.wrapping_add(1);
            let [high, low] = sent.to_be_bytes();
            let source = Ipv4Addr::new(MANY[0], MANY[1], high, low);
            let from = SocketAddrV4::new(source, 1024 + sent % 60_000);
            send(&socket, &Segment::syn(from, to));
        }
        while let Ok((length, _)) = sys::recv(&answers, &mut packet, RecvFlags::DONTWAIT) {
            let Some(answer) = Segment::parse(&packet[..length]).filter(|got| got.from == to)
            else {
                continue;
            };
            let is_syn_ack = answer.flags & 0x12 == 0x12;
            if is_syn_ack && answered.insert(answer.to) {
                late.push_back((Instant::now() + delay, answer.reply(0x10)));
            } else if answer.flags & 0x01 != 0 {
                send(&socket, &answer.reply(0x14));
            }
        }
        while late.front().is_some_and(|(at, _)| *at <= Instant::now()) {
            let (_, segment) = late.pop_front().expect("there is one");
            send(&socket, &segment);
        }
    }
    say("ends");
    orders.next();
}

fn send(socket: &OwnedFd, segment: &Segment) {
    let target = SocketAddr::from((*segment.to.ip(), 0));
    sys::sendto(socket, &segment.packet(), SendFlags::empty(), &target).expect("it is sent");
}

/// Sequence number of every SYN.
const SEQUENCE: u32 = 0x1234_5678;

/// A TCP segment without data.
struct Segment {
    from: SocketAddrV4,
    to: SocketAddrV4,
    sequence: u32,
    acknowledged: u32,
    flags: u8,
}

impl Segment {
    fn syn(from: SocketAddrV4, to: SocketAddrV4) -> Segment {
        let (sequence, acknowledged, flags) = (SEQUENCE, 0, 0x02);
        Segment {
            from,
            to,
            sequence,
            acknowledged,
            flags,
        }
    }

    /// Parses an IPv4 packet with 20 bytes of IP header; `None` if it is not TCP.
    fn parse(packet: &[u8]) -> Option<Segment> {
        let (outer, inner) = packet.split_at_checked(20)?;
        if outer[0] != 0x45 || outer[9] != 6 || inner.len() < 20 {
            return None;
        }
        let end = |at: usize, port: usize| {
            let address: [u8; 4] = outer[at..at + 4].try_into().expect("four bytes");
            let port = u16::from_be_bytes([inner[port], inner[port + 1]]);
            SocketAddrV4::new(address.into(), port)
        };
        let number =
            |at: usize| u32::from_be_bytes(inner[at..at + 4].try_into().expect("four bytes"));
        Some(Segment {
            from: end(12, 0),
            to: end(16, 2),
            sequence: number(4),
            acknowledged: number(8),
            flags: inner[13],
        })
    }

    /// The client's answer to a SYN-ACK or a FIN.
    fn reply(&self, flags: u8) -> Segment {
        Segment {
            from: self.to,
            to: self.from,
            sequence: SEQUENCE.wrapping_add(1),
            acknowledged: self.sequence.wrapping_add(1),
            flags,
        }
    }

    /// The segment in an IPv4 packet. The kernel adds the length and the checksum of the outer header.
    fn packet(&self) -> [u8; 40] {
        let (from, to) = (self.from, self.to);
        let mut packet = [0; 40];
        let (outer, inner) = packet.split_at_mut(20);
        // Version 4, five words; 64 hops; TCP.
        (outer[0], outer[8], outer[9]) = (0x45, 64, 6);
        outer[12..16].copy_from_slice(&from.ip().octets());
        outer[16..20].copy_from_slice(&to.ip().octets());
        inner[0..2].copy_from_slice(&from.port().to_be_bytes());
        inner[2..4].copy_from_slice(&to.port().to_be_bytes());
        inner[4..8].copy_from_slice(&self.sequence.to_be_bytes());
        inner[8..12].copy_from_slice(&self.acknowledged.to_be_bytes());
        // Five words; flags; a window.
        (inner[12], inner[13]) = (5 << 4, self.flags);
        inner[14..16].copy_from_slice(&64_240_u16.to_be_bytes());
        // The pseudo header: both addresses, the protocol and the length.
        let pseudo = sum(&outer[12..20]) + 6 + 20;
        let checksum = !fold(pseudo + sum(inner));
        inner[16..18].copy_from_slice(&checksum.to_be_bytes());
        packet
    }
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

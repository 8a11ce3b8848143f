//! One connection of the made-up machine, and how it moves.

use std::net::{IpAddr, Ipv6Addr};

use sockwatch::model::{
    Attribution, Endpoint, Ends, Family, Parts, Protocol, Sample, Socket, State, Timer, TimerKind,
};

use super::hold;
use super::random::Random;

/// The network namespace of everything.
pub(super) const NETNS: u32 = 4_026_531_840;

/// Segment size, bytes.
const MSS: u64 = 1448;

/// `net.ipv4.tcp_keepalive_time`, ns.
const KEEPALIVE_NS: u64 = 7_200_000_000_000;

/// Where fields lie in `struct tcp_info`.
mod at {
    pub(super) const RTO: usize = 8;
    pub(super) const UNACKED: usize = 24;
    pub(super) const RETRANS: usize = 36;
    pub(super) const LAST_DATA_SENT: usize = 44;
    pub(super) const LAST_DATA_RECV: usize = 52;
    pub(super) const LAST_ACK_RECV: usize = 56;
    pub(super) const RCV_SSTHRESH: usize = 64;
    pub(super) const RTT: usize = 68;
    pub(super) const RTTVAR: usize = 72;
    pub(super) const SND_SSTHRESH: usize = 76;
    pub(super) const SND_CWND: usize = 80;
    pub(super) const RCV_RTT: usize = 92;
    pub(super) const RCV_SPACE: usize = 96;
    pub(super) const TOTAL_RETRANS: usize = 100;
    pub(super) const PACING_RATE: usize = 104;
    pub(super) const MAX_PACING_RATE: usize = 112;
    pub(super) const BYTES_ACKED: usize = 120;
    pub(super) const BYTES_RECEIVED: usize = 128;
    pub(super) const SEGS_OUT: usize = 136;
    pub(super) const SEGS_IN: usize = 140;
    pub(super) const NOTSENT_BYTES: usize = 144;
    pub(super) const MIN_RTT: usize = 148;
    pub(super) const DATA_SEGS_IN: usize = 152;
    pub(super) const DATA_SEGS_OUT: usize = 156;
    pub(super) const DELIVERY_RATE: usize = 160;
    pub(super) const BUSY_TIME: usize = 168;
    pub(super) const DELIVERED: usize = 192;
    pub(super) const BYTES_SENT: usize = 200;
    pub(super) const BYTES_RETRANS: usize = 208;
    pub(super) const SND_WND: usize = 228;
    pub(super) const RCV_WND: usize = 232;
}

/// A connection, open or a TIME-WAIT.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    /// Its place in the kernel's hash table, which is walked in this order.
    pub(super) bucket: u64,
    /// What does not change, and the queues.
    pub(super) socket: Socket,
    /// The owner, by its place in the Sample, and its descriptor.
    pub(super) process: u32,
    pub(super) fd: u32,
    /// Whether it moves data.
    pub(super) active: bool,
    /// When it began.
    pub(super) opened_ns: u64,
    /// When its TIME-WAIT ends, if it is in one.
    pub(super) time_wait_ends_ns: Option<u64>,
    /// `struct tcp_info` but for the times since something happened.
    pub(super) info: [u8; 280],
    memory: [u32; 4],
    bbr: Option<[u8; 20]>,
    /// The delivery rate: segments, and µs.
    delivered: (u64, u64),
    /// Round-trip times as the kernel keeps them; it reports them without the lowest bits, µs.
    rtt_eighths: u64,
    deviation_quarters: u64,
    sent_at_ns: u64,
    received_at_ns: u64,
    acked_at_ns: u64,
    /// When the retransmission timer fires.
    retransmit_at_ns: Option<u64>,
    keepalive: bool,
}

/// An IPv4 end.
pub(super) fn endpoint(address: [u8; 4], port: u16) -> Endpoint {
    Endpoint {
        address: IpAddr::from(address),
        port,
    }
}

/// Ends of a client's connection, or of one to a server behind.
fn ends(made: u64, random: &mut Random) -> (Family, Ends) {
    let port = 1024 + random.below(64_000) as u16;
    let client = random.below(4_000) as u16;
    let [high, low] = client.to_be_bytes();
    let (local, remote) = match made % 10 {
        0..5 => (
            endpoint([10, 0, 0, 1], 443),
            endpoint([198, 51, high, low], port),
        ),
        5..7 => {
            let v6 = |last, port| Endpoint {
                address: Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 1, last).into(),
                port,
            };
            (v6(1, 443), v6(client, port))
        }
        _ => (
            endpoint([10, 0, 0, 1], port),
            endpoint([10, 0, 1, (client % 20) as u8], 8080),
        ),
    };
    let family = match local.address {
        IpAddr::V4(_) => Family::Inet,
        IpAddr::V6(_) => Family::Inet6,
    };
    (family, Ends::Inet { local, remote })
}

impl Connection {
    /// The connection of that number, idle.
    pub(super) fn new(made: u64, process: u32, now_ns: u64, random: &mut Random) -> Connection {
        let (family, ends) = ends(made, random);
        // Each processor hands out cookies of its own range.
        let cookie = 0x1_0000 + (made % 4) * 0x100_0000 + made;
        let state = State::Established;
        let mut socket = Socket::new(NETNS, cookie, family, Protocol::Tcp, state, ends);
        socket.inode = 500_000 + made as u32 * 3;
        socket.uid = Some(33);
        socket.cgroup_id = 7000 + u64::from(process % 8);
        socket.attribution = Attribution::Observed;
        (socket.mark, socket.class_id) = (Some(0), Some(0));
        (socket.options, socket.tos, socket.shutdown) = (Some(0b101_0010), Some(0), Some(0));
        if family == Family::Inet6 {
            (socket.tclass, socket.v6only) = (Some(0), Some(false));
        }
        let mut connection = Connection {
            bucket: random.next(),
            socket,
            process,
            fd: 8 + random.below(400) as u32,
            active: false,
            opened_ns: now_ns,
            time_wait_ends_ns: None,
            info: [0; 280],
            memory: [0; 4],
            bbr: (made % 10 == 9).then_some([0; 20]),
            delivered: (0, 1),
            rtt_eighths: 0,
            deviation_quarters: 0,
            sent_at_ns: now_ns,
            received_at_ns: now_ns,
            acked_at_ns: now_ns,
            retransmit_at_ns: None,
            keepalive: random.chance(0.5),
        };
        connection.begin(random);
        connection
    }

    /// `tcp_info` after the handshake and the first request.
    fn begin(&mut self, random: &mut Random) {
        // From the next rack to the other side of the world, each twofold as often.
        let near = 100 << random.below(10);
        let rtt = near + random.below(near);
        self.info[..8].copy_from_slice(&[1, 0, 0, 0, 0, 0b111, 0x77, 1]);
        for (at, value) in [
            (at::RTO, 204_000 + rtt),
            (12, 40_000),
            (16, MSS),
            (20, 536),
            (60, 1500),
            (at::RCV_SSTHRESH, 64_088),
            (at::RTT, rtt),
            (at::RTTVAR, rtt / 2),
            (at::SND_SSTHRESH, 0x7fff_ffff),
            (at::SND_CWND, 10),
            (84, MSS),
            (88, 3),
            (at::RCV_SPACE, 14_480),
            (at::SEGS_OUT, 4),
            (at::SEGS_IN, 4),
            (at::MIN_RTT, rtt * 4 / 5),
            (at::SND_WND, 64_256),
            (at::RCV_WND, 65_536),
        ] {
            self.put(at, value as u32);
        }
        (self.rtt_eighths, self.deviation_quarters) = (rtt * 8, rtt * 2);
        self.put_long(at::MAX_PACING_RATE, u64::MAX);
        self.put_long(at::BYTES_ACKED, 1);
        self.work(1, self.opened_ns, random);
        self.settle();
    }

    fn get(&self, at: usize) -> u64 {
        let bytes = self.info[at..at + 4].try_into().expect("four bytes");
        u32::from_ne_bytes(bytes).into()
    }

    fn put(&mut self, at: usize, value: u32) {
        self.info[at..at + 4].copy_from_slice(&value.to_ne_bytes());
    }

    fn add(&mut self, at: usize, more: u64) {
        self.put(at, (self.get(at) + more) as u32);
    }

    fn get_long(&self, at: usize) -> u64 {
        u64::from_ne_bytes(self.info[at..at + 8].try_into().expect("eight bytes"))
    }

    fn put_long(&mut self, at: usize, value: u64) {
        self.info[at..at + 8].copy_from_slice(&value.to_ne_bytes());
    }

    fn add_long(&mut self, at: usize, more: u64) {
        self.put_long(at, self.get_long(at) + more);
    }

    /// Lets a second pass; `turns` if it begins or ceases to be active.
    pub(super) fn pass(&mut self, turns: bool, now_ns: u64, random: &mut Random) {
        let was_active = self.active;
        self.active ^= turns;
        if self.active {
            // Few mostly, and many at times.
            let mut requests = 1;
            while random.chance(0.6) {
                requests += 1;
            }
            self.work(requests, now_ns, random);
        } else if was_active {
            self.settle();
        }
    }

    /// Everything is acknowledged and read.
    fn settle(&mut self) {
        let sent = self.get_long(at::BYTES_SENT) - self.get_long(at::BYTES_RETRANS);
        self.put_long(at::BYTES_ACKED, sent + 1);
        for at in [at::UNACKED, at::NOTSENT_BYTES, at::RETRANS] {
            self.put(at, 0);
        }
        (self.socket.recv_queue, self.socket.send_queue) = (0, 0);
        self.memory = [0, 0, self.memory[2], 0];
        self.retransmit_at_ns = None;
    }

    /// So many requests in the second before `now_ns`, of a size between 64 bytes and 128 KB.
    fn work(&mut self, requests: u64, now_ns: u64, random: &mut Random) {
        let mut sent = 0;
        for _ in 0..requests {
            let size = 64 << random.below(11);
            sent += size + random.below(size);
        }
        let received = requests * (80 + random.below(1400));
        let lost = if random.chance(0.01) {
            1 + random.below(9)
        } else {
            0
        };
        let (out, into) = (sent.div_ceil(MSS) + lost, requests + received / MSS);
        self.add_long(at::BYTES_SENT, sent + lost * MSS);
        self.add_long(at::BYTES_RETRANS, lost * MSS);
        self.add_long(at::BYTES_RECEIVED, received);
        for (at, more) in [
            (at::DATA_SEGS_OUT, out),
            (at::DATA_SEGS_IN, into),
            (at::SEGS_OUT, out + into / 2),
            (at::SEGS_IN, into + out / 2),
            (at::DELIVERED, out - lost),
            (at::TOTAL_RETRANS, lost),
        ] {
            self.add(at, more);
        }
        self.measure(lost > 0, random);
        // In ticks of 1 ms.
        let busy_ms = requests * self.get(at::RTT) / 1000;
        self.add_long(at::BUSY_TIME, busy_ms * 1000);
        self.fill_queues(sent, random);
        // What is not acknowledged yet was sent within a round trip.
        let in_flight = self.get(at::UNACKED) > 0;
        let longest_ns = if in_flight {
            self.get(at::RTT) * 1000
        } else {
            900_000_000
        };
        self.sent_at_ns = now_ns - random.below(longest_ns.clamp(1, 900_000_000));
        self.received_at_ns = self.sent_at_ns - random.below(2_000_000);
        self.acked_at_ns = now_ns.min(self.sent_at_ns + self.get(at::RTT) * 1000);
        self.retransmit_at_ns = in_flight.then_some(self.sent_at_ns + self.get(at::RTO) * 1000);
    }

    /// Round-trip times, windows and the rates that follow from them.
    fn measure(&mut self, lossy: bool, random: &mut Random) {
        let lowest = self.get(at::MIN_RTT);
        let measured = lowest + random.below(lowest / 2 + 50);
        self.round_trip(measured);
        let (rtt, deviation) = (self.rtt_eighths / 8, self.deviation_quarters / 4);
        let mut window = self.get(at::SND_CWND) + random.below(3);
        if lossy {
            window = (window * 7 / 10).max(2);
            self.put(at::SND_SSTHRESH, window as u32);
        }
        let eighths = self.rtt_eighths;
        let slow_start = window < self.get(at::SND_SSTHRESH) / 2;
        let ahead = if slow_start { 200 } else { 120 };
        let pacing_rate = MSS * 80_000 * ahead * window / eighths.max(1);
        self.put_long(at::PACING_RATE, pacing_rate);
        self.deliver(1 + random.below(window), measured, random.chance(0.8));
        for (at, value) in [
            (at::RTT, rtt),
            (at::RTTVAR, deviation),
            // In ticks of 1 ms, and the deviation counts as 200 ms at least.
            (
                at::RTO,
                (rtt + (4 * deviation).max(200_000)).div_ceil(1000) * 1000,
            ),
            (at::SND_CWND, window),
        ] {
            self.put(at, value as u32);
        }
        // Measured with a full segment received only; and most readers keep up with what they are sent.
        if random.chance(0.4) {
            let measured = rtt + random.below(rtt / 4 + 1);
            let smoothed = match self.get(at::RCV_RTT) {
                0 => measured,
                before => (before * 7 + measured) / 8,
            };
            self.put(at::RCV_RTT, smoothed as u32);
        }
        if random.chance(0.2) {
            self.put(at::SND_WND, (64_256 + random.below(64) * 1024) as u32);
        }
        if random.chance(0.05) {
            for at in [at::RCV_SPACE, at::RCV_SSTHRESH, at::RCV_WND] {
                self.add(at, 1448);
            }
        }
        if let Some(report) = &mut self.bbr {
            let bandwidth = MSS * 8_000_000 * window / eighths.max(1);
            report[..8].copy_from_slice(&bandwidth.to_ne_bytes());
            report[8..12].copy_from_slice(&(lowest as u32).to_ne_bytes());
            let gain = 200 + random.below(120) as u32;
            report[12..16].copy_from_slice(&gain.to_ne_bytes());
            report[16..].copy_from_slice(&512_u32.to_ne_bytes());
        }
    }

    /// A round trip took so many µs: what the kernel makes of that.
    fn round_trip(&mut self, measured: u64) {
        let smoothed = self.rtt_eighths / 8;
        self.rtt_eighths = self.rtt_eighths + measured - smoothed;
        let deviation = (self.deviation_quarters / 4).cast_signed();
        let mut error = measured.abs_diff(smoothed).cast_signed() - deviation;
        if measured < smoothed && error > 0 {
            error /= 8;
        }
        self.deviation_quarters = self.deviation_quarters.wrapping_add_signed(error);
    }

    /// So many segments were delivered within so many µs. What the application kept below what could have been is noted only
    /// if it is the most so far.
    fn deliver(&mut self, segments: u64, interval_us: u64, app_limited: bool) {
        let (most, within_us) = self.delivered;
        if app_limited && segments * within_us < most * interval_us {
            return;
        }
        self.delivered = (segments, interval_us);
        self.put_long(
            at::DELIVERY_RATE,
            segments * MSS * 1_000_000 / interval_us.max(1),
        );
        self.info[7] = u8::from(app_limited);
    }

    /// What is on its way and not read yet.
    fn fill_queues(&mut self, sent: u64, random: &mut Random) {
        let window = self.get(at::SND_CWND);
        let in_flight = if random.chance(0.15) {
            sent.min(MSS * (1 + random.below(window)))
        } else {
            0
        };
        let all = self.get_long(at::BYTES_SENT) - self.get_long(at::BYTES_RETRANS);
        self.put_long(at::BYTES_ACKED, all - in_flight + 1);
        self.put(at::UNACKED, in_flight.div_ceil(MSS) as u32);
        let unread = if random.chance(0.05) {
            random.below(9000) as u32
        } else {
            0
        };
        self.socket.recv_queue = unread;
        self.socket.send_queue = in_flight as u32;
        let page = random.below(4) as u32 * 4096;
        let queued = in_flight as u32 * 5 / 4;
        // What was handed to the device leaves it at once, mostly; what is not acknowledged stays queued.
        let leaving = if random.chance(0.1) { queued } else { 0 };
        self.memory = [unread * 3 / 2, leaving, page, queued];
    }

    /// Appends the row as it is when it is read.
    pub(super) fn append_to(&self, sample: &mut Sample, read_ns: u64) {
        let mut info = self.info;
        let ticks = |ns: u64| (ns / 1_000_000) as u32;
        for (at, since_ns) in [
            (at::LAST_DATA_SENT, self.sent_at_ns),
            (at::LAST_DATA_RECV, self.received_at_ns),
            (at::LAST_ACK_RECV, self.acked_at_ns),
        ] {
            let age = ticks(read_ns).saturating_sub(ticks(since_ns));
            info[at..at + 4].copy_from_slice(&age.to_ne_bytes());
        }
        let mut socket = self.socket;
        let report = self.bbr.as_ref().map_or(&[][..], |report| &report[..]);
        let algorithm: &[u8] = if report.is_empty() { b"cubic" } else { b"bbr" };
        socket.congestion = sample.sockets.name_index(algorithm);
        let timer = |kind, at_ns: u64| Timer {
            // As the kernel: in whole ticks of the same clock.
            expires_ms: ticks(at_ns).saturating_sub(ticks(read_ns)),
            kind,
            retries: 0,
        };
        let keepalive = || {
            self.keepalive
                .then(|| timer(TimerKind::Keepalive, self.opened_ns + KEEPALIVE_NS))
        };
        let retransmit = self
            .retransmit_at_ns
            .map(|at_ns| timer(TimerKind::Retransmit, at_ns));
        socket.timer = retransmit.or_else(keepalive).into();
        hold(&mut socket, self.process, self.fd, &mut sample.holders);
        let parts = Parts {
            info: &info,
            memory: &memory(self.memory),
            congestion_info: report,
            ..Parts::default()
        };
        let pushed = sample.sockets.push(socket, parts);
        pushed.expect("the table is not full");
    }
}

/// `SK_MEMINFO_*` of what changes: received, queued at the device, set aside, queued.
pub(super) fn memory([received, at_device, aside, queued]: [u32; 4]) -> [u8; 36] {
    let mut bytes = [0; 36];
    let values = [received, 131_072, at_device, 87_040, aside, queued, 0, 0, 0];
    for (at, value) in values.into_iter().enumerate() {
        bytes[at * 4..at * 4 + 4].copy_from_slice(&value.to_ne_bytes());
    }
    bytes
}

//! A machine made by hand: the same on every run, with something of everything in it.

mod problems;
mod system;

use std::net::Ipv4Addr;
use std::ops::Range;
use std::sync::Arc;

use sockwatch::aggregate::{Aggregator, Moment};
use sockwatch::model::{
    Attribution, ClosedSocket, Endpoint, Ends, Family, Fault, FaultSeverity, Holder, Host,
    Namespaces, Parts, Process, ProcessKey, ProcessRow, Protocol, Sample, Socket, State, Timer,
    TimerKind, Unowned,
};
use sockwatch::source::{Source, SourceError};

/// 2026-11-20 20:14:07 UTC, µs.
const START_US: i64 = 1_795_205_647_000_000;

/// How the machine is seen.
#[derive(Debug, Clone, Default)]
pub struct Machine {
    /// Samples given so far: the time, s.
    pub tick: u64,
    /// Sockets of a further process, to try sizes.
    pub many: u32,
    /// By how much their rates differ from their average in each second, percent.
    pub noise: u64,
    /// Whether another user's processes can be looked into.
    pub unprivileged: bool,
    /// Whether something cannot be read.
    pub faulty: bool,
    /// Whether the kernel lacks a family.
    pub lacking: bool,
    /// The tick from which on the client is gone, with its sockets.
    pub client_exits_at: Option<u64>,
    /// The ticks at which much goes wrong.
    pub trouble: Option<Range<u64>>,
}

impl Source for Machine {
    fn next_into(&mut self, sample: &mut Sample) -> Result<(), SourceError> {
        sample.clear();
        Making {
            sample,
            machine: self,
        }
        .make();
        self.tick += 1;
        Ok(())
    }
}

/// The first moments of a machine, one second apart.
pub fn moments(count: usize, mut machine: Machine) -> Vec<Moment> {
    let mut aggregator = Aggregator::new();
    let mut next = || {
        let mut moment = Moment::default();
        machine
            .next_into(&mut moment.sample)
            .expect("it always has a Sample");
        moment.derive(&mut aggregator);
        moment
    };
    (0..count).map(|_| next()).collect()
}

impl Machine {
    /// A machine with the peculiarities that the lowest five bits choose.
    pub fn of_kind(kind: u8) -> Machine {
        Machine {
            unprivileged: kind & 1 > 0,
            faulty: kind & 2 > 0,
            lacking: kind & 4 > 0,
            client_exits_at: (kind & 8 > 0).then_some(1),
            trouble: (kind & 16 > 0).then_some(0..3),
            ..Machine::default()
        }
    }
}

/// Processes by their place in the Sample.
const NGINX: u32 = 0;
const REDIS: u32 = 1;
const POSTGRES: u32 = 2;
const CLIENT: u32 = 3;
const HOSTILE: u32 = 4;

struct Making<'a> {
    sample: &'a mut Sample,
    machine: &'a Machine,
}

/// Counters of a connection.
#[derive(Clone, Copy, Default)]
struct Counters {
    received: u64,
    acked: u64,
    retransmitted: u64,
    rtt_us: u32,
    /// Lowest round-trip time; 0 for four fifths of the smoothed one.
    min_rtt_us: u32,
    /// µs with data to send, and of these with the receiver's window full.
    busy_us: u64,
    rwnd_limited_us: u64,
}

impl Making<'_> {
    fn make(mut self) {
        let tick = self.machine.tick;
        let sample = &mut *self.sample;
        sample.taken_at_us = START_US + tick.cast_signed() * 1_000_000;
        sample.monotonic_ns = 1_000_000_000_000 + tick * 1_000_000_000;
        sample.host = Arc::new(Host {
            hostname: "web-3".into(),
            kernel: "6.18.44-generic".into(),
            boot_id: "b007".into(),
        });
        sample.events_available = true;
        sample.timings.total_ns = 14_200_000;
        sample.users = [
            (0, "root".into()),
            (33, "www".into()),
            (999, "redis".into()),
        ]
        .into();
        sample.visibility.processes = 212;
        if self.machine.unprivileged {
            sample.visibility.unreadable = 180;
        }
        if self.machine.lacking || self.machine.faulty {
            let lacking = Fault::new(
                FaultSeverity::Note,
                "sock_diag sctp",
                "No such file or directory (os error 2)",
            );
            sample.faults.push(lacking);
        }
        if self.machine.faulty {
            sample.faults.push(Fault::new(
                FaultSeverity::Incomplete,
                "sock_diag tcp",
                "interrupted for too long; the next sample asks again",
            ));
            sample.lost_events = 12;
        }
        system::put_into(sample, tick);
        self.processes();
        self.nginx();
        self.redis();
        self.postgres();
        if !self.client_is_gone() {
            self.client();
        }
        self.others();
        self.trouble();
        self.many();
    }

    /// A freed connection: an event of the kernel's half a second before the Sample.
    fn close(
        &mut self,
        mut socket: Socket,
        process: u32,
        first_seen_ns: Option<u64>,
        last_state: Option<State>,
    ) {
        let sample = &mut *self.sample;
        socket.attribution = Attribution::Remembered;
        socket.holders_at = sample.holders.len() as u32;
        socket.holders_len = 1;
        sample.holders.push(Holder { process, fd: 77 });
        let counters = Counters {
            received: 1_200_000,
            acked: 420,
            rtt_us: 12_300,
            ..Counters::default()
        };
        let table = &mut sample.closed_sockets;
        let info = tcp_info(&socket, counters);
        socket.congestion = table.name_index(b"cubic");
        sample.closed.push(ClosedSocket {
            row: table.len() as u32,
            monotonic_ns: sample.monotonic_ns - 500_000_000,
            last_state,
            first_seen_ns,
        });
        let parts = Parts {
            info: &info,
            ..Parts::default()
        };
        table.push(socket, parts).unwrap();
    }

    fn client_is_gone(&self) -> bool {
        let tick = self.machine.tick;
        self.machine.client_exits_at.is_some_and(|at| tick >= at)
    }

    fn processes(&mut self) {
        let gone = self.client_is_gone();
        for (pid, comm, command, uid, user, group) in [
            (
                2211,
                "nginx",
                "nginx: worker process",
                33,
                "www",
                "nginx.service",
            ),
            (
                880,
                "redis-server",
                "/usr/bin/redis-server 127.0.0.1:6379",
                999,
                "redis",
                "redis.service",
            ),
            (
                1404,
                "postgres",
                "postgres: checkpointer",
                26,
                "postgres",
                "postgresql.service",
            ),
            (
                5120,
                "curl",
                "curl --parallel --config /etc/load/urls",
                1000,
                "deploy",
                "user.slice",
            ),
            (
                6001,
                "数据\x1b[31m库",
                "数据\x1b[31m库 --listen",
                1000,
                "deploy",
                "db.service",
            ),
        ] {
            let name = if gone && comm == "curl" { "cron" } else { comm };
            let pid = if gone && comm == "curl" { 5999 } else { pid };
            self.sample.processes.push(ProcessRow {
                process: Arc::new(Process {
                    key: ProcessKey {
                        pid,
                        start_time: u64::from(pid) * 7,
                    },
                    parent: 1,
                    comm: name.into(),
                    command_line: command.into(),
                    uid,
                    user: Some(user.into()),
                    cgroup: Some(format!("/system.slice/{group}").into()),
                    started_at_us: Some(START_US - 8_000_000_000 - i64::from(pid) * 1_000_000),
                    descriptor_limit: Some(1024),
                    namespaces: Namespaces {
                        net: Some(4_026_531_840),
                        pid: Some(4_026_531_836),
                        mnt: Some(4_026_531_841),
                        user: Some(4_026_531_837),
                    },
                }),
                descriptors: Some(20 + pid % 100),
                kinds: Some([pid % 100, 14, 4, 2]),
                activity: None,
                unlisted: None,
            });
        }
        if self.machine.many > 0 {
            let mut row = self.sample.processes[0].clone();
            let process = Arc::make_mut(&mut row.process);
            process.key = ProcessKey {
                pid: 7777,
                start_time: 7,
            };
            process.comm = "loadgen".into();
            self.sample.processes.push(row);
        }
    }

    fn socket(cookie: u64, ends: Ends, protocol: Protocol, state: State) -> Socket {
        let family = match ends {
            Ends::Inet { local, .. } if local.address.is_ipv6() => Family::Inet6,
            Ends::Inet { .. } => Family::Inet,
            _ => Family::Unix,
        };
        let mut socket = Socket::new(4_026_531_840, cookie, family, protocol, state, ends);
        socket.inode = 40_000 + cookie as u32;
        socket.uid = Some(0);
        socket
    }

    /// Adds a socket with its counters, if it has any; a listener with those of what it dropped.
    fn push(
        &mut self,
        mut socket: Socket,
        owner: Result<u32, Unowned>,
        counters: Option<Counters>,
    ) {
        if let Some(counters) = counters {
            socket.congestion = self.sample.sockets.name_index(b"cubic");
            let parts = Parts {
                info: &tcp_info(&socket, counters),
                memory: &memory(socket.recv_queue, socket.send_queue, 0),
                ..Parts::default()
            };
            self.push_with(socket, owner, parts);
        } else if socket.protocol == Protocol::Tcp && socket.state == State::Listen {
            // The listener that is nearly full has dropped some already.
            let drops = if socket.recv_queue > 100 {
                7 + self.machine.tick as u32 * 2
            } else {
                0
            };
            let parts = Parts {
                memory: &memory(0, 0, drops),
                ..Parts::default()
            };
            self.push_with(socket, owner, parts);
        } else {
            self.push_with(socket, owner, Parts::default());
        }
    }

    /// Adds a socket with its variable parts.
    fn push_with(&mut self, mut socket: Socket, owner: Result<u32, Unowned>, parts: Parts<'_>) {
        match owner {
            Ok(process) => {
                socket.attribution = Attribution::Observed;
                socket.holders_at = self.sample.holders.len() as u32;
                socket.holders_len = 1;
                let fd = 3 + self.sample.holders.len() as u32 % 1000;
                self.sample.holders.push(Holder { process, fd });
            }
            Err(why) => socket.attribution = Attribution::Unowned(why),
        }
        self.sample.sockets.push(socket, parts).unwrap();
    }

    fn tcp(cookie: u64, local: End, remote: End, state: State) -> Socket {
        let ends = Ends::Inet {
            local: end(local),
            remote: end(remote),
        };
        Self::socket(cookie, ends, Protocol::Tcp, state)
    }

    /// A web server: two listeners, one of them nearly full, and connections whose rates differ and change.
    fn nginx(&mut self) {
        let tick = self.machine.tick;
        let mut listener = Self::tcp(1, (10, 0, 0, 1, 443), NOWHERE, State::Listen);
        (listener.recv_queue, listener.send_queue) = (119, 128);
        self.push(listener, Ok(NGINX), None);
        let mut listener = Self::tcp(2, (0, 0, 0, 0, 80), NOWHERE, State::Listen);
        (listener.recv_queue, listener.send_queue) = (0, 511);
        self.push(listener, Ok(NGINX), None);
        for at in 0..12_u64 {
            let remote = (198, 51, 100, 7 + at as u8 % 4, 50_000 + at as u16);
            let mut socket = Self::tcp(100 + at, (10, 0, 0, 1, 443), remote, State::Established);
            socket.uid = Some(33);
            socket.send_queue = (at as u32 % 3) * 14_480;
            // The first connections grow faster with time, the others slower: rows change places.
            let speed = if at < 6 {
                100_000 * (tick + 1)
            } else {
                2_000_000 / (tick + 1)
            };
            let counters = Counters {
                received: tick * 1_500 * (at + 1),
                acked: tick * speed * (at % 5 + 1),
                retransmitted: if at == 3 { tick * 40_000 } else { 0 },
                rtt_us: 900 * (at as u32 + 1),
                ..Counters::default()
            };
            self.push(socket, Ok(NGINX), Some(counters));
        }
        for at in 0..3_u64 {
            let remote = (203, 0, 113, 9, 40_000 + at as u16);
            let mut socket = Self::tcp(130 + at, (10, 0, 0, 1, 443), remote, State::CloseWait);
            (socket.uid, socket.recv_queue) = (Some(33), 1);
            self.push(socket, Ok(NGINX), Some(Counters::default()));
        }
        // A client far away that reads slowly: its window is full, and what is on its way waits in queues.
        let remote = (203, 0, 113, 77, 50_100);
        let mut socket = Self::tcp(150, (10, 0, 0, 1, 443), remote, State::Established);
        (socket.uid, socket.send_queue) = (Some(33), 262_144);
        let counters = Counters {
            received: 900,
            acked: tick * 9_000,
            rtt_us: 250_000,
            min_rtt_us: 12_000,
            busy_us: tick * 1_000_000,
            rwnd_limited_us: tick * 950_000,
            ..Counters::default()
        };
        self.push(socket, Ok(NGINX), Some(counters));
        self.short_visit();
        let remote = (203, 0, 113, 10, 40_100);
        let socket = Self::tcp(140, (10, 0, 0, 1, 443), remote, State::SynRecv);
        self.push(socket, Err(Unowned::Handshake), None);
        let socket = Self::tcp(
            141,
            (10, 0, 0, 1, 443),
            (203, 0, 113, 10, 40_101),
            State::Established,
        );
        let counters = Counters {
            received: 517,
            rtt_us: 31_000,
            ..Counters::default()
        };
        self.push(socket, Err(Unowned::WaitingForAccept), Some(counters));
    }

    /// Every four seconds a client comes: it closes after two, and the server a second later.
    fn short_visit(&mut self) {
        let tick = self.machine.tick;
        let visit = |at: u64, state| {
            let remote = (198, 51, 100, 20, 52_000 + at as u16);
            let mut socket = Self::tcp(600 + at, (10, 0, 0, 1, 443), remote, state);
            socket.uid = Some(33);
            socket
        };
        let at = tick / 4;
        let state = match tick % 4 {
            0 | 1 => State::Established,
            2 => State::CloseWait,
            _ => State::LastAck,
        };
        let counters = Counters {
            received: 700,
            acked: 5_000,
            rtt_us: 3_000,
            ..Counters::default()
        };
        self.push(visit(at, state), Ok(NGINX), Some(counters));
        if tick.is_multiple_of(4) && tick > 0 {
            let first_seen_ns = self.sample.monotonic_ns - 4_000_000_000;
            let socket = visit(at - 1, State::Closed);
            self.close(socket, NGINX, Some(first_seen_ns), Some(State::LastAck));
        }
    }

    fn redis(&mut self) {
        let tick = self.machine.tick;
        let mut listener = Self::tcp(200, (127, 0, 0, 1, 6379), NOWHERE, State::Listen);
        (listener.uid, listener.send_queue) = (Some(999), 511);
        self.push(listener, Ok(REDIS), None);
        for at in 0..4_u64 {
            let local = (127, 0, 0, 1, 6379);
            let mut socket = Self::tcp(
                210 + at,
                local,
                (127, 0, 0, 1, 41_000 + at as u16),
                State::Established,
            );
            socket.uid = Some(999);
            let counters = Counters {
                received: tick * 64_000 * (at + 1),
                acked: tick * 128_000 * (at + 1),
                rtt_us: 40,
                ..Counters::default()
            };
            self.push(socket, Ok(REDIS), Some(counters));
            // The web server is at the other end.
            let remote = (127, 0, 0, 1, 6379);
            let local = (127, 0, 0, 1, 41_000 + at as u16);
            let mut socket = Self::tcp(220 + at, local, remote, State::Established);
            socket.uid = Some(33);
            let counters = Counters {
                received: counters.acked,
                acked: counters.received,
                ..counters
            };
            self.push(socket, Ok(NGINX), Some(counters));
        }
    }

    /// A database on unix sockets: a listener and pairs with the web server.
    fn postgres(&mut self) {
        for at in 0..4_u64 {
            let pair = Ends::Unix {
                peer_inode: (at > 0).then_some(40_300 + (at as u32 ^ 1)),
                vfs: None,
                pending: 0,
            };
            let state = if at == 0 {
                State::Listen
            } else {
                State::Established
            };
            let mut socket = Self::socket(300 + at, pair, Protocol::Stream, state);
            if at == 0 {
                socket.send_queue = 100;
            }
            let name: &[u8] = match at {
                0 | 1 => b"/run/postgresql/.s.PGSQL.5432",
                _ => b"",
            };
            let owner = if self.machine.unprivileged {
                Err(Unowned::PermissionDenied)
            } else {
                Ok(if at % 2 == 0 { POSTGRES } else { NGINX })
            };
            let parts = Parts {
                name,
                ..Parts::default()
            };
            self.push_with(socket, owner, parts);
        }
        let mut udp = Self::tcp(320, (10, 0, 0, 1, 5353), NOWHERE, State::Closed);
        (udp.protocol, udp.recv_queue) = (Protocol::Udp, 2304);
        self.push(udp, Ok(POSTGRES), None);
    }

    /// A client that opens and closes: its TIME-WAITs grow by three a second.
    fn client(&mut self) {
        let tick = self.machine.tick;
        // After a minute they are gone.
        for at in tick.saturating_sub(60) * 3..5 + tick * 3 {
            let local = (10, 0, 0, 1, 33_000 + at as u16);
            let mut socket = Self::tcp(400 + at, local, (192, 0, 2, 80, 8080), State::TimeWait);
            (socket.inode, socket.uid) = (0, None);
            let timer = Timer {
                expires_ms: 42_000,
                kind: TimerKind::TimeWait,
                retries: 0,
            };
            socket.timer = Some(timer).into();
            if tick > 0 && at >= 5 + (tick - 1) * 3 {
                let mut closed = socket;
                closed.state = State::Closed;
                self.close(closed, CLIENT, None, None);
            }
            self.push(socket, Ok(CLIENT), None);
            let row = self.sample.sockets.len() - 1;
            if let Some(socket) = self.sample.sockets.get_mut(row) {
                socket.attribution = Attribution::Remembered;
            }
        }
        let mut socket = Self::tcp(
            390,
            (10, 0, 0, 1, 39_999),
            (192, 0, 2, 80, 8080),
            State::Established,
        );
        socket.uid = Some(1000);
        let counters = Counters {
            received: tick * 9_000_000,
            acked: tick * 300,
            rtt_us: 12_300,
            ..Counters::default()
        };
        self.push(socket, Ok(CLIENT), Some(counters));
    }

    fn others(&mut self) {
        let ends = Ends::Inet {
            local: Endpoint {
                address: "2001:db8:85a3::8a2e:370:7334".parse().unwrap(),
                port: 5432,
            },
            remote: Endpoint {
                address: "2001:db8:85a3::ffff:1:2".parse().unwrap(),
                port: 61_000,
            },
        };
        let socket = Self::socket(500, ends, Protocol::Tcp, State::Established);
        let counters = Counters {
            received: 40,
            acked: 80,
            rtt_us: 250,
            ..Counters::default()
        };
        self.push(socket, Ok(HOSTILE), Some(counters));
        let socket = Self::tcp(
            501,
            (10, 0, 0, 1, 45_000),
            (203, 0, 113, 200, 25),
            State::FinWait1,
        );
        self.push(socket, Err(Unowned::Orphan), Some(Counters::default()));
        let abstract_name = Ends::Unix {
            peer_inode: None,
            vfs: None,
            pending: 0,
        };
        let socket = Self::socket(502, abstract_name, Protocol::Dgram, State::Closed);
        let parts = Parts {
            name: b"\0evil\x1b]0;title\x07",
            ..Parts::default()
        };
        self.push_with(socket, Ok(HOSTILE), parts);
    }

    fn many(&mut self) {
        let (tick, process) = (self.machine.tick, HOSTILE + 1);
        for at in 0..u64::from(self.machine.many) {
            let remote = (
                172,
                16,
                (at >> 8) as u8,
                at as u8,
                1024 + (at % 60_000) as u16,
            );
            let socket = Self::tcp(
                1_000_000 + at,
                (10, 0, 0, 2, 9000),
                remote,
                State::Established,
            );
            let (received, acked) = (at * 7919 % 10_007, at * 104_729 % 10_009);
            let noise = self.machine.noise;
            let total = |rate: u64| match noise {
                0 => tick * rate,
                _ => (0..tick)
                    .map(|tick| rate * (100 + noisy(at, tick, noise)) / 100)
                    .map(|bytes| bytes - rate * noise / 100)
                    .sum(),
            };
            let counters = Counters {
                received: total(received),
                acked: total(acked),
                rtt_us: (at * 31 % 90_000) as u32,
                ..Counters::default()
            };
            self.push(socket, Ok(process), Some(counters));
        }
    }
}

/// A number up to twice the noise, another for each connection and second.
fn noisy(at: u64, tick: u64, noise: u64) -> u64 {
    let mixed = (at * 7919 + tick * 104_729).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 40) % (2 * noise + 1)
}

/// As Linux 5.4 has it: 232 bytes.
fn tcp_info(socket: &Socket, counters: Counters) -> [u8; 232] {
    let mut info = [0; 232];
    let mut put = |at: usize, bytes: &[u8]| info[at..at + bytes.len()].copy_from_slice(bytes);
    let min_rtt = match counters.min_rtt_us {
        0 => counters.rtt_us / 5 * 4,
        lowest => lowest,
    };
    let unacked = (socket.send_queue / 1448).min(10);
    for (at, value) in [
        (8, 204_000 + counters.rtt_us), // rto
        (12, 40_000),                   // ato
        (16, 1448),                     // snd_mss
        (20, 536),                      // rcv_mss
        (24, unacked),
        (44, 120), // last_data_sent
        (52, 130), // last_data_recv
        (56, 118), // last_ack_recv
        (60, 1500),
        (64, 64_076), // rcv_ssthresh
        (68, counters.rtt_us),
        (72, counters.rtt_us / 4),
        (76, 0x7fff_ffff), // snd_ssthresh
        (80, 10),          // snd_cwnd
        (84, 1448),
        (88, 3),
        (96, 14_480), // rcv_space
        (100, (counters.retransmitted / 1448) as u32),
        (136, (counters.acked / 1400) as u32 + 4),
        (140, (counters.received / 1400) as u32 + 4),
        (148, min_rtt),
        (228, 65_536), // snd_wnd
    ] {
        put(at, &value.to_ne_bytes());
    }
    put(0, &[socket.state as u8, 0, 0, 0, 0, 0b111, 0x77]);
    let rate = 14_480 * 1_000_000 / u64::from(counters.rtt_us.max(1));
    let sent = counters.acked + counters.retransmitted;
    for (at, value) in [
        (104, rate),
        (112, u64::MAX),
        (120, counters.acked),
        (128, counters.received),
        (160, rate / 2),
        (168, counters.busy_us),
        (176, counters.rwnd_limited_us),
        (200, sent),
        (208, counters.retransmitted),
    ] {
        put(at, &value.to_ne_bytes());
    }
    info
}

/// `SK_MEMINFO_*`.
fn memory(received: u32, queued: u32, drops: u32) -> [u8; 36] {
    let mut bytes = [0; 36];
    let values = [received, 131_072, 0, 332_800, 0, queued, 0, 0, drops];
    for (at, value) in values.into_iter().enumerate() {
        bytes[at * 4..at * 4 + 4].copy_from_slice(&value.to_ne_bytes());
    }
    bytes
}

type End = (u8, u8, u8, u8, u16);

const NOWHERE: End = (0, 0, 0, 0, 0);

fn end((a, b, c, d, port): End) -> Endpoint {
    Endpoint {
        address: Ipv4Addr::new(a, b, c, d).into(),
        port,
    }
}

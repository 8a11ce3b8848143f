//! A machine under load, made up: for measuring, and for recordings that are the same on every run.
//!
//! A web server in front of others. Connections are active for some seconds and idle for longer; some are replaced with
//! every Sample, half of them by way of TIME-WAIT. Active ones move bytes, segments, windows and times as the kernel
//! would; idle ones only age, by the clock and as much sooner or later as the dump comes to their row, which is some
//! milliseconds. Every attribute is there: 280 bytes of `tcp_info`, memory, options, control groups, owners; and beside
//! the connections listeners, UDP and unix sockets, ended connections and the host's counters.

mod connection;
mod random;

use std::sync::Arc;

use sockwatch::model::{
    Attribution, ClosedSocket, Ends, Family, Holder, Host, Interface, Namespaces, Parts, Process,
    ProcessKey, ProcessRow, Protocol, Sample, Socket, State, Timer, TimerKind,
};
use sockwatch::source::{Source, SourceError};

use connection::{Connection, NETNS, endpoint, memory};
use random::Random;

/// 2026-11-20 20:14:07 UTC, µs.
const START_US: i64 = 1_795_205_647_000_000;

/// The monotonic clock when connections begin, ns: the machine has been up for two days.
const BOOT_NS: u64 = 172_800_000_000_000;

/// A second, ns.
const SECOND_NS: u64 = 1_000_000_000;
/// How long the kernel keeps a TIME-WAIT.
const TIME_WAIT_NS: u64 = 60 * SECOND_NS;

/// Seconds that a connection is active in a row, on average.
const ACTIVE_FOR: u64 = 10;

/// Processes that own sockets.
const PROCESSES: u32 = 24;

/// Counters of the host, of which a fourth grows: as many as Linux 6 reports.
const COUNTERS: usize = 420;

/// How large the machine is and how busy.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Sockets of all kinds.
    pub sockets: usize,
    /// Share of them that move data in a Sample.
    pub active: f64,
    /// Share of them that is gone in the next Sample, with as many others in their place.
    pub replaced: f64,
    /// Another number makes another machine.
    pub seed: u64,
}

impl Load {
    /// What recordings are measured with: 15 % active, 1 % replaced.
    pub fn of(sockets: usize) -> Load {
        Load {
            sockets,
            active: 0.15,
            replaced: 0.01,
            seed: 1,
        }
    }
}

/// Makes the Samples of such a machine, one a second.
#[derive(Debug)]
pub struct Synthetic {
    load: Load,
    random: Random,
    /// Samples made so far.
    tick: u64,
    now_ns: u64,
    /// When the first Sample is made.
    start_ns: u64,
    /// In the order of the kernel's hash table.
    #[allow(
        clippy::vec_box,
        reason = "each stays where it is when another comes before it"
    )]
    connections: Vec<Box<Connection>>,
    /// TIME-WAITs among them.
    waiting: usize,
    /// Connections that have ended since the Sample before.
    ended: Vec<Connection>,
    /// Listeners, UDP and unix sockets: they stay as they are.
    standing: Vec<Socket>,
    processes: Vec<ProcessRow>,
    names: Arc<Vec<String>>,
    counters: Vec<i64>,
    /// Connections made so far; cookies and inodes follow from it.
    made: u64,
}

impl Synthetic {
    /// A machine under this load, in the state that it stays in.
    pub fn new(load: Load) -> Synthetic {
        // A small machine is for a small recording.
        let counters = COUNTERS.min(load.sockets);
        let mut machine = Synthetic {
            load,
            random: Random::new(load.seed),
            tick: 0,
            now_ns: BOOT_NS,
            start_ns: BOOT_NS,
            connections: Vec::new(),
            waiting: 0,
            ended: Vec::new(),
            standing: standing(load.sockets),
            processes: processes(),
            names: Arc::new((0..counters).map(|at| format!("TcpExt.{at}")).collect()),
            counters: vec![1_000_000; counters],
            made: 0,
        };
        for _ in 0..load.sockets - machine.standing.len() {
            machine.open();
        }
        // Until there are as many TIME-WAITs as there will always be.
        for _ in 0..90 {
            machine.pass();
        }
        machine.ended.clear();
        machine.start_ns = machine.now_ns;
        machine
    }

    /// Connections that leave with every Sample.
    fn leaving(&self) -> usize {
        (self.load.sockets as f64 * self.load.replaced).ceil() as usize
    }

    /// Those of them that this side closes first, so that the kernel keeps the pair of addresses.
    fn by_way_of_time_wait(&self) -> usize {
        self.leaving() / 2
    }

    /// A new connection.
    fn open(&mut self) {
        self.made += 1;
        let process = self.random.below(u64::from(PROCESSES)) as u32;
        let connection = Connection::new(self.made, process, self.now_ns, &mut self.random);
        let at = self
            .connections
            .partition_point(|other| other.bucket < connection.bucket);
        self.connections.insert(at, Box::new(connection));
    }

    /// Ends an open connection; what is left of it is a TIME-WAIT or nothing.
    fn end_one(&mut self, waits: bool) {
        let from = self.random.below(self.connections.len() as u64) as usize;
        let open = |at: &usize| self.connections[*at].time_wait_ends_ns.is_none();
        let Some(at) = (from..self.connections.len()).chain(0..from).find(open) else {
            return;
        };
        self.ended.push((*self.connections[at]).clone());
        if waits {
            self.connections[at].time_wait_ends_ns = Some(self.now_ns + TIME_WAIT_NS);
            self.waiting += 1;
        } else {
            self.connections.remove(at);
        }
    }

    /// Lets a second pass.
    fn pass(&mut self) {
        self.now_ns += SECOND_NS - 200_000 + self.random.below(400_000);
        let now_ns = self.now_ns;
        let before = self.connections.len();
        self.connections.retain(|connection| {
            connection
                .time_wait_ends_ns
                .is_none_or(|ends| ends > now_ns)
        });
        self.waiting -= before - self.connections.len();
        let waits = self.by_way_of_time_wait();
        for at in 0..self.leaving() {
            self.end_one(at < waits);
        }
        while self.connections.len() + self.standing.len() < self.load.sockets {
            self.open();
        }
        // How many open connections begin to be active in a second, so that the share stays.
        let open = (self.connections.len() - self.waiting).max(1) as f64;
        let share = (self.load.active * self.load.sockets as f64 / open).min(0.9);
        let begins = share / (1.0 - share) / ACTIVE_FOR as f64;
        for connection in &mut self.connections {
            if connection.time_wait_ends_ns.is_none() {
                let chance = if connection.active {
                    1.0 / ACTIVE_FOR as f64
                } else {
                    begins
                };
                let turns = self.random.chance(chance);
                connection.pass(turns, now_ns, &mut self.random);
            }
        }
        for counter in self.counters.iter_mut().step_by(4) {
            *counter += self.random.below(5_000).cast_signed();
        }
        for row in &mut self.processes {
            row.descriptors = Some(400 + self.random.below(30) as u32);
        }
    }

    /// Fills the Sample. Rows are read one after the other until `now_ns`.
    fn write_sample(&mut self, sample: &mut Sample) {
        sample.taken_at_us = START_US + ((self.now_ns - self.start_ns) / 1000).cast_signed();
        sample.monotonic_ns = self.now_ns;
        sample.host = Arc::new(Host {
            hostname: "web-3".into(),
            kernel: "6.18.44-generic".into(),
            boot_id: "b007".into(),
        });
        sample.events_available = true;
        sample.users = [(0, "root".into()), (33, "www-data".into())].into();
        sample.cgroups = (0..8)
            .map(|at| {
                (
                    7000 + at,
                    format!("/system.slice/service-{at}.service").into(),
                )
            })
            .collect();
        sample.processes.extend_from_slice(&self.processes);
        sample.visibility.processes = 212;
        sample.counters.protocols.names = Arc::clone(&self.names);
        sample.counters.protocols.values.clone_from(&self.counters);
        sample.counters.interfaces = interfaces(self.tick);
        // 10 to 14 ms for the dump of 10 000.
        let dump_ns = 1_000 * self.load.sockets as u64 + self.random.below(4_000_000);
        sample.timings.dump_ns = dump_ns;
        sample.timings.decode_ns = dump_ns / 4 + self.random.below(100_000);
        sample.timings.total_ns = dump_ns * 2;
        for socket in &self.standing {
            let mut socket = *socket;
            let name: &[u8] = match socket.ends {
                Ends::Unix { .. } if socket.inode % 2 == 0 => b"/run/dbus/system_bus_socket",
                _ => b"",
            };
            let parts = Parts {
                memory: &memory([0, 0, 0, 0]),
                name,
                ..Parts::default()
            };
            let fd = socket.inode % 1000;
            hold(&mut socket, 0, fd, &mut sample.holders);
            let pushed = sample.sockets.push(socket, parts);
            pushed.expect("the table is not full");
        }
        let began_ns = self.now_ns - dump_ns;
        let rows = self.connections.len().max(1) as u64;
        for (at, connection) in (0..).zip(&self.connections) {
            let read_ns = began_ns + dump_ns * at / rows;
            let Some(ends_ns) = connection.time_wait_ends_ns else {
                connection.append_to(sample, read_ns);
                continue;
            };
            // As the kernel: in whole ticks of the clock that the other times have.
            let ticks = |ns: u64| (ns / 1_000_000) as u32;
            let left_ms = ticks(ends_ns).saturating_sub(ticks(read_ns));
            let mut socket = time_wait(connection, left_ms);
            let Connection { process, fd, .. } = **connection;
            hold(&mut socket, process, fd, &mut sample.holders);
            let pushed = sample.sockets.push(socket, Parts::default());
            pushed.expect("the table is not full");
        }
        for connection in self.ended.drain(..) {
            let at_ns = self.now_ns - self.random.below(SECOND_NS);
            push_closed(&connection, at_ns, self.start_ns, sample);
        }
        sample
            .closed
            .sort_unstable_by_key(|closed| closed.monotonic_ns);
    }
}

impl Source for Synthetic {
    fn next_into(&mut self, sample: &mut Sample) -> Result<(), SourceError> {
        sample.clear();
        if self.tick > 0 {
            self.pass();
        }
        self.write_sample(sample);
        self.tick += 1;
        Ok(())
    }
}

/// Gives a socket its owner.
fn hold(socket: &mut Socket, process: u32, fd: u32, holders: &mut Vec<Holder>) {
    (socket.holders_at, socket.holders_len) = (holders.len() as u32, 1);
    holders.push(Holder { process, fd });
}

/// What is left of a connection for a minute.
fn time_wait(connection: &Connection, left_ms: u32) -> Socket {
    let Socket {
        netns,
        cookie,
        family,
        ends,
        ..
    } = connection.socket;
    let mut socket = Socket::new(netns, cookie, family, Protocol::Tcp, State::TimeWait, ends);
    socket.attribution = Attribution::Remembered;
    let timer = Timer {
        expires_ms: left_ms,
        kind: TimerKind::TimeWait,
        retries: 0,
    };
    socket.timer = Some(timer).into();
    socket
}

/// Appends a closed connection with its final counters.
fn push_closed(connection: &Connection, at_ns: u64, start_ns: u64, sample: &mut Sample) {
    let mut socket = connection.socket;
    (socket.state, socket.inode) = (State::Closed, 0);
    socket.attribution = Attribution::Remembered;
    hold(
        &mut socket,
        connection.process,
        connection.fd,
        &mut sample.holders,
    );
    sample.closed.push(ClosedSocket {
        row: sample.closed_sockets.len() as u32,
        monotonic_ns: at_ns,
        last_state: Some(State::Established),
        first_seen_ns: (connection.opened_ns > start_ns).then_some(connection.opened_ns),
    });
    let parts = Parts {
        info: &connection.info,
        ..Parts::default()
    };
    let pushed = sample.closed_sockets.push(socket, parts);
    pushed.expect("the table is not full");
}

/// Listeners, UDP and unix sockets: one in fifty.
fn standing(sockets: usize) -> Vec<Socket> {
    let kinds = [
        (Family::Inet, Protocol::Tcp, State::Listen),
        (Family::Inet, Protocol::Udp, State::Closed),
        (Family::Unix, Protocol::Stream, State::Established),
        (Family::Unix, Protocol::Dgram, State::Closed),
    ];
    let socket = |at: u32| {
        let (family, protocol, state) = kinds[at as usize % kinds.len()];
        let ends = match family {
            Family::Unix => Ends::Unix {
                peer_inode: Some(300 + (at ^ 4)),
                vfs: None,
                pending: 0,
            },
            _ => Ends::Inet {
                local: endpoint([0, 0, 0, 0], 1 + at as u16),
                remote: endpoint([0, 0, 0, 0], 0),
            },
        };
        let mut socket = Socket::new(NETNS, 1 + u64::from(at), family, protocol, state, ends);
        (socket.inode, socket.uid) = (300 + at, Some(0));
        socket.attribution = Attribution::Observed;
        if state == State::Listen {
            socket.send_queue = 511;
        }
        socket
    };
    (0..(sockets / 50) as u32).map(socket).collect()
}

fn processes() -> Vec<ProcessRow> {
    let process = |at: u32| {
        let key = ProcessKey {
            pid: 2200 + at,
            start_time: 4000 + u64::from(at),
        };
        let mut process = Process::new(key);
        process.parent = 2199;
        process.comm = format!("worker-{at}");
        process.command_line = format!("/usr/sbin/worker --number {at} --config /etc/worker.conf");
        process.uid = 33;
        process.user = Some("www-data".into());
        process.cgroup = Some(format!("/system.slice/service-{}.service", at % 8).into());
        process.started_at_us = Some(START_US - 172_000_000_000);
        process.descriptor_limit = Some(65_536);
        process.namespaces = Namespaces {
            net: Some(NETNS),
            ..Namespaces::default()
        };
        ProcessRow {
            process: Arc::new(process),
            descriptors: Some(400),
            kinds: Some([380, 14, 4, 2]),
            activity: None,
            unlisted: None,
        }
    };
    (0..PROCESSES).map(process).collect()
}

fn interfaces(tick: u64) -> Vec<Interface> {
    let interface = |name: &str, speed: u64| Interface {
        name: name.into(),
        received_bytes: tick * speed,
        received_packets: tick * speed / 900,
        sent_bytes: tick * speed * 3,
        sent_packets: tick * speed / 300,
        ..Interface::default()
    };
    vec![interface("lo", 1_034_567), interface("eth0", 41_234_567)]
}

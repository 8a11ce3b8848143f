//! Histories to try recordings with: sockets that come, change, age, move and end, all of it from one number.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use crate::model::{
    Activity, Attribution, ClosedSocket, Device, DeviceAddress, Endpoint, Ends, Family, Fault,
    Holder, Interface, Process, ProcessKey, ProcessRow, Protocol, Sample, Settings, Severity,
    Socket, SocketTable, State, Timer, TimerKind, Unowned, Visibility,
};

/// A little generator, so that a whole history follows from one number.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.roll(256) as u8).collect()
    }

    /// A value that is small mostly, and huge at times.
    fn value(&mut self) -> u64 {
        match self.roll(8) {
            0 => self.0,
            1 => u64::MAX,
            2 => 0,
            _ => self.roll(1 << 12),
        }
    }

    fn option<T>(&mut self, value: impl FnOnce(u64) -> T) -> Option<T> {
        let number = self.value();
        (self.roll(2) == 0).then(|| value(number))
    }
}

/// One socket and what belongs to it.
#[derive(Debug, Clone)]
struct Given {
    socket: Socket,
    info: Vec<u8>,
    memory: Vec<u8>,
    congestion_info: Vec<u8>,
    name: Vec<u8>,
    congestion: &'static str,
    holders: Vec<Holder>,
}

fn address(dice: &mut Dice) -> IpAddr {
    match dice.roll(2) {
        0 => IpAddr::V4(Ipv4Addr::from_bits(dice.value() as u32)),
        _ => IpAddr::V6(Ipv6Addr::from_bits(
            u128::from(dice.value()) << 64 | u128::from(dice.value()),
        )),
    }
}

fn ends(dice: &mut Dice) -> Ends {
    let mut endpoint = || Endpoint {
        address: address(dice),
        port: dice.value() as u16,
    };
    let (local, remote) = (endpoint(), endpoint());
    match dice.roll(6) {
        0 => Ends::Unix {
            peer_inode: dice.option(|n| n as u32),
            vfs: dice.option(|n| (n as u32, (n >> 32) as u32)),
            pending: dice.value() as u32,
        },
        1 => Ends::Netlink {
            port_id: dice.value() as u32,
            remote_port_id: dice.value() as u32,
            remote_group: dice.value() as u32,
        },
        2 => Ends::Packet {
            ethertype: dice.value() as u16,
        },
        3 => Ends::Vsock {
            local: (dice.value() as u32, dice.value() as u32),
            remote: (dice.value() as u32, dice.value() as u32),
        },
        _ => Ends::Inet { local, remote },
    }
}

const PROTOCOLS: [Protocol; 7] = [
    Protocol::Tcp,
    Protocol::Tcp,
    Protocol::Udp,
    Protocol::Mptcp,
    Protocol::Stream,
    Protocol::Netlink(4),
    Protocol::Other(9),
];

fn timer(dice: &mut Dice) -> Option<Timer> {
    dice.option(|number| Timer {
        kind: [
            TimerKind::Retransmit,
            TimerKind::Keepalive,
            TimerKind::TimeWait,
            TimerKind::Unknown,
        ][number as usize % 4],
        expires_ms: (number >> 8) as u32,
        retries: number as u8,
    })
}

impl Given {
    fn new(dice: &mut Dice, cookie: u64) -> Given {
        let (ends, protocol) = (ends(dice), PROTOCOLS[dice.roll(7) as usize]);
        let family = Family::ALL[dice.roll(6) as usize];
        let state = State::ALL[dice.roll(12) as usize];
        let mut given = Given {
            socket: Socket::new(4_026_531_840, cookie, family, protocol, state, ends),
            info: Vec::new(),
            memory: Vec::new(),
            congestion_info: Vec::new(),
            name: Vec::new(),
            congestion: "",
            holders: Vec::new(),
        };
        given.change(dice);
        given.resize(dice);
        given
    }

    /// Anything may change but what makes it this socket.
    fn change(&mut self, dice: &mut Dice) {
        let socket = &mut self.socket;
        socket.inode = dice.value() as u32;
        socket.uid = dice.option(|n| n as u32);
        socket.recv_queue = dice.value() as u32;
        socket.send_queue = dice.value() as u32;
        socket.interface = dice.value() as u32;
        socket.timer = timer(dice);
        socket.options = dice.option(|n| n as u16);
        socket.state = State::ALL[dice.roll(12) as usize];
        socket.attribution = match dice.roll(4) {
            0 => Attribution::Observed,
            1 => Attribution::Remembered,
            2 => Attribution::Inferred,
            _ => Attribution::Unowned(Unowned::ALL[dice.roll(9) as usize]),
        };
        for scalar in Socket::SCALARS {
            (scalar.set)(socket, dice.option(|n| n));
        }
        socket.cgroup_id = dice.value();
        self.congestion = ["", "cubic", "bbr"][dice.roll(3) as usize];
        if dice.roll(4) == 0 {
            let length = dice.roll(20) as usize;
            self.name = dice.bytes(length);
        }
        if dice.roll(8) == 0 {
            socket.ends = ends(dice);
        }
        for part in [&mut self.info, &mut self.memory, &mut self.congestion_info] {
            for byte in part.iter_mut() {
                if dice.roll(10) == 0 {
                    *byte = dice.value() as u8;
                }
            }
        }
    }

    /// As when the kernel tells less of it than before.
    fn resize(&mut self, dice: &mut Dice) {
        let lengths = [0, 3, 104, 106, 110, 232, 280, 512];
        self.info
            .resize(lengths[dice.roll(8) as usize], dice.value() as u8);
        self.memory
            .resize([0, 36, 33][dice.roll(3) as usize], dice.value() as u8);
        self.congestion_info
            .resize([0, 20, 16][dice.roll(3) as usize], 1);
    }

    /// As when nothing but time goes on.
    fn age(&mut self, ms: u32) {
        if self.socket.protocol == Protocol::Tcp && self.info.len() >= 60 {
            for at in [44, 52, 56] {
                let field = &mut self.info[at..at + 4];
                let aged = u32::from_ne_bytes(field.try_into().unwrap()).wrapping_add(ms);
                field.copy_from_slice(&aged.to_ne_bytes());
            }
        }
        if let Some(timer) = &mut self.socket.timer {
            timer.expires_ms = timer.expires_ms.saturating_sub(ms);
        }
    }

    fn put_into(&self, table: &mut SocketTable, holders: &mut Vec<Holder>) {
        let mut socket = self.socket;
        socket.blob = table
            .push_blob(&self.info, &self.memory, &self.congestion_info, &self.name)
            .unwrap();
        socket.congestion = match self.congestion {
            "" => 0,
            name => table.name_index(name.as_bytes()),
        };
        socket.holders_len = self.holders.len() as u16;
        socket.holders_at = if self.holders.is_empty() {
            0
        } else {
            holders.len() as u32
        };
        holders.extend_from_slice(&self.holders);
        table.rows.push(socket);
    }
}

fn process(dice: &mut Dice, pid: u32) -> ProcessRow {
    let mut process = Process::new(ProcessKey {
        pid,
        start_time: u64::from(pid) * 7,
    });
    process.comm = format!("worker-{}", dice.roll(3));
    process.command_line = "worker --all".to_owned();
    process.user = dice.option(|n| format!("user{}", n % 3).into());
    process.cgroup = dice.option(|n| format!("/group/{}", n % 3).into());
    process.started_at_us = dice.option(|n| n as i64);
    process.descriptor_limit = dice.option(|n| n);
    process.namespaces.net = dice.option(|n| n as u32);
    ProcessRow {
        process: Arc::new(process),
        descriptors: dice.option(|n| n as u32),
        kinds: dice.option(|n| [n as u32, 0, (n >> 20) as u32, 7]),
        activity: pid.is_multiple_of(2).then_some(Activity {
            state: ['R', 'S', 'T', 'ß'][dice.0 as usize % 4],
            cpu_ticks: dice.0,
        }),
    }
}

fn devices(dice: &mut Dice) -> Vec<Device> {
    let mut devices = Vec::new();
    for at in 0..dice.roll(3) {
        let addresses = (0..dice.roll(3)).map(|_| DeviceAddress {
            address: address(dice),
            prefix: dice.roll(129) as u8,
        });
        devices.push(Device {
            addresses: addresses.collect(),
            index: at as u32 + 1,
            name: format!("eth{at}"),
            mtu: dice.option(|n| n as u32),
            flags: dice.value() as u32,
            operstate: dice.option(|n| n as u8),
        });
    }
    devices
}

/// What goes on: sockets that come, change, age, move and end.
pub(super) struct World {
    pub(super) dice: Dice,
    sockets: Vec<Given>,
    processes: Vec<ProcessRow>,
    next: u64,
    sample: Sample,
}

impl World {
    pub(super) fn new(seed: u64) -> World {
        let mut world = World {
            dice: Dice(seed | 1),
            sockets: Vec::new(),
            processes: Vec::new(),
            next: 1,
            sample: Sample::default(),
        };
        world.sample.monotonic_ns = 5_000_000_000;
        world.sample.taken_at_us = 1_700_000_000_000_000;
        world
    }

    /// The next Sample.
    pub(super) fn turn(&mut self) -> &Sample {
        let dice = &mut self.dice;
        let elapsed = 900 + dice.roll(200) as u32;
        let mut ended: Vec<Given> = Vec::new();
        for _ in 0..dice.roll(4) {
            if !self.sockets.is_empty() {
                let at = dice.roll(self.sockets.len() as u64) as usize;
                ended.push(self.sockets.remove(at));
            }
        }
        if dice.roll(3) == 0 {
            self.processes.truncate(dice.roll(4) as usize);
        }
        while self.processes.len() < 3 {
            let pid = dice.roll(6) as u32 + 1;
            let row = process(dice, pid);
            self.processes
                .retain(|known| known.process.key != row.process.key);
            self.processes.push(row);
        }
        for given in &mut self.sockets {
            given.age(elapsed + dice.roll(3) as u32);
            match dice.roll(6) {
                0 => given.change(dice),
                1 if dice.roll(4) == 0 => given.resize(dice),
                _ => {}
            }
        }
        for _ in 0..dice.roll(6) {
            let at = dice.roll(self.sockets.len() as u64 + 1) as usize;
            self.sockets.insert(at, Given::new(dice, self.next));
            self.next += 1 + dice.roll(1000);
        }
        if self.sockets.len() > 2 && dice.roll(3) == 0 {
            let at = dice.roll(self.sockets.len() as u64) as usize;
            let moved = self.sockets.remove(at);
            self.sockets.push(moved);
        }
        let processes = self.processes.len() as u64;
        for given in self.sockets.iter_mut().chain(&mut ended) {
            given.holders = (0..dice.roll(4))
                .map(|fd| Holder {
                    process: dice.roll(processes) as u32,
                    fd: fd as u32 * 3,
                })
                .collect();
        }

        let sample = &mut self.sample;
        let devices_before = sample.devices.take();
        sample.clear();
        sample.devices = match dice.roll(8) {
            0 => None,
            1 => Some(Arc::new(devices(dice))),
            // The same, shared or not.
            2 => devices_before.map(|devices| Arc::new(devices.as_ref().clone())),
            _ => devices_before,
        };
        sample.monotonic_ns += u64::from(elapsed) * 1_000_000 + dice.roll(900_000);
        sample.taken_at_us += i64::from(elapsed) * 1000 - 300 + dice.roll(600) as i64;
        sample.events_available = dice.roll(2) == 0;
        sample.lost_events = dice.value();
        sample.timings.total_ns = dice.value();
        sample.visibility = Visibility {
            processes: dice.roll(100) as u32,
            unreadable: 3,
            root: dice.roll(2) == 0,
        };
        sample.processes.extend_from_slice(&self.processes);
        for given in &self.sockets {
            given.put_into(&mut sample.sockets, &mut sample.holders);
        }
        if dice.roll(10) == 0 && !self.sockets.is_empty() {
            // The kernel reported one twice.
            let again = self.sockets[0].clone();
            again.put_into(&mut sample.sockets, &mut sample.holders);
        }
        for (row, given) in ended.iter_mut().enumerate() {
            given.change(dice);
            given.put_into(&mut sample.closed_sockets, &mut sample.holders);
            sample.closed.push(ClosedSocket {
                row: row as u32,
                monotonic_ns: sample.monotonic_ns - dice.roll(1_000_000),
                last_state: dice.option(|n| State::ALL[n as usize % 12]),
                first_seen_ns: dice.option(|n| n),
            });
        }
        sample.interfaces.push((1, "lo".to_owned()));
        sample.cgroups.push((dice.value(), "/group/1".into()));
        sample.users.push((1000, "somebody".into()));
        if dice.roll(4) == 0 {
            let fault = Fault::new(Severity::Degraded, "/proc/net/snmp6", "not there");
            sample.faults.push(fault);
        }
        if dice.roll(10) == 0 || sample.counters.protocols.names.is_empty() {
            let names = ["Tcp.RetransSegs", "Tcp.MaxConn", "Udp.InErrors"];
            let count = 1 + dice.roll(3) as usize;
            let names = names[..count].iter().map(|&name| name.to_owned());
            sample.counters.protocols.names = Arc::new(names.collect());
        }
        if self.next.is_multiple_of(8) {
            let value = (dice.0 % 3).to_string();
            let values = vec![("net.ipv4.tcp_tw_reuse".to_owned(), value)];
            sample.settings = Arc::new(Settings { values });
        }
        let count = sample.counters.protocols.names.len();
        sample.counters.protocols.values = (0..count).map(|_| dice.value() as i64).collect();
        sample.counters.interfaces = (0..dice.roll(3))
            .map(|at| Interface {
                name: format!("eth{at}"),
                received_bytes: dice.value(),
                sent_dropped: dice.value(),
                ..Interface::default()
            })
            .collect();
        sample
    }
}

/// The same Sample with indices of names that do not depend on what was in the table before.
pub(super) fn plain(sample: &Sample) -> Sample {
    let mut plain = sample.clone();
    for (table, from) in [
        (&mut plain.sockets, &sample.sockets),
        (&mut plain.closed_sockets, &sample.closed_sockets),
    ] {
        let mut fresh = SocketTable::default();
        fresh.rows.clone_from(&from.rows);
        fresh.bytes.clone_from(&from.bytes);
        for (row, old) in fresh
            .rows
            .clone()
            .iter()
            .zip(&from.rows)
            .enumerate()
            .map(|(at, (_, old))| (at, old))
        {
            fresh.rows[row].congestion = from
                .name_at(old.congestion)
                .map_or(0, |name| fresh.name_index(name.as_bytes()));
        }
        *table = fresh;
    }
    plain
}

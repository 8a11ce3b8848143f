//! A socket of a simulation.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::rng::Rng;
use crate::model::{
    Attribution, Endpoint, Ends, Family, Holder, Parts, Protocol, Socket, SocketTable, State,
    Timer, TimerKind, Unowned,
};

/// A socket with everything that belongs to it.
#[derive(Debug, Clone)]
pub(super) struct SimulatedSocket {
    socket: Socket,
    info: Vec<u8>,
    memory: Vec<u8>,
    congestion_info: Vec<u8>,
    name: Vec<u8>,
    congestion: &'static str,
    pub(super) holders: Vec<Holder>,
}

/// Returns a random address of either version.
pub(super) fn address(rng: &mut Rng) -> IpAddr {
    match rng.below(2) {
        0 => IpAddr::V4(Ipv4Addr::from_bits(rng.value() as u32)),
        _ => IpAddr::V6(Ipv6Addr::from_bits(
            u128::from(rng.value()) << 64 | u128::from(rng.value()),
        )),
    }
}

fn ends(rng: &mut Rng) -> Ends {
    let mut endpoint = || Endpoint {
        address: address(rng),
        port: rng.value() as u16,
    };
    let (local, remote) = (endpoint(), endpoint());
    match rng.below(8) {
        0 => Ends::Unix {
            peer_inode: rng.option(|n| n as u32),
            vfs: rng.option(|n| (n as u32, (n >> 32) as u32)),
            pending: rng.value() as u32,
        },
        1 => Ends::Netlink {
            port_id: rng.value() as u32,
            remote_port_id: rng.value() as u32,
            remote_group: rng.value() as u32,
        },
        2 => Ends::Packet {
            ethertype: rng.value() as u16,
        },
        3 => Ends::Vsock {
            local: (rng.value() as u32, rng.value() as u32),
            remote: (rng.value() as u32, rng.value() as u32),
        },
        4 => Ends::Tipc {
            local: (rng.value() as u32, rng.value() as u32),
            remote: rng.option(|n| (n as u32, (n >> 32) as u32)),
        },
        5 => Ends::Xdp {
            queue: rng.value() as u32,
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

fn timer(rng: &mut Rng) -> Option<Timer> {
    rng.option(|number| Timer {
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

impl SimulatedSocket {
    /// Creates a random socket.
    pub(super) fn new(rng: &mut Rng, cookie: u64) -> SimulatedSocket {
        let (ends, protocol) = (ends(rng), PROTOCOLS[rng.below(7) as usize]);
        let family = Family::ALL[rng.below(6) as usize];
        let state = State::ALL[rng.below(12) as usize];
        let mut simulated = SimulatedSocket {
            socket: Socket::new(4_026_531_840, cookie, family, protocol, state, ends),
            info: Vec::new(),
            memory: Vec::new(),
            congestion_info: Vec::new(),
            name: Vec::new(),
            congestion: "",
            holders: Vec::new(),
        };
        simulated.change(rng);
        simulated.resize(rng);
        simulated
    }

    /// Changes anything but the identity.
    pub(super) fn change(&mut self, rng: &mut Rng) {
        let socket = &mut self.socket;
        socket.inode = rng.value() as u32;
        socket.uid = rng.option(|n| n as u32);
        socket.recv_queue = rng.value() as u32;
        socket.send_queue = rng.value() as u32;
        socket.interface = rng.value() as u32;
        socket.timer = timer(rng).into();
        socket.options = rng.option(|n| n as u16);
        socket.state = State::ALL[rng.below(12) as usize];
        socket.attribution = match rng.below(5) {
            0 => Attribution::Observed,
            4 => Attribution::Unverified,
            1 => Attribution::Remembered,
            2 => Attribution::Inferred,
            _ => Attribution::Unowned(Unowned::ALL[rng.below(9) as usize]),
        };
        let association = socket.association;
        for scalar in Socket::SCALARS {
            (scalar.set)(socket, rng.option(|n| n));
        }
        // Part of the identity.
        socket.association = association;
        socket.cgroup_id = rng.value();
        self.congestion = ["", "cubic", "bbr"][rng.below(3) as usize];
        if rng.below(4) == 0 {
            let length = rng.below(20) as usize;
            self.name = rng.bytes(length);
        }
        if rng.below(8) == 0 {
            socket.ends = ends(rng);
        }
        for part in [&mut self.info, &mut self.memory, &mut self.congestion_info] {
            for byte in part.iter_mut() {
                if rng.below(10) == 0 {
                    *byte = rng.value() as u8;
                }
            }
        }
    }

    /// Changes the lengths of its parts, as a kernel that reports less than before.
    pub(super) fn resize(&mut self, rng: &mut Rng) {
        let lengths = [0, 3, 104, 106, 110, 232, 280, 512];
        self.info
            .resize(lengths[rng.below(8) as usize], rng.value() as u8);
        self.memory
            .resize([0, 36, 33][rng.below(3) as usize], rng.value() as u8);
        self.congestion_info
            .resize([0, 20, 16][rng.below(3) as usize], 1);
    }

    /// Advances the clock.
    pub(super) fn age(&mut self, ms: u32) {
        if self.socket.protocol == Protocol::Tcp && self.info.len() >= 60 {
            for at in [44, 52, 56] {
                let field = &mut self.info[at..at + 4];
                let aged = u32::from_ne_bytes(field.try_into().unwrap()).wrapping_add(ms);
                field.copy_from_slice(&aged.to_ne_bytes());
            }
        }
        self.socket.timer = self.socket.timer.after(ms).into();
    }

    /// Appends the socket to a table, and its holders to those of the Sample.
    pub(super) fn append_to(&self, table: &mut SocketTable, holders: &mut Vec<Holder>) {
        let mut socket = self.socket;
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
        let parts = Parts {
            info: &self.info,
            memory: &self.memory,
            congestion_info: &self.congestion_info,
            name: &self.name,
        };
        table.push(socket, parts).unwrap();
    }
}

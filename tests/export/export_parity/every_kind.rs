//! A Sample with sockets of every kind: families, protocols, states, ends, owners, timers, and every field set and unset.

use std::sync::Arc;

use sockwatch::aggregate::{Aggregator, Moment};
use sockwatch::model::{
    Attribution, Container, Endpoint, Ends, Family, Holder, Host, Md5Peer, Parts, Pod, Process,
    ProcessKey, ProcessRow, Protocol, Runtime, Sample, SctpAddresses, Socket, State, TcpExtras,
    Timer, TimerKind, TlsInfo, Translation, Unowned,
};

use crate::support::edited_rows::give_last;

/// Names of processes that are hard to write in a list, in a cell or at all.
const COMMS: [&str; 9] = [
    "nginx",
    "Web Content",
    "a\"b'c,d;e",
    "\"\"",
    "back\\slash\\u0020",
    "new\nline\ttab\r",
    "数据库 é",
    "",
    "[]={} ",
];

/// Two moments a second apart, so that there are rates.
pub(crate) fn moments() -> Vec<Moment> {
    let mut aggregator = Aggregator::new();
    let mut moments = Vec::new();
    for tick in 0..2 {
        let mut moment = Moment::default();
        fill(&mut moment.sample, tick);
        moment.derive(&mut aggregator);
        moments.push(moment);
    }
    moments
}

fn container() -> Container {
    Container {
        name: Some("app\u{1b}[31m".into()),
        image: Some("registry.example.org/app:1,2".into()),
        project: Some("shop".into()),
        service: Some("\"front\"".into()),
        pod: Some(Pod {
            namespace: Some("payments".into()),
            name: Some("api-7c9".into()),
            uid: Some("2d3b7a30".into()),
        }),
        ..Container::new(Some(Runtime::Containerd), "3f2a1b0c9d8e")
    }
}

fn fill(sample: &mut Sample, tick: u8) {
    sample.taken_at_us = 1_795_205_647_123_456 + i64::from(tick) * 1_000_000;
    sample.monotonic_ns = 1_000_000_000_000 + u64::from(tick) * 1_000_000_000;
    sample.host = Arc::new(Host {
        hostname: "web-3".into(),
        kernel: "6.18.44".into(),
        boot_id: "b007".into(),
    });
    sample.own_netns = 4_026_531_840;
    sample.own_netns_name = Some("host".into());
    sample.interfaces = [(7, "eth7".into())].into();
    sample.cgroups = [
        (77, "/system.slice/a b,\"c\".service".into()),
        (78, "/kubepods/x".into()),
    ]
    .into();
    sample.containers = [("/kubepods/x".into(), Arc::new(container()))].into();
    sample.users = [(0, "root".into()), (1000, "jürgen, d.".into())].into();
    for (pid, comm) in (3..).zip(COMMS) {
        let mut process = Process::new(ProcessKey {
            pid,
            start_time: u64::MAX - u64::from(pid),
        });
        comm.clone_into(&mut process.comm);
        sample.processes.push(ProcessRow::new(Arc::new(process)));
    }
    let mut sockets = Sockets {
        sample,
        cookie: 100,
    };
    sockets.states();
    sockets.protocols();
    sockets.sctp();
    sockets.tls_and_keys();
    sockets.unix();
    sockets.other_families();
    sockets.connections(tick);
    sockets.owned();
    sockets.translated();
    sockets.with_details();
    sockets.scalars();
}

/// Adds sockets to a Sample.
struct Sockets<'a> {
    sample: &'a mut Sample,
    /// Cookie of the socket added last.
    cookie: u64,
}

fn inet(local: (&str, u16), remote: (&str, u16)) -> Ends {
    let end = |(address, port): (&str, u16)| Endpoint {
        address: address.parse().expect("an address"),
        port,
    };
    Ends::Inet {
        local: end(local),
        remote: end(remote),
    }
}

const ANY: (&str, u16) = ("0.0.0.0", 0);

/// A connection to another machine.
fn connected() -> Ends {
    inet(("192.0.2.1", 443), ("198.51.100.7", 51_000))
}

impl Sockets<'_> {
    /// Adds a socket and returns it for changes.
    fn add(&mut self, family: Family, protocol: Protocol, state: State, ends: Ends) -> &mut Socket {
        self.cookie += 1;
        let mut socket = Socket::new(4_026_531_840, self.cookie, family, protocol, state, ends);
        socket.inode = self.cookie as u32 * 10;
        let table = &mut self.sample.sockets;
        let pushed = table.push(socket, Parts::default());
        pushed.expect("there is room");
        let last = table.len() - 1;
        table.get_mut(last).expect("it was added")
    }

    fn tcp(&mut self, state: State) -> &mut Socket {
        self.add(Family::Inet, Protocol::Tcp, state, connected())
    }

    /// Gives the socket added last its parts of variable length.
    fn give(&mut self, parts: Parts<'_>) {
        give_last(&mut self.sample.sockets, parts);
    }

    fn states(&mut self) {
        for state in State::ALL {
            let socket = self.tcp(state);
            (socket.recv_queue, socket.send_queue) = (u32::MAX, 1);
            if state == State::TimeWait {
                socket.attribution = Attribution::Unowned(Unowned::TimeWait);
                socket.inode = 0;
            }
            let ends = inet(("::1", 80), ("2001:db8::1", 9));
            self.add(Family::Inet6, Protocol::Tcp, state, ends);
        }
    }

    fn protocols(&mut self) {
        for protocol in [
            Protocol::Udp,
            Protocol::UdpLite,
            Protocol::Raw,
            Protocol::Sctp,
            Protocol::Mptcp,
        ] {
            self.add(Family::Inet, protocol, State::Closed, inet(ANY, ANY));
            let ends = inet(("::ffff:10.0.0.1", 53), ("::", 0));
            self.add(Family::Inet6, protocol, State::Closed, ends);
        }
        let every: Vec<u8> = (1..=96).collect();
        for length in [96, 48, 1] {
            self.add(
                Family::Inet,
                Protocol::Mptcp,
                State::Established,
                connected(),
            );
            self.give(Parts {
                info: &every[..length],
                ..Parts::default()
            });
        }
        // The kernel did not report its cookie.
        self.tcp(State::Closed).cookie = Socket::SURROGATE_COOKIE | 0x20;
    }

    /// A socket of SCTP with two associations, multi-homed and without details.
    fn sctp(&mut self) {
        let every: Vec<u8> = (0..368).map(|at| at as u8 | 1).collect();
        let mut addresses = Vec::new();
        for entry in ["192.0.2.1", "2001:db8::1", "", "198.51.100.7"] {
            SctpAddresses::push(&mut addresses, entry.parse().ok());
        }
        let (family, protocol) = (Family::Inet, Protocol::Sctp);
        self.add(family, protocol, State::Listen, inet(("192.0.2.1", 9), ANY));
        self.give(Parts {
            info: &every,
            name: &addresses[..5],
            ..Parts::default()
        });
        let cookie = self.cookie;
        for (tag, details) in [(1, true), (u32::MAX, false)] {
            let socket = self.add(family, protocol, State::ShutdownAckSent, connected());
            (socket.cookie, socket.association) = (cookie, Some(tag));
            if details {
                self.give(Parts {
                    info: &every,
                    name: &addresses,
                    ..Parts::default()
                });
            }
        }
    }

    fn tls_and_keys(&mut self) {
        let peer = |address: &str| Md5Peer {
            address: address.parse().expect("an address"),
            prefix: 24,
        };
        let tls = |version, number| TlsInfo {
            version,
            cipher: 50 + number,
            tx: number,
            rx: number,
        };
        let keys = [peer("192.0.2.0"), peer("2001:db8::")];
        for (tls, keys) in [
            (Some(tls(0x304, 1)), &keys[..]),
            (Some(tls(9, 99)), &[]),
            (None, &keys[..1]),
        ] {
            let mut name = Vec::new();
            TcpExtras::encode(b"tls", tls, keys.iter().copied(), &mut name);
            self.tcp(State::Established);
            self.give(Parts {
                name: &name,
                ..Parts::default()
            });
        }
    }

    fn unix(&mut self) {
        let ends = |peer_inode| Ends::Unix {
            peer_inode,
            vfs: Some((5, 6)),
            pending: 2,
        };
        let first = self.cookie as u32 * 10 + 10;
        let names: [&[u8]; 6] = [
            b"/run/a \"b\", c;\nd",
            b"\0abstract\0name",
            b"",
            b"/run/\xff\xfe\x1b[31m",
            "/run/数".as_bytes(),
            b"*",
        ];
        for (at, name) in names.into_iter().enumerate() {
            let (protocol, state) = match at % 3 {
                0 => (Protocol::Stream, State::Listen),
                1 => (Protocol::Dgram, State::Closed),
                _ => (Protocol::Seqpacket, State::Established),
            };
            // Those that are connected are to the first, and the first to itself.
            let peer = (at % 3 != 1).then_some(first);
            self.add(Family::Unix, protocol, state, ends(peer));
            self.give(Parts {
                name,
                ..Parts::default()
            });
        }
        // The first is owned, so that peers have owners.
        let table = &mut self.sample.sockets;
        let first = table.get_mut(table.len() - names.len());
        let first = first.expect("it was added");
        first.holders_at = self.sample.holders.len() as u32;
        first.holders_len = 3;
        first.attribution = Attribution::Observed;
        for (process, fd) in [(1, 3), (1, 4), (6, u32::MAX)] {
            self.sample.holders.push(Holder { process, fd });
        }
    }

    fn other_families(&mut self) {
        for (port_id, remote_port_id, remote_group) in
            [(0, 0, 0), (812, 0, 0), (u32::MAX, 5, 1), (812, 0, 3)]
        {
            let ends = Ends::Netlink {
                port_id,
                remote_port_id,
                remote_group,
            };
            for number in [0, 16, 250] {
                let protocol = Protocol::Netlink(number);
                self.add(Family::Netlink, protocol, State::Closed, ends);
            }
        }
        for (interface, protocol) in [
            (0, Protocol::PacketRaw),
            (7, Protocol::Dgram),
            // Its device is gone.
            (8, Protocol::Other(200)),
        ] {
            let ends = Ends::Packet { ethertype: 3 };
            self.add(Family::Packet, protocol, State::Closed, ends)
                .interface = interface;
        }
        for (state, remote) in [
            (State::Established, (3, 5)),
            (State::Listen, (u32::MAX, u32::MAX)),
            (State::Closed, (u32::MAX, 0)),
        ] {
            let local = (2, 1024);
            let ends = Ends::Vsock { local, remote };
            self.add(Family::Vsock, Protocol::Stream, state, ends);
        }
        for (protocol, state, remote) in [
            (Protocol::Stream, State::Established, Some((0, 70_000))),
            (Protocol::Seqpacket, State::Listen, None),
            (Protocol::Rdm, State::Closed, None),
        ] {
            let local = (u32::MAX, u32::MAX - 1);
            let ends = Ends::Tipc { local, remote };
            self.add(Family::Tipc, protocol, state, ends);
        }
        for interface in [0, 7, 8] {
            let ends = Ends::Xdp { queue: 3 };
            self.add(Family::Xdp, Protocol::PacketRaw, State::Closed, ends)
                .interface = interface;
        }
    }

    /// Both ends of a connection within the machine, which move data.
    fn connections(&mut self, tick: u8) {
        let mut info: Vec<u8> = (0..=255).cycle().take(280).collect();
        let (server, client) = (("127.0.0.1", 80), ("127.0.0.1", 40_000));
        for (local, remote) in [(server, client), (client, server)] {
            let ends = inet(local, remote);
            let socket = self.add(Family::Inet, Protocol::Tcp, State::Established, ends);
            (socket.uid, socket.interface) = (Some(1000), 7);
            // The lowest bytes of bytes_acked and bytes_received.
            (info[120], info[128]) = (tick * 3, tick * 7);
            self.give(Parts {
                info: &info,
                ..Parts::default()
            });
        }
    }

    fn owned(&mut self) {
        for (attribution, processes) in [
            (Attribution::Observed, 0..9),
            (Attribution::Remembered, 1..2),
            (Attribution::Inferred, 7..8),
        ] {
            let holders_at = self.sample.holders.len() as u32;
            for process in processes {
                for fd in 3..4 + process % 3 {
                    self.sample.holders.push(Holder { process, fd });
                }
            }
            let holders_len = self.sample.holders.len() as u32 - holders_at;
            let socket = self.tcp(State::Established);
            (socket.holders_at, socket.holders_len) = (holders_at, holders_len as u16);
            (socket.attribution, socket.uid) = (attribution, Some(0));
            socket.cgroup_id = 77;
        }
        self.tcp(State::Established).cgroup_id = 78;
        for reason in Unowned::ALL {
            let socket = self.tcp(State::Established);
            socket.attribution = Attribution::Unowned(reason);
            // Neither the user nor the control group has a name.
            (socket.uid, socket.cgroup_id) = (Some(u32::MAX - 1), u64::MAX);
        }
    }

    fn translated(&mut self) {
        for (peer, seen_as) in [
            (("10.244.1.7", 8443), ("10.0.0.1", 4000)),
            (("fd00::7", 8443), ("fd00::1", 65_535)),
        ] {
            let key = self.tcp(State::Established).key();
            let Ends::Inet { local, remote } = inet(seen_as, peer) else {
                continue;
            };
            let translation = Translation {
                peer: remote,
                seen_as: local,
                netns: 7,
            };
            let translations = self.sample.translations.get_or_insert_default();
            Arc::make_mut(translations).insert(key, translation);
        }
    }

    fn with_details(&mut self) {
        for (number, kind) in (0..).zip([
            TimerKind::Retransmit,
            TimerKind::Keepalive,
            TimerKind::TimeWait,
            TimerKind::Probe,
            TimerKind::Unknown,
        ]) {
            let timer = Timer {
                expires_ms: u32::MAX - number,
                kind,
                retries: 255 - number as u8,
            };
            self.tcp(State::Established).timer = Some(timer).into();
        }
        for options in [0, 1, 0b101, 0x7ff, u16::MAX] {
            self.tcp(State::Established).options = Some(options);
        }
        let bytes: Vec<u8> = (0..=255).rev().cycle().take(280).collect();
        for length in [1, 104, 232, 248, 280] {
            self.tcp(State::Established);
            self.give(Parts {
                info: &bytes[..length],
                name: b"tls",
                ..Parts::default()
            });
        }
        for length in [3, 4, 32, 36] {
            self.tcp(State::Established);
            self.give(Parts {
                memory: &bytes[..length],
                name: b"\xffulp",
                ..Parts::default()
            });
        }
        for (congestion, length) in [
            ("bbr", 20),
            ("bbr", 9),
            ("dctcp", 16),
            ("vegas", 16),
            ("cubic", 3),
            ("cubic", 0),
            ("", 16),
        ] {
            let name_index = match congestion {
                "" => 0,
                name => self.sample.sockets.name_index(name.as_bytes()),
            };
            self.tcp(State::Established).congestion = name_index;
            self.give(Parts {
                congestion_info: &bytes[..length],
                ..Parts::default()
            });
        }
    }

    /// Each scalar alone, and all of them.
    fn scalars(&mut self) {
        for value in [0, 1, u64::MAX] {
            for scalar in Socket::SCALARS {
                (scalar.set)(self.tcp(State::Established), Some(value));
            }
            let socket = self.tcp(State::Established);
            for scalar in Socket::SCALARS {
                (scalar.set)(socket, Some(value));
            }
        }
    }
}

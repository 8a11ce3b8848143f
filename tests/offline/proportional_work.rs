//! Work grows in proportion to the number of sockets, whatever a user or a recording makes equal: ports, addresses,
//! owners, cookies, names. Four times the sockets may cost about four times the time; quadratic work would cost sixteen.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use sockwatch::aggregate::{Aggregator, Cancellation, Difference, FilteredView, Moment, Summary};
use sockwatch::diagnose::{Diagnosis, Thresholds};
use sockwatch::model::{
    Activity, Attribution, ClosedSocket, Endpoint, Ends, Family, Holder, Interface, Parts, Process,
    ProcessKey, ProcessRow, Protocol, Sample, Settings, Socket, SocketTable, State, Timer,
    TimerKind, Unowned,
};
use sockwatch::tui::theme::{ColorSupport, Theme};
use sockwatch::tui::{self, Appearance, State as Screens};

use crate::support::cost_baseline::thread_cpu_time;
use crate::support::edited_rows::give_last;

/// Sockets of the smaller Sample; the larger one has four times as many.
const FEW: u32 = 1_000;
const TIMES: u32 = 4;

/// The least that counts as growth beyond proportion: halfway between proportional and quadratic, geometrically, and
/// some more for caches that no longer hold everything.
const TOO_MUCH: f64 = 9.0;

/// Work below which a difference is noise.
const NOISE: Duration = Duration::from_millis(20);

/// Adds what one of `count` users does, at the end of a Sample that is taken `tick` seconds after the first.
type Shape = fn(sample: &mut Sample, at: u32, count: u32, tick: u64);

const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

fn address(at: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from(0x7f00_0001 + at))
}

fn end(address: IpAddr, port: u32) -> Endpoint {
    Endpoint {
        address,
        port: port as u16,
    }
}

/// Makes a socket; its cookie follows from its row.
fn socket(sample: &Sample, state: State, local: Endpoint, remote: Endpoint) -> Socket {
    let number = sample.sockets.len() as u32 + 1;
    let family = match local.address {
        IpAddr::V4(_) => Family::Inet,
        IpAddr::V6(_) => Family::Inet6,
    };
    let ends = Ends::Inet { local, remote };
    let mut socket = Socket::new(1, number.into(), family, Protocol::Tcp, state, ends);
    socket.inode = number;
    socket.uid = Some(1000);
    if state == State::Listen {
        socket.send_queue = 4;
    }
    socket
}

/// Adds a socket without variable parts.
fn add(table: &mut SocketTable, socket: Socket) {
    let added = table.push(socket, Parts::default());
    added.expect("there is room");
}

fn push(sample: &mut Sample, socket: Socket) {
    add(&mut sample.sockets, socket);
}

fn listener(sample: &mut Sample, local: Endpoint) {
    let row = socket(sample, State::Listen, local, Endpoint::UNSPECIFIED);
    push(sample, row);
}

/// Adds a process and lets it hold the last socket, if there is one.
fn hold(sample: &mut Sample, number: u32) {
    let mut process = Process::new(ProcessKey {
        pid: 100 + number,
        start_time: 7,
    });
    process.comm = format!("worker-{number}");
    let mut row = ProcessRow::new(Arc::new(process));
    row.descriptors = Some(10);
    row.activity = Some(Activity {
        state: 'S',
        cpu_ticks: 1,
    });
    sample.processes.push(row);
    let process = sample.processes.len() as u32 - 1;
    let at = sample.holders.len() as u32;
    sample.holders.push(Holder { process, fd: 3 });
    if !sample.sockets.is_empty() {
        let socket = last(sample);
        (socket.holders_at, socket.holders_len) = (at, 1);
        socket.attribution = Attribution::Observed;
    }
}

fn last(sample: &mut Sample) -> &mut Socket {
    let last = sample.sockets.len() - 1;
    sample.sockets.get_mut(last).expect("one was added")
}

fn set_timer(socket: &mut Socket, kind: TimerKind, retries: u8) {
    let timer = Timer {
        kind,
        expires_ms: 900,
        retries,
    };
    socket.timer = Some(timer).into();
}

/// Gives the last socket a `struct tcp_info` with retransmissions that grow.
fn info(sample: &mut Sample, tick: u64) {
    let mut info = [0u8; 248];
    let put = |info: &mut [u8; 248], at: usize, value: u32| {
        info[at..at + 4].copy_from_slice(&value.to_ne_bytes());
    };
    // tcpi_retransmits, tcpi_unacked, tcpi_last_ack_recv, tcpi_rtt, tcpi_total_retrans.
    info[2] = 6;
    put(&mut info, 24, 9);
    put(&mut info, 56, 20_000);
    put(&mut info, 68, 100);
    put(&mut info, 100, 50 * (tick as u32 + 1));
    // tcpi_bytes_sent, tcpi_bytes_retrans, tcpi_data_segs_out.
    let sent = (tick + 1) * 100_000;
    info[200..208].copy_from_slice(&sent.to_ne_bytes());
    info[208..216].copy_from_slice(&(sent / 2).to_ne_bytes());
    put(&mut info, 156, 100 * (tick as u32 + 1));
    let parts = Parts {
        info: &info,
        ..Parts::default()
    };
    give_last(&mut sample.sockets, parts);
}

fn unix(sample: &mut Sample, peer: u32) {
    let number = sample.sockets.len() as u32 + 1;
    let ends = Ends::Unix {
        peer_inode: Some(peer),
        vfs: None,
        pending: 0,
    };
    let mut socket = Socket::new(
        1,
        number.into(),
        Family::Unix,
        Protocol::Stream,
        State::Established,
        ends,
    );
    socket.inode = number;
    push(sample, socket);
}

const ANY: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

fn shapes() -> Vec<(&'static str, Shape)> {
    vec![
        (
            "listeners on one port, each at an address of its own",
            |s, at, _, _| {
                listener(s, end(address(at), 4000));
            },
        ),
        ("listeners that share one address", |s, at, _, _| {
            listener(s, end(SERVER, 4000));
            last(s).recv_queue = 5;
            hold(s, at);
        }),
        (
            "listeners of one process at one address, with connections",
            |s, at, _, _| {
                listener(s, end(SERVER, 4000));
                if at == 0 {
                    hold(s, 0);
                } else {
                    (last(s).holders_at, last(s).holders_len) = (0, 1);
                }
                let row = socket(
                    s,
                    State::Established,
                    end(SERVER, 4000),
                    end(address(at), 9),
                );
                push(s, row);
                (last(s).holders_at, last(s).holders_len) = (0, 1);
                info(s, 0);
            },
        ),
        (
            "listeners that share one address, with connections that wait",
            |s, at, _, _| {
                listener(s, end(SERVER, 4000));
                let row = socket(
                    s,
                    State::Established,
                    end(SERVER, 4000),
                    end(address(at), 9),
                );
                push(s, row);
                last(s).inode = 0;
                last(s).attribution = Attribution::Unowned(Unowned::WaitingForAccept);
                info(s, 0);
            },
        ),
        (
            "listeners that share one address, with half-open connections",
            |s, at, _, _| {
                listener(s, end(SERVER, 4000));
                let row = socket(s, State::SynRecv, end(SERVER, 4000), end(address(at), 9));
                push(s, row);
            },
        ),
        ("listeners bound to many devices", |s, at, _, _| {
            listener(s, end(SERVER, 4000));
            last(s).interface = at + 1;
            s.interfaces.insert(at + 1, format!("veth{at}"));
        }),
        (
            "listeners on the ports that the kernel chooses from",
            |s, at, _, _| {
                listener(s, end(address(at), 33_000 + at % 20_000));
                let row = socket(
                    s,
                    State::Established,
                    end(address(at), 40_001),
                    end(SERVER, 443),
                );
                push(s, row);
            },
        ),
        (
            "listeners at every address on the ports that the kernel chooses from",
            |s, at, _, _| {
                listener(s, end(IpAddr::V4(ANY), 33_000 + at % 20_000));
                let row = socket(
                    s,
                    State::Established,
                    end(address(at), 40_001),
                    end(SERVER, 443),
                );
                push(s, row);
            },
        ),
        (
            "listeners with half-open connections each",
            |s, at, _, tick| {
                if at % 6 == 0 {
                    listener(s, end(address(at), 4000));
                }
                let local = end(address(at - at % 6), 4000);
                let row = socket(s, State::SynRecv, local, end(address(at), 9));
                push(s, row);
                set_timer(last(s), TimerKind::Retransmit, 3 + tick as u8);
            },
        ),
        ("full queues", |s, at, _, _| {
            listener(s, end(address(at), 4000));
            last(s).recv_queue = 5;
            hold(s, at);
        }),
        ("connections of one pair of addresses", |s, _, _, _| {
            let row = socket(s, State::Established, end(SERVER, 4000), end(SERVER, 9));
            push(s, row);
        }),
        ("sockets with one cookie", |s, at, _, _| {
            let mut row = socket(
                s,
                State::Established,
                end(SERVER, 4000),
                end(address(at), 9),
            );
            row.cookie = 0;
            push(s, row);
        }),
        ("connections in TIME-WAIT of one port", |s, at, _, _| {
            let row = socket(s, State::TimeWait, end(SERVER, 4000), end(address(at), 9));
            push(s, row);
        }),
        (
            "connections in CLOSE-WAIT, each of a process",
            |s, at, _, _| {
                let row = socket(s, State::CloseWait, end(SERVER, 4000), end(address(at), 9));
                push(s, row);
                hold(s, at);
            },
        ),
        (
            "connections in CLOSE-WAIT of a process, each to a host",
            |s, at, _, _| {
                let row = socket(s, State::CloseWait, end(SERVER, 4000), end(address(at), 9));
                push(s, row);
                if at == 0 {
                    hold(s, 0);
                } else {
                    (last(s).holders_at, last(s).holders_len) = (0, 1);
                }
            },
        ),
        (
            "connects without an answer, each to a host",
            |s, at, _, _| {
                let local = end(SERVER, 33_000 + at % 20_000);
                let row = socket(s, State::SynSent, local, end(address(at), 80));
                push(s, row);
                set_timer(last(s), TimerKind::Retransmit, 5);
                last(s).send_queue = 1;
                hold(s, at);
            },
        ),
        ("connections in TIME-WAIT, each to a host", |s, at, _, _| {
            let local = end(SERVER, 33_000 + at % 20_000);
            let row = socket(s, State::TimeWait, local, end(address(at), 80));
            push(s, row);
        }),
        (
            "connections that wait for accept, each in a cgroup",
            |s, at, _, _| {
                listener(s, end(SERVER, 4000));
                last(s).recv_queue = 1;
                let row = socket(
                    s,
                    State::Established,
                    end(SERVER, 4000),
                    end(address(at), 9),
                );
                push(s, row);
                last(s).inode = 0;
                last(s).cgroup_id = at.into();
                last(s).attribution = Attribution::Unowned(Unowned::WaitingForAccept);
                info(s, 0);
            },
        ),
        ("unacknowledged bytes, each to a host", |s, at, _, tick| {
            let local = end(SERVER, 33_000 + at % 20_000);
            let row = socket(s, State::Established, local, end(address(at), 80));
            push(s, row);
            last(s).send_queue = 4000;
            set_timer(last(s), TimerKind::Retransmit, 6);
            info(s, tick);
            hold(s, at);
        }),
        (
            "unacknowledged bytes to one host, each of a process",
            |s, at, _, tick| {
                let local = end(SERVER, 33_000 + at % 20_000);
                let row = socket(s, State::Established, local, end(address(0), 80));
                push(s, row);
                last(s).send_queue = 4000;
                set_timer(last(s), TimerKind::Retransmit, 6);
                info(s, tick);
                hold(s, at);
            },
        ),
        ("closed windows, each to a host", |s, at, _, tick| {
            let local = end(SERVER, 33_000 + at % 20_000);
            let row = socket(s, State::Established, local, end(address(at), 80));
            push(s, row);
            last(s).send_queue = 4000;
            set_timer(last(s), TimerKind::Probe, 6);
            info(s, tick);
            hold(s, at);
        }),
        ("unread bytes, each of a process", |s, at, _, _| {
            let row = socket(
                s,
                State::Established,
                end(SERVER, 4000),
                end(address(at), 9),
            );
            push(s, row);
            last(s).recv_queue = 900_000;
            hold(s, at);
        }),
        ("UDP sockets on one port that drop", |s, at, _, tick| {
            let mut row = socket(s, State::Closed, end(SERVER, 4000), Endpoint::UNSPECIFIED);
            row.protocol = Protocol::Udp;
            push(s, row);
            let mut memory = [0u8; 36];
            memory[32..36].copy_from_slice(&(tick as u32 * 50).to_ne_bytes());
            let parts = Parts {
                memory: &memory,
                ..Parts::default()
            };
            give_last(&mut s.sockets, parts);
            hold(s, at);
        }),
        (
            "UDP sockets in as many network namespaces",
            |s, at, _, _| {
                let mut row = socket(
                    s,
                    State::Closed,
                    end(SERVER, 33_000 + at % 20_000),
                    Endpoint::UNSPECIFIED,
                );
                row.protocol = Protocol::Udp;
                row.netns = at + 1;
                push(s, row);
            },
        ),
        ("unix sockets connected to one", |s, _, _, _| unix(s, 1)),
        (
            "unix sockets with one inode, each of a process",
            |s, at, _, _| {
                unix(s, 1);
                last(s).inode = 1;
                hold(s, at);
            },
        ),
        (
            "sockets of as many users, in as many cgroups, bound to as many devices",
            |s, at, _, _| {
                let row = socket(
                    s,
                    State::Established,
                    end(SERVER, 4000),
                    end(address(at), 9),
                );
                push(s, row);
                last(s).uid = Some(at);
                last(s).cgroup_id = at.into();
                last(s).interface = at + 1;
                s.users.insert(at, format!("user-{at}").into());
                s.cgroups.insert(at.into(), format!("/group-{at}").into());
                s.interfaces.insert(at + 1, format!("veth{at}"));
            },
        ),
        (
            "sockets opened by as many new processes",
            |s, at, count, tick| {
                let mut row = socket(
                    s,
                    State::Established,
                    end(SERVER, 4000),
                    end(address(at), 9),
                );
                row.cookie += tick * u64::from(count);
                push(s, row);
                info(s, 0);
                hold(s, at);
            },
        ),
        ("closed sockets with one key", |s, at, _, tick| {
            let row = socket(s, State::Closed, end(SERVER, 4000), end(address(at % 2), 9));
            s.closed.push(ClosedSocket {
                row: s.closed_sockets.len() as u32,
                monotonic_ns: tick * 1_000_000_000,
                last_state: None,
                first_seen_ns: None,
            });
            add(&mut s.closed_sockets, row);
        }),
        (
            "a listener with closed connections of as many processes",
            |s, at, _, tick| {
                let mut row = socket(s, State::Closed, end(SERVER, 4000), end(address(at), 9));
                hold(s, at);
                (row.holders_at, row.holders_len) = (at, 1);
                row.cookie = u64::from(at) + tick * 1_000_000;
                s.closed.push(ClosedSocket {
                    row: s.closed_sockets.len() as u32,
                    monotonic_ns: tick * 1_000_000_000,
                    last_state: None,
                    first_seen_ns: None,
                });
                add(&mut s.closed_sockets, row);
            },
        ),
        ("devices that change their places", |s, at, count, tick| {
            let number = if tick % 2 == 0 { at } else { count - at };
            s.counters.interfaces.push(Interface {
                name: format!("veth{number}"),
                ..Interface::default()
            });
        }),
        ("counters that change their places", |s, at, count, tick| {
            let number = if tick % 2 == 0 { at } else { count - at };
            let protocols = &mut s.counters.protocols;
            Arc::make_mut(&mut protocols.names).push(format!("TcpExt.{number}"));
            protocols.values.push(at.into());
        }),
        (
            "ports, each reserved by a range of its own",
            |s, at, _, _| {
                let row = socket(
                    s,
                    State::Established,
                    end(SERVER, 33_000 + at % 20_000),
                    end(address(at), 9),
                );
                push(s, row);
                let values = &mut Arc::make_mut(&mut s.settings).values;
                if values.len() < 2 {
                    let name = "net.ipv4.ip_local_reserved_ports";
                    values.push((name.to_owned(), String::new()));
                }
                let text = &mut values[1].1;
                let _ = write!(text, "{},", 10_000 + at % 5_000);
            },
        ),
        ("addresses with one hash", |s, at, _, _| {
            // The multiplication of an unseeded hash function yields zero for these.
            let host = 0x1319_8a2e_0370_7344_u64.to_le_bytes();
            let mut octets = [0; 16];
            octets[..4].copy_from_slice(&[0x20, 1, 0xd, 0xb8]);
            octets[4..8].copy_from_slice(&at.to_be_bytes());
            octets[8..].copy_from_slice(&host);
            let remote = IpAddr::V6(Ipv6Addr::from(octets));
            let row = socket(s, State::Established, end(SERVER, 4000), end(remote, 9));
            push(s, row);
        }),
        ("cookies with one hash", |s, at, _, _| {
            let row = socket(s, State::Established, end(SERVER, 4000), end(SERVER, 9));
            push(s, row);
            last(s).netns = 0;
            last(s).cookie = u64::from(at).wrapping_mul(inverse(0xf135_7aea_2e62_a9c5));
        }),
    ]
}

/// The inverse of an odd number modulo 2^64.
fn inverse(number: u64) -> u64 {
    (0..6).fold(number, |inverse, _| {
        inverse.wrapping_mul(2u64.wrapping_sub(number.wrapping_mul(inverse)))
    })
}

fn sample(shape: Shape, count: u32, tick: u64) -> Sample {
    let mut sample = Sample {
        taken_at_us: 1_795_205_647_000_000 + tick as i64 * 1_000_000,
        monotonic_ns: 1_000_000_000_000 + tick * 1_000_000_000,
        settings: Arc::new(Settings {
            values: vec![(
                "net.ipv4.ip_local_port_range".to_owned(),
                "32768 60999".to_owned(),
            )],
        }),
        ..Sample::default()
    };
    for at in 0..count {
        shape(&mut sample, at, count, tick);
    }
    sample
}

/// Stages, with the time that each has taken.
#[derive(Default)]
struct Clocks(Vec<(&'static str, Duration)>);

impl Clocks {
    fn time<T>(&mut self, stage: &'static str, work: impl FnOnce() -> T) -> T {
        let before = thread_cpu_time();
        let out = work();
        let spent = thread_cpu_time().saturating_sub(before);
        match self.0.iter_mut().find(|(name, _)| *name == stage) {
            Some((_, sum)) => *sum += spent,
            None => self.0.push((stage, spent)),
        }
        out
    }
}

/// Does with some Samples what the dashboard and the commands do with them.
fn work(shape: Shape, count: u32) -> Clocks {
    let mut clocks = Clocks::default();
    let mut aggregator = Aggregator::new().with_all_events();
    let mut view = FilteredView::new();
    let mut diagnosis = Diagnosis::new(Thresholds::default(), TimeZone::UTC);
    let mut moment = Moment::default();
    for tick in 0..4 {
        let before = std::mem::replace(&mut moment.sample, sample(shape, count, tick * 5));
        clocks.time("aggregate", || moment.derive(&mut aggregator));
        clocks.time("diagnose", || diagnosis.update(&moment).len());
        clocks.time("ports", || diagnosis.ports(&moment).is_some());
        clocks.time("peers", || {
            let rows = moment.sample.sockets.iter();
            let peers = rows.filter_map(|row| moment.peers().peer(&moment.sample, row.socket));
            peers.count()
        });
        clocks.time("summary", || Summary::new(&moment));
        clocks.time("names", || {
            let rows = moment.sample.iter();
            let names = rows.map(|row| {
                (
                    row.user_name().is_some(),
                    row.interface_name().is_some(),
                    row.sample.cgroup_path(row.socket.cgroup_id).is_some(),
                )
            });
            names.filter(|names| names.0 || names.1 || names.2).count()
        });
        clocks.time("difference", || {
            Difference::between(&before, &moment.sample, &Cancellation::default(), |_, _| {
                true
            })
            .sockets
            .len()
        });
        let shown = Arc::new(moment.clone());
        clocks.time("screens", || arrange_screens(&shown));
        clocks.time("filter", || {
            let go_on = Cancellation::default();
            view.apply(&mut moment, "all", &go_on, |_, _| true, |_, _| true);
        });
    }
    clocks
}

/// Arranges the rows of the screens: in each grouping, unfolded, in held order, compared with themselves.
fn arrange_screens(moment: &Arc<Moment>) {
    let appearance = Appearance {
        theme: Theme::Plain,
        colors: ColorSupport::Many,
        ascii: false,
        timezone: TimeZone::UTC,
        keys: Arc::default(),
    };
    let mut state = Screens::new(appearance, Duration::from_secs(1));
    state.show(Arc::clone(moment), Arc::default());
    for key in "2tZtZtZtZtZtoIoG345ZIoMD".chars() {
        let key = KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE);
        tui::press(&mut state, &key);
        state.arrange();
    }
}

#[test]
fn work_is_proportional_to_the_sockets_whatever_they_have_in_common() {
    let mut failures = Vec::new();
    for (name, shape) in shapes() {
        let few = work(shape, FEW);
        let many = work(shape, FEW * TIMES);
        for ((stage, few), (_, many)) in few.0.into_iter().zip(many.0) {
            let ratio = many.as_secs_f64() / few.max(NOISE / TIMES).as_secs_f64();
            if ratio > TOO_MUCH {
                failures.push(format!("{name}: {stage} {few:.0?} -> {many:.0?}"));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

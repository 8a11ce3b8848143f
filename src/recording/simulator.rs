//! Random histories for tests: sockets that open, change, age, move and close, all determined by one seed.

mod rng;
mod socket;

use std::sync::Arc;

use self::rng::Rng;
use self::socket::{SimulatedSocket, address};
use crate::model::{
    Activity, ClosedSocket, Container, Counters, Device, DeviceAddress, Endpoint, Fault,
    FaultSeverity, Holder, Interface, NamespaceHandle, NetNamespace, OmittedNamespaces, Pod,
    Process, ProcessKey, ProcessRow, Runtime, Sample, Settings, Socket, SocketTable, State,
    Translation, Translations, UnlistedSockets, Visibility,
};

fn process(rng: &mut Rng, pid: u32) -> ProcessRow {
    let mut process = Process::new(ProcessKey {
        pid,
        start_time: u64::from(pid) * 7,
    });
    process.comm = format!("worker-{}", rng.below(3));
    process.command_line = "worker --all".to_owned();
    process.user = rng.option(|n| format!("user{}", n % 3).into());
    process.cgroup = rng.option(|n| format!("/group/{}", n % 3).into());
    process.started_at_us = rng.option(|n| n as i64);
    process.descriptor_limit = rng.option(|n| n);
    process.namespaces.net = rng.option(|n| n as u32);
    ProcessRow {
        process: Arc::new(process),
        descriptors: rng.option(|n| n as u32),
        kinds: rng.option(|n| [n as u32, 0, (n >> 20) as u32, 7]),
        activity: pid.is_multiple_of(2).then_some(Activity {
            state: ['R', 'S', 'T', 'ß'][rng.0 as usize % 4],
            cpu_ticks: rng.0,
        }),
        unlisted: (!pid.is_multiple_of(3)).then(|| unlisted(pid)),
    }
}

/// Returns no, one or two protocols.
fn unlisted(pid: u32) -> Arc<[UnlistedSockets]> {
    let protocols = ["TCP", "UDPv6"].into_iter().take(pid as usize % 4 % 3);
    let counts = protocols.map(|protocol| UnlistedSockets {
        protocol: protocol.into(),
        sockets: pid,
        once_listed: pid / 2,
        inactive: pid / 3,
        elsewhere: pid / 4,
    });
    counts.collect()
}

/// Returns a container, in up to two others.
fn container(rng: &mut Rng, depth: usize) -> Container {
    let mut text = |name: &str| rng.option(|n| format!("{name}{}", n % 3).into());
    let (name, image) = (text("web"), text("nginx:"));
    let (project, service) = (text("shop"), text("front"));
    let (namespace, uid) = (text("space"), text("uid-"));
    let is_inner = depth < 2 && rng.below(3) == 0;
    Container {
        runtime: rng.option(|n| Runtime::ALL[n as usize % 7]),
        id: format!("id{}", rng.below(3)).into(),
        name,
        image,
        project,
        service,
        pod: (rng.below(2) == 0).then_some(Pod {
            namespace,
            name: None,
            uid,
        }),
        outer: is_inner.then(|| Arc::new(container(rng, depth + 1))),
    }
}

fn devices(rng: &mut Rng) -> Vec<Device> {
    let mut devices = Vec::new();
    for at in 0..rng.below(3) {
        let addresses = (0..rng.below(3)).map(|_| DeviceAddress {
            address: address(rng),
            prefix: rng.below(129) as u8,
        });
        devices.push(Device {
            addresses: addresses.collect(),
            index: at as u32 + 1,
            name: format!("eth{at}"),
            mtu: rng.option(|n| n as u32),
            flags: rng.value() as u32,
            operstate: rng.option(|n| n as u8),
        });
    }
    devices
}

/// Simulates sockets that open, change, age, move and close.
pub(super) struct Simulator {
    pub(super) rng: Rng,
    sockets: Vec<SimulatedSocket>,
    processes: Vec<ProcessRow>,
    next: u64,
    sample: Sample,
}

impl Simulator {
    pub(super) fn new(seed: u64) -> Simulator {
        let mut simulator = Simulator {
            rng: Rng(seed | 1),
            sockets: Vec::new(),
            processes: Vec::new(),
            next: 1,
            sample: Sample::default(),
        };
        simulator.sample.monotonic_ns = 5_000_000_000;
        simulator.sample.taken_at_us = 1_700_000_000_000_000;
        simulator
    }

    /// Simulates the next Sample.
    pub(super) fn next_sample(&mut self) -> &Sample {
        let rng = &mut self.rng;
        let elapsed = 900 + rng.below(200) as u32;
        let mut ended: Vec<SimulatedSocket> = Vec::new();
        for _ in 0..rng.below(4) {
            if !self.sockets.is_empty() {
                let at = rng.below(self.sockets.len() as u64) as usize;
                ended.push(self.sockets.remove(at));
            }
        }
        if rng.below(3) == 0 {
            self.processes.truncate(rng.below(4) as usize);
        }
        while self.processes.len() < 3 {
            let pid = rng.below(6) as u32 + 1;
            let row = process(rng, pid);
            self.processes
                .retain(|known| known.process.key != row.process.key);
            self.processes.push(row);
        }
        for simulated in &mut self.sockets {
            simulated.age(elapsed + rng.below(3) as u32);
            match rng.below(6) {
                0 => simulated.change(rng),
                1 if rng.below(4) == 0 => simulated.resize(rng),
                _ => {}
            }
        }
        for _ in 0..rng.below(6) {
            let at = rng.below(self.sockets.len() as u64 + 1) as usize;
            self.sockets
                .insert(at, SimulatedSocket::new(rng, self.next));
            self.next += 1 + rng.below(1000);
        }
        if self.sockets.len() > 2 && rng.below(3) == 0 {
            let at = rng.below(self.sockets.len() as u64) as usize;
            let moved = self.sockets.remove(at);
            self.sockets.push(moved);
        }
        let processes = self.processes.len() as u64;
        for simulated in self.sockets.iter_mut().chain(&mut ended) {
            simulated.holders = (0..rng.below(4))
                .map(|fd| Holder {
                    process: rng.below(processes) as u32,
                    fd: fd as u32 * 3,
                })
                .collect();
        }

        let sample = &mut self.sample;
        let devices_before = sample.devices.take();
        let namespaces_before = std::mem::take(&mut sample.namespaces);
        let translations_before = sample.translations.take();
        sample.clear();
        sample.devices = match rng.below(8) {
            0 => None,
            1 => Some(Arc::new(devices(rng))),
            // Equal, shared or not.
            2 => devices_before.map(|devices| Arc::new(devices.as_ref().clone())),
            _ => devices_before,
        };
        sample.monotonic_ns += u64::from(elapsed) * 1_000_000 + rng.below(900_000);
        sample.taken_at_us += i64::from(elapsed) * 1000 - 300 + rng.below(600) as i64;
        // Sometimes the clock is set, or the system suspended.
        if rng.below(20) == 0 {
            sample.taken_at_us += rng.below(7_200_000_000) as i64 - 3_600_000_000;
        }
        if rng.below(10) == 0 {
            let suspended_ns = rng.below(1 << 50);
            sample.suspended_ns = Some(sample.suspended_ns.unwrap_or(0) + suspended_ns);
        }
        sample.own_netns = 5;
        sample.own_netns_name = rng.option(|_| "host".into());
        sample.omitted_namespaces = rng.option(|n| OmittedNamespaces {
            not_permitted: n as u32,
            may_be_more: n % 2 == 0,
            ..OmittedNamespaces::default()
        });
        for inode in [3, 9, u32::MAX] {
            let before = namespaces_before.iter().find(|known| known.inode == inode);
            match before.filter(|_| rng.below(2) == 0) {
                Some(before) => sample.namespaces.push(Arc::clone(before)),
                None if rng.below(4) == 0 => {}
                None => {
                    let namespace = namespace(rng, inode, sample.monotonic_ns);
                    sample.namespaces.push(Arc::new(namespace));
                }
            }
        }
        sample.events_available = rng.below(2) == 0;
        sample.lost_events = rng.value();
        sample.timings.total_ns = rng.value();
        sample.visibility = Visibility {
            processes: rng.below(100) as u32,
            unreadable: 3,
            root: rng.below(2) == 0,
        };
        sample.processes.extend_from_slice(&self.processes);
        for simulated in &self.sockets {
            simulated.append_to(&mut sample.sockets, &mut sample.holders);
        }
        if rng.below(10) == 0 && !self.sockets.is_empty() {
            // The kernel reported one twice.
            let duplicate = self.sockets[0].clone();
            duplicate.append_to(&mut sample.sockets, &mut sample.holders);
        }
        for (row, simulated) in ended.iter_mut().enumerate() {
            simulated.change(rng);
            simulated.append_to(&mut sample.closed_sockets, &mut sample.holders);
            sample.closed.push(ClosedSocket {
                row: row as u32,
                monotonic_ns: sample.monotonic_ns - rng.below(1_000_000),
                last_state: rng.option(|n| State::ALL[n as usize % 12]),
                first_seen_ns: rng.option(|n| n),
            });
        }
        sample.translations = match rng.below(4) {
            0 => None,
            // Equal, shared or not.
            1 => translations_before.map(|known| Arc::new(known.as_ref().clone())),
            2 => translations_before,
            _ => Some(Arc::new(translations(
                rng,
                translations_before.as_deref(),
                &sample.sockets,
            ))),
        };
        sample.translations.take_if(|known| known.is_empty());
        sample.interfaces.insert(1, "lo".to_owned());
        sample.cgroups.insert(rng.value(), "/group/1".into());
        if rng.below(3) > 0 {
            let path = format!("/group/{}", rng.below(3));
            let container = Arc::new(container(rng, 0));
            sample.containers.insert(path.into(), container);
        }
        sample.users.insert(1000, "alice".into());
        if rng.below(4) == 0 {
            let fault = Fault::new(FaultSeverity::Degraded, "/proc/net/snmp6", "not there");
            sample.faults.push(fault);
        }
        if rng.below(10) == 0 || sample.counters.protocols.names.is_empty() {
            let names = ["Tcp.RetransSegs", "Tcp.MaxConn", "Udp.InErrors"];
            let count = 1 + rng.below(3) as usize;
            let names = names[..count].iter().map(|&name| name.to_owned());
            sample.counters.protocols.names = Arc::new(names.collect());
        }
        if self.next.is_multiple_of(8) {
            let value = (rng.0 % 3).to_string();
            let values = vec![("net.ipv4.tcp_tw_reuse".to_owned(), value)];
            sample.settings = Arc::new(Settings { values });
        }
        let count = sample.counters.protocols.names.len();
        sample.counters.protocols.values = (0..count).map(|_| rng.value() as i64).collect();
        sample.counters.interfaces = (0..rng.below(3))
            .map(|at| Interface {
                name: format!("eth{at}"),
                received_bytes: rng.value(),
                sent_dropped: rng.value(),
                ..Interface::default()
            })
            .collect();
        sample
    }
}

/// Adds and removes some translations.
fn translations(
    rng: &mut Rng,
    before: Option<&Translations>,
    sockets: &SocketTable,
) -> Translations {
    let mut translations = before.cloned().unwrap_or_default();
    translations.retain(|key, _| key.cookie % 5 > 0);
    for row in sockets {
        if rng.below(3) == 0 {
            let mut end = || Endpoint {
                address: address(rng),
                port: rng.below(1 << 16) as u16,
            };
            let translation = Translation {
                peer: end(),
                seen_as: end(),
                netns: 7,
            };
            translations.insert(row.key(), translation);
        }
    }
    translations
}

/// Creates a network namespace at the time `now_ns`.
fn namespace(rng: &mut Rng, inode: u32, now_ns: u64) -> NetNamespace {
    let mut counters = Counters::default();
    if rng.below(3) > 0 {
        counters.protocols.names = Arc::new(vec!["Tcp.RetransSegs".to_owned()]);
        counters.protocols.values = vec![rng.value() as i64];
    }
    let handle = match rng.below(4) {
        0 => NamespaceHandle::Initial,
        1 => NamespaceHandle::Mount,
        2 => NamespaceHandle::Process { pid: 7 },
        _ => NamespaceHandle::Descriptor { pid: 8, fd: 3 },
    };
    NetNamespace {
        inode,
        name: format!("blue{}", rng.below(3)).into(),
        handle,
        since_ns: now_ns.wrapping_sub(1000 * u64::from(inode)),
        dumped_ns: now_ns.saturating_sub(rng.below(1_000_000)),
        counters,
        devices: rng.option(|_| Vec::new()).map(Arc::new),
        settings: Arc::new(Settings {
            values: vec![("net.ipv4.tcp_tw_reuse".to_owned(), rng.below(2).to_string())],
        }),
        interfaces: [(1, "lo".to_owned())].into(),
    }
}

/// Returns the Sample with indices of names that do not depend on earlier contents of the tables, for comparisons.
pub(super) fn normalized(sample: &Sample) -> Sample {
    let mut normalized = sample.clone();
    for (table, from) in [
        (&mut normalized.sockets, &sample.sockets),
        (&mut normalized.closed_sockets, &sample.closed_sockets),
    ] {
        let mut fresh = SocketTable::default();
        for row in from {
            let name = from.name_at(row.congestion);
            let socket = Socket {
                congestion: name.map_or(0, |name| fresh.name_index(name.as_bytes())),
                ..*row.socket
            };
            fresh.push_copy(socket, row);
        }
        *table = fresh;
    }
    normalized
}

//! Local ports in use over all destinations: those of one address, or of all sockets of a protocol.
//!
//! A socket that calls `bind()` with port 0 reserves its port for all destinations, unless it has
//! `IP_BIND_ADDRESS_NO_PORT`. Sockets that bind the same address need other ports, and `connect()` without `bind()`
//! leaves out the port at every address. A connection without `bind()` shares its port with connections to other
//! destinations, so the number of ports in use says nothing of those. Kernel: `inet_csk_get_port`,
//! `__inet_hash_connect`.
//!
//! The kernel does not report how a socket got its port, but the port shows it: since Linux 4.2, `connect()` prefers ports at an
//! even distance from the lower end of the range and `bind()` the odd ones. A port at an odd distance whose path uses
//! less than half of the range comes from `bind()`.
//!
//! A UDP socket that sends or connects without `bind()` gets a port that no other UDP socket has. Kernel:
//! `udp_lib_get_port`.

use std::cmp::Reverse;
use std::net::{IpAddr, Ipv6Addr};

use super::path::{Path, PortUse};
use crate::model::SeededMap;
use crate::model::{Family, LocalPorts, Protocol, Sample, Socket, State};

/// Share of the range below which the ports of an address are not counted.
const COUNTED_FROM: f64 = 0.2;

/// Share of the range from which on a path may use ports at an odd distance without `bind()`, a little below the half
/// because a few ports at an even distance may be reserved.
const HEAVY_PATH: f64 = 0.4;

/// Bit of [`Socket::options`]. Kernel: `bind_address_no_port`.
const BIND_ADDRESS_NO_PORT: u16 = 1 << 8;

/// Stands for all IPv6 sockets.
pub(super) const ANY_IPV6: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// Maximum number of pools that are counted, those with the most ports. Any user can bind thousands of addresses, and
/// each pool costs a walk and three bitmaps.
const MAX_POOLS: usize = 64;

/// Words of a bitmap of all ports.
const WORDS: usize = (u16::MAX as usize + 1) / 64;

/// The sockets that share a pool of local ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct PoolKey {
    /// Inode number of the network namespace.
    pub(super) netns: u32,
    /// TCP, UDP or UDP-Lite.
    pub(super) protocol: Protocol,
    /// The local address; `None` for all, and `::` for those of IPv6 sockets.
    pub(super) address: Option<IpAddr>,
}

/// Use of a pool of local ports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct PoolUse {
    /// Different ports in use.
    pub(super) ports: u32,
    /// Ports that only one socket uses.
    pub(super) single: u32,
    /// Ports of listeners and of sockets that are bound but not connected.
    pub(super) idle: u32,
    /// Ports that `bind()` reserved: idle ones, and those at an odd distance.
    pub(super) bound: u32,
    /// Sockets that use the ports, and those in TIME-WAIT.
    pub(super) sockets: u32,
    pub(super) time_wait: u32,
}

impl PoolUse {
    /// Returns true if `bind()` reserved enough ports for their number to matter.
    fn is_bound(&self) -> bool {
        self.bound * 3 >= self.ports
    }

    /// Returns true if listeners and sockets without a connection use at least half of the ports.
    pub(super) fn is_idle(&self) -> bool {
        self.idle > 0 && self.idle * 2 >= self.ports
    }

    /// Returns true if most ports have several sockets, so that new ones may find room in ports that are in use.
    pub(super) fn is_shared(&self) -> bool {
        self.single * 2 < self.ports
    }
}

/// Which ports a pool uses.
#[derive(Debug)]
struct PortMap {
    used: Box<[u64; WORDS]>,
    repeated: Box<[u64; WORDS]>,
    bound: Box<[u64; WORDS]>,
    figures: PoolUse,
}

impl Default for PortMap {
    fn default() -> Self {
        let empty = || Box::new([0; WORDS]);
        PortMap {
            used: empty(),
            repeated: empty(),
            bound: empty(),
            figures: PoolUse::default(),
        }
    }
}

impl PortMap {
    fn add(&mut self, port: u16, state: State, is_bound: bool) {
        let (word, bit) = (usize::from(port) / 64, 1u64 << (port % 64));
        if self.used[word] & bit != 0 {
            self.repeated[word] |= bit;
        }
        self.used[word] |= bit;
        if is_bound {
            self.bound[word] |= bit;
        }
        self.figures.sockets += 1;
        self.figures.time_wait += u32::from(state == State::TimeWait);
    }

    fn finish(mut self) -> PoolUse {
        let count = |words: &[u64; WORDS]| words.iter().map(|word| word.count_ones()).sum::<u32>();
        self.figures.ports = count(&self.used);
        self.figures.single = self.figures.ports - count(&self.repeated);
        self.figures.bound = count(&self.bound);
        self.figures
    }
}

/// Sums over the paths of a pool, without a walk over its sockets.
#[derive(Debug, Clone, Copy, Default)]
struct PoolSum {
    sockets: u32,
    /// Sockets whose port may come from `bind()`.
    may_be_bound: u32,
    /// Number of different ports that it has at least: those of one path are different.
    least_ports: u32,
}

impl PoolSum {
    /// Returns false if [`PoolUse::is_bound`] is false whatever the walk finds. `idle` is the number of idle sockets.
    fn may_be_bound(self, idle: u32) -> bool {
        self.may_be_bound.saturating_add(idle).saturating_mul(3) >= self.least_ports
    }
}

/// What the walk over the sockets found of local ports.
#[derive(Debug, Clone, Copy)]
pub(super) struct PortRows<'c> {
    /// TCP connections whose local port is in the range, by path.
    pub(super) paths: &'c SeededMap<Path, PortUse>,
    /// Listeners, and bound sockets without a connection, whose port is in the range.
    pub(super) idle: &'c [u32],
    /// UDP and UDP-Lite sockets whose port is in the range.
    pub(super) datagram: &'c [u32],
}

/// Counts the ports of pools that may run out. The sockets are walked again only if many ports are in use.
pub(super) fn count_pools(
    sample: &Sample,
    ports: &LocalPorts,
    rows: PortRows<'_>,
    out: &mut Vec<(PoolKey, PoolUse)>,
) {
    out.clear();
    let few = (f64::from(ports.count()) * COUNTED_FROM).max(1.0) as u32;
    count_tcp(sample, ports, rows, few, out);
    if rows.datagram.len() >= few as usize {
        count_datagram(sample, rows.datagram, few, out);
    }
}

fn count_tcp(
    sample: &Sample,
    ports: &LocalPorts,
    rows: PortRows<'_>,
    few: u32,
    out: &mut Vec<(PoolKey, PoolUse)>,
) {
    let connections: u32 = rows.paths.values().map(|path| path.ports).sum();
    if connections + rows.idle.len() as u32 * 2 < few {
        return;
    }
    let key = |netns, address| PoolKey {
        netns,
        protocol: Protocol::Tcp,
        address,
    };
    let mut sums: SeededMap<PoolKey, PoolSum> = SeededMap::default();
    let mut idle_sockets: Vec<(u32, IpAddr, u16)> = Vec::new();
    for (path, taken) in rows.paths {
        for address in [Some(path.source), None] {
            let sum = sums.entry(key(path.netns, address)).or_default();
            sum.sockets += taken.ports;
            sum.may_be_bound += taken.may_be_bound;
            sum.least_ports = sum.least_ports.max(taken.ports);
        }
    }
    for &row in rows.idle {
        let socket = sample.sockets.get(row as usize);
        let Some((socket, local)) = socket.and_then(|socket| Some((socket, socket.local()?)))
        else {
            continue;
        };
        idle_sockets.push((socket.netns, local.address.to_canonical(), local.port));
        sums.entry(key(socket.netns, None)).or_default().sockets += 1;
    }
    let idle = rows.idle.len() as u32;
    sums.retain(|_, sum| sum.may_be_bound(idle));
    let sums = sums.into_iter().map(|(pool, sum)| (pool, sum.sockets));
    let mut maps = largest_pools(sums, few.saturating_sub(idle));
    if maps.is_empty() {
        return;
    }
    for (pool, map) in &mut maps {
        for &(netns, address, port) in &idle_sockets {
            let is_own = pool.address.is_none_or(|own| own == address) || address.is_unspecified();
            if pool.netns == netns && is_own {
                map.add(port, State::Listen, true);
                map.figures.idle += 1;
            }
        }
    }
    let heavy = (f64::from(ports.count()) * HEAVY_PATH) as u32;
    for socket in &sample.sockets {
        let Some((path, port)) = connection_in_pool(&socket, ports) else {
            continue;
        };
        let is_light = || rows.paths.get(&path).is_some_and(|path| path.ports < heavy);
        let is_bound = may_be_bound(&socket, port, ports) && is_light();
        for address in [Some(path.source), None] {
            if let Some(map) = maps.get_mut(&key(path.netns, address)) {
                map.add(port, socket.state, is_bound);
            }
        }
    }
    let counted = maps.into_iter().map(|(pool, map)| (pool, map.finish()));
    out.extend(counted.filter(|(_, pool)| pool.is_bound()));
    // What a single address explains is not repeated for all of them.
    let explained: Vec<(u32, u32)> = out
        .iter()
        .filter(|(pool, _)| pool.address.is_some())
        .map(|(pool, taken)| (pool.netns, taken.ports))
        .collect();
    out.retain(|(pool, taken)| {
        let mut same = explained.iter();
        pool.address.is_some()
            || !same.any(|(netns, ports)| *netns == pool.netns && ports * 10 >= taken.ports * 9)
    });
}

/// Prepares the pools with the most sockets or ports, of those with at least `few`.
fn largest_pools(
    sums: impl Iterator<Item = (PoolKey, u32)>,
    few: u32,
) -> SeededMap<PoolKey, PortMap> {
    let mut sums: Vec<(PoolKey, u32)> = sums.filter(|(_, sum)| *sum >= few).collect();
    sums.sort_unstable_by_key(|(pool, sum)| (Reverse(*sum), *pool));
    let largest = sums.into_iter().take(MAX_POOLS);
    largest
        .map(|(pool, _)| (pool, PortMap::default()))
        .collect()
}

/// Reports whether the port of a connection is one that `bind()` prefers and `connect()` does not.
pub(super) fn may_be_bound(socket: &Socket, port: u16, ports: &LocalPorts) -> bool {
    let is_odd = port.wrapping_sub(*ports.range.start()) % 2 == 1;
    let chose_late = socket
        .options
        .is_some_and(|options| options & BIND_ADDRESS_NO_PORT != 0);
    is_odd && !chose_late
}

/// Returns the path and the local port of a TCP connection whose local port is in the range.
pub(super) fn connection_in_pool(socket: &Socket, ports: &LocalPorts) -> Option<(Path, u16)> {
    let is_connection = socket.protocol == Protocol::Tcp
        && !matches!(
            socket.state,
            State::Listen | State::BoundInactive | State::Closed | State::SynRecv
        );
    let local = socket.local().filter(|_| is_connection)?;
    let remote = socket.remote()?;
    let path = Path {
        netns: socket.netns,
        source: local.address.to_canonical(),
        destination: remote.canonical(),
    };
    ports.contains(local.port).then_some((path, local.port))
}

/// Counts the ports of UDP and UDP-Lite sockets. Each port counts once for all addresses.
fn count_datagram(sample: &Sample, rows: &[u32], few: u32, out: &mut Vec<(PoolKey, PoolUse)>) {
    let sockets = || {
        let rows = rows.iter();
        let sockets = rows.filter_map(|&row| sample.sockets.get(row as usize));
        sockets.flat_map(|socket| {
            let local = socket.local();
            let pools = local.into_iter().flat_map(move |local| {
                // An IPv6 socket that binds no address leaves out the ports of both families.
                let ipv4 = blocks_ipv4(&socket, local.address).then_some(None);
                [Some(Some(ANY_IPV6)), ipv4].into_iter().flatten()
            });
            pools.map(move |address| {
                let key = PoolKey {
                    netns: socket.netns,
                    protocol: socket.protocol,
                    address,
                };
                (key, socket)
            })
        })
    };
    let mut sums: SeededMap<PoolKey, u32> = SeededMap::default();
    for (key, _) in sockets() {
        *sums.entry(key).or_default() += 1;
    }
    let mut maps = largest_pools(sums.into_iter(), few);
    for (key, socket) in sockets() {
        if let (Some(map), Some(local)) = (maps.get_mut(&key), socket.local()) {
            map.add(local.port, socket.state, true);
        }
    }
    let mut counted: Vec<_> = maps
        .into_iter()
        .map(|(pool, map)| (pool, map.finish()))
        .collect();
    // IPv6 is reported only if IPv4 does not explain it.
    let explained: Vec<(PoolKey, u32)> = counted
        .iter()
        .map(|(pool, taken)| (*pool, taken.ports))
        .collect();
    counted.retain(|(pool, taken)| {
        let ipv4 = PoolKey {
            address: None,
            ..*pool
        };
        pool.address.is_none() || !explained.contains(&(ipv4, taken.ports))
    });
    out.append(&mut counted);
}

/// Returns false if a socket at an IPv6 address leaves its port to IPv4.
fn blocks_ipv4(socket: &Socket, address: IpAddr) -> bool {
    socket.family == Family::Inet
        || address.to_canonical().is_ipv4()
        || (address.is_unspecified() && socket.v6only != Some(true))
}

//! Index of listeners, for finding the one that accepted a connection.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::SeededMap;
use super::{ClearForReuse, Endpoint, Protocol, Socket, SocketTable, State};

const ANY_IPV4: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
const ANY_IPV6: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// Listeners that differ in nothing that decides which of them accepts a connection.
#[derive(Debug)]
struct EqualListeners {
    /// Whether the address is IPv4, and whether an IPv6 listener is not dual stack.
    kind: (bool, Option<bool>),
    /// Not empty.
    rows: Vec<u32>,
}

/// The TCP listeners among the rows of a Sample, by network namespace, port and address. A lookup does not depend on how many listeners a
/// port or an address has, nor on the devices that they are bound to, which any user decides.
#[derive(Debug)]
pub struct ListenerIndex {
    /// The listeners by network namespace, port, canonical address and bound device: a few for each.
    by_end: SeededMap<(u32, u16, IpAddr, u32), Vec<EqualListeners>>,
    /// Number of rows by network namespace and port.
    by_port: SeededMap<(u32, u16), u32>,
    /// One bit per port, which rules out most sockets without a lookup.
    ports: Box<[u64; 1024]>,
}

impl Default for ListenerIndex {
    fn default() -> Self {
        ListenerIndex {
            by_end: SeededMap::default(),
            by_port: SeededMap::default(),
            ports: Box::new([0; 1024]),
        }
    }
}

impl ListenerIndex {
    /// Removes all rows.
    pub fn clear(&mut self) {
        self.by_end.clear_for_reuse();
        self.by_port.clear_for_reuse();
        self.ports.fill(0);
    }

    /// Inserts a row if it is a listener; returns whether it is.
    #[inline]
    pub fn insert(&mut self, row: u32, socket: &Socket) -> bool {
        if socket.state != State::Listen || socket.protocol != Protocol::Tcp {
            return false;
        }
        let Some(local) = socket.local() else {
            return false;
        };
        self.ports[usize::from(local.port) / 64] |= 1 << (local.port % 64);
        let address = local.canonical().address;
        let end = (socket.netns, local.port, address, socket.interface);
        let kind = (local.address.is_ipv4(), socket.v6only);
        let equal = self.by_end.entry(end).or_default();
        match equal.iter_mut().find(|equal| equal.kind == kind) {
            Some(equal) => equal.rows.push(row),
            None => equal.push(EqualListeners {
                kind,
                rows: vec![row],
            }),
        }
        *self.by_port.entry((socket.netns, local.port)).or_default() += 1;
        true
    }

    /// Reports whether a TCP socket listens on `port`.
    #[inline]
    pub fn listens_on(&self, port: u16) -> bool {
        self.ports[usize::from(port) / 64] >> (port % 64) & 1 == 1
    }

    /// Reports whether several TCP sockets listen on the port of `listener`, at any address.
    pub fn are_several_on(&self, listener: &Socket) -> bool {
        let listeners = listener
            .local()
            .and_then(|local| self.by_port.get(&(listener.netns, local.port)));
        listeners.is_some_and(|&listeners| listeners > 1)
    }

    /// Returns the rows of the listeners that may have accepted a TCP socket with this local endpoint. The choice is
    /// the kernel's: an exact address before any address, then an exact device before any device, then IPv4 before dual
    /// stack. Several rows if they are equal in all of that (`SO_REUSEPORT`); none without a listener.
    ///
    /// `rows` are the rows that were inserted.
    #[inline]
    pub fn find<'a>(
        &'a self,
        socket: &Socket,
        rows: &'a SocketTable,
    ) -> impl Iterator<Item = u32> + use<'a> {
        self.find_equal(socket, rows)
            .flat_map(|equal| equal.iter().copied())
    }

    /// Returns the same rows as [`Self::find`], in sets of listeners that accept the same connections. There are never
    /// more than a few sets, however many rows they have.
    #[inline]
    pub fn find_equal<'a>(
        &'a self,
        socket: &Socket,
        rows: &'a SocketTable,
    ) -> impl Iterator<Item = &'a [u32]> + use<'a> {
        let (local, device, netns) = (socket.local(), socket.interface, socket.netns);
        let at = |address: IpAddr, device: u32| {
            let end = local.map(|local| (netns, local.port, address, device));
            end.and_then(|end| self.by_end.get(&end))
                .map_or(&[][..], Vec::as_slice)
        };
        // Of any device, and of the socket's.
        let at = |address: IpAddr| {
            let own = match device {
                0 => &[][..],
                device => at(address, device),
            };
            [at(address, 0), own]
        };
        let none = [&[][..]; 2];
        let candidates: [[&[EqualListeners]; 2]; 3] = match local {
            Some(local) if socket.protocol == Protocol::Tcp && self.listens_on(local.port) => {
                match local.canonical().address {
                    ANY_IPV6 => [at(ANY_IPV6), none, none],
                    ANY_IPV4 => [at(ANY_IPV4), at(ANY_IPV6), none],
                    own @ IpAddr::V4(_) => [at(own), at(ANY_IPV4), at(ANY_IPV6)],
                    own @ IpAddr::V6(_) => [at(own), at(ANY_IPV6), none],
                }
            }
            _ => [none; 3],
        };
        let candidates = candidates.into_iter().flatten().flatten();
        let fits = move |equal: &&EqualListeners| {
            let &first = equal.rows.first()?;
            fit(rows.get(first as usize)?.socket, local?, device)
        };
        let best = candidates.clone().filter_map(|equal| fits(&equal)).max();
        candidates
            .filter(move |equal| best.is_some() && fits(equal) == best)
            .map(|equal| equal.rows.as_slice())
    }

    /// Returns the rows of the listeners that accept the same connections as a listener that was inserted, itself
    /// included.
    pub fn equal_to(&self, listener: &Socket) -> &[u32] {
        let equal = listener.local().and_then(|local| {
            let address = local.canonical().address;
            let end = (listener.netns, local.port, address, listener.interface);
            let kind = (local.address.is_ipv4(), listener.v6only);
            let all = self.by_end.get(&end)?;
            all.iter().find(|equal| equal.kind == kind)
        });
        equal.map_or(&[], |equal| &equal.rows)
    }
}

/// Returns the rank of a listener for connections with this local endpoint: (exact address, exact device, IPv4). `None`
/// if it does not accept them. Kernel: `inet_lhash2_lookup`, `compute_score`.
#[inline]
fn fit(listener: &Socket, local: Endpoint, device: u32) -> Option<(bool, bool, bool)> {
    let bound = listener.local()?;
    let local = local.canonical().address;
    let exact = bound.canonical().address == local;
    let any = bound.address.is_unspecified()
        && (bound.address.is_ipv4() == local.is_ipv4()
            || (bound.address.is_ipv6() && listener.v6only != Some(true)));
    let its_device = listener.interface == 0 || listener.interface == device;
    ((exact || any) && its_device).then_some((
        exact,
        listener.interface != 0,
        bound.address.is_ipv4(),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::{Ends, Family};
    use super::*;

    fn socket(state: State, local: &str) -> Socket {
        let local: std::net::SocketAddr = local.parse().unwrap();
        let family = if local.is_ipv4() {
            Family::Inet
        } else {
            Family::Inet6
        };
        let local = Endpoint {
            address: local.ip(),
            port: local.port(),
        };
        let remote = Endpoint::UNSPECIFIED;
        let ends = Ends::Inet { local, remote };
        Socket::new(1, 1, family, Protocol::Tcp, state, ends)
    }

    /// Returns the rows of the `listeners` that accept a connection to `local`.
    fn takers(listeners: &[Socket], local: &Socket) -> Vec<u32> {
        let mut index = ListenerIndex::default();
        for (row, listener) in (0..).zip(listeners) {
            assert!(index.insert(row, listener));
        }
        let table = listeners.iter().copied().collect();
        index.find(local, &table).collect()
    }

    #[test]
    fn the_most_particular_listener_takes_the_connection() {
        let listen = |local| socket(State::Listen, local);
        let mut dual = listen("[::]:80");
        dual.v6only = Some(false);
        let mut v6only = listen("[::]:81");
        v6only.v6only = Some(true);
        let mut on_device = listen("0.0.0.0:80");
        on_device.interface = 3;
        let all = [
            dual,
            listen("0.0.0.0:80"),
            listen("10.0.0.1:80"),
            v6only,
            on_device,
            listen("0.0.0.0:82"),
            listen("0.0.0.0:82"),
        ];
        let at = |local| socket(State::Established, local);
        assert_eq!(takers(&all, &at("10.0.0.1:80")), [2]);
        assert_eq!(takers(&all, &at("10.0.0.2:80")), [1]);
        assert_eq!(takers(&all, &at("[::ffff:10.0.0.1]:80")), [2]);
        assert_eq!(takers(&all, &at("[2001:db8::1]:80")), [0]);
        assert_eq!(takers(&all, &at("10.0.0.1:81")), [0; 0]);
        assert_eq!(takers(&all, &at("[2001:db8::1]:81")), [3]);
        assert_eq!(takers(&all, &at("10.0.0.1:443")), [0; 0]);
        assert_eq!(takers(&all, &at("10.0.0.1:82")), [5, 6], "they share it");
        let mut through_device = at("10.0.0.2:80");
        through_device.interface = 3;
        assert_eq!(takers(&all, &through_device), [4]);
        assert_eq!(takers(&all[..1], &at("10.0.0.2:80")), [0], "dual stack");
        // As a listener asks for those that share its place.
        assert_eq!(takers(&all, &listen("0.0.0.0:82")), [5, 6]);
        assert_eq!(takers(&all[..1], &listen("[::]:80")), [0]);
    }
}

//! Addresses, by others of the same kind.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rustc_hash::FxHashMap;

/// A kind of address that is replaced within itself.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Public,
    Private,
    LinkLocal,
    Multicast,
}

/// How many kinds there are.
const KINDS: usize = 4;

/// Where IPv4 addresses of each kind come from, and how many there are. Public: RFC 2544, for measurements.
const POOLS: [(Ipv4Addr, u32); KINDS] = [
    (Ipv4Addr::new(198, 18, 0, 0), 1 << 17),
    (Ipv4Addr::new(10, 64, 0, 0), 1 << 22),
    (Ipv4Addr::new(169, 254, 0, 0), 1 << 16),
    (Ipv4Addr::new(239, 0, 0, 0), 1 << 24),
];

/// Where those come from that find no room in their pool. RFC 1112: reserved.
const RESERVED: u32 = 0xF000_0000;

/// How many of them there are; they begin again then.
const RESERVED_SIZE: u32 = (1 << 28) - 2;

/// Replacements that were given out.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    known: FxHashMap<IpAddr, IpAddr>,
    given: [u32; KINDS],
    given_v6: [u32; KINDS],
    spilled: u32,
}

impl Addresses {
    /// What stands for an address.
    pub(super) fn replace(&mut self, address: IpAddr) -> IpAddr {
        if let IpAddr::V6(v6) = address
            && let Some(v4) = v6.to_ipv4_mapped()
        {
            return match self.replace(v4.into()) {
                IpAddr::V4(other) => other.to_ipv6_mapped().into(),
                IpAddr::V6(_) => address,
            };
        }
        if is_same_everywhere(address) {
            return address;
        }
        if let Some(known) = self.known.get(&address) {
            return *known;
        }
        let other = match address {
            IpAddr::V4(v4) => self.next_v4(kind_v4(v4)).into(),
            IpAddr::V6(v6) => self.next_v6(v6).into(),
        };
        self.known.insert(address, other);
        other
    }

    fn next_v4(&mut self, kind: Kind) -> Ipv4Addr {
        let (base, size) = POOLS[kind as usize];
        let given = &mut self.given[kind as usize];
        // Neither the first nor the last: they look like a network's own.
        if *given + 2 < size {
            *given += 1;
            return Ipv4Addr::from_bits(base.to_bits() + *given);
        }
        self.spilled = (self.spilled + 1) % RESERVED_SIZE;
        Ipv4Addr::from_bits(RESERVED + 1 + self.spilled)
    }

    fn next_v6(&mut self, address: Ipv6Addr) -> Ipv6Addr {
        let first = address.segments()[0];
        let (kind, base) = if address.is_multicast() {
            // The scope stays. RFC 4291: the last four bits.
            (Kind::Multicast, [0xff10 | (first & 0xf), 0])
        } else if address.is_unicast_link_local() {
            (Kind::LinkLocal, [0xfe80, 0])
        } else if address.is_unique_local() {
            (Kind::Private, [0xfd00, 0])
        } else {
            // RFC 3849: for documentation.
            (Kind::Public, [0x2001, 0xdb8])
        };
        let given = &mut self.given_v6[kind as usize];
        *given = given.wrapping_add(1);
        let [high, low] = [*given >> 16, *given & 0xffff].map(|half| half as u16);
        Ipv6Addr::new(base[0], base[1], 0, 0, 0, 0, high, low)
    }
}

fn kind_v4(address: Ipv4Addr) -> Kind {
    // RFC 6598: addresses of a carrier's own, 100.64.0.0/10.
    let is_shared = address.to_bits() >> 22 == 0x6440_0000 >> 22;
    if address.is_multicast() {
        Kind::Multicast
    } else if address.is_link_local() {
        Kind::LinkLocal
    } else if address.is_private() || is_shared {
        Kind::Private
    } else {
        Kind::Public
    }
}

/// Whether an address says nothing about where it is used.
fn is_same_everywhere(address: IpAddr) -> bool {
    let within_link = match address {
        IpAddr::V4(v4) => v4.is_broadcast() || v4.octets()[..3] == [224, 0, 0],
        // Well-known groups of the interface and of the link. RFC 4291.
        IpAddr::V6(v6) => matches!(v6.segments()[0], 0xff01 | 0xff02),
    };
    within_link || address.is_loopback() || address.is_unspecified()
}

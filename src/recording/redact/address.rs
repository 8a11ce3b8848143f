//! Replaces addresses by others of the same class.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::model::SeededMap;

/// A class of addresses. A replacement has the class of the original.
#[derive(Debug, Clone, Copy)]
enum AddressClass {
    Public,
    Private,
    LinkLocal,
    Multicast,
}

/// Number of classes.
const CLASSES: usize = 4;

/// Network of the IPv4 replacements of each class, and its size. Public: RFC 2544, for benchmarks.
const POOLS: [(Ipv4Addr, u32); CLASSES] = [
    (Ipv4Addr::new(198, 18, 0, 0), 1 << 17),
    (Ipv4Addr::new(10, 64, 0, 0), 1 << 22),
    (Ipv4Addr::new(169, 254, 0, 0), 1 << 16),
    (Ipv4Addr::new(239, 0, 0, 0), 1 << 24),
];

/// Network of replacements beyond the size of their pool. RFC 1112: reserved.
const RESERVED: u32 = 0xF000_0000;

/// Number of these addresses, after which they repeat.
const RESERVED_SIZE: u32 = (1 << 28) - 2;

/// Replacements of addresses, and the number of replacements per class.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    known: SeededMap<IpAddr, IpAddr>,
    assigned: [u32; CLASSES],
    assigned_v6: [u32; CLASSES],
    spilled: u32,
}

impl Addresses {
    /// Returns the replacement of an address.
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
            IpAddr::V4(v4) => self.next_v4(class_of_v4(v4)).into(),
            IpAddr::V6(v6) => self.next_v6(v6).into(),
        };
        self.known.insert(address, other);
        other
    }

    fn next_v4(&mut self, class: AddressClass) -> Ipv4Addr {
        let (base, size) = POOLS[class as usize];
        let assigned = &mut self.assigned[class as usize];
        // Skips the first and the last address, which belong to the network itself.
        if *assigned + 2 < size {
            *assigned += 1;
            return Ipv4Addr::from_bits(base.to_bits() + *assigned);
        }
        self.spilled = (self.spilled + 1) % RESERVED_SIZE;
        Ipv4Addr::from_bits(RESERVED + 1 + self.spilled)
    }

    fn next_v6(&mut self, address: Ipv6Addr) -> Ipv6Addr {
        let first = address.segments()[0];
        let (class, base) = if address.is_multicast() {
            // Keeps the scope. RFC 4291: the last four bits.
            (AddressClass::Multicast, [0xff10 | (first & 0xf), 0])
        } else if address.is_unicast_link_local() {
            (AddressClass::LinkLocal, [0xfe80, 0])
        } else if address.is_unique_local() {
            (AddressClass::Private, [0xfd00, 0])
        } else {
            // RFC 3849: for documentation.
            (AddressClass::Public, [0x2001, 0xdb8])
        };
        let assigned = &mut self.assigned_v6[class as usize];
        *assigned = assigned.wrapping_add(1);
        let [high, low] = [*assigned >> 16, *assigned & 0xffff].map(|half| half as u16);
        Ipv6Addr::new(base[0], base[1], 0, 0, 0, 0, high, low)
    }
}

fn class_of_v4(address: Ipv4Addr) -> AddressClass {
    // RFC 6598: shared by a carrier's customers, 100.64.0.0/10.
    let is_shared = address.to_bits() >> 22 == 0x6440_0000 >> 22;
    if address.is_multicast() {
        AddressClass::Multicast
    } else if address.is_link_local() {
        AddressClass::LinkLocal
    } else if address.is_private() || is_shared {
        AddressClass::Private
    } else {
        AddressClass::Public
    }
}

/// Reports whether an address does not reveal where it is used.
fn is_same_everywhere(address: IpAddr) -> bool {
    let within_link = match address {
        IpAddr::V4(v4) => v4.is_broadcast() || v4.octets()[..3] == [224, 0, 0],
        // Well-known groups of the interface and of the link. RFC 4291.
        IpAddr::V6(v6) => matches!(v6.segments()[0], 0xff01 | 0xff02),
    };
    within_link || address.is_loopback() || address.is_unspecified()
}

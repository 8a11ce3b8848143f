//! The addresses of both ends of an SCTP socket or association, which may be multi-homed.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

// First byte of an entry.
const SEPARATOR: u8 = 0;
const V4: u8 = 4;
const V6: u8 = 6;

/// Maximum length, bytes: as many addresses as fit into a message of the kernel, 32 KiB at 128 bytes each.
pub const MAX_SCTP_ADDRESSES: usize = 256 * 17 + 1;

/// Addresses as a table and recordings store them: the local ones, a separator, those of the peer. Each is its IP version
/// and its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SctpAddresses<'a>(&'a [u8]);

impl<'a> SctpAddresses<'a> {
    /// Creates the view of stored bytes. Any bytes are valid: it ends before an incomplete or unknown entry.
    pub fn new(bytes: &'a [u8]) -> SctpAddresses<'a> {
        SctpAddresses(bytes)
    }

    /// Appends an address, or the separator for `None`, unless the bytes have their maximum length.
    pub fn push(bytes: &mut Vec<u8>, entry: Option<IpAddr>) {
        let start = bytes.len();
        match entry {
            None => bytes.push(SEPARATOR),
            Some(IpAddr::V4(address)) => {
                bytes.push(V4);
                bytes.extend_from_slice(&address.octets());
            }
            Some(IpAddr::V6(address)) => {
                bytes.push(V6);
                bytes.extend_from_slice(&address.octets());
            }
        }
        if bytes.len() > MAX_SCTP_ADDRESSES {
            bytes.truncate(start);
        }
    }

    /// Returns the local addresses.
    pub fn locals(self) -> AddressList<'a> {
        AddressList {
            all: self,
            of_peer: false,
        }
    }

    /// Returns the addresses of the peer.
    pub fn peers(self) -> AddressList<'a> {
        AddressList {
            all: self,
            of_peer: true,
        }
    }

    /// Returns the stored form of these addresses after a replacement.
    pub fn replaced(self, mut replace: impl FnMut(IpAddr) -> IpAddr) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len());
        for entry in self.entries() {
            SctpAddresses::push(&mut bytes, entry.map(&mut replace));
        }
        bytes
    }

    /// Iterates over the addresses, with `None` for the separator.
    fn entries(self) -> impl Iterator<Item = Option<IpAddr>> + use<'a> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let (&version, behind) = rest.split_first()?;
            let entry;
            (entry, rest) = match version {
                SEPARATOR => (None, behind),
                V4 => {
                    let (octets, behind) = behind.split_first_chunk::<4>()?;
                    (Some(Ipv4Addr::from(*octets).into()), behind)
                }
                V6 => {
                    let (octets, behind) = behind.split_first_chunk::<16>()?;
                    (Some(Ipv6Addr::from(*octets).into()), behind)
                }
                _ => return None,
            };
            Some(entry)
        })
    }
}

/// The addresses of one end, displayed as ss does: separated by commas.
#[derive(Debug, Clone, Copy)]
pub struct AddressList<'a> {
    all: SctpAddresses<'a>,
    of_peer: bool,
}

impl AddressList<'_> {
    /// Iterates over the addresses.
    pub fn iter(&self) -> impl Iterator<Item = IpAddr> {
        let wanted = usize::from(self.of_peer);
        let mut side = 0;
        self.all.entries().filter_map(move |entry| {
            side += usize::from(entry.is_none());
            entry.filter(|_| side == wanted)
        })
    }

    /// Reports whether there are none.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

impl fmt::Display for AddressList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, address) in self.iter().enumerate() {
            if at > 0 {
                f.write_str(",")?;
            }
            address.fmt(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(entries: &[&str]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for entry in entries {
            SctpAddresses::push(&mut bytes, entry.parse().ok());
        }
        bytes
    }

    #[test]
    fn addresses_of_both_ends_are_kept_apart() {
        let bytes = stored(&["10.0.0.1", "fe80::1", "", "10.0.0.2"]);
        let addresses = SctpAddresses::new(&bytes);
        assert_eq!(addresses.locals().to_string(), "10.0.0.1,fe80::1");
        assert_eq!(addresses.peers().to_string(), "10.0.0.2");
        let bytes = stored(&["10.0.0.1"]);
        assert!(SctpAddresses::new(&bytes).peers().is_empty());
        let replaced = addresses.replaced(|_| Ipv4Addr::LOCALHOST.into());
        assert_eq!(
            replaced,
            stored(&["127.0.0.1", "127.0.0.1", "", "127.0.0.1"])
        );
    }

    #[test]
    fn any_bytes_are_read() {
        let bytes = stored(&["10.0.0.1", "fe80::1"]);
        for length in 0..bytes.len() {
            assert!(SctpAddresses::new(&bytes[..length]).locals().iter().count() < 2);
        }
        assert!(SctpAddresses::new(&[9, 4, 1, 1, 1, 1]).locals().is_empty());
        let mut full = Vec::new();
        (0..1000).for_each(|_| SctpAddresses::push(&mut full, "::1".parse().ok()));
        assert!(full.len() <= MAX_SCTP_ADDRESSES);
        assert_eq!(SctpAddresses::new(&full).locals().iter().count(), 256);
    }
}

//! What is set on top of a TCP socket: the upper-layer protocol, what kTLS reports, and the peers with an MD5 key.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::MAX_NAME;

/// Ends the name of the upper-layer protocol, if entries follow.
const END_OF_NAME: u8 = 0;

// First byte of an entry.
const TLS: u8 = 1;
const V4: u8 = 4;
const V6: u8 = 6;

/// As a table and recordings store it: the name of the upper-layer protocol, and after a NUL byte one entry each for TLS
/// and for every key. Keys themselves are not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcpExtras<'a>(&'a [u8]);

/// State of kTLS on a connection. Kernel: `INET_ULP_INFO_TLS`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TlsInfo {
    /// Version, 0x0304 for TLS 1.3. Kernel: `TLS_INFO_VERSION`.
    pub version: u16,
    /// Cipher by number. Kernel: `TLS_INFO_CIPHER`.
    pub cipher: u16,
    /// Who encrypts. Kernel: `TLS_INFO_TXCONF`.
    pub tx: u16,
    /// Who decrypts. Kernel: `TLS_INFO_RXCONF`.
    pub rx: u16,
}

/// A peer, or a network of peers, with an MD5 key. Kernel: `struct tcp_diag_md5sig`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Md5Peer {
    /// Address.
    pub address: IpAddr,
    /// Length of the prefix.
    pub prefix: u8,
}

impl fmt::Display for Md5Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl<'a> TcpExtras<'a> {
    /// Creates the view of stored bytes. Any bytes are valid: it ends before an incomplete or unknown entry.
    pub fn new(bytes: &'a [u8]) -> TcpExtras<'a> {
        TcpExtras(bytes)
    }

    /// Encodes them into `bytes`, which are empty.
    pub fn encode(
        ulp: &[u8],
        tls: Option<TlsInfo>,
        keys: impl Iterator<Item = Md5Peer>,
        bytes: &mut Vec<u8>,
    ) {
        bytes.extend_from_slice(&ulp[..ulp.len().min(MAX_NAME)]);
        bytes.push(END_OF_NAME);
        if let Some(TlsInfo {
            version,
            cipher,
            tx,
            rx,
        }) = tls
        {
            bytes.push(TLS);
            for value in [version, cipher, tx, rx] {
                bytes.extend_from_slice(&value.to_le_bytes());
            }
        }
        for key in keys {
            match key.address {
                IpAddr::V4(address) => {
                    bytes.push(V4);
                    bytes.extend_from_slice(&address.octets());
                }
                IpAddr::V6(address) => {
                    bytes.push(V6);
                    bytes.extend_from_slice(&address.octets());
                }
            }
            bytes.push(key.prefix);
        }
    }

    /// Returns the stored form after a replacement of addresses.
    pub fn replaced(self, mut replace: impl FnMut(IpAddr) -> IpAddr) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len());
        let keys = self.md5_peers().map(|peer| Md5Peer {
            address: replace(peer.address),
            ..peer
        });
        let ulp = self.ulp().unwrap_or_default();
        TcpExtras::encode(ulp, self.tls(), keys, &mut bytes);
        bytes
    }

    /// Returns the name of the upper-layer protocol.
    pub fn ulp(self) -> Option<&'a [u8]> {
        let name = self.0.split(|&byte| byte == END_OF_NAME).next();
        name.filter(|name| !name.is_empty())
    }

    /// Returns what kTLS reports.
    pub fn tls(self) -> Option<TlsInfo> {
        self.entries().find_map(|entry| match entry {
            Entry::Tls(tls) => Some(tls),
            Entry::Key(_) => None,
        })
    }

    /// Iterates over the peers with an MD5 key.
    pub fn md5_peers(self) -> impl Iterator<Item = Md5Peer> + use<'a> {
        self.entries().filter_map(|entry| match entry {
            Entry::Key(key) => Some(key),
            Entry::Tls(_) => None,
        })
    }

    fn entries(self) -> impl Iterator<Item = Entry> + use<'a> {
        let name = self.0.iter().position(|&byte| byte == END_OF_NAME);
        let mut rest = name.map_or(&[][..], |at| &self.0[at + 1..]);
        std::iter::from_fn(move || {
            let (&kind, behind) = rest.split_first()?;
            let entry;
            (entry, rest) = match kind {
                TLS => {
                    let (bytes, behind) = behind.split_first_chunk::<8>()?;
                    let value = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
                    let tls = TlsInfo {
                        version: value(0),
                        cipher: value(2),
                        tx: value(4),
                        rx: value(6),
                    };
                    (Entry::Tls(tls), behind)
                }
                V4 => {
                    let (&[a, b, c, d, prefix], behind) = behind.split_first_chunk::<5>()?;
                    let address = Ipv4Addr::new(a, b, c, d).into();
                    (Entry::Key(Md5Peer { address, prefix }), behind)
                }
                V6 => {
                    let (bytes, behind) = behind.split_first_chunk::<16>()?;
                    let (&prefix, behind) = behind.split_first()?;
                    let address = Ipv6Addr::from(*bytes).into();
                    (Entry::Key(Md5Peer { address, prefix }), behind)
                }
                _ => return None,
            };
            Some(entry)
        })
    }
}

enum Entry {
    Tls(TlsInfo),
    Key(Md5Peer),
}

impl TlsInfo {
    /// Returns the version as ss prints it; `None` for one unknown to this version.
    pub fn version_name(self) -> Option<&'static str> {
        match self.version {
            0x0303 => Some("1.2"),
            0x0304 => Some("1.3"),
            _ => None,
        }
    }

    /// Returns the cipher as ss prints it; `None` for one unknown to this version. Kernel: `include/uapi/linux/tls.h`.
    pub fn cipher_name(self) -> Option<&'static str> {
        Some(match self.cipher {
            51 => "aes-gcm-128",
            52 => "aes-gcm-256",
            53 => "aes-ccm-128",
            54 => "chacha20-poly1305",
            55 => "sm4-gcm",
            56 => "sm4-ccm",
            57 => "aria-gcm-128",
            58 => "aria-gcm-256",
            _ => return None,
        })
    }

    /// Returns who encrypts, as ss prints it.
    pub fn tx_name(self) -> Option<&'static str> {
        place(self.tx)
    }

    /// Returns who decrypts, as ss prints it.
    pub fn rx_name(self) -> Option<&'static str> {
        place(self.rx)
    }
}

/// Kernel: `TLS_CONF_BASE` and the others in `include/uapi/linux/tls.h`.
fn place(number: u16) -> Option<&'static str> {
    Some(match number {
        1 => "none",
        2 => "sw",
        3 => "hw",
        4 => "hw-record",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_read_and_any_bytes_are_valid() {
        let tls = TlsInfo {
            version: 0x0304,
            cipher: 51,
            tx: 2,
            rx: 1,
        };
        let peer = |address: &str, prefix| Md5Peer {
            address: address.parse().unwrap(),
            prefix,
        };
        let keys = [peer("10.0.0.0", 8), peer("fe80::1", 128)];
        let mut bytes = Vec::new();
        TcpExtras::encode(b"tls", Some(tls), keys.into_iter(), &mut bytes);
        let all = TcpExtras::new(&bytes);
        assert_eq!((all.ulp(), all.tls()), (Some(&b"tls"[..]), Some(tls)));
        assert!(all.md5_peers().eq(keys));
        assert_eq!(all.replaced(|address| address), bytes);
        for length in 0..bytes.len() {
            let cut = TcpExtras::new(&bytes[..length]);
            assert!(cut.md5_peers().count() < 2);
        }
        // As recorded before there were entries.
        let old = TcpExtras::new(b"tls");
        assert_eq!((old.ulp(), old.tls()), (Some(&b"tls"[..]), None));
        assert_eq!(TcpExtras::new(b"").ulp(), None);
    }
}

//! What is set on top of a TCP socket: kTLS and MD5 keys.

use std::net::{Ipv4Addr, Ipv6Addr};

use netlink_packet_sock_diag::constants::{AF_INET, AF_INET6};

use crate::model::{Md5Peer, TlsInfo};
use crate::source::netlink::wire::{Attributes, DecodeError, u16_at};

// Kernel: `include/uapi/linux/tls.h`.
const TLS_INFO_VERSION: u16 = 1;
const TLS_INFO_CIPHER: u16 = 2;
const TLS_INFO_TXCONF: u16 = 3;
const TLS_INFO_RXCONF: u16 = 4;

/// Bytes of `struct tcp_diag_md5sig`: family, length of the prefix, length of the key, address, key.
const MD5_SIG: usize = 100;

/// Decodes the attributes in `INET_ULP_INFO_TLS`.
pub(super) fn tls(value: &[u8]) -> Result<TlsInfo, DecodeError> {
    let mut tls = TlsInfo::default();
    for attribute in Attributes(value) {
        let (kind, value) = attribute?;
        let value = u16_at(value, 0).unwrap_or(0);
        match kind {
            TLS_INFO_VERSION => tls.version = value,
            TLS_INFO_CIPHER => tls.cipher = value,
            TLS_INFO_TXCONF => tls.tx = value,
            TLS_INFO_RXCONF => tls.rx = value,
            _ => {}
        }
    }
    Ok(tls)
}

/// Iterates over the peers in `INET_DIAG_MD5SIG`, without their keys.
pub(super) fn md5_peers(value: &[u8]) -> impl Iterator<Item = Md5Peer> {
    value.chunks_exact(MD5_SIG).filter_map(|entry| {
        let address = match *entry.first()? {
            AF_INET => {
                let octets: [u8; 4] = entry.get(4..8)?.try_into().ok()?;
                Ipv4Addr::from(octets).into()
            }
            AF_INET6 => {
                let octets: [u8; 16] = entry.get(4..20)?.try_into().ok()?;
                Ipv6Addr::from(octets).into()
            }
            _ => return None,
        };
        let prefix = *entry.get(1)?;
        Some(Md5Peer { address, prefix })
    })
}

//! The kernel's checks and interpreter of `INET_DIAG_REQ_BYTECODE`.

use std::net::IpAddr;

use sockwatch::model::{Ends, Socket};

/// Runs a program as `inet_diag_bc_run` does. `None` if the kernel would refuse it (`inet_diag_bc_audit`).
pub(crate) fn run(code: &[u8], socket: &Socket) -> Option<bool> {
    let Ends::Inet { local, remote } = socket.ends else {
        return None;
    };
    let u16_at = |at: usize| Some(u16::from_ne_bytes(code.get(at..at + 2)?.try_into().ok()?));
    let u32_at = |at: usize| Some(u32::from_ne_bytes(code.get(at..at + 4)?.try_into().ok()?));
    let mut at = 0;
    let mut boundaries = Vec::new();
    while at < code.len() {
        boundaries.push(at);
        at += usize::from(*code.get(at + 1)?);
    }
    let mut at = 0;
    let end = code.len();
    while at < end {
        let (kind, yes, no) = (
            code[at],
            usize::from(code[at + 1]),
            usize::from(u16_at(at + 2)?),
        );
        let left = end - at;
        if yes < 4 || yes % 4 != 0 || no < 4 || no % 4 != 0 || no > left + 4 || yes > left + 4 {
            return None;
        }
        if no < left && !boundaries.contains(&(at + no)) {
            return None;
        }
        let (port, address) = match kind {
            2 | 3 | 7 => (local.port, local.address),
            _ => (remote.port, remote.address),
        };
        let holds = match kind {
            0 => true,
            1 => false,
            2 | 4 => port >= u16_at(at + 6)?,
            3 | 5 => port <= u16_at(at + 6)?,
            7 | 8 => {
                let (family, prefix) = (code[at + 4], usize::from(code[at + 5]));
                let wanted = u32_at(at + 8)?.cast_signed();
                let own: Vec<u8> = match address {
                    IpAddr::V4(address) => address.octets().into(),
                    IpAddr::V6(address) => address.octets().into(),
                };
                let length = if family == 2 { 4 } else { 16 };
                let pattern = || code.get(at + 12..at + 12 + length);
                let bits =
                    |own: &[u8]| {
                        let pattern = pattern()?;
                        Some((0..prefix).all(|bit| {
                            (own[bit / 8] ^ pattern[bit / 8]) & (0x80 >> (bit % 8)) == 0
                        }))
                    };
                let family_of = if own.len() == 4 { 2 } else { 10 };
                if wanted != -1 && wanted != i32::from(port) {
                    false
                } else if family != 0 && family != family_of {
                    let mapped =
                        own.len() == 16 && own[..12] == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255];
                    family == 2 && mapped && bits(&own[12..])?
                } else if prefix == 0 {
                    true
                } else {
                    bits(&own)?
                }
            }
            9 => socket.interface == u32_at(at + 4)?,
            10 => socket.mark.unwrap_or(0) & u32_at(at + 8)? == u32_at(at + 4)?,
            13 => {
                let id = u64::from(u32_at(at + 4)?) | u64::from(u32_at(at + 8)?) << 32;
                socket.cgroup_id == id
            }
            _ => return None,
        };
        at += if holds { yes } else { no };
    }
    Some(at == end)
}

//! What every socket has, cell by cell.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::numbers::{
    COOKIE, END, ENDS, MAX_CONGESTION_INFO_LEN, MAX_INFO_LEN, MAX_MEMORY_LEN, SEND_QUEUE, TIMER,
    TIMER_EXPIRES, TIMER_RETRIES,
};
use super::part_layout::narrow;
use super::side_refs::SideRefs;
use crate::model::{
    Attribution, Endpoint, Ends, Family, Protocol, Socket, State, Timer, TimerKind, Unowned,
};
use crate::recording::error::Corrupt;

fn option(value: Option<impl Into<u64>>) -> u64 {
    value.map_or(0, |value| value.into() + 1)
}

/// The same for a value that is there, or nothing.
fn some<T: TryFrom<u64>>(value: u64) -> Result<Option<T>, Corrupt> {
    match value {
        0 => Ok(None),
        value => Ok(Some(narrow(value - 1)?)),
    }
}

/// One of the addresses: 4 or 6, and its upper and lower half.
fn address_cells(address: IpAddr) -> [u64; 3] {
    match address {
        IpAddr::V4(address) => [4, 0, u64::from(address.to_bits())],
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            [6, (bits >> 64) as u64, bits as u64]
        }
    }
}

/// What both ends are, as a number for their kind and up to eight more.
#[inline]
pub(in crate::recording) fn end_cells(ends: &Ends, out: &mut [u64]) -> u64 {
    match *ends {
        Ends::Inet { local, remote } => {
            out[..3].copy_from_slice(&address_cells(local.address));
            out[3] = u64::from(local.port);
            out[4..7].copy_from_slice(&address_cells(remote.address));
            out[7] = u64::from(remote.port);
            1
        }
        Ends::Unix {
            peer_inode,
            vfs,
            pending,
        } => {
            out[0] = option(peer_inode);
            out[1] = option(vfs.map(|(inode, _)| inode));
            out[2] = u64::from(vfs.map_or(0, |(_, device)| device));
            out[3] = u64::from(pending);
            2
        }
        Ends::Netlink {
            port_id,
            remote_port_id,
            remote_group,
        } => {
            out[0] = u64::from(port_id);
            out[1] = u64::from(remote_port_id);
            out[2] = u64::from(remote_group);
            3
        }
        Ends::Packet { ethertype } => {
            out[0] = u64::from(ethertype);
            4
        }
        Ends::Vsock { local, remote } => {
            out[0] = u64::from(local.0);
            out[1] = u64::from(local.1);
            out[2] = u64::from(remote.0);
            out[3] = u64::from(remote.1);
            5
        }
    }
}

/// Both ends of cells.
pub(in crate::recording) fn ends(kind: u64, cells: &[u64]) -> Result<Ends, Corrupt> {
    let endpoint = |cells: &[u64]| -> Result<Endpoint, Corrupt> {
        let address = match cells[0] {
            0 | 4 => IpAddr::V4(Ipv4Addr::from_bits(narrow(cells[2])?)),
            6 => {
                let bits = u128::from(cells[1]) << 64 | u128::from(cells[2]);
                IpAddr::V6(Ipv6Addr::from_bits(bits))
            }
            _ => return Err(Corrupt("an address is neither IPv4 nor IPv6")),
        };
        Ok(Endpoint {
            address,
            port: narrow(cells[3])?,
        })
    };
    Ok(match kind {
        1 => Ends::Inet {
            local: endpoint(&cells[..4])?,
            remote: endpoint(&cells[4..8])?,
        },
        2 => Ends::Unix {
            peer_inode: some(cells[0])?,
            vfs: match some(cells[1])? {
                Some(inode) => Some((inode, narrow(cells[2])?)),
                None => None,
            },
            pending: narrow(cells[3])?,
        },
        3 => Ends::Netlink {
            port_id: narrow(cells[0])?,
            remote_port_id: narrow(cells[1])?,
            remote_group: narrow(cells[2])?,
        },
        4 => Ends::Packet {
            ethertype: narrow(cells[0])?,
        },
        5 => Ends::Vsock {
            local: (narrow(cells[0])?, narrow(cells[1])?),
            remote: (narrow(cells[2])?, narrow(cells[3])?),
        },
        _ => return Err(Corrupt("a socket has ends of an unknown kind")),
    })
}

fn protocol_cell(protocol: Protocol) -> u64 {
    match protocol {
        Protocol::Tcp => 1,
        Protocol::Udp => 2,
        Protocol::UdpLite => 3,
        Protocol::Raw => 4,
        Protocol::Sctp => 5,
        Protocol::Mptcp => 6,
        Protocol::Stream => 7,
        Protocol::Dgram => 8,
        Protocol::Seqpacket => 9,
        Protocol::PacketRaw => 10,
        Protocol::Netlink(number) => 0x100 | u64::from(number),
        Protocol::Other(number) => 0x200 | u64::from(number),
    }
}

fn protocol(cell: u64) -> Result<Protocol, Corrupt> {
    Ok(match cell {
        1 => Protocol::Tcp,
        2 => Protocol::Udp,
        3 => Protocol::UdpLite,
        4 => Protocol::Raw,
        5 => Protocol::Sctp,
        6 => Protocol::Mptcp,
        7 => Protocol::Stream,
        8 => Protocol::Dgram,
        9 => Protocol::Seqpacket,
        10 => Protocol::PacketRaw,
        0x100..0x200 => Protocol::Netlink(cell as u8),
        0x200..0x300 => Protocol::Other(cell as u8),
        _ => return Err(Corrupt("a socket has an unknown protocol")),
    })
}

/// A family's number in files.
fn family_cell(family: Family) -> u64 {
    match family {
        Family::Inet => 1,
        Family::Inet6 => 2,
        Family::Unix => 3,
        Family::Netlink => 4,
        Family::Packet => 5,
        Family::Vsock => 6,
    }
}

fn attribution_cell(attribution: Attribution) -> u64 {
    match attribution {
        Attribution::Observed => 1,
        Attribution::Remembered => 2,
        Attribution::Inferred => 3,
        Attribution::Unowned(why) => 16 + why as u64,
    }
}

fn attribution(cell: u64) -> Result<Attribution, Corrupt> {
    Ok(match cell {
        1 => Attribution::Observed,
        2 => Attribution::Remembered,
        3 => Attribution::Inferred,
        _ => {
            let mut reasons = Unowned::ALL.into_iter();
            let why = reasons.find(|why| 16 + *why as u64 == cell);
            Attribution::Unowned(why.ok_or(Corrupt("an owner is missing for an unknown reason"))?)
        }
    })
}

/// A state's number in files: the kernel's.
pub(in crate::recording) fn state(cell: u64) -> Result<State, Corrupt> {
    let mut states = State::ALL.into_iter();
    states
        .find(|state| *state as u64 == cell)
        .ok_or(Corrupt("a socket has an unknown state"))
}

fn timer_kind(cell: u64) -> Option<TimerKind> {
    Some(match cell {
        0 => return None,
        1 => TimerKind::Retransmit,
        2 => TimerKind::Keepalive,
        3 => TimerKind::TimeWait,
        4 => TimerKind::Probe,
        _ => TimerKind::Unknown,
    })
}

/// Cells of the streams of fixed meaning; there are more than streams, so that no number below needs to be looked at.
pub(in crate::recording) type FixedCells = [u64; 64];

const RECV_QUEUE: usize = 16;

/// Whether a stream is one of the few of fixed meaning that change while a socket moves data: queues and timer.
pub(in crate::recording) fn is_moving(stream: usize) -> bool {
    matches!(
        stream,
        RECV_QUEUE | SEND_QUEUE | TIMER | TIMER_EXPIRES | TIMER_RETRIES
    )
}

/// The cells of [`is_moving`].
#[inline]
pub(in crate::recording) fn moving_cells(socket: &Socket, out: &mut FixedCells) {
    out[RECV_QUEUE] = u64::from(socket.recv_queue);
    out[SEND_QUEUE] = u64::from(socket.send_queue);
    out[TIMER] = socket.timer.map_or(0, |timer| match timer.kind {
        TimerKind::Retransmit => 1,
        TimerKind::Keepalive => 2,
        TimerKind::TimeWait => 3,
        TimerKind::Probe => 4,
        TimerKind::Unknown => 5,
    });
    out[TIMER_EXPIRES] = socket.timer.map_or(0, |timer| u64::from(timer.expires_ms));
    out[TIMER_RETRIES] = socket.timer.map_or(0, |timer| u64::from(timer.retries));
}

/// What [`moving_cells`] are of a socket.
#[inline]
pub(in crate::recording) fn moving(cells: &FixedCells, socket: &mut Socket) -> Result<(), Corrupt> {
    socket.recv_queue = narrow(cells[RECV_QUEUE])?;
    socket.send_queue = narrow(cells[SEND_QUEUE])?;
    socket.timer = match timer_kind(cells[TIMER]) {
        None => None,
        Some(kind) => Some(Timer {
            kind,
            expires_ms: narrow(cells[TIMER_EXPIRES])?,
            retries: narrow(cells[TIMER_RETRIES])?,
        }),
    };
    Ok(())
}

/// The cells of fixed meaning.
#[inline]
pub(in crate::recording) fn fixed_cells(socket: &Socket, side: &SideRefs) -> FixedCells {
    let mut out: FixedCells = [0; 64];
    out[0] = u64::from(socket.netns);
    out[COOKIE] = socket.cookie;
    out[2] = u64::from(socket.inode);
    out[3] = family_cell(socket.family);
    out[4] = protocol_cell(socket.protocol);
    out[5] = socket.state as u64;
    out[ENDS] = end_cells(&socket.ends, &mut out[END..END + 8]);
    out[15] = option(socket.uid);
    moving_cells(socket, &mut out);
    out[18] = u64::from(socket.interface);
    out[19] = option(socket.mark);
    out[20] = option(socket.class_id);
    out[24] = option(socket.options);
    out[25] = attribution_cell(socket.attribution);
    out[26] = option(socket.tos);
    out[27] = option(socket.tclass);
    out[28] = option(socket.shutdown);
    out[29] = option(socket.v6only.map(u8::from));
    out[30] = option(socket.raw_protocol);
    out[31] = u64::from(side.congestion);
    out[32] = socket.cgroup_id;
    out[33] = u64::from(socket.blob.info);
    out[34] = u64::from(socket.blob.memory);
    out[35] = u64::from(socket.blob.congestion_info);
    out[36] = u64::from(side.name);
    out[37] = u64::from(socket.holders_len);
    out[38] = u64::from(side.process);
    out[39] = u64::from(side.fd);
    out[40] = u64::from(side.others);
    out
}

/// The socket of its cells of fixed meaning. Where its parts of variable length lie is left without_sample_refs, how long they are is not.
pub(in crate::recording) fn fixed(
    cells: &FixedCells,
    socket: &mut Socket,
    side: &mut SideRefs,
) -> Result<(), Corrupt> {
    let mut families = Family::ALL.into_iter();
    let family = families.find(|family| family_cell(*family) == cells[3]);
    socket.netns = narrow(cells[0])?;
    socket.cookie = cells[COOKIE];
    socket.inode = narrow(cells[2])?;
    socket.family = family.ok_or(Corrupt("a socket has an unknown family"))?;
    socket.protocol = protocol(cells[4])?;
    socket.state = state(cells[5])?;
    socket.ends = ends(cells[ENDS], &cells[END..END + 8])?;
    socket.uid = some(cells[15])?;
    moving(cells, socket)?;
    socket.interface = narrow(cells[18])?;
    socket.mark = some(cells[19])?;
    socket.class_id = some(cells[20])?;
    socket.options = some(cells[24])?;
    socket.attribution = attribution(cells[25])?;
    socket.tos = some(cells[26])?;
    socket.tclass = some(cells[27])?;
    socket.shutdown = some(cells[28])?;
    socket.v6only = some::<u8>(cells[29])?.map(|only| only != 0);
    socket.raw_protocol = some(cells[30])?;
    side.congestion = narrow(cells[31])?;
    socket.cgroup_id = cells[32];
    socket.blob.info = within(cells[33], MAX_INFO_LEN)?;
    socket.blob.memory = within(cells[34], MAX_MEMORY_LEN)?;
    socket.blob.congestion_info = within(cells[35], MAX_CONGESTION_INFO_LEN)?;
    side.name = narrow(cells[36])?;
    socket.holders_len = narrow(cells[37])?;
    side.process = narrow(cells[38])?;
    side.fd = narrow(cells[39])?;
    side.others = narrow(cells[40])?;
    Ok(())
}

fn within(length: u64, most: usize) -> Result<u16, Corrupt> {
    match usize::try_from(length) {
        Ok(length) if length <= most => Ok(length as u16),
        _ => Err(Corrupt("a part of a socket is too long")),
    }
}

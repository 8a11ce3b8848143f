//! Storage of the types of a socket's fields: each as a fixed number of integers, 0 for none.
//!
//! The numbers are part of the recording format and never change their meaning.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{
    Attribution, Endpoint, Ends, Family, Protocol, State, StoredTimer, Timer, TimerKind, Unowned,
};

/// A stored integer that is not a valid value of its field. The text gives the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unrepresentable(pub &'static str);

/// A type that recordings store as a fixed number of integers.
pub trait Stored: Sized {
    /// Names of its streams; an empty name means the name of the field.
    const STREAMS: &'static [&'static str];

    /// Writes one integer for each of [`Self::STREAMS`].
    fn store(&self, cells: &mut [u64]);

    /// Reads the value from as many integers as [`Self::STREAMS`] has.
    ///
    /// # Errors
    /// If the integers are not a valid value.
    fn load(cells: &[u64]) -> Result<Self, Unrepresentable>;
}

/// Converts a stored integer to its field's width.
fn narrow<T: TryFrom<u64>>(value: u64) -> Result<T, Unrepresentable> {
    T::try_from(value).map_err(|_| Unrepresentable("a value does not fit its stream"))
}

/// Stores an optional integer: 0 for none, otherwise the value plus one.
fn store_option(value: Option<impl Into<u64>>) -> u64 {
    value.map_or(0, |value| value.into() + 1)
}

fn load_option<T: TryFrom<u64>>(cell: u64) -> Result<Option<T>, Unrepresentable> {
    match cell {
        0 => Ok(None),
        cell => Ok(Some(narrow(cell - 1)?)),
    }
}

macro_rules! stored_integers {
    ($( $type:ty ),+) => { $(
        impl Stored for $type {
            const STREAMS: &'static [&'static str] = &[""];

            #[inline]
            fn store(&self, cells: &mut [u64]) {
                cells[0] = u64::from(*self);
            }

            #[inline]
            fn load(cells: &[u64]) -> Result<Self, Unrepresentable> {
                narrow(cells[0])
            }
        }

        impl Stored for Option<$type> {
            const STREAMS: &'static [&'static str] = &[""];

            #[inline]
            fn store(&self, cells: &mut [u64]) {
                cells[0] = store_option(*self);
            }

            #[inline]
            fn load(cells: &[u64]) -> Result<Self, Unrepresentable> {
                load_option(cells[0])
            }
        }
    )+ };
}

stored_integers!(u8, u16, u32);

impl Stored for u64 {
    const STREAMS: &'static [&'static str] = &[""];

    #[inline]
    fn store(&self, cells: &mut [u64]) {
        cells[0] = *self;
    }

    #[inline]
    fn load(cells: &[u64]) -> Result<Self, Unrepresentable> {
        Ok(cells[0])
    }
}

impl Stored for Option<bool> {
    const STREAMS: &'static [&'static str] = &[""];

    #[inline]
    fn store(&self, cells: &mut [u64]) {
        cells[0] = store_option(self.map(u8::from));
    }

    #[inline]
    fn load(cells: &[u64]) -> Result<Self, Unrepresentable> {
        Ok(load_option::<u8>(cells[0])?.map(|flag| flag != 0))
    }
}

impl Stored for Family {
    const STREAMS: &'static [&'static str] = &[""];

    #[inline]
    fn store(&self, cells: &mut [u64]) {
        cells[0] = match self {
            Family::Inet => 1,
            Family::Inet6 => 2,
            Family::Unix => 3,
            Family::Netlink => 4,
            Family::Packet => 5,
            Family::Vsock => 6,
            Family::Tipc => 7,
            Family::Xdp => 8,
        };
    }

    #[inline]
    fn load(cells: &[u64]) -> Result<Self, Unrepresentable> {
        Ok(match cells[0] {
            1 => Family::Inet,
            2 => Family::Inet6,
            3 => Family::Unix,
            4 => Family::Netlink,
            5 => Family::Packet,
            6 => Family::Vsock,
            7 => Family::Tipc,
            8 => Family::Xdp,
            _ => return Err(Unrepresentable("a socket has an unknown family")),
        })
    }
}

impl Stored for Protocol {
    const STREAMS: &'static [&'static str] = &[""];

    #[inline]
    fn store(&self, cells: &mut [u64]) {
        cells[0] = match *self {
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
            Protocol::Icmp => 11,
            Protocol::Icmp6 => 12,
            Protocol::Rdm => 13,
            Protocol::Netlink(number) => 0x100 | u64::from(number),
            Protocol::Other(number) => 0x200 | u64::from(number),
        };
    }

    #[inline]
    fn load(cells: &[u64]) -> Result<Self, Unrepresentable> {
        Ok(match cells[0] {
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
            11 => Protocol::Icmp,
            12 => Protocol::Icmp6,
            13 => Protocol::Rdm,
            cell @ 0x100..0x200 => Protocol::Netlink(cell as u8),
            cell @ 0x200..0x300 => Protocol::Other(cell as u8),
            _ => return Err(Unrepresentable("a socket has an unknown protocol")),
        })
    }
}

/// The kernel's number.
impl Stored for State {
    const STREAMS: &'static [&'static str] = &[""];

    #[inline]
    fn store(&self, cells: &mut [u64]) {
        cells[0] = *self as u64;
    }

    #[inline]
    fn load(cells: &[u64]) -> Result<Self, Unrepresentable> {
        let mut states = State::ALL.into_iter();
        states
            .find(|state| *state as u64 == cells[0])
            .ok_or(Unrepresentable("a socket has an unknown state"))
    }
}

impl Stored for Attribution {
    const STREAMS: &'static [&'static str] = &[""];

    #[inline]
    fn store(&self, cells: &mut [u64]) {
        cells[0] = match *self {
            Attribution::Observed => 1,
            Attribution::Remembered => 2,
            Attribution::Inferred => 3,
            Attribution::OneOf => 4,
            Attribution::Unverified => 5,
            Attribution::Unowned(why) => 16 + why as u64,
        };
    }

    #[inline]
    fn load(cells: &[u64]) -> Result<Self, Unrepresentable> {
        Ok(match cells[0] {
            1 => Attribution::Observed,
            2 => Attribution::Remembered,
            3 => Attribution::Inferred,
            4 => Attribution::OneOf,
            5 => Attribution::Unverified,
            cell => {
                let mut reasons = Unowned::ALL.into_iter();
                let why = reasons.find(|why| 16 + *why as u64 == cell);
                let unknown = Unrepresentable("a socket has an unknown reason for having no owner");
                Attribution::Unowned(why.ok_or(unknown)?)
            }
        })
    }
}

/// Stored as the kind (0 for no timer), the remaining time in ms, and the retries.
impl Stored for Option<Timer> {
    const STREAMS: &'static [&'static str] = &["", "timer_expires", "timer_retries"];

    #[inline]
    fn store(&self, cells: &mut [u64]) {
        cells[0] = self.map_or(0, |timer| match timer.kind {
            TimerKind::Retransmit => 1,
            TimerKind::Keepalive => 2,
            TimerKind::TimeWait => 3,
            TimerKind::Probe => 4,
            TimerKind::Unknown => 5,
        });
        cells[1] = self.map_or(0, |timer| u64::from(timer.expires_ms));
        cells[2] = self.map_or(0, |timer| u64::from(timer.retries));
    }

    #[inline]
    fn load(cells: &[u64]) -> Result<Self, Unrepresentable> {
        let kind = match cells[0] {
            0 => return Ok(None),
            1 => TimerKind::Retransmit,
            2 => TimerKind::Keepalive,
            3 => TimerKind::TimeWait,
            4 => TimerKind::Probe,
            _ => TimerKind::Unknown,
        };
        Ok(Some(Timer {
            kind,
            expires_ms: narrow(cells[1])?,
            retries: narrow(cells[2])?,
        }))
    }
}

/// Stored as the timer that it is.
impl Stored for StoredTimer {
    const STREAMS: &'static [&'static str] = <Option<Timer>>::STREAMS;

    #[inline]
    fn store(&self, cells: &mut [u64]) {
        self.after(0).store(cells);
    }

    #[inline]
    fn load(cells: &[u64]) -> Result<Self, Unrepresentable> {
        Ok(<Option<Timer>>::load(cells)?.into())
    }
}

/// Stored as the kind of the endpoints and up to eight integers whose meaning depends on it.
impl Stored for Ends {
    const STREAMS: &'static [&'static str] = &[
        "", "end_0", "end_1", "end_2", "end_3", "end_4", "end_5", "end_6", "end_7",
    ];

    #[inline]
    fn store(&self, cells: &mut [u64]) {
        let out = &mut cells[..9];
        out[0] = match *self {
            Ends::Inet { local, remote } => {
                out[1..4].copy_from_slice(&store_address(local.address));
                out[4] = u64::from(local.port);
                out[5..8].copy_from_slice(&store_address(remote.address));
                out[8] = u64::from(remote.port);
                1
            }
            Ends::Unix {
                peer_inode,
                vfs,
                pending,
            } => {
                out[1] = store_option(peer_inode);
                out[2] = store_option(vfs.map(|(inode, _)| inode));
                out[3] = u64::from(vfs.map_or(0, |(_, device)| device));
                out[4] = u64::from(pending);
                2
            }
            Ends::Netlink {
                port_id,
                remote_port_id,
                remote_group,
            } => {
                out[1] = u64::from(port_id);
                out[2] = u64::from(remote_port_id);
                out[3] = u64::from(remote_group);
                3
            }
            Ends::Packet { ethertype } => {
                out[1] = u64::from(ethertype);
                4
            }
            Ends::Vsock { local, remote } => {
                out[1] = u64::from(local.0);
                out[2] = u64::from(local.1);
                out[3] = u64::from(remote.0);
                out[4] = u64::from(remote.1);
                5
            }
            Ends::Tipc { local, remote } => {
                out[1] = u64::from(local.0);
                out[2] = u64::from(local.1);
                out[3] = store_option(remote.map(|(node, _)| node));
                out[4] = u64::from(remote.map_or(0, |(_, port)| port));
                6
            }
            Ends::Xdp { queue } => {
                out[1] = u64::from(queue);
                7
            }
        };
    }

    #[inline]
    fn load(cells: &[u64]) -> Result<Self, Unrepresentable> {
        let cells = &cells[..9];
        Ok(match cells[0] {
            1 => Ends::Inet {
                local: load_endpoint(&cells[1..5])?,
                remote: load_endpoint(&cells[5..9])?,
            },
            2 => Ends::Unix {
                peer_inode: load_option(cells[1])?,
                vfs: match load_option(cells[2])? {
                    Some(inode) => Some((inode, narrow(cells[3])?)),
                    None => None,
                },
                pending: narrow(cells[4])?,
            },
            3 => Ends::Netlink {
                port_id: narrow(cells[1])?,
                remote_port_id: narrow(cells[2])?,
                remote_group: narrow(cells[3])?,
            },
            4 => Ends::Packet {
                ethertype: narrow(cells[1])?,
            },
            5 => Ends::Vsock {
                local: (narrow(cells[1])?, narrow(cells[2])?),
                remote: (narrow(cells[3])?, narrow(cells[4])?),
            },
            6 => Ends::Tipc {
                local: (narrow(cells[1])?, narrow(cells[2])?),
                remote: match load_option(cells[3])? {
                    Some(node) => Some((node, narrow(cells[4])?)),
                    None => None,
                },
            },
            7 => Ends::Xdp {
                queue: narrow(cells[1])?,
            },
            _ => return Err(Unrepresentable("a socket has an unknown kind of endpoints")),
        })
    }
}

/// Stores 4 or 6 for the IP version, then the upper and lower half of the address.
fn store_address(address: IpAddr) -> [u64; 3] {
    match address {
        IpAddr::V4(address) => [4, 0, u64::from(address.to_bits())],
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            [6, (bits >> 64) as u64, bits as u64]
        }
    }
}

fn load_endpoint(cells: &[u64]) -> Result<Endpoint, Unrepresentable> {
    let address = match cells[0] {
        0 | 4 => IpAddr::V4(Ipv4Addr::from_bits(narrow(cells[2])?)),
        6 => {
            let bits = u128::from(cells[1]) << 64 | u128::from(cells[2]);
            IpAddr::V6(Ipv6Addr::from_bits(bits))
        }
        _ => return Err(Unrepresentable("an address is neither IPv4 nor IPv6")),
    };
    Ok(Endpoint {
        address,
        port: narrow(cells[3])?,
    })
}

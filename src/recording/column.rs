//! The columns that a socket is packed into: every fact about it as one integer.
//!
//! A column has a number, which never changes its meaning, and a name, which the file tells as well. A reader ignores the
//! numbers that it does not know and leaves at "nothing" those that a file lacks; 0 always means nothing or zero.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::varint::Broken;
use crate::model::{
    Attribution, Endpoint, Ends, Family, Protocol, Socket, State, TcpInfo, Timer, TimerKind,
    Unowned,
};

/// Names of the columns of fixed meaning, by number.
const FIXED: [&str; 41] = [
    "netns",
    "cookie",
    "inode",
    "family",
    "protocol",
    "state",
    "ends",
    "end_0",
    "end_1",
    "end_2",
    "end_3",
    "end_4",
    "end_5",
    "end_6",
    "end_7",
    "uid",
    "recv_queue",
    "send_queue",
    "interface",
    "mark",
    "class_id",
    "timer",
    "timer_expires",
    "timer_retries",
    "options",
    "attribution",
    "tos",
    "tclass",
    "shutdown",
    "v6only",
    "raw_protocol",
    "congestion",
    "cgroup",
    "info_bytes",
    "memory_bytes",
    "congestion_info_bytes",
    "name",
    "holders",
    "holder_process",
    "holder_fd",
    "other_holders",
];

pub(super) const COOKIE: usize = 1;
pub(super) const ENDS: usize = 6;
pub(super) const END: usize = 7;
pub(super) const TIMER: usize = 21;
pub(super) const TIMER_EXPIRES: usize = 22;
pub(super) const TIMER_RETRIES: usize = 23;

/// How many columns have a fixed meaning.
pub(super) const FIXED_COLUMNS: usize = FIXED.len();

/// First of the words of `struct tcp_info`.
pub(super) const TCP: usize = 64;

/// First of the words of what other protocols report: `struct mptcp_info`.
pub(super) const INFO: usize = 192;

/// First of the words of a socket's memory, `SK_MEMINFO_*`.
pub(super) const MEMORY: usize = 320;

/// First of the words that the congestion control reports.
pub(super) const CONGESTION_INFO: usize = 352;

/// Behind the last.
pub(super) const COLUMNS: usize = 368;

/// Longest parts that are kept, bytes. Kernel 6.18 reports 280, 36 and 20.
pub(super) const MOST_INFO: usize = (INFO - TCP) * 4;
pub(super) const MOST_MEMORY: usize = (CONGESTION_INFO - MEMORY) * 4;
pub(super) const MOST_CONGESTION_INFO: usize = (COLUMNS - CONGESTION_INFO) * 4;

/// Bytes of `struct tcp_info` that are counted up by the clock alone, in ms: since the last data was sent and received and the
/// last ACK received.
pub(super) const AGEING: [usize; 3] = [44, 52, 56];

/// What `struct tcp_info` must have for [`AGEING`] to be there, bytes.
pub(super) const AGEING_END: usize = 60;

/// Columns whose change mostly is that of another one before them, ordered by the second: segments mostly carry data, what was
/// sent as data is delivered, what was sent is acknowledged. Kernel: `tcpi_segs_in` → `tcpi_data_segs_in`, `tcpi_segs_out` →
/// `tcpi_data_segs_out` → `tcpi_delivered`, `tcpi_bytes_acked` → `tcpi_bytes_sent`.
pub(super) const FOLLOWERS: [(usize, usize); 4] = [
    (TCP + 140 / 4, TCP + 152 / 4),
    (TCP + 136 / 4, TCP + 156 / 4),
    (TCP + 156 / 4, TCP + 192 / 4),
    (TCP + 120 / 4, TCP + 200 / 4),
];

/// Which of the columns, one bit each.
pub(super) type Mask = [u64; COLUMNS.div_ceil(64)];

/// Bytes of the word of `struct tcp_info` at an offset, counted in words: 8, 4, or 0 for the second half of eight.
const WIDTHS: [u8; INFO - TCP] = {
    let mut widths = [4; INFO - TCP];
    let mut at = 0;
    while at < TcpInfo::FIELDS.len() {
        let field = TcpInfo::FIELDS[at];
        if field.width == 8 {
            widths[field.offset / 4] = 8;
            widths[field.offset / 4 + 1] = 0;
        }
        at += 1;
    }
    widths
};

/// The words of [`WIDTHS`] that have eight bytes.
const WIDE: usize = {
    let (mut at, mut count) = (0, 0);
    while at < WIDTHS.len() {
        count += (WIDTHS[at] == 8) as usize;
        at += 1;
    }
    count
};
const WIDE_WORDS: [usize; WIDE] = {
    let mut words = [0; WIDE];
    let (mut at, mut count) = (0, 0);
    while at < WIDTHS.len() {
        if WIDTHS[at] == 8 {
            words[count] = at;
            count += 1;
        }
        at += 1;
    }
    words
};

/// Structures whose words are columns: their name, and the first column.
const STRUCTURES: [(&str, usize); 4] = [
    ("tcp", TCP),
    ("info", INFO),
    ("memory", MEMORY),
    ("congestion", CONGESTION_INFO),
];

/// A column's name; empty for numbers that have none. A word of a structure that is no field of its own has the structure's
/// name and the word's offset in bytes.
pub(super) fn name(column: usize) -> String {
    if let Some(name) = FIXED.get(column) {
        return (*name).to_owned();
    }
    if let Some(field) = tcp_field(column) {
        return format!("tcp.{field}");
    }
    let mut structures = STRUCTURES.into_iter().rev();
    match structures.find(|(_, first)| *first <= column) {
        Some((name, first)) if column < COLUMNS => format!("{name}.{}", (column - first) * 4),
        _ => String::new(),
    }
}

/// The field of `struct tcp_info` that a column is, if it is one and only one.
fn tcp_field(column: usize) -> Option<&'static str> {
    let offset = column.checked_sub(TCP)? * 4;
    let fields = TcpInfo::FIELDS.iter();
    let mut within = fields.filter(|field| (offset..offset + 4).contains(&field.offset));
    match (within.next(), within.next()) {
        (Some(field), None) => Some(field.name),
        _ => None,
    }
}

/// What a file tells of its columns: the names of those that have one of their own, by number, and of the structures whose
/// words the others are, by the number of the first.
pub(super) fn schema() -> serde_json::Value {
    let has_own = |column: &usize| *column < FIXED_COLUMNS || tcp_field(*column).is_some();
    let named = (0..COLUMNS).filter(has_own);
    let structures = STRUCTURES.into_iter();
    serde_json::json!({
        "names": named
            .map(|column| (column.to_string(), name(column).into()))
            .collect::<serde_json::Map<_, _>>(),
        "words": structures
            .map(|(name, first)| (first.to_string(), name.into()))
            .collect::<serde_json::Map<_, _>>(),
    })
}

/// How a cell is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// As the difference from what it was foretold to be.
    Difference,
    /// As it is: what starts again from zero.
    Plain,
    /// As the difference from another cell of the same socket, which is told before it: what mostly starts again together.
    Beside(usize),
}

/// How the cells of a column are told.
#[inline]
pub(super) fn coding(column: usize) -> Coding {
    const SENT: usize = TCP + AGEING[0] / 4;
    const RECEIVED: usize = TCP + AGEING[1] / 4;
    const ACKED: usize = TCP + AGEING[2] / 4;
    match column {
        TIMER_EXPIRES | SENT => Coding::Plain,
        RECEIVED | ACKED => Coding::Beside(SENT),
        _ => Coding::Difference,
    }
}

/// What belongs to a socket and does not lie in its row: numbers of texts and processes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Beside {
    /// The congestion control's name.
    pub(super) congestion: u32,
    /// The socket's name.
    pub(super) name: u32,
    /// The first holder.
    pub(super) process: u32,
    pub(super) fd: u32,
    /// The other holders, packed into a text.
    pub(super) others: u32,
}

fn option(value: Option<impl Into<u64>>) -> u64 {
    value.map_or(0, |value| value.into() + 1)
}

/// The same for a value that is there, or nothing.
fn some<T: TryFrom<u64>>(value: u64) -> Result<Option<T>, Broken> {
    match value {
        0 => Ok(None),
        value => Ok(Some(fits(value - 1)?)),
    }
}

fn fits<T: TryFrom<u64>>(value: u64) -> Result<T, Broken> {
    T::try_from(value).map_err(|_| Broken("a value does not fit its column"))
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
pub(super) fn end_cells(ends: &Ends, out: &mut [u64]) -> u64 {
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
pub(super) fn ends(kind: u64, cells: &[u64]) -> Result<Ends, Broken> {
    let endpoint = |cells: &[u64]| -> Result<Endpoint, Broken> {
        let address = match cells[0] {
            0 | 4 => IpAddr::V4(Ipv4Addr::from_bits(fits(cells[2])?)),
            6 => {
                let bits = u128::from(cells[1]) << 64 | u128::from(cells[2]);
                IpAddr::V6(Ipv6Addr::from_bits(bits))
            }
            _ => return Err(Broken("an address is neither IPv4 nor IPv6")),
        };
        Ok(Endpoint {
            address,
            port: fits(cells[3])?,
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
                Some(inode) => Some((inode, fits(cells[2])?)),
                None => None,
            },
            pending: fits(cells[3])?,
        },
        3 => Ends::Netlink {
            port_id: fits(cells[0])?,
            remote_port_id: fits(cells[1])?,
            remote_group: fits(cells[2])?,
        },
        4 => Ends::Packet {
            ethertype: fits(cells[0])?,
        },
        5 => Ends::Vsock {
            local: (fits(cells[0])?, fits(cells[1])?),
            remote: (fits(cells[2])?, fits(cells[3])?),
        },
        _ => return Err(Broken("a socket has ends of an unknown kind")),
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

fn protocol(cell: u64) -> Result<Protocol, Broken> {
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
        _ => return Err(Broken("a socket has an unknown protocol")),
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

fn attribution(cell: u64) -> Result<Attribution, Broken> {
    Ok(match cell {
        1 => Attribution::Observed,
        2 => Attribution::Remembered,
        3 => Attribution::Inferred,
        _ => {
            let mut reasons = Unowned::ALL.into_iter();
            let why = reasons.find(|why| 16 + *why as u64 == cell);
            Attribution::Unowned(why.ok_or(Broken("an owner is missing for an unknown reason"))?)
        }
    })
}

/// A state's number in files: the kernel's.
pub(super) fn state(cell: u64) -> Result<State, Broken> {
    let mut states = State::ALL.into_iter();
    states
        .find(|state| *state as u64 == cell)
        .ok_or(Broken("a socket has an unknown state"))
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

/// The cells of fixed meaning.
#[inline]
pub(super) fn fixed_cells(socket: &Socket, beside: &Beside, out: &mut [u64; COLUMNS]) {
    out[0] = u64::from(socket.netns);
    out[COOKIE] = socket.cookie;
    out[2] = u64::from(socket.inode);
    out[3] = family_cell(socket.family);
    out[4] = protocol_cell(socket.protocol);
    out[5] = socket.state as u64;
    out[END..END + 8].fill(0);
    out[ENDS] = end_cells(&socket.ends, &mut out[END..END + 8]);
    out[15] = option(socket.uid);
    out[16] = u64::from(socket.recv_queue);
    out[17] = u64::from(socket.send_queue);
    out[18] = u64::from(socket.interface);
    out[19] = option(socket.mark);
    out[20] = option(socket.class_id);
    out[TIMER] = socket.timer.map_or(0, |timer| match timer.kind {
        TimerKind::Retransmit => 1,
        TimerKind::Keepalive => 2,
        TimerKind::TimeWait => 3,
        TimerKind::Probe => 4,
        TimerKind::Unknown => 5,
    });
    out[TIMER_EXPIRES] = socket.timer.map_or(0, |timer| u64::from(timer.expires_ms));
    out[TIMER_RETRIES] = socket.timer.map_or(0, |timer| u64::from(timer.retries));
    out[24] = option(socket.options);
    out[25] = attribution_cell(socket.attribution);
    out[26] = option(socket.tos);
    out[27] = option(socket.tclass);
    out[28] = option(socket.shutdown);
    out[29] = option(socket.v6only.map(u8::from));
    out[30] = option(socket.raw_protocol);
    out[31] = u64::from(beside.congestion);
    out[32] = socket.cgroup_id;
    out[33] = u64::from(socket.blob.info);
    out[34] = u64::from(socket.blob.memory);
    out[35] = u64::from(socket.blob.congestion_info);
    out[36] = u64::from(beside.name);
    out[37] = u64::from(socket.holders_len);
    out[38] = u64::from(beside.process);
    out[39] = u64::from(beside.fd);
    out[40] = u64::from(beside.others);
}

/// The socket of its cells of fixed meaning. Where its parts of variable length lie is left alone, how long they are is not.
pub(super) fn fixed(
    cells: &[u64; COLUMNS],
    socket: &mut Socket,
    beside: &mut Beside,
) -> Result<(), Broken> {
    let mut families = Family::ALL.into_iter();
    let family = families.find(|family| family_cell(*family) == cells[3]);
    socket.netns = fits(cells[0])?;
    socket.cookie = cells[COOKIE];
    socket.inode = fits(cells[2])?;
    socket.family = family.ok_or(Broken("a socket has an unknown family"))?;
    socket.protocol = protocol(cells[4])?;
    socket.state = state(cells[5])?;
    socket.ends = ends(cells[ENDS], &cells[END..END + 8])?;
    socket.uid = some(cells[15])?;
    socket.recv_queue = fits(cells[16])?;
    socket.send_queue = fits(cells[17])?;
    socket.interface = fits(cells[18])?;
    socket.mark = some(cells[19])?;
    socket.class_id = some(cells[20])?;
    socket.timer = match timer_kind(cells[TIMER]) {
        None => None,
        Some(kind) => Some(Timer {
            kind,
            expires_ms: fits(cells[TIMER_EXPIRES])?,
            retries: fits(cells[TIMER_RETRIES])?,
        }),
    };
    socket.options = some(cells[24])?;
    socket.attribution = attribution(cells[25])?;
    socket.tos = some(cells[26])?;
    socket.tclass = some(cells[27])?;
    socket.shutdown = some(cells[28])?;
    socket.v6only = some::<u8>(cells[29])?.map(|only| only != 0);
    socket.raw_protocol = some(cells[30])?;
    beside.congestion = fits(cells[31])?;
    socket.cgroup_id = cells[32];
    socket.blob.info = within(cells[33], MOST_INFO)?;
    socket.blob.memory = within(cells[34], MOST_MEMORY)?;
    socket.blob.congestion_info = within(cells[35], MOST_CONGESTION_INFO)?;
    beside.name = fits(cells[36])?;
    socket.holders_len = fits(cells[37])?;
    beside.process = fits(cells[38])?;
    beside.fd = fits(cells[39])?;
    beside.others = fits(cells[40])?;
    Ok(())
}

fn within(length: u64, most: usize) -> Result<u16, Broken> {
    match usize::try_from(length) {
        Ok(length) if length <= most => Ok(length as u16),
        _ => Err(Broken("a part of a socket is too long")),
    }
}

/// First column of what a protocol reports.
pub(super) fn info_columns(protocol: Protocol) -> usize {
    if protocol == Protocol::Tcp { TCP } else { INFO }
}

/// Bytes that the word at an offset takes: four or eight, and less at the end of a structure that was cut. 0 for the second
/// half of eight.
#[inline]
fn width(first: usize, offset: usize, length: usize) -> usize {
    let word = offset / 4;
    let whole = if first == TCP {
        usize::from(WIDTHS[word])
    } else {
        4
    };
    if offset + whole.max(4) <= length {
        return whole;
    }
    // Cut: a field of eight bytes of which only the first half arrived is a word, and less than four are what they are.
    (length - offset).min(4)
}

/// Reads a word. What is no integer of its own, the bytes of the first eight and what is left at a cut end, reads the same
/// whatever the order of bytes.
#[inline]
fn word(bytes: &[u8], offset: usize) -> u64 {
    match *bytes {
        [a, b, c, d] if offset >= 8 => u64::from(u32::from_ne_bytes([a, b, c, d])),
        [a, b, c, d] => u64::from(u32::from_le_bytes([a, b, c, d])),
        [a, b, c, d, e, f, g, h] => u64::from_ne_bytes([a, b, c, d, e, f, g, h]),
        _ => bytes
            .iter()
            .rev()
            .fold(0, |value, &byte| value << 8 | u64::from(byte)),
    }
}

/// Writes what [`word`] reads.
fn put_word(value: u64, offset: usize, bytes: &mut [u8]) -> Result<(), Broken> {
    match bytes.len() {
        8 => bytes.copy_from_slice(&value.to_ne_bytes()),
        4 if offset >= 8 => bytes.copy_from_slice(&fits::<u32>(value)?.to_ne_bytes()),
        length => {
            let whole = value.to_le_bytes();
            if whole[length..].iter().any(|&byte| byte != 0) {
                return Err(Broken("a value does not fit its column"));
            }
            bytes.copy_from_slice(&whole[..length]);
        }
    }
    Ok(())
}

/// The cells of a part of variable length.
#[inline]
pub(super) fn part_cells(first: usize, part: &[u8], out: &mut [u64; COLUMNS]) {
    // Words first, and then those that belong together.
    let (words, _) = part.as_chunks::<4>();
    for (cell, word) in out[first..].iter_mut().zip(words) {
        *cell = u64::from(u32::from_ne_bytes(*word));
    }
    if cfg!(target_endian = "big") {
        for (cell, word) in out[first..].iter_mut().zip(words).take(2) {
            *cell = u64::from(u32::from_le_bytes(*word));
        }
    }
    if first == TCP {
        for at in WIDE_WORDS {
            if let Some(&[a, b, c, d, e, f, g, h]) = part.get(at * 4..at * 4 + 8) {
                out[first + at] = u64::from_ne_bytes([a, b, c, d, e, f, g, h]);
                out[first + at + 1] = 0;
            }
        }
    }
    let mut offset = words.len() * 4;
    while offset < part.len() {
        let width = width(first, offset, part.len());
        if width > 0 {
            out[first + offset / 4] = word(&part[offset..offset + width], offset);
        }
        offset += width.max(4);
    }
}

/// The part of variable length of its cells.
pub(super) fn part(first: usize, cells: &[u64; COLUMNS], part: &mut [u8]) -> Result<(), Broken> {
    let mut offset = 0;
    while offset < part.len() {
        let width = width(first, offset, part.len());
        if width > 0 {
            let bytes = &mut part[offset..offset + width];
            put_word(cells[first + offset / 4], offset, bytes)?;
        }
        offset += width.max(4);
    }
    Ok(())
}

/// One cell of a part of variable length; 0 beyond its end.
#[inline]
pub(super) fn cell(first: usize, column: usize, part: &[u8]) -> u64 {
    let offset = (column - first) * 4;
    if offset >= part.len() {
        return 0;
    }
    let width = width(first, offset, part.len());
    word(&part[offset..offset + width], offset)
}

/// Sets one cell of a part of variable length. Nothing may lie beyond its end.
#[inline]
pub(super) fn set_cell(
    first: usize,
    column: usize,
    value: u64,
    part: &mut [u8],
) -> Result<(), Broken> {
    let offset = (column - first) * 4;
    if offset >= part.len() {
        return match value {
            0 => Ok(()),
            _ => Err(Broken("a value lies beyond the end of its structure")),
        };
    }
    let width = width(first, offset, part.len());
    if width == 0 {
        return Err(Broken("a value lies within another"));
    }
    put_word(value, offset, &mut part[offset..offset + width])
}

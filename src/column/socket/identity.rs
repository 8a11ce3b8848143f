//! Columns of a socket's identity in the kernel and of its settings.

use std::fmt::Write;

use super::figure::{COUNT, NUMBER, RATE};
use super::row::{SocketColumn, SocketRow};
use crate::column::definition::Cell;
use crate::column::format;
use crate::column::format::MISSING;
use crate::column::sort_key::text_key;
use crate::column::{Align, SortKey};
use crate::model::{AddressList, Notation, SOCKOPT_NAMES, Socket, SocketRef, Unowned, field};

/// Returns the columns of identity, wire rates and options.
pub(super) fn columns() -> Vec<SocketColumn> {
    let plain = |width, id, heading| (id, heading, width);
    vec![
        SocketColumn::figure(
            plain(10, "inode", "INODE"),
            field::inode.about,
            NUMBER,
            |row| Some(f64::from(row.socket.socket.inode)).filter(|&inode| inode > 0.0),
        ),
        SocketColumn::text(
            plain(12, "cookie", "COOKIE"),
            "Socket cookie, hexadecimal as in ss. Kernel: idiag_cookie.",
            |row, out| write!(out, "{:x}", row.socket.socket.known_cookie()?).ok(),
            |row, _| Some(SortKey::Number(row.socket.socket.known_cookie()? as f64)),
        )
        .right_aligned(),
        SocketColumn::figure(
            plain(10, "netns", "NETNS"),
            field::netns.about,
            NUMBER,
            |row| Some(row.socket.socket.netns.into()),
        ),
        SocketColumn::text(
            plain(14, "netns_name", "NET NS"),
            NETNS_NAME_ABOUT,
            |row, out| {
                format::sanitize(out, row.socket.namespace_name()?.as_bytes());
                Some(())
            },
            |row, _| text_key(row.socket.namespace_name()?),
        ),
        SocketColumn::text(
            plain(7, "family", "FAMILY"),
            field::family.about,
            |row, out| {
                out.push_str(row.socket.socket.family.name());
                Some(())
            },
            |row, _| text_key(row.socket.socket.family.name()),
        ),
        SocketColumn::text(
            plain(9, "protocol", "PROTOCOL"),
            field::protocol.about,
            |row, out| {
                out.push_str(row.socket.socket.protocol.name());
                Some(())
            },
            |row, _| text_key(row.socket.socket.protocol.name()),
        ),
        SocketColumn::figure(
            plain(7, "accept_queue", "ACCEPT"),
            "Connections that wait for accept(), on listeners. The queue is full above its limit: accept_queue > backlog. Kernel: idiag_rqueue.",
            COUNT,
            |row| Some(row.socket.socket.accept_queue()?.waiting.into()),
        ),
        SocketColumn::figure(
            plain(7, "backlog", "BACKLOG"),
            "Limit of the accept queue, on listeners. It can hold one more. Kernel: idiag_wqueue.",
            NUMBER,
            |row| Some(row.socket.socket.accept_queue()?.backlog.into()),
        ),
        SocketColumn::figure(plain(6, "uid", "UID"), field::uid.about, NUMBER, |row| {
            row.socket.socket.uid.map(f64::from)
        }),
        SocketColumn::text(
            plain(18, "unowned", "UNOWNED"),
            "Reason why it has no owner.",
            |row, out| {
                out.push_str(unowned(row)?.name());
                Some(())
            },
            |row, _| text_key(unowned(row)?.name()),
        ),
        SocketColumn::text(
            plain(11, "attribution", "ATTRIBUTION"),
            field::attribution.about,
            |row, out| {
                out.push_str(row.socket.socket.attribution.name()?);
                Some(())
            },
            |row, _| text_key(row.socket.socket.attribution.name()?),
        ),
        SocketColumn::figure(
            plain(9, "wire_rate", "WIRE ↑/s"),
            "Bytes sent per second, including retransmissions: growth of bytes_sent.",
            RATE,
            |row| row.rates?.wire_sent.map(f64::from),
        ),
        SocketColumn::figure(
            plain(9, "retransmitted_rate", "RETR/s"),
            "Bytes retransmitted per second: growth of bytes_retrans.",
            RATE,
            |row| row.rates?.retransmitted.map(f64::from),
        ),
        SocketColumn::text(
            plain(16, "congestion_info", "CC INFO"),
            "Values of the congestion control algorithm. Kernel: INET_DIAG_VEGASINFO, _DCTCPINFO, _BBRINFO.",
            congestion_info,
            |_, _| None,
        ),
        SocketColumn::text(
            plain(16, "options", "OPTIONS"),
            field::options.about,
            options,
            |row, _| Some(SortKey::Number(row.socket.socket.options?.into())),
        ),
    ]
}

/// Description of `netns_name`, which exports share.
pub(crate) const NETNS_NAME_ABOUT: &str = "Name of the network namespace: host, its name in /run/netns, its pod or container, or a process in it.";

/// Returns the columns of the schema's scalars.
pub(super) fn scalar_columns() -> impl Iterator<Item = SocketColumn> {
    Socket::SCALARS.iter().map(|scalar| SocketColumn {
        id: scalar.field.id,
        heading: scalar.heading,
        about: scalar.field.about,
        align: match scalar.notation {
            Notation::YesNo | Notation::Directions => Align::Left,
            _ => Align::Right,
        },
        width: scalar.width,
        cell: Cell::Scalar {
            scalar,
            value: |scalar, row| (scalar.get)(row.socket.socket),
        },
    })
}

/// Description of `md5_keys`, which exports share.
pub(crate) const MD5_KEYS_ABOUT: &str = "Peers for which an MD5 key is set on the socket, separated by commas; never the keys. Requires CAP_NET_ADMIN. Kernel: INET_DIAG_MD5SIG.";

/// Returns the columns of kTLS and MD5 keys.
pub(super) fn extra_columns() -> [SocketColumn; 2] {
    [
        SocketColumn::text(
            ("tls", "TLS", 16),
            "kTLS: version, cipher, and who decrypts and encrypts: none (user space), sw, hw. Kernel: INET_ULP_INFO_TLS.",
            |row, out| {
                let tls = row.socket.tls()?;
                let known = |name: Option<&'static str>| name.unwrap_or(MISSING);
                let (version, cipher) = (known(tls.version_name()), known(tls.cipher_name()));
                let (rx, tx) = (known(tls.rx_name()), known(tls.tx_name()));
                write!(out, "{version} {cipher} rx:{rx} tx:{tx}").ok()
            },
            |_, _| None,
        ),
        SocketColumn::text(
            ("md5_keys", "MD5 KEYS", 16),
            MD5_KEYS_ABOUT,
            |row, out| write_md5_peers(row.socket, out),
            |_, _| None,
        ),
    ]
}

/// Appends the peers with an MD5 key; `None` without any.
pub(crate) fn write_md5_peers(socket: SocketRef<'_>, out: &mut impl Write) -> Option<()> {
    let mut gap = "";
    for peer in socket.tcp_extras()?.md5_peers() {
        write!(out, "{gap}{peer}").ok()?;
        gap = ",";
    }
    (!gap.is_empty()).then_some(())
}

/// Description of `local_addresses`, which exports share.
pub(crate) const LOCAL_ADDRESSES_ABOUT: &str = "All local addresses of an SCTP socket or association, separated by commas. Kernel: INET_DIAG_LOCALS.";

/// Description of `remote_addresses`, which exports share.
pub(crate) const REMOTE_ADDRESSES_ABOUT: &str = "All addresses of the peer of an SCTP association, separated by commas. Kernel: INET_DIAG_PEERS.";

/// Returns the columns of the addresses of multi-homed ends.
pub(super) fn address_columns() -> [SocketColumn; 2] {
    fn write(list: AddressList<'_>, out: &mut String) -> Option<()> {
        (!list.is_empty()).then(|| write!(out, "{list}").ok())?
    }
    [
        SocketColumn::text(
            ("local_addresses", "LOCALS", 15),
            LOCAL_ADDRESSES_ABOUT,
            |row, out| write(row.socket.sctp_addresses()?.locals(), out),
            |_, _| None,
        ),
        SocketColumn::text(
            ("remote_addresses", "REMOTES", 16),
            REMOTE_ADDRESSES_ABOUT,
            |row, out| write(row.socket.sctp_addresses()?.peers(), out),
            |_, _| None,
        ),
    ]
}

/// Returns the column of the upper-layer protocol.
pub(super) fn ulp_column() -> SocketColumn {
    SocketColumn::text(
        ("ulp", "ULP", 6),
        "Upper-layer protocol in the kernel, such as tls. Kernel: INET_ULP_INFO_NAME.",
        |row, out| {
            format::sanitize(out, row.socket.ulp()?);
            Some(())
        },
        |row, _| Some(SortKey::Text(String::from_utf8_lossy(row.socket.ulp()?))),
    )
}

fn unowned(row: &SocketRow<'_>) -> Option<Unowned> {
    row.socket.socket.attribution.unowned()
}

/// `bw:1250000 min_rtt:40`.
fn congestion_info(row: &SocketRow<'_>, out: &mut String) -> Option<()> {
    row.socket.congestion_info()?;
    let mut gap = "";
    for (name, value) in row.socket.congestion_fields() {
        match value {
            Some(value) => write!(out, "{gap}{name}:{value}").ok()?,
            None => write!(out, "{gap}{name}:{MISSING}").ok()?,
        }
        gap = " ";
    }
    (!gap.is_empty()).then_some(())
}

fn options(row: &SocketRow<'_>, out: &mut String) -> Option<()> {
    let bits = row.socket.socket.options?;
    let mut gap = "";
    for (bit, name) in SOCKOPT_NAMES.iter().enumerate() {
        if bits >> bit & 1 == 1 {
            write!(out, "{gap}{name}").ok()?;
            gap = " ";
        }
    }
    if gap.is_empty() {
        out.push_str("none");
    }
    Some(())
}

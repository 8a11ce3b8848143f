//! The columns of who a socket is to the kernel, and how it is set.

use std::fmt::Write;

use super::{COUNT, NUMBER, RATE, SocketColumn, SocketRow, format};
use crate::column::format::MISSING;
use crate::column::{SortKey, text_key};
use crate::model::{SOCKOPT_NAMES, Unowned};

/// Who it is to the kernel, and how it is set.
pub(super) fn columns() -> Vec<SocketColumn> {
    let plain = |width, id, heading| (id, heading, width);
    vec![
        SocketColumn::figure(
            plain(10, "inode", "INODE"),
            "Inode in sockfs. Kernel: idiag_inode.",
            NUMBER,
            |row| Some(f64::from(row.socket.socket.inode)).filter(|&inode| inode > 0.0),
        ),
        SocketColumn::text(
            plain(12, "cookie", "COOKIE"),
            "The kernel's socket cookie, hexadecimal as in ss. Kernel: idiag_cookie.",
            |row, out| write!(out, "{:x}", row.socket.socket.known_cookie()?).ok(),
            |row, _| Some(SortKey::Number(row.socket.socket.known_cookie()? as f64)),
        )
        .at_the_right(),
        SocketColumn::figure(
            plain(10, "netns", "NETNS"),
            "Network namespace: inode of /proc/PID/ns/net.",
            NUMBER,
            |row| Some(row.socket.socket.netns.into()),
        ),
        SocketColumn::text(
            plain(7, "family", "FAMILY"),
            "Address family. Kernel: idiag_family.",
            |row, out| {
                out.push_str(row.socket.socket.family.name());
                Some(())
            },
            |row, _| text_key(row.socket.socket.family.name()),
        ),
        SocketColumn::text(
            plain(9, "protocol", "PROTOCOL"),
            "Protocol over the family, type of a unix socket, name of a netlink protocol.",
            |row, out| {
                out.push_str(row.socket.socket.protocol.name());
                Some(())
            },
            |row, _| text_key(row.socket.socket.protocol.name()),
        ),
        SocketColumn::figure(
            plain(7, "accept_queue", "ACCEPT"),
            "Connections that wait for accept(); of listeners. Kernel: idiag_rqueue.",
            COUNT,
            |row| row.socket.socket.accept_queue().map(f64::from),
        ),
        SocketColumn::figure(
            plain(7, "backlog", "BACKLOG"),
            "Limit of the accept queue; of listeners. Kernel: idiag_wqueue.",
            NUMBER,
            |row| row.socket.socket.backlog().map(f64::from),
        ),
        SocketColumn::figure(
            plain(6, "uid", "UID"),
            "User id. Kernel: idiag_uid.",
            NUMBER,
            |row| row.socket.socket.uid.map(f64::from),
        ),
        SocketColumn::text(
            plain(18, "unowned", "UNOWNED"),
            "Why it has no owner.",
            |row, out| {
                out.push_str(unowned(row)?.name());
                Some(())
            },
            |row, _| text_key(unowned(row)?.name()),
        ),
        SocketColumn::text(
            plain(10, "attribution", "KNOWN BY"),
            "How its owner is known: observed, remembered or inferred.",
            |row, out| {
                out.push_str(row.socket.socket.attribution.name()?);
                Some(())
            },
            |row, _| text_key(row.socket.socket.attribution.name()?),
        ),
        SocketColumn::figure(
            plain(9, "wire_rate", "WIRE ↑/s"),
            "Bytes sent per second, retransmissions included: what bytes_sent grew by.",
            RATE,
            |row| row.rates?.wire_sent.map(f64::from),
        ),
        SocketColumn::figure(
            plain(9, "retransmitted_rate", "RETR/s"),
            "Bytes retransmitted per second: what bytes_retrans grew by.",
            RATE,
            |row| row.rates?.retransmitted.map(f64::from),
        ),
        SocketColumn::text(
            plain(16, "congestion_info", "CC INFO"),
            "What the congestion control reports. Kernel: INET_DIAG_VEGASINFO, _DCTCPINFO, _BBRINFO.",
            congestion_info,
            |_, _| None,
        ),
        SocketColumn::text(
            plain(16, "options", "OPTIONS"),
            "Socket options that are set. Kernel: INET_DIAG_SOCKOPT.",
            options,
            |row, _| Some(SortKey::Number(row.socket.socket.options?.into())),
        ),
        SocketColumn::text(
            plain(8, "mark", "MARK"),
            "Firewall mark, hexadecimal. Needs CAP_NET_ADMIN. Kernel: INET_DIAG_MARK.",
            |row, out| write!(out, "{:#x}", row.socket.socket.mark?).ok(),
            |row, _| Some(SortKey::Number(row.socket.socket.mark?.into())),
        )
        .at_the_right(),
        SocketColumn::text(
            plain(5, "tos", "TOS"),
            "IPv4 type of service. Kernel: INET_DIAG_TOS.",
            |row, out| write!(out, "{:#x}", row.socket.socket.tos?).ok(),
            |row, _| Some(SortKey::Number(row.socket.socket.tos?.into())),
        )
        .at_the_right(),
        SocketColumn::text(
            plain(6, "tclass", "TCLASS"),
            "IPv6 traffic class. Kernel: INET_DIAG_TCLASS.",
            |row, out| write!(out, "{:#x}", row.socket.socket.tclass?).ok(),
            |row, _| Some(SortKey::Number(row.socket.socket.tclass?.into())),
        )
        .at_the_right(),
        SocketColumn::text(
            plain(8, "class_id", "CLASS"),
            "net_cls class id. Kernel: INET_DIAG_CLASS_ID.",
            |row, out| write!(out, "{:#x}", row.socket.socket.class_id?).ok(),
            |row, _| Some(SortKey::Number(row.socket.socket.class_id?.into())),
        )
        .at_the_right(),
        SocketColumn::text(
            plain(6, "v6only", "V6ONLY"),
            "Whether an IPv6 socket refuses IPv4. Kernel: INET_DIAG_SKV6ONLY.",
            |row, out| {
                let only = row.socket.socket.v6only?;
                out.push_str(if only { "yes" } else { "no" });
                Some(())
            },
            |row, _| Some(SortKey::Number(row.socket.socket.v6only?.into())),
        ),
        SocketColumn::figure(
            plain(5, "raw_protocol", "PROTO"),
            "IP protocol of a raw socket. Kernel: INET_DIAG_PROTOCOL.",
            NUMBER,
            |row| row.socket.socket.raw_protocol.map(f64::from),
        ),
        SocketColumn::text(
            plain(8, "shutdown", "SHUTDOWN"),
            "Directions that are shut down. Kernel: INET_DIAG_SHUTDOWN, UNIX_DIAG_SHUTDOWN.",
            |row, out| {
                out.push_str(match row.socket.socket.shutdown? & 3 {
                    0 => "none",
                    1 => "receive",
                    2 => "send",
                    _ => "both",
                });
                Some(())
            },
            |row, _| Some(SortKey::Number(row.socket.socket.shutdown?.into())),
        ),
        SocketColumn::text(
            plain(6, "ulp", "ULP"),
            "Protocol above TCP in the kernel, e.g. tls. Kernel: INET_ULP_INFO_NAME.",
            |row, out| {
                format::harmless(out, row.socket.ulp()?);
                Some(())
            },
            |row, _| Some(SortKey::Text(String::from_utf8_lossy(row.socket.ulp()?))),
        ),
    ]
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

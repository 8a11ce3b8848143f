//! All of `struct tcp_info`: how each field is written, and what it belongs to.

use super::{SocketColumn, SocketRow, connection, format};
use crate::column::{Align, Cell, Format, Total};
use crate::filter::Unit;
use crate::model::{KernelField, TcpInfo};

/// What fields of `tcp_info` are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// The way to the peer: times, sizes, order.
    Path,
    /// What may be sent and is.
    Sending,
    /// What may be received and is.
    Receiving,
    /// What was lost and sent again.
    Loss,
    /// How much in all.
    Volume,
    /// Since when nothing happened.
    Ages,
    /// What both ends agreed on.
    Agreed,
}

impl Group {
    /// Every group, in the order in which they are shown.
    pub const ALL: [Group; 7] = [
        Group::Path,
        Group::Sending,
        Group::Receiving,
        Group::Loss,
        Group::Volume,
        Group::Ages,
        Group::Agreed,
    ];

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Group::Path => "Path",
            Group::Sending => "Sending",
            Group::Receiving => "Receiving",
            Group::Loss => "Loss",
            Group::Volume => "Volume",
            Group::Ages => "Ages",
            Group::Agreed => "Agreed",
        }
    }
}

/// A field of `tcp_info` and how it is shown.
#[derive(Debug, Clone, Copy)]
pub struct TcpField {
    /// The field.
    pub field: &'static KernelField,
    /// What it is about.
    pub group: Group,
    format: Format,
    total: Total,
}

impl TcpField {
    /// Appends the value with its unit; answers whether there is one.
    pub fn write(&self, info: TcpInfo<'_>, out: &mut String) -> bool {
        match measured(self.field, info) {
            Some(value) => {
                self.format.write(out, value);
                true
            }
            None => false,
        }
    }
}

/// A field's value; `None` if it did not arrive, or is the kernel's way of saying "none".
fn measured(field: &KernelField, info: TcpInfo<'_>) -> Option<f64> {
    let value = field.read(info.bytes())?;
    let none = match field.name {
        "rtt" | "rcv_rtt" => value == 0,
        "min_rtt" => value == u64::from(u32::MAX),
        "pacing_rate" | "max_pacing_rate" => value == u64::MAX,
        // TCP_INFINITE_SSTHRESH: no loss has set it yet.
        "snd_ssthresh" => value >= 0x7fff_ffff,
        _ => false,
    };
    (!none).then_some(value as f64)
}

fn of_row(field: &KernelField, row: &SocketRow<'_>) -> Option<f64> {
    measured(field, connection(row)?)
}

/// A time in ms.
fn ms(out: &mut String, value: f64) {
    format::duration_us(out, value * 1000.0);
}

/// Bytes of which each one counts.
fn exactly(out: &mut String, value: f64) {
    format::integer(out, value);
    out.push_str(" B");
}

/// The state of congestion avoidance. Kernel: `enum tcp_ca_state`.
fn ca_state(out: &mut String, value: f64) {
    let names = ["Open", "Disorder", "CWR", "Recovery", "Loss"];
    match names.get(value as usize) {
        Some(name) => out.push_str(name),
        None => format::integer(out, value),
    }
}

/// Options that both ends use. Kernel: `TCPI_OPT_*`.
fn options(out: &mut String, value: f64) {
    const NAMES: [&str; 8] = [
        "timestamps",
        "sack",
        "wscale",
        "ecn",
        "ecn-seen",
        "syn-data",
        "usec-ts",
        "tfo-child",
    ];
    let bits = value as u64;
    let set = NAMES
        .iter()
        .enumerate()
        .filter(|(bit, _)| bits >> bit & 1 == 1);
    let names: Vec<&str> = set.map(|(_, name)| *name).collect();
    out.push_str(&if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(" ")
    });
}

fn yes_or_no(out: &mut String, value: f64) {
    out.push_str(if value == 0.0 { "no" } else { "yes" });
}

/// 2 to the power of it.
fn scale(out: &mut String, value: f64) {
    out.push('×');
    format::integer(out, 2_f64.powf(value));
}

/// The name, the group, the unit, what several come to.
type Row = (&'static str, Group, Format, Total);

const EXACTLY: Format = Format::new(exactly, Unit::Bytes);
const MILLISECONDS: Format = Format::new(ms, Unit::Milliseconds);
const SEGMENTS: Format = Format::new(format::whole, Unit::Count);
const CA_STATE: Format = Format::new(ca_state, Unit::Count);
const OPTIONS: Format = Format::new(options, Unit::Count);
const YES_OR_NO: Format = Format::new(yes_or_no, Unit::Count);
const SCALE: Format = Format::new(scale, Unit::Count);

const ROWS: [Row; 66] = {
    use Group::{Ages, Agreed, Loss, Path, Receiving, Sending, Volume};
    use Total::{Highest, None, Sum};
    use format::{BYTES, INTEGER, RATE, TIME};
    [
        ("rtt", Path, TIME, Highest),
        ("rttvar", Path, TIME, Highest),
        ("min_rtt", Path, TIME, Highest),
        ("rcv_rtt", Path, TIME, Highest),
        ("rto", Path, TIME, Highest),
        ("ato", Path, TIME, Highest),
        ("pmtu", Path, EXACTLY, None),
        ("snd_mss", Path, EXACTLY, None),
        ("rcv_mss", Path, EXACTLY, None),
        ("advmss", Path, EXACTLY, None),
        ("reordering", Path, SEGMENTS, Highest),
        ("reord_seen", Path, SEGMENTS, Sum),
        ("rehash", Path, INTEGER, Sum),
        ("snd_cwnd", Sending, SEGMENTS, None),
        ("snd_ssthresh", Sending, SEGMENTS, None),
        ("unacked", Sending, SEGMENTS, Sum),
        ("snd_wnd", Sending, BYTES, None),
        ("notsent_bytes", Sending, BYTES, Sum),
        ("pacing_rate", Sending, RATE, None),
        ("max_pacing_rate", Sending, RATE, None),
        ("delivery_rate", Sending, RATE, None),
        ("delivery_rate_app_limited", Sending, YES_OR_NO, None),
        ("busy_time", Sending, TIME, Sum),
        ("rwnd_limited", Sending, TIME, Sum),
        ("sndbuf_limited", Sending, TIME, Sum),
        ("rcv_wnd", Receiving, BYTES, None),
        ("rcv_space", Receiving, BYTES, None),
        ("rcv_ssthresh", Receiving, BYTES, None),
        ("rcv_ooopack", Receiving, SEGMENTS, Sum),
        ("ca_state", Loss, CA_STATE, None),
        ("retransmits", Loss, INTEGER, Sum),
        ("backoff", Loss, INTEGER, Highest),
        ("probes", Loss, INTEGER, Sum),
        ("lost", Loss, SEGMENTS, Sum),
        ("sacked", Loss, SEGMENTS, Sum),
        ("retrans", Loss, SEGMENTS, Sum),
        ("total_retrans", Loss, SEGMENTS, Sum),
        ("bytes_retrans", Loss, BYTES, Sum),
        ("dsack_dups", Loss, SEGMENTS, Sum),
        ("total_rto", Loss, INTEGER, Sum),
        ("total_rto_recoveries", Loss, INTEGER, Sum),
        ("total_rto_time", Loss, MILLISECONDS, Sum),
        ("fackets", Loss, INTEGER, None),
        ("bytes_acked", Volume, BYTES, Sum),
        ("bytes_received", Volume, BYTES, Sum),
        ("bytes_sent", Volume, BYTES, Sum),
        ("segs_out", Volume, SEGMENTS, Sum),
        ("segs_in", Volume, SEGMENTS, Sum),
        ("data_segs_out", Volume, SEGMENTS, Sum),
        ("data_segs_in", Volume, SEGMENTS, Sum),
        ("delivered", Volume, SEGMENTS, Sum),
        ("delivered_ce", Volume, SEGMENTS, Sum),
        ("received_ce", Volume, SEGMENTS, Sum),
        ("delivered_e1_bytes", Volume, BYTES, Sum),
        ("delivered_e0_bytes", Volume, BYTES, Sum),
        ("delivered_ce_bytes", Volume, BYTES, Sum),
        ("received_e1_bytes", Volume, BYTES, Sum),
        ("received_e0_bytes", Volume, BYTES, Sum),
        ("received_ce_bytes", Volume, BYTES, Sum),
        ("last_data_sent", Ages, MILLISECONDS, Highest),
        ("last_data_recv", Ages, MILLISECONDS, Highest),
        ("last_ack_recv", Ages, MILLISECONDS, Highest),
        ("last_ack_sent", Ages, MILLISECONDS, None),
        ("options", Agreed, OPTIONS, None),
        ("snd_wscale", Agreed, SCALE, None),
        ("rcv_wscale", Agreed, SCALE, None),
    ]
};

/// Fields that say what is said elsewhere, or that only few kernels fill: plain numbers.
const OTHERS: [&str; 4] = [
    "state",
    "fastopen_client_fail",
    "accecn_fail_mode",
    "accecn_opt_seen",
];

/// Every field, by group and in the order in which they are shown.
pub static TCP_FIELDS: std::sync::LazyLock<Vec<TcpField>> = std::sync::LazyLock::new(|| {
    let find = |name: &str| TcpInfo::FIELDS.iter().find(|field| field.name == name);
    let known = ROWS.iter().filter_map(|&(name, group, format, total)| {
        Some(TcpField {
            field: find(name)?,
            group,
            format,
            total,
        })
    });
    let others = OTHERS.iter().filter_map(|name| {
        Some(TcpField {
            field: find(name)?,
            group: Group::Agreed,
            format: format::INTEGER,
            total: Total::None,
        })
    });
    known.chain(others).collect()
});

/// Fields that have a column of their own under another name.
const ELSEWHERE: [&str; 6] = [
    "rtt",
    "total_retrans",
    "bytes_received",
    "bytes_acked",
    "snd_cwnd",
    "options",
];

/// A column for each field that has none elsewhere.
pub(super) fn columns() -> impl Iterator<Item = SocketColumn> {
    let fields = TCP_FIELDS.iter();
    fields
        .filter(|row| !ELSEWHERE.contains(&row.field.name))
        .chain(TCP_FIELDS.iter().filter(|row| row.field.name == "options"))
        .map(|row| SocketColumn {
            id: match row.field.name {
                // The socket has options and a state too.
                "options" => "tcp_options",
                "state" => "tcp_state",
                name => name,
            },
            heading: row.field.name,
            about: row.field.about.trim(),
            align: Align::Right,
            width: (row.field.name.len() as u16).clamp(8, 12),
            cell: Cell::Field {
                field: row.field,
                value: of_row,
                format: row.format,
                total: row.total,
            },
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_shown_once_and_has_a_column() {
        for field in TcpInfo::FIELDS {
            let rows = TCP_FIELDS.iter().filter(|row| row.field.name == field.name);
            assert_eq!(rows.count(), 1, "{}", field.name);
            assert!(!field.about.trim().is_empty(), "{}", field.name);
        }
        assert_eq!(
            columns().count(),
            TcpInfo::FIELDS.len() - ELSEWHERE.len() + 1
        );
        let mut ids: Vec<&str> = crate::column::SOCKET_COLUMNS.iter().map(|c| c.id).collect();
        ids.sort_unstable();
        let all = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), all, "no name is used twice");
    }

    #[test]
    fn what_the_kernel_means_by_none_is_missing() {
        let mut info = [0xff; 280];
        info[68..72].copy_from_slice(&0_u32.to_ne_bytes());
        let text = |name: &str, info: &[u8]| {
            let row = TCP_FIELDS.iter().find(|row| row.field.name == name)?;
            let mut out = String::new();
            row.write(TcpInfo::new(info), &mut out).then_some(out)
        };
        for name in ["rtt", "min_rtt", "pacing_rate", "snd_ssthresh"] {
            assert_eq!(text(name, &info), None, "{name}");
        }
        info[1] = 3;
        info[5] = 0b111;
        info[68..72].copy_from_slice(&1500_u32.to_ne_bytes());
        assert_eq!(text("rtt", &info).as_deref(), Some("1.50 ms"));
        assert_eq!(text("ca_state", &info).as_deref(), Some("Recovery"));
        assert_eq!(
            text("options", &info).as_deref(),
            Some("timestamps sack wscale")
        );
        assert_eq!(text("rtt", &info[..60]), None);
    }
}

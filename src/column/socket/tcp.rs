//! Columns of the fields of `struct tcp_info`.

use super::row::{SocketColumn, SocketRow, connection};
use crate::column::definition::Cell;
use crate::column::{Align, notation};
use crate::model::{KernelField, Presentation, TcpInfo};

/// A field of `tcp_info` and its presentation.
#[derive(Debug, Clone, Copy)]
pub struct TcpField {
    /// The field.
    pub field: &'static KernelField,
    /// Presentation.
    pub presentation: Presentation,
}

impl TcpField {
    /// Appends the value with its unit; returns whether there is one.
    pub fn write(&self, info: TcpInfo<'_>, out: &mut String) -> bool {
        match measured(self.field, info) {
            Some(value) => {
                notation::format_of(self.presentation.notation).write(out, value);
                true
            }
            None => false,
        }
    }
}

/// Returns a field's value; `None` if it is missing, or the kernel's value for none.
fn measured(field: &KernelField, info: TcpInfo<'_>) -> Option<f64> {
    let value = field.read(info.bytes())?;
    let none = match field.name {
        "rtt" | "rcv_rtt" => value == 0,
        "min_rtt" => value == u64::from(u32::MAX),
        "pacing_rate" | "max_pacing_rate" => value == u64::MAX,
        // TCP_INFINITE_SSTHRESH: not yet set by a loss.
        "snd_ssthresh" => value >= 0x7fff_ffff,
        _ => false,
    };
    (!none).then_some(value as f64)
}

fn of_row(field: &KernelField, row: &SocketRow<'_>) -> Option<f64> {
    measured(field, connection(row)?)
}

/// Every field, by group in display order.
pub static TCP_FIELDS: std::sync::LazyLock<Vec<TcpField>> = std::sync::LazyLock::new(|| {
    let mut fields: Vec<TcpField> = TcpInfo::FIELDS
        .iter()
        .filter_map(|field| {
            Some(TcpField {
                field,
                presentation: field.presentation?,
            })
        })
        .collect();
    fields.sort_by_key(|field| (field.presentation.group, field.presentation.rank));
    fields
});

/// Fields with a main column under another name.
const ELSEWHERE: [&str; 6] = [
    "rtt",
    "total_retrans",
    "bytes_received",
    "bytes_acked",
    "snd_cwnd",
    "options",
];

/// Returns a column for each field without a main column.
pub(super) fn columns() -> impl Iterator<Item = SocketColumn> {
    let fields = TCP_FIELDS.iter();
    fields
        .filter(|row| !ELSEWHERE.contains(&row.field.name))
        .chain(TCP_FIELDS.iter().filter(|row| row.field.name == "options"))
        .map(|row| SocketColumn {
            id: match row.field.name {
                // The socket has its own options and state.
                "options" => "tcp_options",
                "state" => "tcp_state",
                name => name,
            },
            heading: row.field.name,
            about: row.field.about,
            align: Align::Right,
            width: (row.field.name.len() as u16).clamp(8, 12),
            cell: Cell::Field {
                field: row.field,
                value: of_row,
                format: notation::format_of(row.presentation.notation),
                total: row.presentation.total,
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

//! Columns of a limit and its use.

use std::fmt::Write;
use std::sync::LazyLock;

use super::socket::{ends, owner_cell};
use super::sort_key::text_key;
use super::{Column, Kind, SocketRow, SortKey, Total, format, gauge};
use crate::aggregate::{Headroom, LimitScope, LimitUnit, Moment};

/// Tables of limits.
#[derive(Debug)]
pub struct Limits;

type LimitColumn = Column<Limits>;

impl Kind for Limits {
    type Row<'a> = LimitLine<'a>;
}

/// A limit at one moment.
#[derive(Debug, Clone, Copy)]
pub struct LimitLine<'a> {
    /// The moment.
    pub moment: &'a Moment,
    /// The limit.
    pub headroom: &'a Headroom,
}

/// Cells of the gauge.
const GAUGE: usize = 8;

impl LimitLine<'_> {
    fn write_number(&self, value: Option<u64>, out: &mut String) -> Option<()> {
        match self.headroom.limit.unit {
            LimitUnit::Bytes => format::bytes(out, value? as f64),
            _ => format::short_count(out, value?),
        }
        Some(())
    }
}

/// Appends the subject of a limit: `nginx/2211`, `10.0.0.1:443 nginx/2211`, `whole host`; or the reason for
/// a missing value.
fn write_subject(line: &LimitLine<'_>, out: &mut String) -> Option<()> {
    if let Some(missing) = line.headroom.missing {
        out.push_str(missing.name());
        return Some(());
    }
    match line.headroom.scope {
        LimitScope::Host => out.push_str("whole host"),
        LimitScope::Namespace => {}
        // If all have nothing, none is the closest to its limit.
        LimitScope::Listener(_) if line.headroom.limit.value == Some(0) => {}
        LimitScope::Path(source, to) if to.address.is_ipv6() => {
            write!(out, "{source} → [{}]:{}", to.address, to.port).ok()?;
        }
        LimitScope::Path(source, to) => {
            write!(out, "{source} → {}:{}", to.address, to.port).ok()?;
        }
        LimitScope::Address(address) => write!(out, "{address} → any").ok()?,
        LimitScope::Protocol(protocol) => write!(out, "all {} sockets", protocol.name()).ok()?,
        LimitScope::Process(row) => {
            let process = &line.moment.sample.processes.get(row as usize)?.process;
            format::sanitize(out, process.comm.as_bytes());
            write!(out, "/{}", process.key.pid).ok()?;
        }
        LimitScope::Listener(row) => {
            let row = SocketRow::of(line.moment, row as usize)?;
            ends::local(&row, out)?;
            out.push(' ');
            if owner_cell::process(&row, out).is_none() {
                out.pop();
            }
        }
    }
    Some(())
}

/// Every column, the most wanted first.
pub static LIMIT_COLUMNS: LazyLock<Vec<LimitColumn>> = LazyLock::new(|| {
    vec![
        LimitColumn::text(
            ("limit", "LIMIT", 12),
            "Limited resource.",
            |line, out| {
                out.push_str(line.headroom.limit.title);
                Some(())
            },
            |line, _| text_key(line.headroom.limit.title),
        ),
        LimitColumn::text(
            ("gauge", "USED", GAUGE as u16),
            "Share in use, as a gauge.",
            |line, out| {
                gauge(out, line.headroom.share()?, GAUGE);
                Some(())
            },
            |line, _| line.headroom.share().map(SortKey::Number),
        ),
        LimitColumn::figure(
            ("share", "USED%", 7),
            "Share in use.",
            (format::SHARE, Total::Highest),
            |line| line.headroom.share(),
        ),
        LimitColumn::text(
            ("value", "IN USE", 7),
            "Current use.",
            |line, out| line.write_number(line.headroom.limit.value, out),
            |line, _| Some(SortKey::Number(line.headroom.limit.value? as f64)),
        )
        .right_aligned(),
        LimitColumn::text(
            ("most", "MAX", 7),
            "Maximum.",
            |line, out| line.write_number(line.headroom.limit.limit, out),
            |line, _| Some(SortKey::Number(line.headroom.limit.limit? as f64)),
        )
        .right_aligned(),
        LimitColumn::text(
            ("left", "LEFT", 7),
            "Amount left.",
            |line, out| line.write_number(line.headroom.left(), out),
            |line, _| Some(SortKey::Number(line.headroom.left()? as f64)),
        )
        .right_aligned(),
        LimitColumn::text(
            ("whose", "SCOPE", 14),
            "Process or listener closest to its limit, or the whole host; or why the value is unknown.",
            write_subject,
            |line, _| {
                let mut text = String::new();
                write_subject(line, &mut text)?;
                Some(SortKey::Text(text.into()))
            },
        ),
        LimitColumn::text(
            ("about", "AT THE LIMIT", 40),
            "Effect of reaching the limit, and the setting behind it.",
            |line, out| {
                out.push_str(line.headroom.about);
                Some(())
            },
            |line, _| text_key(line.headroom.about),
        ),
    ]
});

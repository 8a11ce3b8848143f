//! Writes counts, limits and counters as text.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::aggregate::{LimitUnit, Moment, Summary};
use crate::column::format;
use crate::model::{Family, State};
use crate::printable::sanitized;

/// Writes the text of the `summary` command.
///
/// # Errors
/// If the writer fails.
pub fn write(moment: &Moment, summary: &Summary, out: &mut impl Write) -> io::Result<()> {
    let mut text = String::new();
    let host = &moment.sample.host;
    let used = summary
        .used
        .unwrap_or(moment.aggregate.totals.sockets.into());
    let (hostname, kernel) = (sanitized(&host.hostname), sanitized(&host.kernel));
    let _ = write!(text, "{hostname} · Linux {kernel} · ");
    format::count(&mut text, used);
    text.push_str(" sockets in use\n\n");
    write_protocols(summary, &mut text);
    text.push('\n');
    write_limits(summary, &mut text);
    let counters: Vec<_> = summary
        .counters
        .iter()
        .filter(|(_, value)| *value != 0)
        .collect();
    if !counters.is_empty() {
        text.push_str("\nSINCE BOOT\n");
        for (name, value) in counters {
            let mut number = String::new();
            format::count(&mut number, value.unsigned_abs());
            let _ = writeln!(text, "{name:<32}{number:>14}");
        }
    }
    out.write_all(text.as_bytes())
}

/// Appends a line for each protocol and family, with a column for each state that occurs.
fn write_protocols(summary: &Summary, text: &mut String) {
    let occurs = |state: &State| {
        summary
            .protocols
            .iter()
            .any(|row| row.states[*state as usize] > 0)
    };
    let states: Vec<State> = State::ALL.into_iter().filter(occurs).collect();
    let _ = write!(text, "{:<11}{:<8}{:>9}", "PROTOCOL", "FAMILY", "TOTAL");
    // Names are ASCII, so bytes are columns.
    let width = |state: &State| 12.max(state.short_name().len() + 2);
    for state in &states {
        let _ = write!(text, "{:>1$}", state.short_name(), width(state));
    }
    text.push('\n');
    for row in &summary.protocols {
        let family = match row.family {
            Family::Inet => "IPv4",
            Family::Inet6 => "IPv6",
            family => family.name(),
        };
        let _ = write!(text, "{:<11}{family:<8}{:>9}", row.protocol, row.total);
        for state in &states {
            let count = row.states[*state as usize];
            let _ = write!(text, "{count:>0$}", width(state));
        }
        text.push('\n');
    }
}

/// Appends a line for each limit: its usage, its value and the share.
fn write_limits(summary: &Summary, text: &mut String) {
    let number = |value: Option<u64>, unit: LimitUnit| {
        let mut out = String::new();
        match (value, unit) {
            (None, _) => out.push_str(format::MISSING),
            (Some(value), LimitUnit::Bytes) => format::bytes(&mut out, value as f64),
            (Some(value), _) => format::count(&mut out, value),
        }
        out
    };
    let _ = writeln!(
        text,
        "{:<24}{:>12}{:>12}{:>10}",
        "LIMIT", "CURRENT", "MAXIMUM", "SHARE"
    );
    for limit in &summary.limits {
        let mut share = String::new();
        match limit.share() {
            Some(value) => format::share(&mut share, value),
            None => share.push_str(format::MISSING),
        }
        let now = number(limit.value, limit.unit);
        let most = number(limit.limit, limit.unit);
        let whose = if limit.of_host { "  whole host" } else { "" };
        // Units are ASCII, so bytes are columns.
        let _ = writeln!(
            text,
            "{:<24}{now:>12}{most:>12}{share:>10}{whose}",
            limit.title
        );
    }
}

//! Columns of a protocol counter.

mod meaning;

use std::sync::LazyLock;

use super::format::Format;
use super::sort_key::text_key;
use super::sparkline::{MINUTE_WIDTH, minute_sparkline};
use super::{Column, Kind, SortKey, Total, format};
use crate::aggregate::{CounterTrend, Moment, is_gauge};
use crate::filter::Unit;

pub use meaning::{Meaning, meaning};

/// Tables of protocol counters.
#[derive(Debug)]
pub struct Counters;

type CounterColumn = Column<Counters>;

impl Kind for Counters {
    type Row<'a> = CounterLine<'a>;
}

/// A counter at one moment.
#[derive(Debug, Clone, Copy)]
pub struct CounterLine<'a> {
    /// Name of the counter in the kernel.
    pub name: &'a str,
    /// Value of the counter.
    pub value: i64,
    /// Trend of the counter.
    pub trend: &'a CounterTrend,
    /// Meaning, if known.
    pub meaning: Option<Meaning>,
}

/// Attention that a counter deserves, the highest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attention {
    /// A counter of problems that grew within the last minute.
    Now,
    /// A counter of problems that grew earlier.
    Before,
    /// A counter of problems that has never grown.
    Never,
    /// Any other counter that grew within the last minute.
    Moving,
    /// Any other counter that did not grow, or whose meaning is unknown.
    None,
}

impl<'a> CounterLine<'a> {
    /// Returns the counter at an index of the list of names.
    pub fn of(moment: &'a Moment, at: usize) -> Option<CounterLine<'a>> {
        let protocols = &moment.sample.counters.protocols;
        let name = protocols.names.get(at)?;
        Some(CounterLine {
            name,
            value: *protocols.values.get(at)?,
            trend: moment.unfiltered().system.counters.get(at)?,
            meaning: meaning(name),
        })
    }

    /// Returns the attention that it deserves.
    pub fn attention(&self) -> Attention {
        let is_problem = self
            .meaning
            .is_some_and(|known| known.severity_rank.is_some());
        match (is_problem, self.trend.grew_ago_ns) {
            (true, Some(_)) => Attention::Now,
            (true, None) if self.value != 0 => Attention::Before,
            (true, None) => Attention::Never,
            (false, Some(_)) => Attention::Moving,
            (false, None) => Attention::None,
        }
    }

    /// Sorts by attention, then by severity; counters of no problem keep the kernel's order.
    fn order(&self) -> f64 {
        let severity_rank = self.meaning.and_then(|known| known.severity_rank);
        f64::from(self.attention() as u8) * 1e6 + f64::from(severity_rank.unwrap_or(0))
    }
}

/// Appends a count that may be negative: `Tcp.MaxConn` is -1.
fn signed(out: &mut String, value: f64) {
    if value < 0.0 {
        out.push('-');
    }
    format::count(out, value.abs() as u64);
}

/// Appends `now`, `8 s`, `earlier` or `never`; nothing for a gauge.
fn grew(line: &CounterLine<'_>, out: &mut String) {
    match line.trend.grew_ago_ns {
        Some(0) => out.push_str("now"),
        Some(ns) => format::short_duration_us(out, (ns as f64 / 1e9).round() * 1e6),
        None if is_gauge(line.name) => {}
        None if line.value == 0 => out.push_str("never"),
        None => out.push_str("earlier"),
    }
}

/// Every column, the most wanted first.
pub static COUNTER_COLUMNS: LazyLock<Vec<CounterColumn>> = LazyLock::new(|| {
    vec![
        CounterColumn::text(
            ("grew", "ACTIVE", 7),
            "Time since it last increased. Sorts problems that grow first, then earlier problems, then all others.",
            |line, out| {
                grew(line, out);
                Some(())
            },
            |line, _| Some(SortKey::Number(line.order())),
        ),
        CounterColumn::text(
            ("name", "COUNTER", 27),
            "Name. Kernel: /proc/net/{snmp,snmp6,netstat,sockstat,sockstat6}.",
            |line, out| {
                format::sanitize(out, line.name.as_bytes());
                Some(())
            },
            |line, _| text_key(line.name),
        ),
        CounterColumn::figure(
            ("value", "VALUE", 11),
            "Value; most counters count from the creation of the network namespace.",
            (Format::new(signed, Unit::Count), Total::None),
            |line| Some(line.value as f64),
        ),
        CounterColumn::figure(
            ("rate", "/s", 8),
            "Growth per second.",
            (format::PER_SECOND, Total::None),
            |line| line.trend.per_s,
        ),
        CounterColumn::text(
            ("minute", "LAST 60", MINUTE_WIDTH as u16),
            "Growth per second over the last 60 samples; values of a gauge. Sorts by the sum.",
            |line, out| {
                minute_sparkline(out, &line.trend.recent, MINUTE_WIDTH);
                Some(())
            },
            |line, _| {
                let known = line.trend.recent.values().flatten();
                known.reduce(|a, b| a + b).map(SortKey::Number)
            },
        ),
        CounterColumn::text(
            ("meaning", "MEANING", 40),
            "Meaning.",
            |line, out| {
                out.push_str(line.meaning?.sentence);
                Some(())
            },
            |line, _| text_key(line.meaning?.sentence),
        ),
    ]
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_that_grows_comes_before_trouble_that_is_over() {
        let trend = |grew_ago_ns| {
            let mut trend = CounterTrend::default();
            trend.grew_ago_ns = grew_ago_ns;
            trend
        };
        let (still, moving) = (trend(None), trend(Some(8_000_000_000)));
        let order = |name: &str, value, trend: &CounterTrend| {
            let meaning = meaning(name);
            let line = CounterLine {
                name,
                value,
                trend,
                meaning,
            };
            let mut text = String::new();
            grew(&line, &mut text);
            (line.order(), text)
        };
        let rows = [
            order("Udp.NoPorts", 3, &moving),
            order("TcpExt.ListenOverflows", 7, &still),
            order("Tcp.RetransSegs", 9, &still),
            order("TcpExt.ListenDrops", 0, &still),
            order("Tcp.InSegs", 70, &moving),
            order("sockstat.TCP.tw", 5, &still),
        ];
        assert!(rows.is_sorted_by(|a, b| a.0 < b.0), "{rows:?}");
        let texts = rows.map(|(_, text)| text);
        assert_eq!(texts, ["8 s", "earlier", "earlier", "never", "8 s", ""]);
        let mut text = String::new();
        signed(&mut text, -1.0);
        assert_eq!(text, "-1");
    }
}

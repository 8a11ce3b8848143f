//! The columns of a protocol counter.

mod meaning;

use std::sync::LazyLock;

use super::format::Format;
use super::sort_key::text_key;
use super::sparkline::{MINUTE_BARS, minute_sparkline};
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
    /// Meaning, if it is known.
    pub meaning: Option<Meaning>,
}

/// Attention that a counter calls for, the most severe first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attention {
    /// The counter means trouble and has grown within the last minute.
    Now,
    /// The counter means trouble and has grown before the last minute.
    Before,
    /// The counter means trouble and has never grown.
    Never,
    /// The counter means no trouble and has grown within the last minute.
    Moving,
    /// The counter means no trouble and has not grown, or its meaning is not known.
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

    /// Attention that it calls for.
    pub fn attention(&self) -> Attention {
        let trouble = self.meaning.is_some_and(|known| known.gravity.is_some());
        match (trouble, self.trend.grew_ago_ns) {
            (true, Some(_)) => Attention::Now,
            (true, None) if self.value != 0 => Attention::Before,
            (true, None) => Attention::Never,
            (false, Some(_)) => Attention::Moving,
            (false, None) => Attention::None,
        }
    }

    /// By attention, then by gravity; what means no trouble stays as the kernel has it.
    fn order(&self) -> f64 {
        let gravity = self.meaning.and_then(|known| known.gravity);
        f64::from(self.attention() as u8) * 1e6 + f64::from(gravity.unwrap_or(0))
    }
}

/// A count that may be negative: `Tcp.MaxConn` is -1.
fn signed(out: &mut String, value: f64) {
    if value < 0.0 {
        out.push('-');
    }
    format::count(out, value.abs() as u64);
}

/// `now`, `8 s`, `before`, `never`; nothing for what is no counter.
fn grew(line: &CounterLine<'_>, out: &mut String) {
    match line.trend.grew_ago_ns {
        Some(0) => out.push_str("now"),
        Some(ns) => format::short_duration_us(out, (ns as f64 / 1e9).round() * 1e6),
        None if is_gauge(line.name) => {}
        None if line.value == 0 => out.push_str("never"),
        None => out.push_str("before"),
    }
}

/// Every column, in the order in which a person would ask for them.
pub static COUNTER_COLUMNS: LazyLock<Vec<CounterColumn>> = LazyLock::new(|| {
    vec![
        CounterColumn::text(
            ("grew", "GREW", 7),
            "How long ago it grew. Sorts by what calls for attention: trouble that grows, trouble of before, all others.",
            |line, out| {
                grew(line, out);
                Some(())
            },
            |line, _| Some(SortKey::Number(line.order())),
        ),
        CounterColumn::text(
            ("name", "COUNTER", 27),
            "Its name. Kernel: /proc/net/{snmp,snmp6,netstat,sockstat,sockstat6}.",
            |line, out| {
                format::sanitize(out, line.name.as_bytes());
                Some(())
            },
            |line, _| text_key(line.name),
        ),
        CounterColumn::figure(
            ("value", "VALUE", 11),
            "Its value; of most counters since the network namespace was made.",
            (Format::new(signed, Unit::Count), Total::None),
            |line| Some(line.value as f64),
        ),
        CounterColumn::figure(
            ("rate", "/s", 8),
            "By how much it grows per second.",
            (format::PER_SECOND, Total::None),
            |line| line.trend.per_s,
        ),
        CounterColumn::text(
            ("minute", "LAST 60", MINUTE_BARS as u16),
            "Growth per second, the last 60 samples; of what is no counter its values. Sorts by its sum.",
            |line, out| {
                minute_sparkline(out, &line.trend.recent, MINUTE_BARS);
                Some(())
            },
            |line, _| {
                let known = line.trend.recent.values().flatten();
                known.reduce(|a, b| a + b).map(SortKey::Number)
            },
        ),
        CounterColumn::text(
            ("meaning", "MEANS", 40),
            "What it means.",
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
        assert_eq!(texts, ["8 s", "before", "before", "never", "8 s", ""]);
        let mut text = String::new();
        signed(&mut text, -1.0);
        assert_eq!(text, "-1");
    }
}

//! The line with the sockets in use, and the summaries of tables that do not fit.

use crate::aggregate::Moment;
use crate::column::{INTERFACE_COLUMNS, InterfaceLine, KNOWN, format};
use crate::model::Settings;
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::widget::pieces::{self, Piece};

/// The unit of a number of sockstat.
#[derive(Clone, Copy)]
enum SockstatUnit {
    Count,
    /// Pages, shown as bytes.
    Pages,
    Bytes,
}

/// The numbers of sockstat: heading (empty if it belongs to the one before), counter, unit, suffix.
const SOCKSTAT: [(&str, &str, SockstatUnit, &str); 14] = [
    ("sockets", "sockstat.sockets.used", SockstatUnit::Count, ""),
    ("TCP", "sockstat.TCP.inuse", SockstatUnit::Count, " in use"),
    ("", "sockstat.TCP.tw", SockstatUnit::Count, " TIME-WAIT"),
    ("", "sockstat.TCP.orphan", SockstatUnit::Count, " orphaned"),
    ("", "sockstat.TCP.alloc", SockstatUnit::Count, " allocated"),
    ("", "sockstat.TCP.mem", SockstatUnit::Pages, ""),
    ("UDP", "sockstat.UDP.inuse", SockstatUnit::Count, ""),
    ("", "sockstat.UDP.mem", SockstatUnit::Pages, ""),
    ("TCP6", "sockstat6.TCP6.inuse", SockstatUnit::Count, ""),
    ("UDP6", "sockstat6.UDP6.inuse", SockstatUnit::Count, ""),
    ("RAW", "sockstat.RAW.inuse", SockstatUnit::Count, ""),
    ("RAW6", "sockstat6.RAW6.inuse", SockstatUnit::Count, ""),
    ("fragments", "sockstat.FRAG.inuse", SockstatUnit::Count, ""),
    ("", "sockstat.FRAG.memory", SockstatUnit::Bytes, ""),
];

/// The numbers that count the whole host in each network namespace, with their headings. Kernel: `sockstat_seq_show`.
const OF_HOST: [(&str, &str); 4] = [
    ("sockstat.TCP.orphan", "whole host: TCP"),
    ("sockstat.TCP.alloc", ""),
    ("sockstat.TCP.mem", ""),
    ("sockstat.UDP.mem", "UDP"),
];

/// The numbers with their headings: if there are several network namespaces, those of the whole host come last and apart.
fn numbers(
    is_one_of_several: bool,
) -> impl Iterator<Item = (&'static str, &'static str, SockstatUnit, &'static str)> {
    let heading = |name: &str| OF_HOST.iter().find(|(of_host, _)| *of_host == name);
    let own = SOCKSTAT.into_iter();
    let own = own.filter(move |(_, name, ..)| !is_one_of_several || heading(name).is_none());
    let of_host = SOCKSTAT.into_iter().filter(move |_| is_one_of_several);
    let of_host = of_host.filter_map(move |(_, name, form, about)| {
        let (_, heading) = heading(name)?;
        Some((*heading, name, form, about))
    });
    own.chain(of_host)
}

/// The sockets in use, as many numbers as fit, after the network namespace `of` in which they are, if there are several.
pub(super) fn line(moment: &Moment, of: &str, width: u16) -> Vec<Piece> {
    let counters = &moment.sample.counters.protocols;
    let page = moment.sample.settings.number(Settings::PAGE_SIZE, 0);
    let mut line: Vec<Piece> = vec![(" ".to_owned(), Tone::Plain)];
    if !of.is_empty() {
        line.push((format!("{of}: "), Tone::Strong));
    }
    let mut is_first = true;
    for (heading, name, form, about) in numbers(!of.is_empty()) {
        let value = counters
            .get(name)
            .and_then(|value| u64::try_from(value).ok());
        let bytes = |value: Option<u64>| {
            format::format_or_missing(value.map(|it| it as f64), format::bytes)
        };
        let text = match form {
            SockstatUnit::Count => {
                format::format_or_missing(value.map(|it| it as f64), format::grouped_count)
            }
            SockstatUnit::Pages => bytes(value.and_then(|pages| pages.checked_mul(page?))),
            SockstatUnit::Bytes => bytes(value),
        };
        let mut pieces: Vec<Piece> = Vec::new();
        if heading.is_empty() {
            pieces.push((" · ".to_owned(), Tone::Muted));
        } else {
            let gap = if is_first { "" } else { "   " };
            is_first = false;
            pieces.push((format!("{gap}{heading} "), Tone::Muted));
        }
        pieces.push((text, Tone::Strong));
        pieces.push((about.to_owned(), Tone::Muted));
        if pieces::width(&line) + pieces::width(&pieces) >= width {
            break;
        }
        line.extend(pieces);
    }
    line
}

/// The line while a search is active.
pub(super) fn search_line(search: &str) -> Vec<Piece> {
    let shown = text::sanitized(search);
    vec![
        (" search: ".to_owned(), Tone::Muted),
        (shown, Tone::Strong),
        ("   Esc clears it".to_owned(), Tone::Muted),
    ]
}

/// The busiest device, loopback only if there is no other: `eth0 up ↓ 31.0 MB/s ↑ 7.90 MB/s`.
pub(super) fn interfaces_summary(moment: &Moment) -> String {
    let count = moment.sample.counters.interfaces.len();
    let lines = (0..count).filter_map(|at| InterfaceLine::of(moment, at));
    let busiest = lines.max_by(|a, b| {
        let weight = |line: &InterfaceLine<'_>| {
            let trend = line.trend;
            let rate = trend.received_bytes.zip(trend.sent_bytes);
            let is_up = line.device.is_some_and(|device| device.state() == "up");
            let rate = rate.map_or(0.0, |(received, sent)| received + sent);
            (line.interface.name != "lo", rate, is_up)
        };
        // Of equal devices the first.
        let (a, b) = (weight(a), weight(b));
        let order = a.0.cmp(&b.0).then(a.1.total_cmp(&b.1));
        order.then(a.2.cmp(&b.2)).then(std::cmp::Ordering::Greater)
    });
    let Some(line) = busiest else {
        return "none".to_owned();
    };
    let mut out = String::new();
    for (id, before) in [
        ("name", ""),
        ("state", " "),
        ("received_rate", " ↓ "),
        ("sent_rate", " ↑ "),
        ("addresses", "  "),
    ] {
        if let Some(column) = INTERFACE_COLUMNS.iter().find(|column| column.id == id) {
            out.push_str(before);
            column.write(&line, &mut out);
        }
    }
    out
}

/// The most important settings.
pub(super) fn settings_summary(moment: &Moment) -> String {
    let all = &moment.sample.settings;
    let mut out = String::new();
    for (name, short) in [
        ("net.ipv4.tcp_tw_reuse", "tw_reuse"),
        ("net.ipv4.tcp_syncookies", "syncookies"),
        ("net.ipv4.tcp_keepalive_time", "keepalive"),
        ("net.core.somaxconn", "somaxconn"),
    ] {
        let known = KNOWN.iter().find(|known| known.name == name);
        let gap = if out.is_empty() { "" } else { " · " };
        out.push_str(gap);
        out.push_str(short);
        out.push(' ');
        match (known, all.get(name)) {
            (Some(known), Some(text)) => known.write(text, all, &mut out),
            _ => out.push_str(format::MISSING),
        }
    }
    out
}

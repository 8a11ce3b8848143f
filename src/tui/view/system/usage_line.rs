//! What is in use, in a line: sockets, and the essence of tables for which there is no room.

use crate::aggregate::Moment;
use crate::column::{INTERFACE_COLUMNS, InterfaceLine, KNOWN, format};
use crate::model::Settings;
use crate::tui::theme::Tone;
use crate::tui::widget::pieces::{self, Piece};

/// How a number of sockstat reads.
#[derive(Clone, Copy)]
enum Form {
    Count,
    /// Pages, as bytes.
    Pages,
    Bytes,
}

/// What sockstat tells: a heading, or nothing if it goes with the number before; what is counted.
const SOCKSTAT: [(&str, &str, Form, &str); 14] = [
    ("sockets", "sockstat.sockets.used", Form::Count, ""),
    ("TCP", "sockstat.TCP.inuse", Form::Count, " in use"),
    ("", "sockstat.TCP.tw", Form::Count, " TIME-WAIT"),
    ("", "sockstat.TCP.orphan", Form::Count, " orphaned"),
    ("", "sockstat.TCP.alloc", Form::Count, " allocated"),
    ("", "sockstat.TCP.mem", Form::Pages, ""),
    ("UDP", "sockstat.UDP.inuse", Form::Count, ""),
    ("", "sockstat.UDP.mem", Form::Pages, ""),
    ("TCP6", "sockstat6.TCP6.inuse", Form::Count, ""),
    ("UDP6", "sockstat6.UDP6.inuse", Form::Count, ""),
    ("RAW", "sockstat.RAW.inuse", Form::Count, ""),
    ("RAW6", "sockstat6.RAW6.inuse", Form::Count, ""),
    ("fragments", "sockstat.FRAG.inuse", Form::Count, ""),
    ("", "sockstat.FRAG.memory", Form::Bytes, ""),
];

/// Sockets in use, as many pieces as fit.
pub(super) fn line(moment: &Moment, width: u16) -> Vec<Piece> {
    let counters = &moment.sample.counters.protocols;
    let page = moment.sample.settings.number(Settings::PAGE_SIZE, 0);
    let mut line: Vec<Piece> = vec![(" ".to_owned(), Tone::Plain)];
    for (heading, name, form, about) in SOCKSTAT {
        let value = counters
            .get(name)
            .and_then(|value| u64::try_from(value).ok());
        let bytes = |value: Option<u64>| format::known(value.map(|it| it as f64), format::bytes);
        let text = match form {
            Form::Count => format::known(value.map(|it| it as f64), format::whole),
            Form::Pages => bytes(value.and_then(|pages| pages.checked_mul(page?))),
            Form::Bytes => bytes(value),
        };
        let mut pieces: Vec<Piece> = Vec::new();
        if heading.is_empty() {
            pieces.push((" · ".to_owned(), Tone::Muted));
        } else {
            let gap = if line.len() > 1 { "   " } else { "" };
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

/// What is looked for.
pub(super) fn searched(search: &str) -> Vec<Piece> {
    let mut shown = String::new();
    format::sanitize(&mut shown, search.as_bytes());
    vec![
        (" looked for: ".to_owned(), Tone::Muted),
        (shown, Tone::Strong),
        ("   Esc shows all".to_owned(), Tone::Muted),
    ]
}

/// The device that moves the most, loopback only if there is no other: `eth0 up ↓ 31.0 MB/s ↑ 7.90 MB/s`.
pub(super) fn interfaces(moment: &Moment) -> String {
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
        // Of equal ones the first.
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

/// The settings that are asked for most.
pub(super) fn settings(moment: &Moment) -> String {
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

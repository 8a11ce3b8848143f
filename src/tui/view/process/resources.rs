//! The resources of a process: descriptors, listeners, and the peers of its unix sockets.

use crate::aggregate::{Moment, ProcessTotals};
use crate::column::{ListenerLine, ProcessLine, SocketColumn, format, gauge};
use crate::model::{DescriptorKind, ProcessKey, ProcessRow, UnlistedSockets};
use crate::tui::page::UnixPeers;
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::value_tones::{limit_tone, queue_tone};
use crate::tui::widget::pieces::Piece;

/// The width of the gauge of descriptors.
const GAUGE: usize = 10;

/// The descriptors of the process against their limit, by kind.
pub(super) fn descriptors(
    row: &ProcessRow,
    totals: &ProcessTotals,
    moment: &Moment,
) -> Vec<Vec<Piece>> {
    let line = ProcessLine {
        process: row,
        sample: &moment.sample,
        totals,
        age_us: moment.sample.age_us(&row.process),
        note: None,
    };
    let formatted = |count: Option<f64>| format::format_or_missing(count, format::grouped_count);
    let mut first = vec![
        ("descriptors ".to_owned(), Tone::Muted),
        (formatted(row.descriptors.map(f64::from)), Tone::Strong),
    ];
    if let (Some(share), Some(limit)) = (line.descriptors_share(), row.process.descriptor_limit) {
        let mut bars = String::new();
        gauge(&mut bars, share, GAUGE);
        first.push((
            format!(" of {} ", formatted(Some(limit as f64))),
            Tone::Plain,
        ));
        first.push((
            format!(
                "{bars} {}",
                format::format_or_missing(Some(share), format::share)
            ),
            limit_tone(Some(share)),
        ));
    }
    first.push(("   ".to_owned(), Tone::Plain));
    let mut groups = vec![first];
    if let Some(kinds) = row.kinds {
        for kind in DescriptorKind::ALL {
            groups.push(vec![
                (format!("{} ", kind.name()), Tone::Muted),
                (
                    format!("{}  ", formatted(Some(kinds[kind as usize].into()))),
                    Tone::Plain,
                ),
            ]);
        }
    }
    if let Some(protocols) = row.unlisted.as_ref().filter(|all| !all.is_empty()) {
        groups.push(vec![
            ("in no socket table ".to_owned(), Tone::Muted),
            (format!("{}  ", unlisted(protocols)), Tone::Warning),
        ]);
    }
    groups
}

/// Numbers of sockets by protocol: `400 TCP, 2 UDP`.
fn unlisted(protocols: &[UnlistedSockets]) -> String {
    let counts = protocols.iter().map(|each| {
        let count = format::format_or_missing(Some(each.sockets.into()), format::grouped_count);
        format!("{count} {}", text::sanitized(&each.protocol))
    });
    counts.collect::<Vec<_>>().join(", ")
}

/// The listeners of the process with their accept queues, the fullest first.
pub(super) fn listeners(moment: &Moment, process: u32) -> Vec<Vec<Piece>> {
    let mut lines: Vec<(f64, Vec<Piece>)> = Vec::new();
    for at in 0..moment.aggregate.listeners.len() {
        let Some(line) = ListenerLine::of(moment, at) else {
            continue;
        };
        let holders = line.socket.socket.holders();
        if !holders.iter().any(|holder| holder.process == process) {
            continue;
        }
        let mut local = String::new();
        if let Some(column) = SocketColumn::by_id("local") {
            column.write(&line.socket, &mut local);
        }
        let queue = line.totals.queue();
        let tone = queue_tone(queue);
        let pieces = vec![
            (text::cut_middle(&local, 40).into_owned(), Tone::Strong),
            (format!(" {}/{}   ", queue.waiting, queue.backlog), tone),
        ];
        lines.push((queue.fill(), pieces));
    }
    lines.sort_by(|a, b| b.0.total_cmp(&a.0));
    lines.into_iter().map(|(_, pieces)| pieces).collect()
}

/// The processes at the other ends of its unix sockets with the number of sockets.
pub(super) fn unix_peers(peers: &UnixPeers) -> Vec<Vec<Piece>> {
    let item = |(key, comm, count): &(ProcessKey, String, u32)| {
        let name = text::sanitized(comm);
        vec![
            (format!("{name}/{}", key.pid), Tone::Strong),
            (format!(" ×{count}   "), Tone::Plain),
        ]
    };
    peers.processes.iter().map(item).collect()
}

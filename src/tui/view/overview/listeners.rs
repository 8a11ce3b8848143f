//! The listeners whose accept queues are the fullest.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::{top, write_lines};
use crate::aggregate::{ListenerTotals, Moment};
use crate::column::{SocketColumn, SocketRow};
use crate::tui::Look;
use crate::tui::lists::{cut_owner, queue_tone};
use crate::tui::text;
use crate::tui::theme::Tone;

/// Bars of the gauge of an accept queue.
const GAUGE: usize = 10;

/// From which width on there is room for it.
const ROOM_FOR_GAUGE: u16 = 50;

/// Columns of an accept queue and its limit.
const QUEUE: usize = 9;

/// Listeners by the fill of their accept queue, then by what they dropped.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, look: &Look, moment: &Moment) {
    if area.height == 0 {
        return;
    }
    let fill = |row: &ListenerTotals| f64::from(row.accept_queue) / f64::from(row.backlog.max(1));
    let rank = |a: &ListenerTotals, b: &ListenerTotals| {
        fill(b)
            .total_cmp(&fill(a))
            .then(b.drops.cmp(&a.drops))
            .then(a.row.cmp(&b.row))
    };
    let local = SocketColumn::by_id("local");
    let process = SocketColumn::by_id("process");
    let mut lines = Vec::new();
    for listener in top(&moment.aggregate.listeners, area.height.into(), rank) {
        let Some(socket) = moment.sample.socket(listener.row as usize) else {
            continue;
        };
        let row = SocketRow {
            socket,
            rates: None,
        };
        let cell = |column: Option<&SocketColumn>, width: usize| {
            let mut text = String::new();
            if let Some(column) = column {
                column.write(&row, &mut text);
            }
            let cut = match column {
                Some(column) if column.id == "process" => cut_owner(&row, &text, width),
                _ => text::cut_middle(&text, width),
            };
            let pad = " ".repeat(width - text::width(&cut));
            cut.into_owned() + &pad
        };
        let has_gauge = area.width >= ROOM_FOR_GAUGE;
        let gauge_width = if has_gauge { GAUGE + 1 } else { 0 };
        // One column before each of the three texts.
        let room = usize::from(area.width).saturating_sub(3 + QUEUE + gauge_width);
        let first = room.div_ceil(2);
        let mut line = vec![
            (format!(" {}", cell(local, first)), Tone::Plain),
            (format!(" {}", cell(process, room - first)), Tone::Plain),
        ];
        let tone = queue_tone(listener.accept_queue, listener.backlog);
        let queue = format!("{}/{}", listener.accept_queue, listener.backlog);
        let filled = (fill(listener) * GAUGE as f64)
            .ceil()
            .clamp(0.0, GAUGE as f64) as usize;
        let gauge = "█".repeat(filled) + &"·".repeat(GAUGE - filled);
        line.push((format!(" {queue:>QUEUE$}"), tone));
        if has_gauge {
            line.push((format!(" {gauge}"), tone));
        }
        lines.push(line);
    }
    if lines.is_empty() {
        lines.push(vec![(" nobody listens".to_owned(), Tone::Muted)]);
    }
    write_lines(frame, area, look, &lines);
}

//! The screen of a terminal that is too small: totals and the size needed, centered, down to a single cell.
//!
//! ```text
//!     12 431 sockets
//!  ↓ 41.2 MB/s ↑ 8.1 MB/s
//!  minimum size 40×10
//!       q quit
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::column::format;
use crate::tui::state::State;
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::widget::pieces;

/// Draws as many lines as fit.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &State, smallest: (u16, u16)) {
    let mut lines = Vec::new();
    lines.push((
        format!("minimum size {}×{}", smallest.0, smallest.1),
        Tone::Warning,
    ));
    lines.push(("q quit".to_owned(), Tone::Key));
    if let Some(moment) = state.moment.as_deref() {
        let mut sockets = String::new();
        format::count(&mut sockets, moment.aggregate.totals.sockets.into());
        lines.insert(0, (format!("{sockets} sockets"), Tone::Strong));
        let throughput = moment.aggregate.throughput;
        for (at, (arrow, rate)) in [("↓", throughput.received), ("↑", throughput.sent)]
            .into_iter()
            .enumerate()
        {
            let mut text = format!("{arrow} ");
            match rate {
                Some(rate) => format::rate(&mut text, rate),
                None => text.push_str(format::MISSING),
            }
            lines.insert(at + 1, (text, Tone::Plain));
        }
    }
    // Drops the least important first: rates, then the others from the end.
    while lines.len() > usize::from(area.height) && lines.len() > 1 {
        let rate = lines.iter().rposition(|(_, tone)| *tone == Tone::Plain);
        lines.remove(rate.unwrap_or(lines.len() - 1));
    }
    let top = area.y + (area.height - lines.len().min(usize::from(area.height)) as u16) / 2;
    for (y, (line, tone)) in (top..area.bottom()).zip(lines) {
        let spare = usize::from(area.width).saturating_sub(text::width(&line)) / 2;
        let place = Rect {
            x: area.x + spare as u16,
            y,
            width: area.width - spare as u16,
            height: 1,
        };
        pieces::write(
            frame.buffer_mut(),
            place,
            &state.appearance,
            &[(line, tone)],
        );
    }
}

//! How often connections open and close, over time.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::aggregate::{ChangeRates, Moment};
use crate::column::format;
use crate::tui::look::Look;
use crate::tui::theme::Tone;
use crate::tui::view::chart::Timeline;
use crate::tui::view::panel::{Piece, write_lines};

/// Columns before the bars: name, rate, highest.
const TEXT: u16 = 40;

/// Columns of the bars in such a width.
pub(super) fn bars(width: u16) -> u16 {
    width.saturating_sub(TEXT + 1)
}

/// Draws a line for each kind of change.
pub(super) fn render(
    frame: &mut Frame<'_>,
    area: Rect,
    look: &Look,
    moment: &Moment,
    timeline: &Timeline<'_>,
) {
    let room = usize::from(bars(area.width));
    let rates = [
        (
            "opened",
            (|changes| changes.opened) as fn(ChangeRates) -> f64,
        ),
        ("closed", |changes| changes.closed),
        ("to TIME-WAIT", |changes| changes.time_wait),
    ];
    let lines = rates.map(|(what, of)| {
        let values = timeline.values(|point| point.changes.map(of));
        let values = &values[values.len().saturating_sub(room)..];
        let highest = format::highest(values);
        let now = moment.aggregate.changes.map(of);
        let mut spark = String::new();
        let blank = std::iter::repeat_n(None, room.saturating_sub(values.len()));
        format::spark(
            &mut spark,
            blank.chain(values.iter().copied()),
            highest.unwrap_or(0.0),
        );
        let line: Vec<Piece> = vec![
            (format!(" {what:<12}"), Tone::Muted),
            (
                format!(" {:>8}", format::known(now, format::per_second)),
                Tone::Strong,
            ),
            (
                format!(
                    "  highest {:>7} ",
                    format::known(highest, format::per_second)
                ),
                Tone::Muted,
            ),
            (spark, Tone::Plain),
        ];
        line
    });
    write_lines(frame, area, look, &lines);
}

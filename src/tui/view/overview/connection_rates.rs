//! The rates at which TCP connections open, close and enter TIME-WAIT, with their history.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::aggregate::{ChangeRates, Moment};
use crate::column::braille::{Shape, round_up};
use crate::column::format;
use crate::column::sparkline::{highest, sparkline};
use crate::tui::appearance::Appearance;
use crate::tui::theme::Tone;
use crate::tui::widget::history_axis::HistoryAxis;
use crate::tui::widget::pieces::{Piece, write_lines};

/// Width of the text before a curve: name, rate, highest.
const TEXT_WIDTH: u16 = 40;

/// The columns of a curve, given the width of the section.
pub(super) fn curve_columns(width: u16) -> u16 {
    width.saturating_sub(TEXT_WIDTH + 1)
}

/// Draws a line for each kind of change.
pub(super) fn render(
    frame: &mut Frame<'_>,
    area: Rect,
    appearance: &Appearance,
    moment: &Moment,
    axis: &HistoryAxis<'_>,
) {
    let rates = [
        (
            "opened",
            (|changes| changes.opened) as fn(ChangeRates) -> f64,
        ),
        ("closed", |changes| changes.closed),
        ("to TIME-WAIT", |changes| changes.time_wait),
    ];
    let lines = rates.map(|(what, of)| {
        let values = axis.values(|point| point.changes.map(of));
        let highest = highest(&values);
        let mut curve = String::new();
        let max = round_up(highest.unwrap_or(0.0));
        sparkline(&mut curve, &values, max, Shape::Line);
        let now = moment.aggregate.changes.map(of);
        let line: Vec<Piece> = vec![
            (format!(" {what:<12}"), Tone::Muted),
            (
                format!(" {:>8}", format::format_or_missing(now, format::per_second)),
                Tone::Strong,
            ),
            (
                format!(
                    "      max {:>7} ",
                    format::format_or_missing(highest, format::per_second)
                ),
                Tone::Muted,
            ),
            (curve, Tone::Plain),
        ];
        line
    });
    write_lines(frame, area, appearance, &lines);
}

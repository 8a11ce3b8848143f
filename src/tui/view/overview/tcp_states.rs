//! The number of sockets in each TCP state, with its history.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::aggregate::{HistoryPoint, Moment};
use crate::column::braille::{Shape, round_up};
use crate::column::format;
use crate::column::sparkline::{highest, sparkline};
use crate::model::State as Tcp;
use crate::tui::appearance::Appearance;
use crate::tui::state_chips::STATES;
use crate::tui::theme::Tone;
use crate::tui::value_tones::state_tone;
use crate::tui::widget::history_axis::HistoryAxis;
use crate::tui::widget::pieces::{right_aligned_bound, write_lines};

/// Width of the text before a curve: name, count, gaps.
const TEXT_WIDTH: u16 = 23;

/// Width of the highest value behind a curve.
const HIGHEST_WIDTH: u16 = 12;

/// Minimum width with the highest values.
const WIDE: u16 = 46;

/// Returns the columns of the curves, given the width of the section.
pub(super) fn curve_columns(width: u16) -> u16 {
    let highest = if width < WIDE { 0 } else { HIGHEST_WIDTH };
    width.saturating_sub(TEXT_WIDTH + highest + 1)
}

/// Draws TCP states with their history, then UDP and unix sockets.
pub(super) fn render(
    frame: &mut Frame<'_>,
    area: Rect,
    appearance: &Appearance,
    moment: &Moment,
    axis: &HistoryAxis<'_>,
) {
    let totals = &moment.aggregate.totals;
    let is_preview = moment.sample.preview.is_some();
    let has_highest = area.width >= WIDE;
    let line = |name: &str, value: u32, tone: Tone, of: &dyn Fn(&HistoryPoint) -> u32| {
        let tone = if value == 0 { Tone::Muted } else { tone };
        let values = axis.values(|point| Some(f64::from(of(point))));
        let max = highest(&values).unwrap_or(0.0);
        let mut curve = String::new();
        sparkline(&mut curve, &values, round_up(max), Shape::Line);
        let mut line = vec![
            (format!(" {name:<12}"), tone),
            (
                format!("{}  ", right_aligned_bound(value, 8, is_preview)),
                if value == 0 {
                    Tone::Muted
                } else {
                    Tone::Strong
                },
            ),
            (curve, tone),
        ];
        if has_highest && max > 0.0 {
            let max = format::format_or_missing(Some(max), format::grouped_count);
            line.push((format!(" max {max:>7}"), Tone::Muted));
        }
        line
    };
    let mut lines = Vec::new();
    for state in STATES {
        if state == Tcp::Closed && totals.tcp_in(state) == 0 {
            continue;
        }
        lines.push(line(
            state.short_name(),
            totals.tcp_in(state),
            state_tone(state),
            &|point| point.tcp[state as usize],
        ));
    }
    // UDP and unix sockets always have the last two lines.
    let room = usize::from(area.height);
    lines.truncate(room.saturating_sub(2).max(1));
    let tone = Tone::Plain;
    lines.push(line("UDP", totals.udp, tone, &|point| point.udp));
    lines.push(line("UNIX", totals.unix, tone, &|point| point.unix));
    write_lines(frame, area, appearance, &lines);
}

//! The strip below the header: states and rates of the whole machine, on every screen.
//!
//! ```text
//!  ESTAB  9 120 ▂▃▅▆▆  TIME-WAIT  3 004 ▁▁▃▆█  +212/s  CLOSE-WAIT     17 ▁▁▂▃▃
//!  ↓ 41.2 MB/s  ↑ 8.10 MB/s  opened   120/s  closed   118/s  SYN-RECV      2
//! ```
//!
//! Each segment keeps its width. A narrow terminal has two lines, a wide one has one.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::aggregate::{HistoryPoint, Moment};
use crate::column::format::{self, MISSING};
use crate::model::State as Tcp;
use crate::tui::state::State;
use crate::tui::theme::Tone;
use crate::tui::value_tones::state_tone;
use crate::tui::widget::pieces::{self, Piece, right_aligned_bound};
use crate::tui::widget::sparkline::sparkline;

/// Width of the sparkline of a state.
const TREND_COLUMNS: usize = 5;

/// Width of a count: up to 999 999.
const COUNT_WIDTH: usize = 7;

/// Seconds over which growth is measured: a few samples, so that it neither jumps nor lags.
const GROWTH_SECONDS: f64 = 10.0;

/// Width of all segments in one line, with the gaps between them.
const ONE_LINE_WIDTH: u16 = 194;

/// Gap between segments.
const GAP: u16 = 2;

/// The height of the strip at a width, lines.
pub(super) fn lines(width: u16) -> u16 {
    if width >= ONE_LINE_WIDTH { 1 } else { 2 }
}

/// Draws the strip.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let Some(moment) = state.moment.as_deref() else {
        return;
    };
    let right = area.right();
    let (mut x, mut y) = (area.x + 1, area.y);
    for pieces in segments(moment) {
        let width = pieces::width(&pieces);
        if x + width > right && x > area.x + 1 {
            x = area.x + 1;
            y += 1;
        }
        if y >= area.bottom() {
            return;
        }
        let place = Rect {
            x,
            y,
            width: right.saturating_sub(x),
            height: 1,
        };
        pieces::write(frame.buffer_mut(), place, &state.appearance, &pieces);
        x += width + GAP;
    }
}

/// The segments, the most important first.
fn segments(moment: &Moment) -> Vec<Vec<Piece>> {
    let aggregate = &moment.aggregate;
    let totals = &aggregate.totals;
    let is_preview = moment.sample.preview.is_some();
    let mut segments = Vec::new();
    for tcp in [Tcp::Established, Tcp::TimeWait, Tcp::CloseWait] {
        let mut pieces = vec![
            (
                format!("{} ", tcp.short_name()),
                name_tone(totals.tcp_in(tcp), state_tone(tcp)),
            ),
            (
                right_aligned_bound(totals.tcp_in(tcp), COUNT_WIDTH, is_preview) + " ",
                Tone::Strong,
            ),
        ];
        pieces.push((trend(moment, |point| point.tcp[tcp as usize]), Tone::Plain));
        if tcp == Tcp::TimeWait {
            pieces.push((
                growth_text(aggregate.history.growth(tcp, GROWTH_SECONDS)),
                Tone::Plain,
            ));
        }
        segments.push(pieces);
    }
    let throughput = aggregate.throughput;
    for (arrow, rate) in [("↓", throughput.received), ("↑", throughput.sent)] {
        let text = format::format_or_missing(rate, format::rate);
        segments.push(vec![(format!("{arrow} {text:>9}"), Tone::Strong)]);
    }
    let changes = aggregate.changes;
    for (what, rate) in [
        ("opened", changes.map(|changes| changes.opened)),
        ("closed", changes.map(|changes| changes.closed)),
    ] {
        let text = format::format_or_missing(rate, format::per_second);
        segments.push(vec![
            (format!("{what} "), Tone::Muted),
            (format!("{text:>8}"), Tone::Plain),
        ]);
    }
    for (name, count, tone) in [
        ("SYN-RECV", totals.tcp_in(Tcp::SynRecv), Tone::Notice),
        ("LISTEN", totals.tcp_in(Tcp::Listen), Tone::Notice),
        ("UDP", totals.udp, Tone::Plain),
        ("UNIX", totals.unix, Tone::Plain),
    ] {
        let digits = if name == "UNIX" { COUNT_WIDTH } else { 5 };
        segments.push(vec![
            (format!("{name} "), name_tone(count, tone)),
            (right_aligned_bound(count, digits, is_preview), Tone::Strong),
        ]);
    }
    segments
}

/// The tone of a name: muted if there are none.
fn name_tone(count: u32, tone: Tone) -> Tone {
    if count == 0 { Tone::Muted } else { tone }
}

/// The last samples as a sparkline.
fn trend(moment: &Moment, of: impl Fn(&HistoryPoint) -> u32) -> String {
    let points = moment.aggregate.history.points();
    let skip = points.len().saturating_sub(TREND_COLUMNS);
    let counts = points.skip(skip).map(|point| Some(f64::from(of(point))));
    let values: Vec<Option<f64>> = counts.collect();
    sparkline(&values, TREND_COLUMNS)
}

/// A growth rate such as ` +212/s`, in eight columns.
fn growth_text(per_second: Option<f64>) -> String {
    let text = match per_second {
        None => MISSING.to_owned(),
        Some(value) => {
            let mut text = String::from(if value < 0.0 { "-" } else { "+" });
            format::per_second(&mut text, value.abs());
            text
        }
    };
    format!("{text:>8}")
}

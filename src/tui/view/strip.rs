//! The strip: states and rates of the whole machine, on every screen.
//!
//! ```text
//!  ESTAB  9 120 ▂▃▅▆▆  TIME-WAIT  3 004 ▁▁▃▆█  +212/s  CLOSE-WAIT     17 ▁▁▂▃▃
//!  ↓ 41.2 MB/s  ↑ 8.10 MB/s  opened   120/s  closed   118/s  SYN-RECV      2
//! ```
//!
//! Each piece keeps its width. A narrow terminal has two lines of it, a wide one has all in one.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::panel::{self, Piece};
use crate::aggregate::{HistoryPoint, Moment};
use crate::column::format::{self, MISSING};
use crate::model::State as Tcp;
use crate::tui::state::State;
use crate::tui::theme::Tone;
use crate::tui::tones::state_tone;

/// Bars of each state's line.
const BARS: usize = 5;

/// Columns of a count: up to 999 999.
const COUNT: usize = 7;

/// Seconds over which growth is told: a few samples, so that it neither jumps nor lags.
const GROWTH_SECONDS: f64 = 10.0;

/// Columns of all pieces in one line, with the room between them.
const ALL: u16 = 194;

/// Room between pieces.
const GAP: u16 = 2;

/// Lines that the strip takes.
pub(super) fn lines(width: u16) -> u16 {
    if width >= ALL { 1 } else { 2 }
}

/// Draws the strip.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let Some(moment) = state.moment.as_deref() else {
        return;
    };
    let right = area.right();
    let (mut x, mut y) = (area.x + 1, area.y);
    for pieces in segments(moment) {
        let width = panel::width(&pieces);
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
        panel::write(frame.buffer_mut(), place, &state.look, &pieces);
        x += width + GAP;
    }
}

/// All there is to tell, the most important first.
fn segments(moment: &Moment) -> Vec<Vec<Piece>> {
    let aggregate = &moment.aggregate;
    let totals = &aggregate.totals;
    let mut segments = Vec::new();
    for tcp in [Tcp::Established, Tcp::TimeWait, Tcp::CloseWait] {
        let mut pieces = counted(tcp.short_name(), totals.tcp_in(tcp), state_tone(tcp));
        pieces.push((bars(moment, |point| point.tcp[tcp as usize]), Tone::Plain));
        if tcp == Tcp::TimeWait {
            pieces.push((
                growth(aggregate.history.growth(tcp, GROWTH_SECONDS)),
                Tone::Plain,
            ));
        }
        segments.push(pieces);
    }
    let throughput = aggregate.throughput;
    for (arrow, rate) in [("↓", throughput.received), ("↑", throughput.sent)] {
        let text = format::known(rate, format::rate);
        segments.push(vec![(format!("{arrow} {text:>9}"), Tone::Strong)]);
    }
    let changes = aggregate.changes;
    for (what, rate) in [
        ("opened", changes.map(|changes| changes.opened)),
        ("closed", changes.map(|changes| changes.closed)),
    ] {
        let text = format::known(rate, format::per_second);
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
        let digits = if name == "UNIX" { COUNT } else { 5 };
        let mut text = String::new();
        format::count(&mut text, count.into());
        segments.push(vec![
            (format!("{name} "), named(count, tone)),
            (format!("{text:>digits$}"), Tone::Strong),
        ]);
    }
    segments
}

/// Nothing of a kind is not worth a colour.
fn named(count: u32, tone: Tone) -> Tone {
    if count == 0 { Tone::Muted } else { tone }
}

fn counted(name: &str, count: u32, tone: Tone) -> Vec<Piece> {
    let mut text = String::new();
    format::count(&mut text, count.into());
    vec![
        (format!("{name} "), named(count, tone)),
        (format!("{text:>COUNT$} "), Tone::Strong),
    ]
}

/// The last samples as bars.
fn bars(moment: &Moment, of: impl Fn(&HistoryPoint) -> u32) -> String {
    let points = moment.aggregate.history.points();
    let skip = points.len().saturating_sub(BARS);
    let values: Vec<f64> = points
        .skip(skip)
        .map(|point| f64::from(of(point)))
        .collect();
    let max = values.iter().copied().fold(0.0, f64::max);
    let blank = std::iter::repeat_n(None, BARS - values.len());
    let mut out = String::new();
    format::spark(&mut out, blank.chain(values.iter().copied().map(Some)), max);
    out
}

/// ` +212/s`, in eight columns.
fn growth(per_second: Option<f64>) -> String {
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

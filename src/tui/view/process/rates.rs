//! The TCP states and rates of a process, as text and as charts.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use crate::aggregate::{ProcessTotals, RECENT_POINTS, Recent};
use crate::column::braille::{self, Shape, round_up};
use crate::column::format;
use crate::column::sparkline;
use crate::model::State as Tcp;
use crate::tui::appearance::Appearance;
use crate::tui::theme::Tone;
use crate::tui::value_tones::retransmitted_tone;
use crate::tui::value_tones::state_tone;
use crate::tui::widget::chart;
use crate::tui::widget::pieces::{self, Piece};

/// The width of a sparkline.
const TREND_COLUMNS: usize = 6;

/// The last minute as a sparkline.
fn minute(recent: &Recent, width: usize) -> String {
    let mut out = String::new();
    sparkline::minute_sparkline(&mut out, recent, width);
    out
}

/// The number of sockets in the most important states.
pub(super) fn states(totals: &ProcessTotals) -> Vec<Vec<Piece>> {
    let mut line = Vec::new();
    let trend = &totals.trend;
    for (tcp, recent) in [
        (Tcp::Established, &trend.established),
        (Tcp::TimeWait, &trend.time_wait),
        (Tcp::CloseWait, &trend.close_wait),
    ] {
        let count = totals.tcp[tcp as usize];
        let tone = if count == 0 {
            Tone::Muted
        } else {
            state_tone(tcp)
        };
        let mut text = String::new();
        format::count(&mut text, count.into());
        line.push(vec![
            (format!("{} ", tcp.short_name()), tone),
            (format!("{text:>6} "), Tone::Strong),
            (format!("{}  ", minute(recent, TREND_COLUMNS)), Tone::Plain),
        ]);
    }
    line
}

/// The number of sockets of other kinds.
pub(super) fn kinds(totals: &ProcessTotals) -> Vec<Vec<Piece>> {
    let mut line = Vec::new();
    for (name, count) in [
        ("LISTEN", totals.tcp[Tcp::Listen as usize]),
        ("UDP", totals.udp),
        ("UNIX", totals.unix),
    ] {
        let mut text = String::new();
        format::count(&mut text, count.into());
        line.push(vec![
            (format!("{name} "), Tone::Muted),
            (format!("{text:<6} "), Tone::Strong),
        ]);
    }
    line
}

/// Throughput, retransmissions and connection rates.
pub(super) fn rates(totals: &ProcessTotals) -> Vec<Vec<Piece>> {
    let mut line = Vec::new();
    let throughput = &totals.throughput;
    for (arrow, rate, recent) in [
        ("↓", throughput.received, &totals.trend.received),
        ("↑", throughput.sent, &totals.trend.sent),
    ] {
        let text = format::format_or_missing(rate, format::rate);
        line.push(vec![
            (format!("{arrow} {text:>9} "), Tone::Strong),
            (format!("{}  ", minute(recent, TREND_COLUMNS)), Tone::Plain),
        ]);
    }
    let share = throughput.retransmitted_share();
    line.push(vec![
        ("retransmitted ".to_owned(), Tone::Muted),
        (
            format!("{:<7}", format::format_or_missing(share, format::share)),
            retransmitted_tone(share),
        ),
    ]);
    let changes = totals.changes;
    for (what, rate) in [
        ("opened", changes.map(|changes| changes.opened)),
        ("closed", changes.map(|changes| changes.closed)),
        ("TIME-WAIT", changes.map(|changes| changes.time_wait)),
    ] {
        let text = format::format_or_missing(rate, format::per_second);
        line.push(vec![
            (format!("{what} "), Tone::Muted),
            (format!("{text:<8} "), Tone::Plain),
        ]);
    }
    line
}

/// Draws charts of both directions and of established connections, side by side.
pub(super) fn render_charts(
    frame: &mut Frame<'_>,
    area: Rect,
    appearance: &Appearance,
    totals: &ProcessTotals,
    interval: Duration,
) {
    let mut span = String::new();
    let span_us = interval.as_micros() as f64 * RECENT_POINTS as f64;
    format::short_duration_us(&mut span, span_us);
    let trend = &totals.trend;
    let areas: [Rect; 3] = Layout::horizontal([Constraint::Ratio(1, 3); 3])
        .spacing(2)
        .areas(area);
    for (area, (what, recent, write, look)) in areas.into_iter().zip([
        (
            "received",
            &trend.received,
            format::rate as fn(&mut String, f64),
            (Shape::Rising, Tone::Received),
        ),
        (
            "sent",
            &trend.sent,
            format::rate,
            (Shape::Rising, Tone::Sent),
        ),
        (
            "established",
            &trend.established,
            format::grouped_count,
            (Shape::Line, Tone::Good),
        ),
    ]) {
        if area.height < 2 {
            continue;
        }
        // The minute fills the width.
        let places = usize::from(area.width) * braille::VALUES;
        let values: Vec<Option<f64>> = recent.values().collect();
        let mut minute = vec![None; RECENT_POINTS.saturating_sub(values.len())];
        minute.extend(values);
        let values = sparkline::spread(&minute, places);
        let highest = sparkline::highest(&values);
        let heading = [
            (format!("{what}, {span}  "), Tone::Muted),
            (
                format!("max {}", format::format_or_missing(highest, write)),
                Tone::Plain,
            ),
        ];
        pieces::write(frame.buffer_mut(), area, appearance, &heading);
        let below = Rect {
            y: area.y + 1,
            height: area.height - 1,
            ..area
        };
        let max = round_up(highest.unwrap_or(0.0));
        chart::draw(frame, below, appearance, (&values, max), look);
    }
}

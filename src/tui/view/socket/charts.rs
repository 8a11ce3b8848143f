//! Charts of a socket over time: throughput, round-trip time, windows, queues.

use std::fmt::Write;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use crate::column::braille::{self, Shape, round_up};
use crate::column::format;
use crate::column::sparkline;
use crate::tui::appearance::Appearance;
use crate::tui::page::{SocketPage, SocketPoint};
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::widget::{border, chart};

/// A measure of the socket over time: its name, its value at a point, its format.
pub(super) type Curve = (
    &'static str,
    fn(&SocketPoint) -> Option<f64>,
    fn(&mut String, f64),
);

/// All measures, the most important first.
const CURVES: [Curve; 9] = [
    ("received", |point| point.received, format::rate),
    ("sent", |point| point.sent, format::rate),
    ("RTT", |point| point.rtt, format::duration_us),
    ("cwnd", |point| point.cwnd, format::bytes),
    ("in flight", |point| point.in_flight, format::bytes),
    (
        "accept queue",
        |point| point.accept_queue,
        format::grouped_count,
    ),
    ("unread", |point| point.unread, format::bytes),
    (
        "unacknowledged",
        |point| point.unacknowledged,
        format::bytes,
    ),
    ("dropped", |point| point.drops, format::grouped_count),
];

/// Minimum width of a chart.
const MIN_CHART_WIDTH: usize = 24;

/// The number of charts that fit side by side.
pub(super) fn chart_capacity(area: Rect) -> usize {
    (usize::from(area.width) / MIN_CHART_WIDTH).max(1)
}

/// The curves with at least one known value, each with its values.
pub(super) fn curves(page: &SocketPage) -> impl Iterator<Item = (Curve, Vec<Option<f64>>)> {
    CURVES.into_iter().filter_map(|curve| {
        let values: Vec<Option<f64>> = page.points.iter().map(curve.1).collect();
        values
            .iter()
            .any(Option::is_some)
            .then_some((curve, values))
    })
}

/// Draws charts of the first curves side by side, as many as fit.
pub(super) fn render(
    frame: &mut Frame<'_>,
    area: Rect,
    appearance: &Appearance,
    page: &SocketPage,
) {
    let shown: Vec<_> = curves(page).take(chart_capacity(area)).collect();
    let places = Layout::horizontal(vec![Constraint::Fill(1); shown.len()])
        .spacing(1)
        .split(area);
    for (((what, _, write), values), place) in shown.into_iter().zip(places.iter()) {
        let now = format::format_or_missing(values.last().copied().flatten(), write);
        let mut title = format!("{what} {now}");
        if let Some(highest) = sparkline::highest(&values) {
            let before = title.len();
            let _ = write!(
                title,
                ", max {}",
                format::format_or_missing(Some(highest), write)
            );
            if text::width(&title) + 4 > usize::from(place.width) {
                title.truncate(before);
            }
        }
        let inner = border::section(frame, *place, appearance, &title);
        // While there are few values, each takes several places.
        let places = usize::from(inner.width) * braille::VALUES;
        let values = sparkline::spread(&values, places);
        let max = round_up(sparkline::highest(&values).unwrap_or(0.0));
        let look = match what {
            "received" => (Shape::Rising, Tone::Received),
            "sent" => (Shape::Rising, Tone::Sent),
            _ => (Shape::Line, Tone::Plain),
        };
        chart::draw(frame, inner, appearance, (&values, max), look);
    }
}

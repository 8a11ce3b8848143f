//! The Overview screen: a summary of the machine.
//!
//! ```text
//! ─ States ─────────────────────────  ─ TCP throughput ────────────────
//!  ESTAB        640 ▁▂▃▄▅▆▇█▇▆▅▄       ↓ 31.0 MB/s   max 45.0 MB/s
//!  TIME-WAIT    170 ▁▂▃▄▅▆▇█▇▆▅▄       ▁▂▅▇██▆▅▃▂▁▂▅▇██▆▅▃▂▁▂▅▇██▆▅▃▂
//!  …                                   ↑ …
//! ─ Processes by ↓+↑/s ▼ ───────────  ─ Remotes by ↓+↑/s ▼ ────────────
//!  the first rows; the keys act on one of the four tables, ← and → change it
//! ─ Listeners by FILL% ▼ ───────────  ─ TIME-WAIT by process ──────────
//!  :443 nginx/2211  120 128 ███▌       curl/5120   26   +3/s ▁▂▃▄▅▆▇█
//! ─ Connections ────────────────────  ─ Unowned sockets ───────────────
//!  opened 120/s ▁▂▅▇██▆▅▃▂             170 time-wait: closed here
//! ```
//!
//! Findings are at the top, the most severe first, in as many lines as fit.
//!
//! A narrow terminal has the left half of the bands only; a low one omits the last band.

mod connection_rates;
mod tcp_states;
mod unowned_sockets;

use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use super::finding_text;
use crate::aggregate::Moment;
use crate::column::braille::round_up;
use crate::column::format;
use crate::column::sparkline::highest;
use crate::model::Unowned;
use crate::tui::appearance::Appearance;
use crate::tui::click_map::{ClickMap, ClickTarget};
use crate::tui::command::Command;
use crate::tui::screen::{Pane, Screen};
use crate::tui::state::State;
use crate::tui::table::{List, Table};
use crate::tui::theme::Tone;
use crate::tui::widget::history_axis::{HistoryAxis, Window};
use crate::tui::widget::pieces::{self, write};
use crate::tui::widget::{border, chart, table_frame};

/// Minimum width with two columns.
const TWO_COLUMN_WIDTH: u16 = 72;

/// The heights of the bands by that of the screen; the second one takes the remaining height.
fn band_heights(height: u16) -> [u16; 4] {
    match height {
        0..=11 => [4, 0, 0, 0],
        12..=21 => [6, 0, 5, 0],
        22..=29 => [9, 0, 7, 0],
        30..=44 => [11, 0, 8, 5],
        _ => [14, 0, 12, 10],
    }
}

/// Draws the screen.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let appearance = state.appearance.clone();
    let Some(moment) = state.moment.clone() else {
        let line = [(" sampling…".to_owned(), Tone::Muted)];
        write(frame.buffer_mut(), area, &appearance, &line);
        return;
    };
    let moment = &*moment;
    let area = render_findings(frame, area, state);
    let [first, _, third, fourth] = band_heights(area.height);
    let bands: [Rect; 4] = Layout::vertical([
        Constraint::Length(first),
        Constraint::Min(3),
        Constraint::Length(third),
        Constraint::Length(fourth),
    ])
    .areas(area);
    let [states, top, listeners, changes] = bands.map(|band| halves(band).0);
    let [throughput, remotes, time_wait, unowned] = bands.map(|band| halves(band).1);

    let history = &moment.aggregate.history;
    let window = state.chart_window;
    let columns = tcp_states::curve_columns(states.width);
    let axis = HistoryAxis::new(history, state.interval, columns, window);
    let title = format!("States · {}", window.label());
    let inner = border::section(frame, states, &appearance, &title);
    tcp_states::render(frame, inner, &appearance, moment, &axis);
    let columns = throughput.width.saturating_sub(2);
    let axis = HistoryAxis::new(history, state.interval, columns, window);
    let title = format!("TCP throughput · {}", window.label());
    let inner = border::section(frame, throughput, &appearance, &title);
    render_throughput(frame, inner, &appearance, moment, (&axis, window));

    let focus = state.focus;
    let clicks = &mut state.clicks;
    let mut table = TablePainter {
        frame,
        appearance: &appearance,
        moment,
        focus,
    };
    table.render(
        top,
        ("Processes", "Processes"),
        &mut state.top_processes,
        clicks,
        Pane::Processes,
    );
    table.render(
        remotes,
        ("Remotes", "Remotes"),
        &mut state.top_remotes,
        clicks,
        Pane::Remotes,
    );
    table.render(
        listeners,
        ("Listeners closest to overflow", "Listeners"),
        &mut state.top_listeners,
        clicks,
        Pane::Listeners,
    );
    table.render(
        time_wait,
        ("TIME-WAIT by process", "TIME-WAIT"),
        &mut state.time_wait,
        clicks,
        Pane::TimeWait,
    );

    let columns = connection_rates::curve_columns(changes.width);
    let axis = HistoryAxis::new(history, state.interval, columns, window);
    let title = format!("TCP connections · {}", window.label());
    let inner = border::section(frame, changes, &appearance, &title);
    connection_rates::render(frame, inner, &appearance, moment, &axis);
    let inner = border::section(frame, unowned, &appearance, "Unowned sockets");
    unowned_sockets::render(frame, inner, &appearance, moment);
}

/// Maximum number of findings shown, by the height of the screen.
fn max_findings(height: u16) -> usize {
    match height {
        0..=11 => 0,
        12..=17 => 1,
        18..=29 => 2,
        30..=44 => 3,
        _ => 5,
    }
}

/// Draws the most severe findings, if there are any; returns the area below them.
fn render_findings(frame: &mut Frame<'_>, area: Rect, state: &mut State) -> Rect {
    let found = Arc::clone(&state.findings);
    let shown = found.active.len().min(max_findings(area.height));
    let mut room = area;
    for (at, finding) in found.active.iter().take(shown).enumerate() {
        let place = Rect { height: 1, ..room };
        let mut line = vec![(" ".to_owned(), Tone::Plain)];
        let rest = found.active.len() - shown;
        let mut hint = Vec::new();
        if at + 1 == shown {
            let key = state.appearance.keys.label(Command::GoTo(Screen::Findings));
            let more = match rest {
                0 => " for details ".to_owned(),
                rest => format!(" for {rest} more "),
            };
            hint = vec![(format!("  {key}"), Tone::Key), (more, Tone::Muted)];
        }
        let width = area.width.saturating_sub(pieces::width(&hint) + 1);
        line.extend(finding_text::line(finding, width.into()));
        line.extend(hint);
        write(frame.buffer_mut(), place, &state.appearance, &line);
        state.clicks.add(place, ClickTarget::Tab(Screen::Findings));
        room = border::below(room);
    }
    room
}

/// Draws the tables of the screen.
struct TablePainter<'t, 'f> {
    frame: &'t mut Frame<'f>,
    appearance: &'t Appearance,
    moment: &'t Moment,
    focus: Pane,
}

impl TablePainter<'_, '_> {
    /// The text without processes in TIME-WAIT: the number of sockets without a known owner.
    fn no_time_wait_text(&self) -> String {
        let totals = &self.moment.aggregate.totals;
        let count =
            |number: u32| format::format_or_missing(Some(number.into()), format::grouped_count);
        match (totals.unowned[Unowned::TimeWait as usize], totals.one_of) {
            (0, 0) => "none".to_owned(),
            (unowned, 0) => format!("none; {} without a known owner", count(unowned)),
            (0, one_of) => format!("{} of listeners that processes share", count(one_of)),
            (unowned, one_of) => format!(
                "{} of listeners that processes share, {} unowned",
                count(one_of),
                count(unowned)
            ),
        }
    }

    /// Draws a table below its title, the long one if it fits.
    fn render<L: List>(
        &mut self,
        area: Rect,
        (long, short): (&str, &str),
        table: &mut Table<L>,
        clicks: &mut ClickMap,
        pane: Pane,
    ) {
        if area.width == 0 {
            return;
        }
        let is_focus = pane == self.focus;
        let inner = table_frame::draw_pane_title(
            self.frame,
            area,
            self.appearance,
            (long, short),
            table,
            is_focus,
        );
        let at = (clicks, pane);
        table.render(
            self.frame.buffer_mut(),
            inner,
            self.moment,
            self.appearance,
            at,
        );
        if table.is_empty() {
            let none = match (table.filter_summary(), pane) {
                _ if table.is_pending() => table.progress().unwrap_or("sorting…").to_owned(),
                _ if self.moment.sample.preview.is_some() => table_frame::NOT_READ.to_owned(),
                (Some(_), _) => "no match; F clears the filter".to_owned(),
                (None, Pane::TimeWait) => self.no_time_wait_text(),
                _ => "none".to_owned(),
            };
            let line = [(none, Tone::Muted)];
            let below = border::below(inner);
            write(self.frame.buffer_mut(), below, self.appearance, &line);
        }
    }
}

/// Splits a band into halves; the right one is empty in a narrow band.
fn halves(band: Rect) -> (Rect, Rect) {
    if band.width < TWO_COLUMN_WIDTH {
        return (band, Rect { width: 0, ..band });
    }
    let [left, right] = Layout::horizontal([Constraint::Ratio(1, 2); 2])
        .spacing(2)
        .areas(band);
    (left, right)
}

/// Draws the throughput of both directions over time.
fn render_throughput(
    frame: &mut Frame<'_>,
    area: Rect,
    appearance: &Appearance,
    moment: &Moment,
    (axis, window): (&HistoryAxis<'_>, Window),
) {
    if area.height < 3 {
        return;
    }
    let received = axis.values(|point| point.throughput.received);
    let sent = axis.values(|point| point.throughput.sent);
    let max = [&received, &sent].map(|values| highest(values));
    let max = highest(&max);
    let now = moment.aggregate.throughput;
    let rate = |rate| format::format_or_missing(rate, format::rate);
    let heading = [
        (format!(" ↓ {:>9}", rate(now.received)), Tone::Received),
        (format!(" ↑ {:>9}", rate(now.sent)), Tone::Sent),
        (format!(" max {:>9}", rate(max)), Tone::Muted),
    ];
    write(frame.buffer_mut(), area, appearance, &heading);
    let below = Rect {
        x: area.x + 1,
        width: area.width.saturating_sub(2),
        ..border::below(area)
    };
    let max = round_up(max.unwrap_or(0.0));
    chart::draw_mirrored(frame, below, appearance, (&received, &sent), max, window);
}

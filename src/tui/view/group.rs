//! The page of a network namespace, unit, container or pod: totals by state, and its sockets.
//!
//! ```text
//! ┌ pod payments/api-7c9 ────────────────────────────────────────────────────────┐
//! │ sockets 41   CLOSE-WAIT 31   ESTAB 8   LISTEN 2   ↓ 4.50 kB/s   processes 3    │
//! └──────────────────────────────────────────────────────────────────────────────┘
//! ┌ Sockets of this pod ─ sorted by STATE ▲ ──────────────────────────────────────┐
//! ```

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Margin, Rect};

use crate::column::format;
use crate::tui::lists::GroupSummary;
use crate::tui::page::Page;
use crate::tui::screen::Pane;
use crate::tui::state::State;
use crate::tui::theme::Tone;
use crate::tui::value_tones::state_tone;
use crate::tui::widget::pieces::{self, Piece};
use crate::tui::widget::{border, table_frame};

/// Minimum height of the table.
const MIN_TABLE_HEIGHT: u16 = 6;

/// Draws the page.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let appearance = state.appearance.clone();
    let moment = state.moment.clone();
    let mut clicks = std::mem::take(&mut state.clicks);
    if let Some(Page::Group(page)) = state.page_mut() {
        let room = area.width.saturating_sub(4);
        let shown = page.sockets.shown_list();
        let figures = shown.summary().map(figures).unwrap_or_default();
        let lines = pieces::flow(figures.into_iter(), room);
        let noun = page.by.name().unwrap_or("group");
        // Figures are left out if the table would become too low.
        let figure_lines = lines.len().max(1) as u16 + 2;
        let figure_lines = if figure_lines + MIN_TABLE_HEIGHT <= area.height {
            figure_lines
        } else {
            0
        };
        let [upper, lower] =
            Layout::vertical([Constraint::Length(figure_lines), Constraint::Min(4)]).areas(area);
        if figure_lines > 0 {
            let title = format!("{noun} {}", page.label);
            let inner = border::framed(frame, upper, &appearance, &title);
            pieces::write_lines(frame, inner.inner(Margin::new(1, 0)), &appearance, &lines);
        }
        let (at, table) = ((&mut clicks, Pane::Main), &mut page.sockets);
        let title = format!("Sockets of this {noun}");
        let moment = moment.as_deref();
        table_frame::draw_framed(frame, lower, &appearance, &title, table, moment, at);
    }
    state.clicks = clicks;
}

/// The totals of the group: sockets, states, throughput, processes.
fn figures(summary: &GroupSummary) -> Vec<Vec<Piece>> {
    let mut groups = Vec::new();
    let mut figure = |name: &str, text: String, tone: Tone| {
        groups.push(vec![
            (format!("{name} "), Tone::Muted),
            (format!("{text}   "), tone),
        ]);
    };
    let formatted =
        |count: u64| format::format_or_missing(Some(count as f64), format::grouped_count);
    figure("sockets", formatted(summary.sockets.into()), Tone::Strong);
    for (state, count) in summary.states() {
        figure(
            state.short_name(),
            formatted(count.into()),
            state_tone(state),
        );
    }
    for (name, count) in summary.kinds() {
        figure(name, formatted(count.into()), Tone::Plain);
    }
    let rate = |rate| format!("{:>9}", format::format_or_missing(rate, format::rate));
    figure("↓", rate(summary.throughput.received), Tone::Strong);
    figure("↑", rate(summary.throughput.sent), Tone::Strong);
    let processes = formatted(summary.processes() as u64);
    figure("processes", processes, Tone::Strong);
    groups
}

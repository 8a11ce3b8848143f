//! The page with the difference between the marked instant and the one shown.
//!
//! ```text
//! ┌ Difference ──────────────────────────────────────────────────────────────────┐
//! │ 20:14:07 → 20:20:10   6:03 later   12 appeared   3 gone   8 changed           │
//! │ ESTAB 25 → 31 +6   TIME-WAIT 5 → 120 +115   UNIX 5                            │
//! └──────────────────────────────────────────────────────────────────────────────┘
//! ┌ Sockets that differ ─ sorted by WHAT ▲ ──────────────────────────────────────┐
//! ```

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Margin, Rect};

use super::status_line::minutes;
use crate::aggregate::{Difference, DifferenceKind, Moment};
use crate::column::format;
use crate::model::State as Tcp;
use crate::tui::appearance::Appearance;
use crate::tui::command::Command;
use crate::tui::page::{DifferencePage, Page};
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
    if let Some(Page::Difference(page)) = state.page_mut() {
        let lines = moment.as_deref().map_or_else(Vec::new, |moment| {
            let difference = &page.comparison().difference;
            let mut lines = pieces::flow(
                instants(page, moment, &appearance).into_iter(),
                area.width.saturating_sub(4),
            );
            let states = states(difference).into_iter();
            lines.extend(pieces::flow(states, area.width.saturating_sub(4)));
            lines
        });
        let upper_lines = lines.len() as u16 + 2;
        let upper_lines = if upper_lines + MIN_TABLE_HEIGHT <= area.height {
            upper_lines
        } else {
            0
        };
        let [upper, lower] =
            Layout::vertical([Constraint::Length(upper_lines), Constraint::Min(4)]).areas(area);
        if upper_lines > 0 {
            let inner = border::framed(frame, upper, &appearance, "Difference");
            pieces::write_lines(frame, inner.inner(Margin::new(1, 0)), &appearance, &lines);
        }
        let (at, moment) = ((&mut clicks, Pane::Main), moment.as_deref());
        let key = appearance.keys.label(Command::Difference);
        if page.by_process {
            let title = format!("Processes that differ (press {key} for sockets)");
            table_frame::draw_framed(
                frame,
                lower,
                &appearance,
                &title,
                &mut page.processes,
                moment,
                at,
            );
        } else {
            let title = format!("Sockets that differ (press {key} for processes)");
            table_frame::draw_framed(
                frame,
                lower,
                &appearance,
                &title,
                &mut page.sockets,
                moment,
                at,
            );
        }
    }
    state.clicks = clicks;
}

/// The times of the two instants, and the number of sockets that appeared, changed and closed.
fn instants(page: &DifferencePage, moment: &Moment, appearance: &Appearance) -> Vec<Vec<Piece>> {
    let (from, to) = page.comparison().instants(moment);
    let difference = &page.comparison().difference;
    let times = format!(
        "{} → {}   ",
        appearance.time_of_day(from),
        appearance.time_of_day(to)
    );
    let mut pieces = vec![
        vec![(times, Tone::Strong)],
        vec![(
            format!("{} later   ", minutes(to.saturating_sub(from))),
            Tone::Plain,
        )],
    ];
    for fate in [
        DifferenceKind::Appeared,
        DifferenceKind::Gone,
        DifferenceKind::Changed,
    ] {
        let count = difference.count(fate);
        let mut text = String::new();
        format::count(&mut text, count as u64);
        let tone = if count == 0 {
            Tone::Muted
        } else {
            Tone::Strong
        };
        pieces.push(vec![
            (text, tone),
            (format!(" {}   ", fate.name()), Tone::Muted),
        ]);
    }
    if difference.uncertain {
        let text = "sockets may be missing: appeared and gone are unreliable   ";
        pieces.push(vec![(text.to_owned(), Tone::Warning)]);
    }
    pieces
}

/// `ESTAB 25 → 31 +6`, for each state and kind with sockets.
fn states(difference: &Difference) -> Vec<Vec<Piece>> {
    let (before, after) = (&difference.before, &difference.after);
    let tcp = Tcp::ALL.into_iter().map(|state| {
        let counts = (before.tcp_in(state), after.tcp_in(state));
        (state.short_name(), counts, state_tone(state))
    });
    let others = [
        ("UDP", (before.udp, after.udp), Tone::Plain),
        ("UNIX", (before.unix, after.unix), Tone::Plain),
        ("all", (before.sockets, after.sockets), Tone::Plain),
    ];
    tcp.chain(others)
        .filter(|(_, counts, _)| *counts != (0, 0))
        .map(|(name, (before, after), tone)| {
            let count = |count: u32| {
                let mut text = String::new();
                format::count(&mut text, count.into());
                text
            };
            let mut pieces = vec![(format!("{name} "), tone)];
            if before == after {
                pieces.push((format!("{}   ", count(after)), Tone::Plain));
            } else {
                let sign = if after > before { '+' } else { '-' };
                let by = format!("{sign}{}   ", count(after.abs_diff(before)));
                pieces.push((format!("{} → ", count(before)), Tone::Plain));
                pieces.push((format!("{} ", count(after)), Tone::Strong));
                pieces.push((by, Tone::Key));
            }
            pieces
        })
        .collect()
}

//! What lies over a screen: texts that scroll, and the list of columns to sort by.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::panel::{self, Piece};
use crate::column::format;
use crate::model::Severity;
use crate::tui::Look;
use crate::tui::state::{Popup, State};
use crate::tui::text;
use crate::tui::theme::Tone;

/// The widest that a text is shown, columns: longer lines are tiring to read.
const WIDEST: u16 = 100;

/// Draws lines from `first` on; answers from which line on they are really shown.
pub(super) fn render_lines(
    frame: &mut Frame<'_>,
    area: Rect,
    look: &Look,
    title: &str,
    lines: &[Vec<Piece>],
    first: usize,
) -> usize {
    let widest = lines.iter().map(|line| panel::width(line)).max();
    let title_width = text::width(title) as u16 + 4;
    let width = (widest.unwrap_or(0).max(title_width) + 4).min(area.width);
    let size = (width, (lines.len() as u16).saturating_add(2));
    let inner = panel::over(frame, area, look, title, size);
    let page = usize::from(inner.height);
    let first = first.min(lines.len().saturating_sub(page));
    for (y, line) in (inner.y..inner.bottom()).zip(&lines[first..]) {
        let place = Rect {
            y,
            height: 1,
            ..inner
        };
        panel::write(frame.buffer_mut(), place, look, line);
    }
    tell_more(frame, inner, look, lines.len().saturating_sub(first + page));
    first
}

/// Says on the lower edge how many lines are below it.
fn tell_more(frame: &mut Frame<'_>, inner: Rect, look: &Look, below: usize) {
    if below == 0 || inner.height == 0 {
        return;
    }
    let more = format!(" {below} more ↓ ");
    let length = (text::width(&more) as u16).min(inner.width);
    let place = Rect {
        x: inner.right() - length,
        y: inner.bottom(),
        width: length,
        height: 1,
    };
    panel::write(frame.buffer_mut(), place, look, &[(more, Tone::Key)]);
}

/// What could not be read, with its reason in full.
///
/// ```text
/// ┌ What could not be read ──────────────────────────────┐
/// │ sock_diag sctp                                       │
/// │   No such file or directory (os error 2)             │
/// └──────────────────────────────────────────────────────┘
/// ```
pub(super) fn render_faults(frame: &mut Frame<'_>, area: Rect, state: &mut State, line: usize) {
    let columns = usize::from(WIDEST.min(area.width.saturating_sub(4)));
    let mut lines: Vec<Vec<Piece>> = Vec::new();
    let faults = state.moment.as_deref().map(|moment| &moment.sample.faults);
    for fault in faults.into_iter().flatten() {
        let mut source = String::new();
        format::harmless(&mut source, fault.source.as_bytes());
        let mut pieces = vec![(source, Tone::Strong)];
        match fault.severity {
            Severity::Note => {}
            Severity::Degraded => pieces.push(("  not all is known".to_owned(), Tone::Warning)),
            Severity::Incomplete => {
                pieces.push(("  sockets may be missing".to_owned(), Tone::Critical));
            }
        }
        lines.push(pieces);
        let mut error = String::new();
        format::harmless(&mut error, fault.error.as_bytes());
        for part in text::wrap(&error, columns.saturating_sub(2)) {
            lines.push(vec![(format!("  {part}"), Tone::Plain)]);
        }
    }
    if lines.is_empty() {
        lines.push(vec![("everything could be read".to_owned(), Tone::Plain)]);
    }
    let title = "What could not be read";
    let line = render_lines(frame, area, &state.look, title, &lines, line);
    state.popup = Some(Popup::Faults(line));
}

/// Columns of a heading in the list.
const HEADING: usize = 10;

/// The columns to sort by, with what each tells.
///
/// ```text
/// ┌ Sort by ─────────────────────────────────┐
/// │ STATE     State. Kernel: idiag_state.    │
/// │ ↓+↑/s ▼   Goodput in and out together …  │
/// └──────────────────────────────────────────┘
/// ```
pub(super) fn render_sort(frame: &mut Frame<'_>, area: Rect, state: &State, cursor: usize) {
    let table = state.table();
    let order = table.order();
    let headings = table.headings();
    let look = &state.look;
    let size = (WIDEST.min(area.width), headings.len() as u16 + 2);
    let inner = panel::over(frame, area, look, "Sort by", size);
    let page = usize::from(inner.height);
    if page == 0 {
        return;
    }
    let first = (cursor + 1).saturating_sub(page);
    for (y, (at, heading)) in (inner.y..inner.bottom()).zip(headings.iter().enumerate().skip(first))
    {
        let arrow = match (at == order.column, order.descending) {
            (false, _) => "",
            (true, true) => " ▼",
            (true, false) => " ▲",
        };
        let name = format!("{}{arrow}", heading.heading);
        let pad = " ".repeat(HEADING.saturating_sub(text::width(&name)) + 1);
        let tone = if at == order.column {
            Tone::Key
        } else {
            Tone::Strong
        };
        let name = name + &pad;
        let about = text::cut_clause(
            heading.about,
            usize::from(inner.width).saturating_sub(text::width(&name)),
        );
        let line = [(name, tone), (about.into_owned(), Tone::Plain)];
        let place = Rect {
            y,
            height: 1,
            ..inner
        };
        panel::write(frame.buffer_mut(), place, look, &line);
        if at == cursor {
            frame
                .buffer_mut()
                .set_style(place, look.theme.style(Tone::Selected));
        }
    }
    tell_more(
        frame,
        inner,
        look,
        headings.len().saturating_sub(first + page),
    );
}

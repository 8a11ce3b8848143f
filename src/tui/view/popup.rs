//! What lies over a screen: texts that scroll, and the list of columns to sort by.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::finding_text;
use super::panel::{self, Piece};
use crate::column::format;
use crate::model::Severity;
use crate::tui::hits::Hit;
use crate::tui::look::Look;
use crate::tui::state::{Popup, State};
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::update;

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
    panel::write_over(frame.buffer_mut(), place, look, &[(more, Tone::Key)]);
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
        format::sanitize(&mut source, fault.source.as_bytes());
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
        format::sanitize(&mut error, fault.error.as_bytes());
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

/// Findings that are listed above the text of the one that is chosen.
const LISTED: usize = 5;

/// The findings of what one looks at: which there are, and everything there is to say of the one that is chosen.
///
/// ```text
/// ┌ Findings ─ 1 of 2 ───────────────────────────────────┐
/// │ ✗ accept-queue-full    10.0.0.1:443                   │
/// │ ⚠ close-wait-leak      nginx (2211)                   │
/// │ ───────────────────────────────────────────────────── │
/// │ nginx (2211) does not accept: …                       │
/// └───────────────────────────────────────────────────────┘
/// ```
pub(super) fn render_findings(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let Some(Popup::Findings(keys, at, line)) = state.popup.clone() else {
        return;
    };
    let look = state.look.clone();
    let now_us = state.moment.as_ref().map_or(0, |m| m.sample.taken_at_us);
    let width = WIDEST.min(area.width);
    let columns = usize::from(width.saturating_sub(4));
    let (title, lines) = if let Some(finding) = state.chosen_finding() {
        (
            finding_text::title(finding, &look, now_us, columns.saturating_sub(2)),
            finding_text::full_text(finding, columns),
        )
    } else {
        let over = "it is over, for more than ten minutes".to_owned();
        ("Findings".to_owned(), vec![vec![(over, Tone::Muted)]])
    };
    let listed = if keys.len() > 1 {
        keys.len().min(LISTED)
    } else {
        0
    };
    let above = if listed > 0 { listed + 1 } else { 0 };
    let size = (width, (above + lines.len()) as u16 + 2);
    let inner = panel::over(frame, area, &look, &title, size);
    let first = (at + 1).saturating_sub(listed);
    for (y, (place, key)) in
        (inner.y..inner.bottom()).zip(keys.iter().enumerate().skip(first).take(listed))
    {
        let row = Rect {
            y,
            height: 1,
            ..inner
        };
        let pieces = match state.finding(*key) {
            Some(finding) => finding_text::short_line(finding),
            None => vec![(format!("  {} is over", key.0.id()), Tone::Muted)],
        };
        panel::write(frame.buffer_mut(), row, &look, &pieces);
        if place == at {
            let style = look.theme.style(Tone::Selected);
            frame.buffer_mut().set_style(row, style);
        }
        state.hits.add(row, Hit::Line(place));
    }
    let above = (above as u16).min(inner.height);
    if above > 0 {
        let rule = Rect {
            y: inner.y + above - 1,
            height: 1,
            ..inner
        };
        let dashes = [("─".repeat(inner.width.into()), Tone::Muted)];
        panel::write(frame.buffer_mut(), rule, &look, &dashes);
    }
    let below = Rect {
        y: inner.y + above,
        height: inner.height - above,
        ..inner
    };
    let page = usize::from(below.height);
    let line = line.min(lines.len().saturating_sub(page));
    panel::write_lines(frame, below, &look, &lines[line..]);
    tell_more(frame, inner, &look, lines.len().saturating_sub(line + page));
    state.popup = Some(Popup::Findings(keys, at, line));
}

/// A title with what can be looked for, or is.
pub(super) fn title(state: &State, title: &str, hint: &str) -> String {
    if state.search.is_empty() {
        return format!("{title} ─ {hint}");
    }
    let mut title = format!("{title} ─ with: ");
    format::sanitize(&mut title, state.search.as_bytes());
    title
}

/// Columns of a heading in a list.
const HEADING: usize = 14;

/// A line of a list to choose from.
struct Choice {
    /// What stands first, with its tone.
    name: String,
    tone: Tone,
    about: &'static str,
}

/// The columns to sort by, with what each tells.
///
/// ```text
/// ┌ Sort by ─────────────────────────────────┐
/// │ STATE     State. Kernel: idiag_state.    │
/// │ ↓+↑/s ▼   Goodput in and out together …  │
/// └──────────────────────────────────────────┘
/// ```
pub(super) fn render_sort(frame: &mut Frame<'_>, area: Rect, state: &mut State, cursor: usize) {
    let Some(table) = state.table() else { return };
    let order = table.sort_order();
    let headings = table.headings();
    let choices: Vec<Choice> = update::sort_lines(state)
        .into_iter()
        .map(|column| {
            let sorted = column == order.column;
            let arrow = match (sorted, order.descending) {
                (false, _) => "",
                (true, true) => " ▼",
                (true, false) => " ▲",
            };
            Choice {
                name: format!("{}{arrow}", headings[column].heading),
                tone: if sorted { Tone::Key } else { Tone::Strong },
                about: headings[column].about,
            }
        })
        .collect();
    let title = title(state, "Sort by", "/ looks for a column");
    render_choices(frame, area, state, &title, &choices, cursor);
}

/// The columns to show, with what each tells: those that are shown first, in their order.
///
/// ```text
/// ┌ Columns ─────────────────────────────────────┐
/// │ ■ STATE     State. Kernel: idiag_state.      │
/// │ · INODE     Inode in sockfs.                 │
/// └──────────────────────────────────────────────┘
/// ```
pub(super) fn render_columns(frame: &mut Frame<'_>, area: Rect, state: &mut State, cursor: usize) {
    let Some(table) = state.table() else { return };
    let headings = table.headings();
    let how = if table.has_chosen_columns() {
        "as chosen"
    } else {
        "as they come"
    };
    let choices: Vec<Choice> = update::column_lines(state)
        .into_iter()
        .map(|(column, shown)| Choice {
            name: format!(
                "{} {}",
                if shown { '■' } else { '·' },
                headings[column].heading
            ),
            tone: if shown { Tone::Key } else { Tone::Strong },
            about: headings[column].about,
        })
        .collect();
    let title = title(state, &format!("Columns {how}"), "/ looks for one");
    render_choices(frame, area, state, &title, &choices, cursor);
}

/// Draws a list to choose from, the line under the cursor in sight.
fn render_choices(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &mut State,
    title: &str,
    choices: &[Choice],
    cursor: usize,
) {
    let look = &state.look;
    let size = (
        WIDEST.min(area.width),
        (choices.len().max(1) as u16).saturating_add(2),
    );
    let inner = panel::over(frame, area, look, title, size);
    let page = usize::from(inner.height);
    if page == 0 {
        return;
    }
    if choices.is_empty() {
        let line = [("nothing matches".to_owned(), Tone::Muted)];
        panel::write(frame.buffer_mut(), inner, look, &line);
    }
    let cursor = cursor.min(choices.len().saturating_sub(1));
    let first = (cursor + 1).saturating_sub(page);
    let lines = choices.iter().enumerate().skip(first);
    for (y, (at, choice)) in (inner.y..inner.bottom()).zip(lines) {
        let pad = " ".repeat(HEADING.saturating_sub(text::width(&choice.name)) + 1);
        let name = format!("{}{pad}", choice.name);
        let room = usize::from(inner.width).saturating_sub(text::width(&name));
        let about = text::cut_clause(choice.about, room);
        let line = [(name, choice.tone), (about.into_owned(), Tone::Plain)];
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
        state.hits.add(place, Hit::Line(at));
    }
    let below = choices.len().saturating_sub(first + page);
    tell_more(frame, inner, look, below);
}

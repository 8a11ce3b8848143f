//! The Findings screen: the list of findings, and the full text of the selected one.
//!
//! ```text
//! ┌ Findings ─ sorted by SEVERITY ▼ ─────────────────────────────────────────────┐
//! │ SEVERITY▼  FINDING              SUBJECT          DURATION    VALUE 60 s       │
//! │ ✗ critical id of the finding    10.0.0.1:443      2.5 min      129 ▁▂▃▅▇█████ │
//! └────────────────────────────────────────────────────────────────────── 1-1/1 ─┘
//! ┌ ✗ critical ─ id of the finding ─ 10.0.0.1:443 ─ since 20:14:07 (2.5 min) ─────┐
//! │ nginx (2211) on 10.0.0.1:443 has been stopped since 20:14:07: …               │
//! │                                                                               │
//! │ accept queue  129     backlog  128                                            │
//! │                                                                               │
//! │ It is stopped (state T). Continue it with `kill -CONT 2211`.                  │
//! └───────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! A line below says which kinds cannot be checked. Without findings, the screen lists the kinds that are checked, and why
//! the others are not.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Margin, Rect};

use super::finding_text;
use crate::diagnose::{Blindness, FINDINGS, FindingKind, by_reason, plural, whole_seconds};
use crate::tui::Appearance;
use crate::tui::command::Command;
use crate::tui::screen::{Pane, Screen};
use crate::tui::state::State;
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::widget::pieces::{self, Piece};
use crate::tui::widget::{border, table_frame};

/// Minimum height of the table: frame, headings and some rows.
const MIN_TABLE_HEIGHT: u16 = 6;

/// Draws the screen.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let appearance = state.appearance.clone();
    let moment = state.moment.clone();
    let moment = moment.as_deref();
    let findings = &state.findings;
    if findings.active.is_empty() && findings.ended.is_empty() {
        let inner = border::framed(frame, area, &appearance, Screen::Findings.title());
        let inner = inner.inner(Margin::new(1, 0));
        let lines = no_findings_text(state, inner);
        pieces::write_lines(frame, inner, &appearance, &lines);
        return;
    }
    let area = draw_unchecked_line(frame, area, state, &appearance);
    let chosen = moment.and_then(|moment| {
        let row = state.finding_rows.current_row(moment)?;
        let columns = usize::from(area.width.saturating_sub(4));
        let title = finding_text::title(
            row.finding,
            &appearance,
            row.now_ns,
            columns.saturating_sub(2),
        );
        Some((title, finding_text::full_text(row.finding, columns)))
    });
    let rows = state.finding_rows.len() as u16;
    let most = area
        .height
        .saturating_sub(MIN_TABLE_HEIGHT.min(rows.max(2) + 3));
    let chosen = chosen.map(|(title, mut lines)| {
        // Empty lines are dropped before text lines.
        if lines.len() as u16 + 2 > most {
            lines.retain(|line| !line.is_empty());
        }
        (title, lines)
    });
    let needed = chosen
        .as_ref()
        .map_or(0, |(_, lines)| lines.len() as u16 + 2);
    // Without room for a sentence, the frame is omitted.
    let below = if most < 3 { 0 } else { needed.min(most) };
    let [upper, lower] =
        Layout::vertical([Constraint::Min(0), Constraint::Length(below)]).areas(area);
    let mut title = Screen::Findings.title().to_owned();
    if moment.is_some_and(|moment| moment.filtered().is_some()) {
        title.push_str(" (filter not applied)");
    }
    let (at, table) = ((&mut state.clicks, Pane::Main), &mut state.finding_rows);
    table_frame::draw_framed(frame, upper, &appearance, &title, table, moment, at);
    if let Some((title, lines)) = chosen.filter(|_| below > 0) {
        let inner = border::framed(frame, lower, &appearance, &title);
        pieces::write_lines(frame, inner.inner(Margin::new(1, 0)), &appearance, &lines);
        let hidden = lines.len().saturating_sub(inner.height.into());
        if hidden > 0 {
            let lines = if hidden == 1 { "line" } else { "lines" };
            let more = [
                (format!(" {hidden} more {lines}: "), Tone::Muted),
                (
                    format!("{} ", appearance.keys.label(Command::Findings)),
                    Tone::Key,
                ),
            ];
            let width = pieces::width(&more).min(lower.width);
            let place = Rect {
                x: lower.right().saturating_sub(width + 1),
                y: lower.bottom().saturating_sub(1),
                width,
                height: 1,
            };
            pieces::write_over(frame.buffer_mut(), place, &appearance, &more);
        }
    }
}

/// Draws a line at the bottom with the kinds that cannot be checked, if there are any; returns the rest of the area.
fn draw_unchecked_line(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &State,
    appearance: &Appearance,
) -> Rect {
    let groups = by_reason(&state.findings.blindness.not_checked);
    let Some((why, ids)) = groups.first() else {
        return area;
    };
    let [above, line] = Layout::vertical([Constraint::Min(0), Constraint::Length(1)]).areas(area);
    let more = groups[1..].iter().map(|(_, ids)| ids.len()).sum::<usize>();
    let more = match more {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    let label = format!(" not checked{more}: ");
    let columns = usize::from(line.width).saturating_sub(label.chars().count());
    let text = format!("{}: {why}", ids.join(", "));
    let text = text::cut_end(&text, columns).into_owned();
    let pieces = vec![(label, Tone::Warning), (text, Tone::Plain)];
    pieces::write_lines(frame, line, appearance, &[pieces]);
    above
}

/// Returns lines with the kinds that are not checked, or not everywhere, with the reasons.
fn unchecked_text(blindness: &Blindness, columns: usize) -> Vec<Vec<Piece>> {
    let lists = [
        ("Not checked: ", &blindness.not_checked, Tone::Warning),
        ("Limited: ", &blindness.limited, Tone::Muted),
    ];
    let mut lines = Vec::new();
    for (label, list, tone) in lists {
        for (why, ids) in by_reason(list) {
            let text = format!("{label}{}: {why}.", ids.join(", "));
            let wrapped = text::wrap(&text, columns).into_iter();
            lines.extend(wrapped.map(|part| vec![(part, tone)]));
        }
    }
    lines
}

/// The text without findings: the extent of the scan, and the kinds that are checked.
fn no_findings_text(state: &State, room: Rect) -> Vec<Vec<Piece>> {
    let columns = usize::from(room.width);
    let Some(moment) = state.moment.as_deref() else {
        return vec![vec![("sampling…".to_owned(), Tone::Muted)]];
    };
    if moment.sample.preview.is_some() {
        let text = "Nothing is checked before the first sample is complete.";
        return vec![vec![(text.to_owned(), Tone::Muted)]];
    }
    let Some(since_us) = state.findings.since_us else {
        let text = "reading the samples before this instant…";
        return vec![vec![(text.to_owned(), Tone::Muted)]];
    };
    let whole = moment.unfiltered();
    let since_ns = state.findings.since_ns.unwrap_or(u64::MAX);
    let length_ns = moment.sample.monotonic_ns.saturating_sub(since_ns);
    let length = whole_seconds((length_ns / 1000).cast_signed());
    let scope = format!(
        "Checked for {length} ({} since {}): {}, {}, {}, the limits of this machine.",
        plural(state.findings.samples, "sample", "samples"),
        state.appearance.time_of_day(since_us),
        plural(whole.totals.sockets.into(), "socket", "sockets"),
        plural(whole.listeners.len() as u64, "listener", "listeners"),
        plural(moment.sample.processes.len() as u64, "process", "processes"),
    );
    let blindness = &state.findings.blindness;
    let head = if blindness.not_checked.is_empty() {
        let text = "No findings: the kernel's numbers show no problem.";
        (text.to_owned(), Tone::Good)
    } else {
        let text = "No findings in what can be checked.";
        (text.to_owned(), Tone::Warning)
    };
    let mut lines = vec![vec![head]];
    lines.extend(unchecked_text(blindness, columns));
    let wrapped = text::wrap(&scope, columns).into_iter();
    lines.extend(wrapped.map(|part| vec![(part, Tone::Plain)]));
    let caveat = "Problems shorter than a few samples are not reported. Findings that ended more than 10 minutes ago are removed.";
    let wrapped = text::wrap(caveat, columns).into_iter();
    lines.extend(wrapped.map(|part| vec![(part, Tone::Muted)]));
    lines.push(Vec::new());
    lines.push(vec![("Checks:".to_owned(), Tone::Plain)]);
    let is_checked = |kind: &&FindingKind| {
        let mut unchecked = blindness.not_checked.iter();
        !unchecked.any(|unchecked| unchecked.kind == *kind)
    };
    let checked = || FINDINGS.iter().filter(is_checked);
    let spare = usize::from(room.height).saturating_sub(lines.len());
    if spare >= checked().count() {
        lines.extend(checked().map(|kind| {
            let name = format!("{:<22}", kind.id());
            let about = text::cut_end(kind.title(), columns.saturating_sub(22));
            vec![(name, Tone::Strong), (about.into_owned(), Tone::Muted)]
        }));
    } else {
        let names = checked().map(|kind| vec![(format!("{}   ", kind.id()), Tone::Muted)]);
        lines.extend(pieces::flow(names, room.width));
    }
    lines
}

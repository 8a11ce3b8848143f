//! Screen 6: what is wrong, and of the selected finding everything there is to say. Also findings in few words, for other
//! screens.
//!
//! ```text
//! ┌ Findings ─ sorted by SEVERITY ▼ ─────────────────────────────────────────────┐
//! │ SEVERITY▼  FINDING              SUBJECT               FOR   NUMBER 60 s       │
//! │ ✗ critical accept-queue-full    10.0.0.1:443      2.5 min      129 ▁▂▃▅▇█████ │
//! └────────────────────────────────────────────────────────────────────── 1-1/1 ─┘
//! ┌ ✗ critical ─ accept-queue-full ─ 10.0.0.1:443 ─ since 20:14:07 (2.5 min) ─────┐
//! │ nginx (2211) does not accept: …                                               │
//! │                                                                               │
//! │ accept queue  129     backlog  128                                            │
//! │                                                                               │
//! │ It is stopped: continue it with kill -CONT 2211.                              │
//! └───────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Where nothing is wrong it says so, and what was looked for.

use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Margin, Rect};

use super::panel::{self, Piece};
use super::process::flow;
use crate::column::format;
use crate::diagnose::{self, Concern, Evidence, Finding, Kind, about, length, shown, words};
use crate::tui::command::Command;
use crate::tui::keymap::label;
use crate::tui::lists::severity_tone;
use crate::tui::look::Look;
use crate::tui::screen::{Pane, Screen};
use crate::tui::state::State;
use crate::tui::text;
use crate::tui::theme::Tone;

/// Lines that the table keeps, whatever there is to tell below: its frame, its headings and some rows.
const TABLE_LINES: u16 = 6;

/// Room between a name and its value, and between two pairs.
const GAPS: (usize, usize) = (2, 4);

/// Findings that a page tells of, a line each.
const MOST_LINES: usize = 3;

fn harmless(text: &str) -> String {
    let mut out = String::new();
    format::harmless(&mut out, text.as_bytes());
    out
}

/// `✗2`: how many findings hold, and how grave the gravest is; nothing if there are none.
pub(super) fn badge(state: &State) -> Option<Piece> {
    let gravest = state.findings.gravest()?;
    let count = state.findings.now.len();
    Some((format!("{}{count}", gravest.sign()), severity_tone(gravest)))
}

/// A finding in a line.
pub(super) fn line(finding: &Finding, room: usize) -> Vec<Piece> {
    let summary = harmless(&finding.summary);
    let summary = text::cut_end(&summary, room.saturating_sub(2)).into_owned();
    vec![
        (
            format!("{} ", finding.severity.sign()),
            severity_tone(finding.severity),
        ),
        (summary, Tone::Plain),
    ]
}

/// A finding as a line of a list: how grave it is, which one, what it is about.
pub(super) fn short(finding: &Finding) -> Vec<Piece> {
    let tone = match finding.until_us {
        None => severity_tone(finding.severity),
        Some(_) => Tone::Muted,
    };
    let over = if finding.until_us.is_some() {
        "   over"
    } else {
        ""
    };
    vec![
        (format!("{} ", finding.severity.sign()), tone),
        (format!("{:<22}", finding.kind.id()), tone),
        (harmless(&finding.subject.to_string()), Tone::Strong),
        (over.to_owned(), Tone::Muted),
    ]
}

/// The findings that hold and concern what a page is about, a line each, the gravest first; the last line tells of those
/// that do not fit, and of the key.
pub(super) fn lines(
    findings: &diagnose::Findings,
    concern: &Concern,
    room: u16,
) -> Vec<Vec<Piece>> {
    if findings.now.is_empty() {
        return Vec::new();
    }
    let found = about(findings, std::slice::from_ref(concern));
    let found: Vec<&Arc<Finding>> = found.iter().filter(|f| f.until_us.is_none()).collect();
    let key = label(Command::Findings);
    let mut lines: Vec<Vec<Piece>> = Vec::new();
    for (at, finding) in found.iter().take(MOST_LINES).enumerate() {
        let more = found.len().saturating_sub(MOST_LINES);
        let hint = match more {
            _ if at + 1 < found.len().min(MOST_LINES) => String::new(),
            0 => " tells more".to_owned(),
            more => format!(" tells {more} more"),
        };
        let taken = match hint.len() {
            0 => 0,
            length => length + key.len() + 2,
        };
        let mut pieces = line(finding, usize::from(room).saturating_sub(taken));
        if taken > 0 {
            pieces.push((format!("  {key}"), Tone::Key));
            pieces.push((hint, Tone::Muted));
        }
        lines.push(pieces);
    }
    lines
}

/// Since when a finding holds and for how long, or when it was over.
fn when(finding: &Finding, look: &Look, now_us: i64) -> String {
    let until_us = finding.until_us.unwrap_or(now_us);
    let length = length(until_us.saturating_sub(finding.since_us));
    let since = look.time_of_day(finding.since_us);
    match finding.until_us {
        None => format!("since {since} ({length})"),
        Some(until_us) => format!("{since} to {} ({length})", look.time_of_day(until_us)),
    }
}

/// What a finding is called: how grave it is, which one, what it is about, since when. Where there is little room the
/// sign tells how grave it is, and of what it is about the middle is left out.
pub(super) fn title(finding: &Finding, look: &Look, now_us: i64, room: usize) -> String {
    let over = if finding.until_us.is_some() {
        "over ─ "
    } else {
        ""
    };
    let (severity, kind) = (finding.severity, finding.kind.id());
    let when = when(finding, look, now_us);
    let subject = harmless(&finding.subject.to_string());
    let with = |name: &str, subject: &str| {
        format!(
            "{over}{} {name}{kind} ─ {subject} ─ {when}",
            severity.sign()
        )
    };
    let whole = with(&format!("{} ─ ", severity.name()), &subject);
    if text::width(&whole) <= room {
        return whole;
    }
    let bare = text::width(&with("", ""));
    let subject = text::cut_middle(&subject, room.saturating_sub(bare).max(8));
    with("", &subject)
}

/// Everything there is to say of a finding: the sentence, what proves it, what to do.
pub(super) fn whole(finding: &Finding, columns: usize) -> Vec<Vec<Piece>> {
    let mut lines: Vec<Vec<Piece>> = Vec::new();
    let wrapped = |text: &str, tone: Tone| -> Vec<Vec<Piece>> {
        let parts = text::wrap(&harmless(text), columns).into_iter();
        parts.map(|part| vec![(part, tone)]).collect()
    };
    lines.extend(wrapped(&finding.summary, Tone::Strong));
    lines.push(Vec::new());
    lines.extend(evidence(&finding.evidence, columns));
    lines.push(Vec::new());
    lines.extend(wrapped(&finding.advice, Tone::Plain));
    lines
}

/// What proves it, as names and values that stand below each other.
fn evidence(evidence: &Evidence, columns: usize) -> Vec<Vec<Piece>> {
    let pairs: Vec<(String, String)> = evidence
        .iter()
        .map(|(name, value)| (words(name), shown(name, value)))
        .collect();
    let widest = |of: fn(&(String, String)) -> &str| {
        let widths = pairs.iter().map(|pair| text::width(of(pair)));
        widths.max().unwrap_or(0)
    };
    let (name, value) = (widest(|pair| &pair.0), widest(|pair| &pair.1));
    let cell = name + GAPS.0 + value + GAPS.1;
    let beside = ((columns + GAPS.1) / cell.max(1)).max(1);
    // Down each column first, as one reads a list.
    let count = pairs.len();
    let rows = count.div_ceil(beside).max(1);
    let mut lines = vec![Vec::new(); rows.min(pairs.len())];
    for (at, (what, how_much)) in pairs.into_iter().enumerate() {
        let what_gap = " ".repeat(name - text::width(&what) + GAPS.0);
        // Room is kept for the next pair, if there is one.
        let gap = if at + rows < count {
            " ".repeat(value - text::width(&how_much) + GAPS.1)
        } else {
            String::new()
        };
        lines[at % rows].extend([
            (format!("{what}{what_gap}"), Tone::Muted),
            (format!("{how_much}{gap}"), Tone::Strong),
        ]);
    }
    lines
}

/// Draws the screen.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let look = state.look.clone();
    let moment = state.moment.clone();
    let moment = moment.as_deref();
    let findings = &state.findings;
    if findings.now.is_empty() && findings.over.is_empty() {
        let inner = panel::framed(frame, area, &look, Screen::Findings.title());
        let inner = inner.inner(Margin::new(1, 0));
        let lines = nothing(state, inner);
        panel::write_lines(frame, inner, &look, &lines);
        return;
    }
    let chosen = moment.and_then(|moment| {
        let row = state.finding_rows.meant_row(moment)?;
        let columns = usize::from(area.width.saturating_sub(4));
        let title = title(row.finding, &look, row.now_us, columns.saturating_sub(2));
        Some((title, whole(row.finding, columns)))
    });
    let rows = state.finding_rows.len() as u16;
    let most = area.height.saturating_sub(TABLE_LINES.min(rows.max(2) + 3));
    let chosen = chosen.map(|(title, mut lines)| {
        // Before a line is out of sight, the empty ones go.
        if lines.len() as u16 + 2 > most {
            lines.retain(|line| !line.is_empty());
        }
        (title, lines)
    });
    let needed = chosen
        .as_ref()
        .map_or(0, |(_, lines)| lines.len() as u16 + 2);
    // Where there is no room for a sentence there is none for its frame either.
    let below = if most < 3 { 0 } else { needed.min(most) };
    let [upper, lower] =
        Layout::vertical([Constraint::Min(0), Constraint::Length(below)]).areas(area);
    let mut title = Screen::Findings.title().to_owned();
    if moment.is_some_and(|moment| moment.filtered().is_some()) {
        title.push_str(" of the whole machine, without the filter");
    }
    let (at, table) = ((&mut state.hits, Pane::Main), &mut state.finding_rows);
    panel::framed_table(frame, upper, &look, &title, table, moment, at);
    if let Some((title, lines)) = chosen.filter(|_| below > 0) {
        let inner = panel::framed(frame, lower, &look, &title);
        panel::write_lines(frame, inner.inner(Margin::new(1, 0)), &look, &lines);
        let hidden = lines.len().saturating_sub(inner.height.into());
        if hidden > 0 {
            let lines = if hidden == 1 { "line" } else { "lines" };
            let more = [
                (format!(" {hidden} more {lines}: "), Tone::Muted),
                (format!("{} ", label(Command::Findings)), Tone::Key),
            ];
            let width = panel::width(&more).min(lower.width);
            let place = Rect {
                x: lower.right().saturating_sub(width + 1),
                y: lower.bottom().saturating_sub(1),
                width,
                height: 1,
            };
            panel::write_over(frame.buffer_mut(), place, &look, &more);
        }
    }
}

/// Says that nothing is wrong, and what was looked for.
fn nothing(state: &State, room: Rect) -> Vec<Vec<Piece>> {
    let columns = usize::from(room.width);
    let Some(moment) = state.moment.as_deref() else {
        return vec![vec![("sampling…".to_owned(), Tone::Muted)]];
    };
    let Some(since_us) = state.findings.since_us else {
        let text = "the samples before this instant are being read…";
        return vec![vec![(text.to_owned(), Tone::Muted)]];
    };
    let whole = moment.unfiltered();
    let count = |count: usize| {
        let mut out = String::new();
        format::count(&mut out, count as u64);
        out
    };
    let length = length(moment.sample.taken_at_us.saturating_sub(since_us));
    let samples = match state.findings.samples {
        1 => "1 sample".to_owned(),
        samples => format!("{} samples", count(samples as usize)),
    };
    let looked = format!(
        "Looked at for {length} ({} since {}): {} sockets, {} listeners, {} processes, the limits of this host.",
        samples,
        state.look.time_of_day(since_us),
        count(whole.totals.sockets as usize),
        count(whole.listeners.len()),
        count(moment.sample.processes.len()),
    );
    let mut lines = vec![vec![(
        "Nothing is wrong, as far as the kernel's numbers tell.".to_owned(),
        Tone::Good,
    )]];
    let wrapped = text::wrap(&looked, columns).into_iter();
    lines.extend(wrapped.map(|part| vec![(part, Tone::Plain)]));
    let caveat = "What lasts shorter than a few samples is not told. What was over more than ten minutes ago is not kept.";
    let wrapped = text::wrap(caveat, columns).into_iter();
    lines.extend(wrapped.map(|part| vec![(part, Tone::Muted)]));
    lines.push(Vec::new());
    lines.push(vec![("This is looked for:".to_owned(), Tone::Plain)]);
    let spare = usize::from(room.height).saturating_sub(lines.len());
    if spare >= Kind::ALL.len() {
        lines.extend(Kind::ALL.map(|kind| {
            let name = format!("{:<22}", kind.id());
            let about = text::cut_end(kind.about(), columns.saturating_sub(22));
            vec![(name, Tone::Strong), (about.into_owned(), Tone::Muted)]
        }));
    } else {
        let names = Kind::ALL
            .iter()
            .map(|kind| vec![(format!("{}   ", kind.id()), Tone::Muted)]);
        lines.extend(flow(names, room.width));
    }
    lines
}

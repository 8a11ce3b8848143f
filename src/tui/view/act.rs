//! What can be done with a row: filters to choose from, and ways to end it.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::panel::{self, Piece};
use crate::column::format;
use crate::model::Process;
use crate::tui::hits::Hit;
use crate::tui::kill_target::{KillAction, KillTarget, Recipient};
use crate::tui::state::{Popup, State};
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::update::PARTS;

/// The widest that such a list is, columns.
const WIDEST: u16 = 76;

/// Processes that are listed above what can be done to them.
const LISTED: usize = 3;

fn sanitize(text: &str) -> String {
    let mut out = String::new();
    format::sanitize(&mut out, text.as_bytes());
    out
}

/// Draws lines over the screen, of which those from `first` on can be chosen.
fn render_list(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &mut State,
    title: &str,
    lines: &[Vec<Piece>],
    (first, cursor, asked): (usize, usize, bool),
) {
    let widest = lines
        .iter()
        .map(|line| panel::width(line))
        .max()
        .unwrap_or(0);
    let width = widest.max(text::width(title) as u16 + 2) + 4;
    let size = (width.clamp(40, WIDEST.max(40)), lines.len() as u16 + 2);
    let inner = panel::over(frame, area, &state.look, title, size);
    let page = usize::from(inner.height);
    let selected = first + cursor;
    // A question about it stays in sight with it.
    let last = selected + usize::from(asked);
    let skip = (last + 1).saturating_sub(page.max(1));
    for (y, (at, line)) in (inner.y..inner.bottom()).zip(lines.iter().enumerate().skip(skip)) {
        let place = Rect {
            y,
            height: 1,
            ..inner
        };
        panel::write(frame.buffer_mut(), place, &state.look, line);
        if at >= first && !(asked && at == last) {
            if at == selected {
                let style = state.look.theme.style(Tone::Selected);
                frame.buffer_mut().set_style(place, style);
            }
            let below = usize::from(asked && at > last);
            state.hits.add(place, Hit::Line(at - first - below));
        }
    }
}

/// Filters that the row would pass.
///
/// ```text
/// ┌ Filter by ───────────────┐
/// │ process nginx            │
/// │ state established        │
/// └──────────────────────────┘
/// ```
pub(super) fn render_filter_by(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let Some(Popup::FilterBy(conditions, exclude, cursor)) = state.popup.clone() else {
        return;
    };
    let lines: Vec<Vec<Piece>> = conditions
        .iter()
        .map(|condition| {
            let not = if exclude { "not " } else { "" };
            vec![
                (not.to_owned(), Tone::Warning),
                (sanitize(condition), Tone::Strong),
            ]
        })
        .collect();
    let title = if exclude { "Leave out" } else { "Filter by" };
    render_list(frame, area, state, title, &lines, (0, cursor, false));
}

/// How much can be saved.
///
/// ```text
/// ┌ Save to a file ──────────┐
/// │ the last minute          │
/// │ everything that is kept  │
/// └──────────────────────────┘
/// ```
pub(super) fn render_save(frame: &mut Frame<'_>, area: Rect, state: &mut State, cursor: usize) {
    let lines = PARTS.map(|(_, about)| vec![(about.to_owned(), Tone::Plain)]);
    let title = "Save to a file";
    render_list(frame, area, state, title, &lines, (0, cursor, false));
}

/// Ways to end what one looks at.
///
/// ```text
/// ┌ End ────────────────────────────────────────────┐
/// │ 10.0.0.1:443 → 10.0.0.9:50000                   │
/// │ nginx/2211 of www                               │
/// │                                                 │
/// │ destroy the socket   both ends are told         │
/// │ SIGTERM to nginx/2211                           │
/// └─────────────────────────────────────────────────┘
/// ```
pub(super) fn render_kill(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let Some(Popup::Kill(kill_target, cursor, asked)) = state.popup.clone() else {
        return;
    };
    let mut lines: Vec<Vec<Piece>> = Vec::new();
    if !kill_target.ends.is_empty() {
        lines.push(vec![(sanitize(&kill_target.ends), Tone::Strong)]);
    }
    if kill_target.holders.len() > LISTED {
        let all = format!("{} processes hold it", kill_target.holders.len());
        lines.push(vec![(all, Tone::Strong)]);
    } else {
        for process in &kill_target.holders {
            let user = process.user.as_deref();
            let user = user.map_or_else(String::new, |user| format!(" of {}", sanitize(user)));
            lines.push(vec![(format!("{}{user}", name(process)), Tone::Strong)]);
        }
    }
    let why_indestructible = kill_target.why_indestructible();
    lines.extend(why_indestructible.map(|why| vec![(why.to_owned(), Tone::Muted)]));
    lines.push(Vec::new());
    let first = lines.len();
    let actions = kill_target.actions();
    for (at, action) in actions.iter().enumerate() {
        lines.push(describe(*action, &kill_target, state.may_destroy));
        if asked && at == cursor {
            lines.push(vec![
                ("  really? ".to_owned(), Tone::Critical),
                ("y".to_owned(), Tone::Key),
                (" does it, any other key does not".to_owned(), Tone::Plain),
            ]);
        }
    }
    render_list(frame, area, state, "End", &lines, (first, cursor, asked));
}

fn name(process: &Process) -> String {
    format!("{}/{}", sanitize(&process.comm), process.key.pid)
}

fn describe(action: KillAction, kill_target: &KillTarget, may_destroy: bool) -> Vec<Piece> {
    let plain = |text: &str| (text.to_owned(), Tone::Plain);
    match action {
        KillAction::Destroy if may_destroy => vec![
            plain("destroy the socket"),
            (format!("   {}", kill_target.consequence()), Tone::Muted),
        ],
        KillAction::Destroy => vec![
            ("destroy the socket".to_owned(), Tone::Muted),
            ("   needs CAP_NET_ADMIN".to_owned(), Tone::Warning),
        ],
        KillAction::Signal(_, signal, recipient) => {
            let about = match signal {
                "SIGTERM" => "   asks it to end",
                "SIGHUP" => "   many read their settings anew",
                "SIGKILL" => "   ends it at once",
                _ => "",
            };
            let who = match (recipient, kill_target.recipients(recipient)) {
                (Recipient::One(_), [process]) => name(process),
                (_, all) => format!("all {}", all.len()),
            };
            vec![
                plain(&format!("{signal} to {who}")),
                (about.to_owned(), Tone::Muted),
            ]
        }
    }
}

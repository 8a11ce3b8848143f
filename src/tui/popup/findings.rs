//! The findings about the selected row or the page: a list, and the full text of the chosen one.
//!
//! ```text
//! ┌ Findings ─ 1 of 2 ───────────────────────────────────┐
//! │ ✗ id of the finding    10.0.0.1:443                   │
//! │ ⚠ id of the finding    nginx (2211)                   │
//! │ ───────────────────────────────────────────────────── │
//! │ nginx (2211) on 10.0.0.1:443 has been stopped since … │
//! └───────────────────────────────────────────────────────┘
//! ```

use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::draw;
use super::interface::{Outcome, Popup};
use crate::aggregate::Moment;
use crate::diagnose::{Concern, Finding, FindingKey, findings_about};
use crate::model::SocketKey;
use crate::tui::click_map::ClickTarget;
use crate::tui::command::Command;
use crate::tui::concern::{remote_concern, socket_concern};
use crate::tui::hint::Hint;
use crate::tui::lists::finding_target;
use crate::tui::navigation;
use crate::tui::open_target::OpenTarget;
use crate::tui::page::Page;
use crate::tui::screen::Screen;
use crate::tui::scroll::scrolled;
use crate::tui::state::State;
use crate::tui::theme::Tone;
use crate::tui::view::finding_text;
use crate::tui::widget::border;
use crate::tui::widget::pieces;

/// Findings that are listed above the text of the chosen one.
const LISTED: usize = 5;

/// The findings about one subject.
#[derive(Debug)]
pub struct Findings {
    keys: Vec<FindingKey>,
    /// The index of the chosen one.
    chosen: usize,
    /// The first line shown of its text.
    line: usize,
}

/// True if findings can be about the page or the selected row.
pub(in crate::tui) fn is_available(state: &State) -> bool {
    let target = state
        .moment
        .as_deref()
        .and_then(|moment| state.table()?.target(moment));
    let on_page = matches!(
        state.page(),
        Some(Page::Process(_) | Page::Remote(_) | Page::Socket(_))
    );
    let on_row =
        target.is_some_and(|target| !matches!(target, OpenTarget::Fold | OpenTarget::Group(..)));
    state.moment.is_some() && (on_page || on_row)
}

/// Opens the findings about the page and the selected row, or sets a message if there are none.
pub(in crate::tui) fn open(state: &mut State) {
    state.arrange();
    let Some((concerns, name)) = concerns(state) else {
        state.message = Some("nothing here can have findings".to_owned());
        return;
    };
    let mut keys: Vec<FindingKey> = Vec::new();
    if is_among_findings(state) {
        let moment = state.moment.as_deref();
        let row = moment.and_then(|moment| state.finding_rows.current_row(moment));
        keys.extend(row.map(|row| row.finding.key()));
    } else {
        for finding in findings_about(&state.findings, &concerns) {
            if !keys.contains(&finding.key()) {
                keys.push(finding.key());
            }
        }
    }
    if keys.is_empty() {
        let digit = state.appearance.keys.label(Command::GoTo(Screen::Findings));
        state.message = Some(match state.findings.active.len() {
            0 => "there are no findings".to_owned(),
            1 => format!("no finding about {name}; press {digit} for 1 other finding"),
            others => format!("no finding about {name}; press {digit} for {others} other findings"),
        });
    } else {
        state.open_popup(Findings {
            keys,
            chosen: 0,
            line: 0,
        });
    }
}

/// The concerns of the page and of the selected row, with a name for them in a message.
fn concerns(state: &State) -> Option<(Vec<Concern>, &'static str)> {
    let moment = state.moment.as_deref()?;
    let mut concerns = Vec::new();
    let mut name = "this page";
    match state.page() {
        Some(Page::Process(page)) => concerns.push(Concern::Process(page.key)),
        Some(Page::Remote(page)) => {
            concerns.push(remote_concern(page.host, page.service, &moment.sample));
        }
        Some(Page::Socket(page)) => {
            let row = page.row(moment)?;
            concerns.push(Concern::Socket(socket_concern(row.socket, moment)));
        }
        Some(Page::Group(_) | Page::Difference(_)) | None => name = "this row",
    }
    let target = state.table().and_then(|table| table.target(moment));
    let of_row = match target {
        Some(OpenTarget::Process(process)) => Some(Concern::Process(process.key)),
        Some(OpenTarget::Remote(host, service)) => {
            Some(remote_concern(host, service, &moment.sample))
        }
        Some(OpenTarget::Socket(key)) => key_concern(key, moment),
        Some(OpenTarget::Event(number)) => {
            let event = moment.aggregate.events.get(number);
            event.map(|(_, socket)| Concern::Socket(socket_concern(socket, moment)))
        }
        Some(
            OpenTarget::Fold
            | OpenTarget::Group(..)
            | OpenTarget::System
            | OpenTarget::Unavailable(_),
        )
        | None => None,
    };
    concerns.extend(of_row);
    (!concerns.is_empty() || is_among_findings(state)).then_some((concerns, name))
}

fn is_among_findings(state: &State) -> bool {
    state.screen == Screen::Findings && state.page().is_none() && !state.finding_rows.is_empty()
}

fn key_concern(key: SocketKey, moment: &Moment) -> Option<Concern> {
    let socket = moment.sample.socket(moment.row_of(key)?)?;
    Some(Concern::Socket(socket_concern(socket, moment)))
}

impl Findings {
    /// The chosen finding; `None` if it ended long ago.
    fn chosen<'s>(&self, state: &'s State) -> Option<&'s Arc<Finding>> {
        state.finding(*self.keys.get(self.chosen)?)
    }

    fn choose(&mut self, place: usize) {
        (self.chosen, self.line) = (place.min(self.keys.len().saturating_sub(1)), 0);
    }

    /// Opens the subject of the chosen finding.
    fn open_subject(&self, state: &mut State) {
        let target = self.chosen(state).zip(state.moment.as_deref());
        let target = target.map(|(finding, moment)| finding_target(finding, moment));
        match target {
            Some(target) if is_here(state, &target) => {
                state.message = Some("the subject of this finding is already open".to_owned());
            }
            Some(target) => {
                navigation::select_current(state);
                navigation::open_target(state, target);
            }
            None => state.message = Some("this finding has ended".to_owned()),
        }
    }

    /// Draws the list of findings, as many as `lines`, with the chosen one visible.
    fn render_list(&self, frame: &mut Frame<'_>, area: Rect, state: &mut State, lines: usize) {
        let first = (self.chosen + 1).saturating_sub(lines);
        let keys = self.keys.iter().enumerate().skip(first).take(lines);
        for (y, (place, key)) in (area.y..area.bottom()).zip(keys) {
            let row = Rect {
                y,
                height: 1,
                ..area
            };
            let pieces = match state.finding(*key) {
                Some(finding) => finding_text::short_line(finding),
                None => vec![(format!("  {} has ended", key.0.id()), Tone::Muted)],
            };
            pieces::write(frame.buffer_mut(), row, &state.appearance, &pieces);
            if place == self.chosen {
                let style = state.appearance.theme.style(Tone::Selected);
                frame.buffer_mut().set_style(row, style);
            }
            state.clicks.add(row, ClickTarget::Line(place));
        }
    }
}

/// True if the target is the page that is shown.
fn is_here(state: &State, target: &OpenTarget) -> bool {
    match (state.page(), target) {
        (Some(Page::Process(page)), OpenTarget::Process(process)) => page.key == process.key,
        (Some(Page::Socket(page)), OpenTarget::Socket(key)) => page.key == *key,
        (Some(Page::Remote(page)), OpenTarget::Remote(host, service)) => {
            page.host == *host && (page.service == *service || page.service.is_none())
        }
        _ => false,
    }
}

impl Popup<State> for Findings {
    fn is_closed_by(&self, command: Command) -> bool {
        command == Command::Findings
    }

    fn handle(&mut self, state: &mut State, command: Command) -> Outcome {
        match command {
            Command::Open => {
                self.open_subject(state);
                return Outcome::Close;
            }
            // With a single finding, the keys scroll its text.
            Command::Down | Command::Up if self.keys.len() > 1 => {
                self.choose(scrolled(self.chosen, command));
            }
            _ => self.line = scrolled(self.line, command),
        }
        Outcome::Stay
    }

    fn click(&mut self, _state: &mut State, line: usize) -> Outcome {
        self.choose(line);
        Outcome::Stay
    }

    fn hints(&self) -> Vec<Hint> {
        let mut hints = if self.keys.len() > 1 {
            vec![
                Hint::new(&[Command::Down, Command::Up], "select"),
                Hint::new(&[Command::PageDown], "scroll"),
            ]
        } else {
            vec![Hint::new(&[Command::Down, Command::Up], "scroll")]
        };
        hints.push(Hint::new(&[Command::Open], "open subject"));
        hints.push(Hint::new(&[Command::Back], "close"));
        hints
    }

    fn render(&mut self, frame: &mut Frame<'_>, area: Rect, state: &mut State) {
        let appearance = state.appearance.clone();
        let now_ns = state.moment.as_ref().map_or(0, |m| m.sample.monotonic_ns);
        let width = draw::WIDEST_TEXT.min(area.width);
        let columns = usize::from(width.saturating_sub(4));
        let (title, lines) = if let Some(finding) = self.chosen(state) {
            (
                finding_text::title(finding, &appearance, now_ns, columns.saturating_sub(2)),
                finding_text::full_text(finding, columns),
            )
        } else {
            let over = "This finding ended more than 10 minutes ago.".to_owned();
            ("Findings".to_owned(), vec![vec![(over, Tone::Muted)]])
        };
        let listed = match self.keys.len() {
            0 | 1 => 0,
            several => several.min(LISTED),
        };
        let above = if listed > 0 { listed + 1 } else { 0 };
        let size = (width, (above + lines.len()) as u16 + 2);
        let inner = border::centered(frame, area, &appearance, &title, size);
        self.render_list(frame, inner, state, listed);
        let above = (above as u16).min(inner.height);
        if above > 0 {
            let rule = Rect {
                y: inner.y + above - 1,
                height: 1,
                ..inner
            };
            let dashes = [("─".repeat(inner.width.into()), Tone::Muted)];
            pieces::write(frame.buffer_mut(), rule, &appearance, &dashes);
        }
        let below = Rect {
            y: inner.y + above,
            height: inner.height - above,
            ..inner
        };
        let page = usize::from(below.height);
        self.line = self.line.min(lines.len().saturating_sub(page));
        pieces::write_lines(frame, below, &appearance, &lines[self.line..]);
        let hidden = lines.len().saturating_sub(self.line + page);
        draw::more_below(frame, inner, &appearance, hidden);
    }
}

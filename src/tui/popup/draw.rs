//! Drawing that popups share: texts that scroll, lists and menus to choose from.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::filter::SearchText;
use crate::tui::appearance::Appearance;
use crate::tui::click_map::ClickTarget;
use crate::tui::state::State;
use crate::tui::table::Heading;
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::widget::border;
use crate::tui::widget::pieces::{self, Piece};

/// Maximum width of a text, columns: longer lines are hard to read.
pub(super) const WIDEST_TEXT: u16 = 100;

/// Maximum width of a menu, columns.
const WIDEST_MENU: u16 = 76;

/// Minimum width of a menu, columns.
const NARROWEST_MENU: u16 = 40;

/// Columns of a name in a list.
const NAME: usize = 14;

/// The hint how to search a list in which letters are typed.
pub(super) const TYPE_TO_SEARCH: &str = "type to search";

/// An entry of a list to choose from.
pub(super) struct Choice {
    /// The name, in its tone.
    pub name: String,
    pub tone: Tone,
    pub about: &'static str,
}

/// True if the search matches a column's id, heading or documentation.
pub(super) fn matches(search: &SearchText, heading: &Heading) -> bool {
    [heading.id, heading.heading, heading.about]
        .iter()
        .any(|text| search.matches(text))
}

/// A title with the search text, or with the hint how to search.
pub(super) fn search_title(title: &str, hint: &str, search: &str) -> String {
    if search.is_empty() {
        format!("{title} ─ {hint}")
    } else {
        format!("{title} ─ search: {}", text::sanitized(search))
    }
}

/// Draws a text from the line `first` on; returns the line that is really the first, so that the last page is full.
pub(super) fn scrolling_text(
    frame: &mut Frame<'_>,
    area: Rect,
    appearance: &Appearance,
    title: &str,
    lines: &[Vec<Piece>],
    first: usize,
) -> usize {
    let widest = lines.iter().map(|line| pieces::width(line)).max();
    let title_width = text::width(title) as u16 + 4;
    let width = (widest.unwrap_or(0).max(title_width) + 4).min(area.width);
    let size = (width, (lines.len() as u16).saturating_add(2));
    let inner = border::centered(frame, area, appearance, title, size);
    let page = usize::from(inner.height);
    let first = first.min(lines.len().saturating_sub(page));
    pieces::write_lines(frame, inner, appearance, &lines[first..]);
    let hidden = lines.len().saturating_sub(first + page);
    more_below(frame, inner, appearance, hidden);
    first
}

/// Writes the number of lines below on the lower edge.
pub(super) fn more_below(
    frame: &mut Frame<'_>,
    inner: Rect,
    appearance: &Appearance,
    below: usize,
) {
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
    pieces::write_over(frame.buffer_mut(), place, appearance, &[(more, Tone::Key)]);
}

/// Draws a list to choose from, with the line of the cursor visible.
pub(super) fn choices(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &mut State,
    title: &str,
    choices: &[Choice],
    cursor: usize,
) {
    let appearance = &state.appearance;
    let size = (
        WIDEST_TEXT.min(area.width),
        (choices.len().max(1) as u16).saturating_add(2),
    );
    let inner = border::centered(frame, area, appearance, title, size);
    let page = usize::from(inner.height);
    if page == 0 {
        return;
    }
    if choices.is_empty() {
        let line = [("no match".to_owned(), Tone::Muted)];
        pieces::write(frame.buffer_mut(), inner, appearance, &line);
    }
    let cursor = cursor.min(choices.len().saturating_sub(1));
    let first = (cursor + 1).saturating_sub(page);
    let lines = choices.iter().enumerate().skip(first);
    for (y, (at, choice)) in (inner.y..inner.bottom()).zip(lines) {
        let pad = " ".repeat(NAME.saturating_sub(text::width(&choice.name)) + 1);
        let name = format!("{}{pad}", choice.name);
        let room = usize::from(inner.width).saturating_sub(text::width(&name));
        let about = text::cut_clause(choice.about, room);
        let line = [(name, choice.tone), (about.into_owned(), Tone::Plain)];
        let place = Rect {
            y,
            height: 1,
            ..inner
        };
        pieces::write(frame.buffer_mut(), place, appearance, &line);
        if at == cursor {
            let style = appearance.theme.style(Tone::Selected);
            frame.buffer_mut().set_style(place, style);
        }
        state.clicks.add(place, ClickTarget::Line(at));
    }
    let below = choices.len().saturating_sub(first + page);
    more_below(frame, inner, appearance, below);
}

/// Draws a menu whose lines from `first` can be chosen. `cursor` counts from there; if `has_question`, the
/// line below the cursor's is a question about it and stays visible with it.
pub(super) fn menu(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &mut State,
    title: &str,
    lines: &[Vec<Piece>],
    (first, cursor, has_question): (usize, usize, bool),
) {
    let widest = lines.iter().map(|line| pieces::width(line)).max();
    let width = widest.unwrap_or(0).max(text::width(title) as u16 + 2) + 4;
    let size = (
        width.clamp(NARROWEST_MENU, WIDEST_MENU),
        lines.len() as u16 + 2,
    );
    let inner = border::centered(frame, area, &state.appearance, title, size);
    let page = usize::from(inner.height);
    let selected = first + cursor;
    let last = selected + usize::from(has_question);
    let skip = (last + 1).min(lines.len()).saturating_sub(page.max(1));
    for (y, (at, line)) in (inner.y..inner.bottom()).zip(lines.iter().enumerate().skip(skip)) {
        let place = Rect {
            y,
            height: 1,
            ..inner
        };
        pieces::write(frame.buffer_mut(), place, &state.appearance, line);
        let is_question = has_question && at == last;
        if at >= first && !is_question {
            if at == selected {
                let style = state.appearance.theme.style(Tone::Selected);
                frame.buffer_mut().set_style(place, style);
            }
            let below = usize::from(has_question && at > last);
            state
                .clicks
                .add(place, ClickTarget::Line(at - first - below));
        }
    }
}

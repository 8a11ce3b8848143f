//! The line of tabs: the screens with their digits, and the open pages after the current screen.
//!
//! ```text
//!  1 Overview   2 Sockets   3 Processes › nginx/2211 › 10.0.0.1:443   4 Listeners   6 Findings ✗3 ⚠4 …
//! 1Overview 2Sockets 3Processes 4Listeners 5Remotes 6Findings ✗3⚠4 7System 8Events
//! ```
//!
//! The Findings tab shows the numbers of active findings by severity.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::finding_text;
use crate::column::{SocketColumn, format};
use crate::tui::click_map::ClickTarget;
use crate::tui::page::Page;
use crate::tui::screen::Screen;
use crate::tui::state::State;
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::widget::pieces::{self, Piece};

/// The style of all tabs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TabStyle {
    /// Digits and titles.
    Full,
    /// Digits and titles without a space between them: all of them in 80 columns.
    Tight,
    /// Digits and short titles.
    Short,
    /// Digits; only the current screen has its title.
    Digits,
}

/// Maximum width of the name of a process.
const MAX_NAME_WIDTH: usize = 24;

/// Draws the line of tabs: titles if they fit, or short ones, or else the digits with the title of the current screen.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let breadcrumb = breadcrumb(state);
    let badges = finding_text::badges(state);
    // Titles become shorter for a filter that is shown here.
    let filter = if shows_filter(state) {
        let wanted = text::width("filter:  ") + text::width(state.filter().text()) + 1;
        wanted.clamp(MIN_FILTER_WIDTH, MAX_FILTER_WIDTH) as u16
    } else {
        0
    };
    let styles = [
        TabStyle::Full,
        TabStyle::Tight,
        TabStyle::Short,
        TabStyle::Digits,
    ];
    let choices = styles.map(|style| tabs(state.screen, style, &breadcrumb, &badges));
    let fits = |tabs: &&Vec<(Option<Screen>, Vec<Piece>)>| width(tabs) + filter <= area.width;
    let bare =
        width(&tabs(state.screen, TabStyle::Digits, "", &badges)) + BREADCRUMB_SIGNS_WIDTH + filter;
    let short = text::cut_middle(&breadcrumb, area.width.saturating_sub(bare).into());
    let shortest = tabs(state.screen, TabStyle::Digits, &short, &badges);
    let chosen = choices.iter().find(fits).unwrap_or(&shortest);
    let mut x = area.x;
    for (screen, pieces) in chosen {
        let room = Rect {
            x,
            width: area.right().saturating_sub(x),
            ..area
        };
        let width = pieces::write(frame.buffer_mut(), room, &state.appearance, pieces);
        if let Some(screen) = screen {
            state
                .clicks
                .add(Rect { width, ..room }, ClickTarget::Tab(*screen));
        }
        x += width;
    }
    render_filter(
        frame,
        Rect {
            x,
            width: area.right().saturating_sub(x),
            ..area
        },
        state,
    );
}

/// The width of the signs around the page names.
const BREADCRUMB_SIGNS_WIDTH: u16 = 3;

/// The width of tabs without the gap after the last one.
fn width(tabs: &[(Option<Screen>, Vec<Piece>)]) -> u16 {
    let width: u16 = tabs.iter().map(|(_, pieces)| pieces::width(pieces)).sum();
    let last = tabs.last().and_then(|(_, pieces)| pieces.last());
    let has_gap = last.is_some_and(|(text, _)| text == " ");
    width.saturating_sub(has_gap.into())
}

/// Minimum width for the filter.
const MIN_FILTER_WIDTH: usize = 16;

/// Maximum width of a filter for which titles become shorter.
const MAX_FILTER_WIDTH: usize = 40;

/// True if there is a filter and no table has it in its title.
fn shows_filter(state: &State) -> bool {
    state.screen == Screen::Overview && state.page().is_none() && !state.filter().is_empty()
}

/// Draws the filter, where no table has it in its title.
fn render_filter(frame: &mut Frame<'_>, area: Rect, state: &State) {
    if !shows_filter(state) || usize::from(area.width) < MIN_FILTER_WIDTH {
        return;
    }
    let mut filter = "filter: ".to_owned();
    format::sanitize(&mut filter, state.filter().text().as_bytes());
    let room = usize::from(area.width) - 1;
    let filter = text::cut_end(&filter, room).into_owned();
    let width = text::width(&filter) as u16;
    let place = Rect {
        x: area.right() - width - 1,
        width,
        ..area
    };
    pieces::write(
        frame.buffer_mut(),
        place,
        &state.appearance,
        &[(filter, Tone::Key)],
    );
}

/// The pieces of each tab.
fn tabs(
    here: Screen,
    style: TabStyle,
    breadcrumb: &str,
    badges: &[Piece],
) -> Vec<(Option<Screen>, Vec<Piece>)> {
    Screen::ALL
        .into_iter()
        .map(|screen| {
            let current = screen == here;
            let tone = if current { Tone::Selected } else { Tone::Plain };
            let key = if current { Tone::Selected } else { Tone::Key };
            let title = match style {
                TabStyle::Short => screen.short_title(),
                TabStyle::Digits if !current => "",
                TabStyle::Full | TabStyle::Tight | TabStyle::Digits => screen.title(),
            };
            let space = if style == TabStyle::Tight { "" } else { " " };
            let mut pieces = vec![(format!("{space}{}", screen.digit()), key)];
            if !title.is_empty() {
                pieces.push((format!("{space}{title}"), tone));
            }
            if screen == Screen::Findings {
                for (at, (sign, tone)) in badges.iter().enumerate() {
                    let gap = if at > 0 && style == TabStyle::Tight {
                        ""
                    } else {
                        " "
                    };
                    pieces.push((format!("{gap}{sign}"), *tone));
                }
            }
            if current && !breadcrumb.is_empty() {
                pieces.push((format!(" › {breadcrumb}"), tone));
            }
            // A highlighted tab has a space at both ends.
            let is_padded = matches!(style, TabStyle::Full | TabStyle::Digits);
            if is_padded || (current && style == TabStyle::Short) {
                pieces.push((" ".to_owned(), tone));
            }
            if style != TabStyle::Short {
                pieces.push((" ".to_owned(), Tone::Plain));
            }
            (Some(screen), pieces)
        })
        .collect()
}

/// The names of the open pages: the first and the last.
fn breadcrumb(state: &State) -> String {
    let pages = state.pages();
    match pages {
        [] => String::new(),
        [page] => page_name(page),
        [first, last] => format!("{} › {}", page_name(first), page_name(last)),
        [first, .., last] => format!("{} › … › {}", page_name(first), page_name(last)),
    }
}

/// The name of a page.
fn page_name(page: &Page) -> String {
    let mut name = String::new();
    match page {
        Page::Process(page) => {
            format::sanitize(&mut name, page.last_known.comm.as_bytes());
            name = format!("{}/{}", text::cut_end(&name, MAX_NAME_WIDTH), page.key.pid);
        }
        Page::Remote(page) => name = page.host.address.to_string(),
        Page::Group(page) => name.clone_from(&page.label),
        Page::Difference(_) => "difference".clone_into(&mut name),
        Page::Socket(page) => {
            let column = SocketColumn::by_id("local");
            if let (Some(column), Some(row)) = (column, page.known_row()) {
                column.write(&row, &mut name);
            }
        }
    }
    text::cut_middle(&name, MAX_NAME_WIDTH + 8).into_owned()
}

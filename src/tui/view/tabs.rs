//! The screens and their digits; what one looks into stands behind its screen.
//!
//! ```text
//!  1 Overview   2 Sockets   3 Processes › nginx/2211 › 10.0.0.1:443   4 Listeners   6 Findings ✗2 …
//! ```
//!
//! How many findings hold, and how grave the gravest is, is seen here from everywhere.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::finding_text;
use crate::column::{SocketColumn, format};
use crate::tui::hits::Hit;
use crate::tui::page::Page;
use crate::tui::screen::Screen;
use crate::tui::state::State;
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::widget::pieces::{self, Piece};

/// The most columns that the name of something looked into takes, beside the screens.
const NAME: usize = 24;

/// Draws the line of tabs: full names if there is room, short ones if not, and else the digits with the name of the
/// screen one is on.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let trail = trail(state);
    let badge = finding_text::badge(state);
    // Names become shorter for a filter that is told of here.
    let filter = if tells_filter(state) {
        let wanted = text::width("filter:  ") + text::width(state.filter().text()) + 1;
        wanted.clamp(FILTER, MOST_FOR_FILTER) as u16
    } else {
        0
    };
    let names: [fn(Screen) -> &'static str; 3] = [Screen::title, Screen::short_title, |_| ""];
    let choices = names.map(|name| tabs(state.screen, name, &trail, badge.as_ref()));
    let fits = |tabs: &&Vec<(Option<Screen>, Vec<Piece>)>| width(tabs) + filter <= area.width;
    let bare = width(&tabs(state.screen, |_| "", "", badge.as_ref())) + TRAIL_SIGNS + filter;
    let short = text::cut_middle(&trail, area.width.saturating_sub(bare).into());
    let shortest = tabs(state.screen, |_| "", &short, badge.as_ref());
    let chosen = choices.iter().find(fits).unwrap_or(&shortest);
    let mut x = area.x;
    for (screen, pieces) in chosen {
        let room = Rect {
            x,
            width: area.right().saturating_sub(x),
            ..area
        };
        let width = pieces::write(frame.buffer_mut(), room, &state.look, pieces);
        if let Some(screen) = screen {
            state.hits.add(Rect { width, ..room }, Hit::Tab(*screen));
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

/// Columns that a trail takes beside itself.
const TRAIL_SIGNS: u16 = 3;

/// Columns that tabs take; the room behind the last one can be missing.
fn width(tabs: &[(Option<Screen>, Vec<Piece>)]) -> u16 {
    let width: u16 = tabs.iter().map(|(_, pieces)| pieces::width(pieces)).sum();
    width.saturating_sub(1)
}

/// Least columns that are worth while for a filter.
const FILTER: usize = 16;

/// The most columns for which names are made shorter.
const MOST_FOR_FILTER: usize = 40;

/// Whether there is a filter that no table's title tells of.
fn tells_filter(state: &State) -> bool {
    state.screen == Screen::Overview && state.page().is_none() && !state.filter().is_empty()
}

/// The filter in force, where no table's title tells of it.
fn render_filter(frame: &mut Frame<'_>, area: Rect, state: &State) {
    if !tells_filter(state) || usize::from(area.width) < FILTER {
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
        &state.look,
        &[(filter, Tone::Key)],
    );
}

/// Each screen's piece of the line.
fn tabs(
    here: Screen,
    name: fn(Screen) -> &'static str,
    trail: &str,
    badge: Option<&Piece>,
) -> Vec<(Option<Screen>, Vec<Piece>)> {
    Screen::ALL
        .into_iter()
        .map(|screen| {
            let current = screen == here;
            let tone = if current { Tone::Selected } else { Tone::Plain };
            let key = if current { Tone::Selected } else { Tone::Key };
            let mut title = name(screen);
            if current && title.is_empty() {
                title = screen.title();
            }
            let mut pieces = vec![(format!(" {}", screen.digit()), key)];
            pieces.push((
                if title.is_empty() {
                    " ".to_owned()
                } else {
                    format!(" {title} ")
                },
                tone,
            ));
            if let Some((sign, tone)) = badge.filter(|_| screen == Screen::Findings) {
                pieces.push((format!("{sign} "), *tone));
            }
            if current && !trail.is_empty() {
                pieces.push((format!("› {trail} "), tone));
            }
            pieces.push((" ".to_owned(), Tone::Plain));
            (Some(screen), pieces)
        })
        .collect()
}

/// What one has looked into from here: the first and the last of it.
fn trail(state: &State) -> String {
    let pages = state.trail();
    match pages {
        [] => String::new(),
        [page] => name(page),
        [first, last] => format!("{} › {}", name(first), name(last)),
        [first, .., last] => format!("{} › … › {}", name(first), name(last)),
    }
}

fn name(page: &Page) -> String {
    let mut name = String::new();
    match page {
        Page::Process(page) => {
            format::sanitize(&mut name, page.known.comm.as_bytes());
            name = format!("{}/{}", text::cut_end(&name, NAME), page.key.pid);
        }
        Page::Remote(page) => name = page.address.to_string(),
        Page::Difference(_) => "difference".clone_into(&mut name),
        Page::Socket(page) => {
            let column = SocketColumn::by_id("local");
            if let (Some(column), Some(row)) = (column, page.known_row()) {
                column.write(&row, &mut name);
            }
        }
    }
    text::cut_middle(&name, NAME + 8).into_owned()
}

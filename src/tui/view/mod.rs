//! The layout of the whole screen.
//!
//! ```text
//!  tabs
//!  status
//!  notice    only if something is hidden or has failed
//!  chips     above tables of sockets and their owners
//!  body      the screen, or the page opened from it
//!  time      only while frozen or in a replay
//!  footer    two lines more while a filter is typed
//! ```

mod chip_line;
mod difference;
mod filter_line;
pub(super) mod finding_text;
mod findings;
mod footer;
mod group;
mod notice;
mod overview;
mod pace;
mod process;
mod remote;
mod socket;
mod status_line;
mod system;
mod table_screen;
mod tabs;
mod timeline;
mod too_small;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Style};

use super::ascii_fallback;
use super::hint::Hint;
use super::page::Page;
use super::screen::Screen;
use super::state::State;

/// The smallest supported terminal, columns and rows.
const SMALLEST: (u16, u16) = (40, 10);

/// Draws the state. `hints` finds the hints of the footer once everything else is drawn.
pub(super) fn render(frame: &mut Frame<'_>, state: &mut State, hints: fn(&State) -> Vec<Hint>) {
    state.clicks.clear();
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        too_small::render(frame, area, state, SMALLEST);
    } else {
        let [tabs, status, notice, chips, body, time, footer] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(1),
            Constraint::Length(notice::lines(state)),
            Constraint::Length(chip_line::lines(state, area.height)),
            Constraint::Min(0),
            Constraint::Length(timeline::lines(state)),
            Constraint::Length(filter_line::lines(state, area.height)),
        ])
        .areas(area);
        tabs::render(frame, tabs, state);
        status_line::render(frame, status, state);
        notice::render(frame, notice, state);
        chip_line::render(frame, chips, state);
        match (state.page(), state.screen) {
            (Some(Page::Process(_)), _) => process::render(frame, body, state),
            (Some(Page::Socket(_)), _) => socket::render(frame, body, state),
            (Some(Page::Difference(_)), _) => difference::render(frame, body, state),
            (Some(Page::Remote(_)), _) => remote::render(frame, body, state),
            (Some(Page::Group(_)), _) => group::render(frame, body, state),
            (None, Screen::Overview) => overview::render(frame, body, state),
            (None, Screen::Findings) => findings::render(frame, body, state),
            (None, Screen::System) => system::render(frame, body, state),
            (None, Screen::Sockets) => table_screen::render(frame, body, state, |s| &mut s.sockets),
            (None, Screen::Processes) => {
                table_screen::render(frame, body, state, |s| &mut s.processes);
            }
            (None, Screen::Listeners) => {
                table_screen::render(frame, body, state, |s| &mut s.listeners);
            }
            (None, Screen::Remotes) => table_screen::render(frame, body, state, |s| &mut s.remotes),
            (None, Screen::Events) => table_screen::render_events(frame, body, state),
        }
        if let Some(mut popup) = state.popup.take() {
            popup.render(frame, body, state);
            state.popup = Some(popup);
        }
        timeline::render(frame, time, state);
        footer::render(frame, footer, state, hints);
    }
    if let Some(base) = state.appearance.theme.base() {
        paint(frame.buffer_mut(), base);
    }
    if state.appearance.ascii {
        ascii_fallback::to_ascii(frame.buffer_mut());
    }
}

/// Gives every cell without a color of its own the text and background of the theme.
fn paint(buffer: &mut Buffer, base: Style) {
    for cell in &mut buffer.content {
        if let (Color::Reset, Some(text)) = (cell.fg, base.fg) {
            cell.fg = text;
        }
        if let (Color::Reset, Some(background)) = (cell.bg, base.bg) {
            cell.bg = background;
        }
    }
}

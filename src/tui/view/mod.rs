//! The layout of the whole screen.
//!
//! ```text
//!  header
//!  notice    only if something is hidden or has failed
//!  strip     one line or two, by the width
//!  tabs
//!  body      the screen, or the page opened from it
//!  time      only while frozen or in a replay
//!  footer    two lines more while a filter is typed
//! ```

mod difference;
mod filter_line;
pub(super) mod finding_text;
mod findings;
mod footer;
mod group;
mod header;
mod notice;
mod overview;
mod pace;
mod process;
mod remote;
mod socket;
mod summary_strip;
mod system;
mod table_screen;
mod tabs;
mod timeline;
mod too_small;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};

use super::ascii_fallback;
use super::hint::Hint;
use super::page::Page;
use super::screen::Screen;
use super::state::State;

/// The smallest supported terminal, columns and rows.
const SMALLEST: (u16, u16) = (40, 10);

/// Minimum height at which the strip may take a second line.
const ROOMY: u16 = 16;

/// Draws the state. `hints` finds the hints of the footer once everything else is drawn.
pub(super) fn render(frame: &mut Frame<'_>, state: &mut State, hints: fn(&State) -> Vec<Hint>) {
    state.clicks.clear();
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        too_small::render(frame, area, state, SMALLEST);
    } else {
        let strip_lines = if area.height < ROOMY {
            1
        } else {
            summary_strip::lines(area.width)
        };
        let [header, notice, strip, tabs, body, time, footer] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(notice::lines(state)),
            Constraint::Length(strip_lines),
            Constraint::Length(1),
            Constraint::Min(0),
            Constraint::Length(timeline::lines(state)),
            Constraint::Length(filter_line::lines(state, area.height)),
        ])
        .areas(area);
        header::render(frame, header, state);
        notice::render(frame, notice, state);
        summary_strip::render(frame, strip, state);
        tabs::render(frame, tabs, state);
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
    if state.appearance.ascii {
        ascii_fallback::to_ascii(frame.buffer_mut());
    }
}

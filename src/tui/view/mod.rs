//! The whole screen, put together.
//!
//! ```text
//!  header
//!  notice    only if something cannot be seen
//!  strip     one line or two, by the width
//!  tabs
//!  body      the screen, or what one looks into
//!  time      only where one goes through time
//!  footer    two lines more while a filter is typed
//! ```

mod act;
mod difference;
mod filter_line;
mod finding_text;
mod findings;
mod footer;
mod header;
mod help;
mod notice;
mod overview;
mod panel;
mod popup;
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

use super::glyphs;
use super::page::Page;
use super::screen::Screen;
use super::state::{Popup, State};

/// The smallest terminal that has room for a screen, columns and rows.
const SMALLEST: (u16, u16) = (40, 10);

/// From which height on the strip may take a second line.
const ROOMY: u16 = 16;

/// Draws the state.
pub fn render(frame: &mut Frame<'_>, state: &mut State) {
    state.arrange();
    state.hits.clear();
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
            (None, Screen::Overview) => overview::render(frame, body, state),
            (None, Screen::Findings) => findings::render(frame, body, state),
            (None, Screen::System) => system::render(frame, body, state),
            (None, _) => table_screen::render(frame, body, state),
        }
        match state.popup {
            Some(Popup::Help(line)) => help::render(frame, body, state, line),
            Some(Popup::Faults(line)) => popup::render_faults(frame, body, state, line),
            Some(Popup::PickSort(line)) => popup::render_sort(frame, body, state, line),
            Some(Popup::PickColumns(line)) => popup::render_columns(frame, body, state, line),
            Some(Popup::FilterBy(..)) => act::render_filter_by(frame, body, state),
            Some(Popup::Findings(..)) => popup::render_findings(frame, body, state),
            Some(Popup::Save(line)) => act::render_save(frame, body, state, line),
            Some(Popup::Kill(..)) => act::render_kill(frame, body, state),
            None => {}
        }
        timeline::render(frame, time, state);
        footer::render(frame, footer, state);
    }
    if state.look.ascii {
        glyphs::to_ascii(frame.buffer_mut());
    }
}

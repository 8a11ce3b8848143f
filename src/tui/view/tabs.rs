//! The screens and their digits; what one looks into stands behind its screen.
//!
//! ```text
//!  1 Overview   2 Sockets   3 Processes › nginx/2211
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;

use super::panel::{self, Piece};
use crate::column::format;
use crate::tui::state::{Screen, State};
use crate::tui::theme::Tone;

/// Draws the line of tabs.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let mut line: Vec<Piece> = Vec::new();
    for (at, screen) in Screen::ALL.into_iter().enumerate() {
        let current = screen == state.screen;
        let tone = if current { Tone::Selected } else { Tone::Plain };
        let key = if current { Tone::Selected } else { Tone::Key };
        line.push((format!(" {}", at + 1), key));
        line.push((format!(" {} ", screen.title()), tone));
        if current && let Some(page) = state.page() {
            let mut name = String::new();
            format::harmless(&mut name, page.known.comm.as_bytes());
            line.push((format!("› {name}/{} ", page.key.pid), tone));
        }
        line.push((" ".to_owned(), Tone::Plain));
    }
    panel::write(frame.buffer_mut(), area, &state.look, &line);
}

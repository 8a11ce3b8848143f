//! The screens that are one table: Sockets, Processes, Listeners, Remotes, Events.
//!
//! ```text
//! ┌ Sockets ─ sorted by ↓+↑/s ▼ ─ filter: nginx ──────────┐
//! │ NETID STATE      LOCAL      REMOTE      PROCESS  …     │
//! │ tcp   ESTAB      10.0.0.1:… 10.0.0.9:…  nginx/2211     █
//! └ 12 of 12 431 · ↓ 1.20 MB/s ───────────── 1-14/12431 ──┘
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::column::format;
use crate::tui::screen::{Pane, Screen};
use crate::tui::state::State;
use crate::tui::widget::table_frame;

/// Draws the screen.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let moment = state.moment.clone();
    let moment = moment.as_deref();
    let (look, clicks) = (&state.look, &mut state.clicks);
    let at = (clicks, Pane::Main);
    let title = state.screen.title();
    match state.screen {
        Screen::Processes => {
            table_frame::draw_framed(frame, area, look, title, &mut state.processes, moment, at);
        }
        Screen::Listeners => {
            table_frame::draw_framed(frame, area, look, title, &mut state.listeners, moment, at);
        }
        Screen::Remotes => {
            table_frame::draw_framed(frame, area, look, title, &mut state.remotes, moment, at);
        }
        Screen::Events => {
            // Of a flood only the first events are kept, and the title says so.
            let omitted = moment.map_or(0, |moment| moment.aggregate.events.omitted());
            let title = match omitted {
                0 => title.to_owned(),
                omitted => {
                    let count = format::known(Some(omitted as f64), format::whole);
                    format!("{title} ─ {count} more were too many to keep")
                }
            };
            let title = title.as_str();
            table_frame::draw_framed(frame, area, look, title, &mut state.events, moment, at);
        }
        Screen::Overview | Screen::Findings | Screen::System | Screen::Sockets => {
            table_frame::draw_framed(frame, area, look, title, &mut state.sockets, moment, at);
        }
    }
}

//! Screen 2: every socket.
//!
//! ```text
//! ┌ Sockets ─ sorted by ↓+↑/s ▼ ──────────────────────────┐
//! │ NETID STATE      LOCAL      REMOTE      PROCESS  …     │
//! │ tcp   ESTAB      10.0.0.1:… 10.0.0.9:…  nginx/2211     █
//! └───────────────────────────────────────── 1-14/12431 ──┘
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;

use super::panel;
use crate::tui::state::State;

/// Draws the screen.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let moment = state.moment.as_deref();
    let table = &mut state.sockets;
    panel::framed_table(frame, area, &state.look, "Sockets", table, moment);
}

//! Screen 3: every process that holds sockets.
//!
//! ```text
//! ┌ Processes ─ sorted by ↓+↑/s ▼ ────────────────────────────────────┐
//! │    PID PROCESS  USER   SOCKS  ESTAB  TIME-W  CLOSE-W  …  60 s      │
//! │   2211 nginx    www      812    640     170        0  …  ▁▂▅▇██▆▅▃▂│
//! └────────────────────────────────────────────────────── 1-5/5 ──────┘
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;

use super::panel;
use crate::tui::state::State;

/// Draws the screen.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let moment = state.moment.as_deref();
    let table = &mut state.processes;
    panel::framed_table(frame, area, &state.look, "Processes", table, moment);
}

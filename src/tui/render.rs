//! Drawing the whole dashboard: the screen, and over it the popup; at the foot the hints.

use ratatui::Frame;

use super::state::State;
use super::{update, view};

/// Draws the dashboard.
pub fn render(frame: &mut Frame<'_>, state: &mut State) {
    state.arrange();
    view::render(frame, state, update::hints);
    // A column that came into view may have totals that the groups shown lack.
    if state.arrange() {
        frame.buffer_mut().reset();
        view::render(frame, state, update::hints);
    }
}

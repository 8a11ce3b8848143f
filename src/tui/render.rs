//! Drawing the whole dashboard: the screen, and over it the popup; at the foot the hints.

use ratatui::Frame;

use super::state::State;
use super::{update, view};

/// Draws the dashboard.
pub fn render(frame: &mut Frame<'_>, state: &mut State) {
    view::render(frame, state, update::hints);
}

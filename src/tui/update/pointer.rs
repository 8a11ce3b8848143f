//! Handles the mouse: clicks select, sort and choose, the wheel scrolls.

use super::text_input::commit_input;
use super::{commands, dispatch};
use crate::tui::click_map::ClickTarget;
use crate::tui::command::Command;
use crate::tui::effect::Effect;
use crate::tui::page::Page;
use crate::tui::screen::Pane;
use crate::tui::state::State;
use crate::tui::state_chips;
use crate::tui::timeline::Seek;

/// A mouse action at a position of the terminal: column and row, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pointer {
    /// The left button was pressed.
    Click(u16, u16),
    /// The left button was pressed twice at the same position.
    DoubleClick(u16, u16),
    /// The wheel was turned by a number of steps, downwards if positive.
    Wheel(u16, u16, i16),
}

/// Rows scrolled by one step of the wheel.
const WHEEL: isize = 3;

/// Handles a mouse action.
pub fn point(state: &mut State, pointer: Pointer) -> Option<Effect> {
    state.message = None;
    commit_input(state);
    match pointer {
        Pointer::Click(column, row) | Pointer::DoubleClick(column, row)
            if state.popup.is_none() && sample_at(state, column, row).is_some() =>
        {
            return sample_at(state, column, row).map(|at| Effect::Seek(Seek::To(at)));
        }
        Pointer::Click(column, row) => return click(state, column, row),
        Pointer::DoubleClick(column, row) => return double_click(state, column, row),
        Pointer::Wheel(column, row, steps) => wheel(state, column, row, steps),
    }
    None
}

/// The Sample at a position of the timeline.
fn sample_at(state: &State, column: u16, row: u16) -> Option<usize> {
    match state.clicks.target_at(column, row) {
        Some(ClickTarget::Sample(at)) => Some(at),
        _ => None,
    }
}

/// Moves the focus to a pane that is clicked.
fn focus(state: &mut State, pane: Pane) {
    if pane != Pane::Main {
        *state.focus_mut() = pane;
    }
}

fn click(state: &mut State, column: u16, row: u16) -> Option<Effect> {
    let hit = state.clicks.target_at(column, row);
    if state.popup.is_some() {
        match hit {
            Some(ClickTarget::Line(line)) => return dispatch::click_in_popup(state, line),
            // A click outside the popup closes it.
            _ => state.popup = None,
        }
        return None;
    }
    if let Some(ClickTarget::Tab(screen)) = hit {
        return commands::run(state, Command::GoTo(screen));
    }
    let moment = state.moment.clone()?;
    match hit {
        Some(ClickTarget::Row(pane, place)) => {
            focus(state, pane);
            if let Some(table) = state.pane_table_mut(pane) {
                table.click(&moment, place);
            }
        }
        Some(ClickTarget::Heading(pane, column)) => {
            focus(state, pane);
            if let Some(table) = state.pane_table_mut(pane) {
                table.sort_by(column);
            }
        }
        Some(ClickTarget::StateChip(tcp)) => state_chips::toggle(state, tcp),
        Some(ClickTarget::Line(_) | ClickTarget::Tab(_) | ClickTarget::Sample(_)) => {}
        None => {
            if let Some(pane) = state.clicks.pane_at(column, row) {
                focus(state, pane);
            }
        }
    }
    None
}

fn double_click(state: &mut State, column: u16, row: u16) -> Option<Effect> {
    // The first click has selected the row.
    if state.popup.is_none()
        && matches!(
            state.clicks.target_at(column, row),
            Some(ClickTarget::Row(..))
        )
    {
        commands::run(state, Command::Open)
    } else {
        click(state, column, row)
    }
}

fn wheel(state: &mut State, column: u16, row: u16, steps: i16) {
    let command = if steps > 0 {
        Command::Down
    } else {
        Command::Up
    };
    if state.popup.is_some() {
        for _ in 0..steps.unsigned_abs() {
            dispatch::update(state, command);
        }
        return;
    }
    if let Some(Page::Socket(page)) = state.page_mut() {
        let lines = WHEEL * isize::from(steps);
        page.line = page.line.saturating_add_signed(lines);
        return;
    }
    let Some(moment) = state.moment.clone() else {
        return;
    };
    let pane = state.clicks.pane_at(column, row).unwrap_or(Pane::Main);
    if let Some(table) = state.pane_table_mut(pane) {
        table.scroll_by(&moment, WHEEL * isize::from(steps));
    }
}

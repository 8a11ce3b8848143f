//! Commands on the table with the focus, and on the text of a page.

use crate::aggregate::Moment;
use crate::tui::command::Command;
use crate::tui::page::Page;
use crate::tui::scroll::scrolled;
use crate::tui::state::State;
use crate::tui::table::TableControl;

/// Performs an action on the table with the focus.
pub(super) fn on_table(state: &mut State, action: impl FnOnce(&mut dyn TableControl, &Moment)) {
    state.arrange();
    if let Some(moment) = state.moment.clone()
        && let Some(table) = state.table_mut()
    {
        action(table, &moment);
    }
}

/// Moves in the table with the focus; on the page of a socket, scrolls its text.
pub(super) fn scroll(
    state: &mut State,
    command: Command,
    action: impl FnOnce(&mut dyn TableControl, &Moment),
) {
    match state.page_mut() {
        Some(Page::Socket(page)) => page.line = scrolled(page.line, command),
        _ => on_table(state, action),
    }
}

/// Holds the order of rows, or releases it.
pub(super) fn hold_order(state: &mut State) {
    on_table(state, |table, _| table.toggle_held_order());
    // The rows are held in the order that they have now.
    state.arrange();
}

/// Focuses the previous table; where there is only one, scrolls its columns to the left.
pub(super) fn left(state: &mut State) {
    if state.has_panes() {
        focus_further(state, state.panes().len() - 1);
    } else {
        on_table(state, |table, _| table.scroll_columns(-1));
    }
}

/// Focuses the next table; where there is only one, scrolls its columns to the right.
pub(super) fn right(state: &mut State) {
    if state.has_panes() {
        focus_further(state, 1);
    } else {
        on_table(state, |table, _| table.scroll_columns(1));
    }
}

/// Focuses the table that many places further, wrapping around after the last.
fn focus_further(state: &mut State, places: usize) {
    let all = state.panes();
    let focus = state.focus_mut();
    let at = all.iter().position(|pane| pane == focus).unwrap_or(0);
    *focus = all[(at + places) % all.len()];
}

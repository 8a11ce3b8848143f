//! Comparing two instants: one is marked, the other shown.

use crate::tui::command::Command;
use crate::tui::page::{DifferencePage, Page};
use crate::tui::state::State;

/// Marks the instant shown.
pub(super) fn mark(state: &mut State) {
    state.mark_instant();
    if let Some(marked) = &state.mark {
        let at = state.appearance.time_of_day(marked.sample.taken_at_us);
        let key = state.appearance.keys.label(Command::Difference);
        state.message = Some(format!(
            "marked {at}; go to another time and press {key} to compare"
        ));
    }
}

/// Shows the difference from the marked instant; if it is shown already, switches between sockets and processes.
pub(super) fn show_difference(state: &mut State) {
    if state.mark.is_none() {
        let key = state.appearance.keys.label(Command::Mark);
        let text = format!("no instant marked; press {key} to mark this one");
        state.message = Some(text);
    } else if let Some(Page::Difference(page)) = state.page_mut() {
        page.by_process = !page.by_process;
    } else {
        state.open_page(Page::Difference(Box::new(DifferencePage::new())));
    }
}

//! Conditions under which commands are available on the screen shown, whether or not a popup is open over it.

use super::jumps;
use crate::tui::open_target::OpenTarget;
use crate::tui::page::Page;
use crate::tui::popup::{kill_confirmation, save};
use crate::tui::screen::Screen;
use crate::tui::state::{DisplayMode, State};
use crate::tui::table::TableControl;

/// True on every screen.
pub(super) fn always(_state: &State) -> bool {
    true
}

/// True if a moment is shown.
pub(super) fn has_moment(state: &State) -> bool {
    state.moment.is_some()
}

/// True if a recording is shown.
pub(super) fn is_replay(state: &State) -> bool {
    state.display == DisplayMode::Replay
}

/// True if an instant is marked.
pub(super) fn has_mark(state: &State) -> bool {
    state.mark.is_some()
}

/// True if there is something to record or to save.
pub(super) fn can_record(state: &State) -> bool {
    save::unsavable_reason(state).is_none()
}

/// True if parts of the sample could not be read.
pub(super) fn has_faults(state: &State) -> bool {
    let moment = state.moment.as_ref();
    moment.is_some_and(|moment| !moment.sample.faults.is_empty())
}

/// True if the table with the focus has rows.
pub(super) fn has_rows(state: &State) -> bool {
    let table = state.table().filter(|_| has_moment(state));
    table.is_some_and(TableControl::has_rows)
}

/// As [`has_rows`], or true on the page of a socket, which is a text.
pub(super) fn has_rows_or_text(state: &State) -> bool {
    has_rows(state) || is_on_socket_page(state)
}

/// As [`has_rows`], or true if there are several tables.
pub(super) fn has_rows_or_panes(state: &State) -> bool {
    has_rows(state) || state.has_panes()
}

/// As [`has_rows`], and true only if a filter is in force.
pub(super) fn has_filtered_rows(state: &State) -> bool {
    has_rows(state) && !state.filter().is_empty()
}

fn is_on_socket_page(state: &State) -> bool {
    matches!(state.page(), Some(Page::Socket(_)))
}

/// The target of the selected row, if it can be opened.
pub(super) fn target(state: &State) -> Option<OpenTarget> {
    let moment = state.moment.as_deref()?;
    let target = state.table()?.target(moment)?;
    (!matches!(target, OpenTarget::Unavailable(_))).then_some(target)
}

/// True if the selected row can be opened.
pub(super) fn has_target(state: &State) -> bool {
    target(state).is_some()
}

/// True if the socket has an owner to go to.
pub(super) fn has_owner(state: &State) -> bool {
    jumps::owner(state).is_some()
}

/// True if the socket's peer is a socket of this machine.
pub(super) fn has_other_end(state: &State) -> bool {
    jumps::has_other_end(state)
}

/// True if there is a page, a screen, a filter or a search to leave.
pub(super) fn can_go_back(state: &State) -> bool {
    state.opened_from.is_some() || state.page().is_some() || can_clear_filter(state)
}

/// True if there is a filter or a search to clear.
pub(super) fn can_clear_filter(state: &State) -> bool {
    let is_searched = state.is_searchable() && !state.search().is_empty();
    is_searched || !state.filter().is_empty()
}

/// True if a filter can be made of the selected row or of the socket of the page.
pub(super) fn can_filter_by_row(state: &State) -> bool {
    (has_rows(state) && !state.is_searchable()) || is_on_socket_page(state)
}

/// True if the dashboard is live and the selection is a socket or a process that can be ended.
pub(super) fn can_kill(state: &State) -> bool {
    !is_replay(state) && kill_confirmation::target(state).is_some()
}

/// True if the rows of the table can be grouped: sockets, processes and listeners, but not those of a pane.
pub(super) fn can_group(state: &State) -> bool {
    !state.has_panes()
        && state
            .table()
            .is_some_and(|table| !table.groupings().is_empty())
}

/// True if rows can be folded: groups of sockets or processes, the ports of remote hosts.
pub(super) fn can_fold(state: &State) -> bool {
    has_rows(state) && (state.screen == Screen::Remotes || is_grouped(state))
}

fn is_grouped(state: &State) -> bool {
    let table = state.table().filter(|_| !state.has_panes());
    table.is_some_and(|table| table.grouping_place() > 0)
}

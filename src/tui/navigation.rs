//! Navigation between screens and pages: to a screen, into the target of a row, back.

use super::open_target::OpenTarget;
use super::page::{Presence, SocketPage};
use super::screen::Screen;
use super::state::State;
use super::table::TableControl;
use crate::filter::Filter;
use crate::model::SocketKey;

/// Goes to a screen, to the page that was last shown there. Going to the screen that is shown closes its pages.
pub(super) fn go_to(state: &mut State, screen: Screen) {
    state.opened_from = None;
    if state.screen == screen {
        while state.close_page() {}
    }
    state.screen = screen;
}

/// Goes to the screen that many places further, wrapping around after the last.
pub(super) fn cycle_screen(state: &mut State, places: usize) {
    let next = (state.screen as usize + places) % Screen::ALL.len();
    go_to(state, Screen::ALL[next]);
}

/// Goes back by one page. Without a page, clears the search, returns to the screen from which this one was opened, or
/// clears the filter.
pub(super) fn back(state: &mut State) {
    if state.close_page() {
        return;
    }
    if state.is_searchable() && !state.search().is_empty() {
        state.set_search(String::new());
    } else if let Some(screen) = state.opened_from.take() {
        state.screen = screen;
    } else {
        state.set_filter(Filter::default());
    }
}

/// Opens the target of the selected row.
pub(super) fn open(state: &mut State) {
    state.arrange();
    let target = state
        .moment
        .as_deref()
        .and_then(|moment| state.table()?.target(moment));
    if let Some(target) = target {
        select_current(state);
        open_target(state, target);
    }
}

/// Selects the current row, so that it is still selected after going back.
pub(super) fn select_current(state: &mut State) {
    if let Some(moment) = state.moment.clone()
        && let Some(table) = state.table_mut()
    {
        table.select_current(&moment);
    }
}

/// Opens a target.
pub(super) fn open_target(state: &mut State, target: OpenTarget) {
    let Some(moment) = state.moment.clone() else {
        return;
    };
    match target {
        OpenTarget::Process(process) => state.open_process_page(process, None),
        OpenTarget::Socket(key) => open_socket(state, key),
        OpenTarget::Remote(host, service) => state.open_remote_page(host, service),
        OpenTarget::System => {
            let from = state.screen;
            go_to(state, Screen::System);
            state.opened_from = Some(from);
        }
        OpenTarget::Unavailable(why) => state.message = Some(why),
        OpenTarget::Fold => {
            if let Some(table) = state.table_mut() {
                table.toggle_fold(&moment);
            }
        }
        OpenTarget::Group(by, key) => {
            let label = state.table().and_then(TableControl::group_name);
            state.open_group_page(by, key, label.unwrap_or_default());
        }
        OpenTarget::Event(number) => {
            if let Some(page) = SocketPage::of_event(&moment.aggregate.events, number) {
                state.open_socket_page(page);
            }
        }
    }
}

/// Opens a socket of the moment, or else of the marked instant.
pub(super) fn open_socket(state: &mut State, key: SocketKey) {
    let Some(moment) = state.moment.clone() else {
        return;
    };
    let row = moment.row_of(key);
    let socket = row.and_then(|row| moment.sample.socket(row));
    if let Some(socket) = socket {
        let row = row.map(|row| row as u32);
        state.open_socket_page(SocketPage::new(socket, Presence::Present, row));
        return;
    }
    // A row of the difference may be about a socket that only the marked instant has.
    let marked = state.mark.clone().unwrap_or_default();
    let mut sockets = marked.sample.iter();
    if let Some(socket) = sockets.find(|socket| socket.socket.key() == key) {
        state.open_socket_page(SocketPage::new(socket, Presence::Absent, None));
    } else {
        state.message = Some("this socket is not in this sample".to_owned());
    }
}

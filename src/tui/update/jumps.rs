//! Jumps from a socket to its process, and to its peer on this machine.

use std::sync::Arc;

use crate::aggregate::Moment;
use crate::column::SocketRow;
use crate::model::{Process, SocketKey, Unowned};
use crate::tui::navigation;
use crate::tui::open_target::OpenTarget;
use crate::tui::page::Page;
use crate::tui::state::State;

/// Whether all sockets are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Search {
    /// For the keys that lead somewhere.
    Thorough,
    /// For each frame: only if there are few sockets.
    Quick,
}

/// The socket of the page, or of the selected row.
fn socket<'s>(state: &'s State, moment: &'s Moment, search: Search) -> Option<SocketRow<'s>> {
    if let Some(Page::Socket(page)) = state.page() {
        return page.row(moment);
    }
    let table = state.table()?;
    if let Some(row) = table.socket_row(moment) {
        return SocketRow::of(moment, row as usize);
    }
    let row_of = |key: SocketKey| {
        let is_searched = search == Search::Thorough || moment.is_small();
        is_searched.then(|| moment.row_of(key))?
    };
    match table.target(moment)? {
        OpenTarget::Socket(key) => SocketRow::of(moment, row_of(key)?),
        OpenTarget::Event(number) => {
            let (_, socket) = moment.aggregate.events.get(number)?;
            // As it is now, if it is still open.
            match row_of(socket.socket.key()) {
                Some(row) => SocketRow::of(moment, row),
                None => Some(SocketRow::detached(socket)),
            }
        }
        _ => None,
    }
}

fn owner_of(row: &SocketRow<'_>) -> Option<Arc<Process>> {
    Some(Arc::clone(&row.socket.owner()?.process))
}

/// The process that owns the socket; `None` if the page shown is that of the process, and if it would take a search
/// among many sockets.
pub(super) fn owner(state: &State) -> Option<Arc<Process>> {
    find_owner(state, Search::Quick)
}

fn find_owner(state: &State, search: Search) -> Option<Arc<Process>> {
    let moment = state.moment.as_deref()?;
    let process = owner_of(&socket(state, moment, search)?)?;
    match state.page() {
        Some(Page::Process(page)) if page.key == process.key => None,
        _ => Some(process),
    }
}

/// True if the other end is known to be a socket on this machine.
pub(super) fn has_other_end(state: &State) -> bool {
    other_end(state, Search::Quick).is_some()
}

/// The socket at the other end, if it is on this machine, and its process.
fn other_end(state: &State, search: Search) -> Option<(SocketKey, Option<Arc<Process>>)> {
    let moment = state.moment.as_deref()?;
    let is_indexed = moment.known_peers().is_some();
    let socket = socket(state, moment, search)?;
    let is_searched = is_indexed || search == Search::Thorough || moment.is_small();
    let peer = is_searched.then(|| socket.peer())??;
    Some((peer.socket.socket.key(), owner_of(&peer)))
}

/// Opens the process that owns the socket, or sets a message with the reason why there is none.
pub(super) fn to_owner(state: &mut State) {
    state.arrange();
    let key = state
        .moment
        .as_deref()
        .and_then(|moment| Some(socket(state, moment, Search::Thorough)?.socket.socket.key()));
    match find_owner(state, Search::Thorough) {
        Some(process) => {
            navigation::select_current(state);
            state.open_process_page(process, key);
        }
        None => report_unowned(state),
    }
}

/// Opens the socket at the other end, or sets a message that it is not on this machine.
pub(super) fn to_other_end(state: &mut State) {
    state.arrange();
    match other_end(state, Search::Thorough) {
        Some((key, _)) => {
            navigation::select_current(state);
            navigation::open_socket(state, key);
        }
        None => report_no_other_end(state),
    }
}

/// Opens the process at the other end, or sets a message with the reason why there is none.
pub(super) fn to_other_process(state: &mut State) {
    state.arrange();
    match other_end(state, Search::Thorough) {
        Some((key, Some(process))) => {
            navigation::select_current(state);
            state.open_process_page(process, Some(key));
        }
        Some((key, None)) => {
            let moment = state.moment.as_deref();
            let why = moment.and_then(|moment| {
                let socket = moment.sample.sockets.get(moment.row_of(key)?)?;
                socket.attribution.unowned()
            });
            report_reason(state, "no process at the other end", why);
        }
        None => report_no_other_end(state),
    }
}

fn report_unowned(state: &mut State) {
    let why = state.moment.as_deref().and_then(|moment| {
        let row = socket(state, moment, Search::Thorough)?;
        row.socket.socket.attribution.unowned()
    });
    if why.is_some() {
        report_reason(state, "no process", why);
    }
}

/// Sets a message that something is missing, with the reason if that is known.
fn report_reason(state: &mut State, what: &str, why: Option<Unowned>) {
    state.message = Some(match why {
        Some(why) => format!("{what}: {} ({})", why.name(), why.sentence()),
        None => what.to_owned(),
    });
}

fn report_no_other_end(state: &mut State) {
    let text = match state.preview() {
        Some(_) => "the other end is not among the sockets read so far",
        None => "the other end is not a socket on this machine",
    };
    state.message = Some(text.to_owned());
}

//! Jumps from a socket to its process, and to its peer on this machine.

use std::sync::Arc;

use crate::aggregate::Moment;
use crate::column::SocketRow;
use crate::model::{Process, SocketKey, Unowned};
use crate::tui::navigation;
use crate::tui::open_target::OpenTarget;
use crate::tui::page::Page;
use crate::tui::state::State;

/// The socket of the page, or of the selected row.
fn socket<'s>(state: &'s State, moment: &'s Moment) -> Option<SocketRow<'s>> {
    if let Some(Page::Socket(page)) = state.page() {
        return page.row(moment);
    }
    match state.table()?.target(moment)? {
        OpenTarget::Socket(key) => SocketRow::of(moment, moment.row_of(key)?),
        OpenTarget::Event(number) => {
            let (_, socket) = moment.aggregate.events.get(number)?;
            // As it is now, if it is still open.
            match moment.row_of(socket.socket.key()) {
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

/// The process that owns the socket; `None` if the page shown is that of the process.
pub(super) fn owner(state: &State) -> Option<Arc<Process>> {
    let moment = state.moment.as_deref()?;
    let process = owner_of(&socket(state, moment)?)?;
    match state.page() {
        Some(Page::Process(page)) if page.key == process.key => None,
        _ => Some(process),
    }
}

/// The socket at the other end, if it is on this machine, and its process.
pub(super) fn other_end(state: &State) -> Option<(SocketKey, Option<Arc<Process>>)> {
    let moment = state.moment.as_deref()?;
    let peer = socket(state, moment)?.peer()?;
    Some((peer.socket.socket.key(), owner_of(&peer)))
}

/// Opens the process that owns the socket, or sets a message with the reason why there is none.
pub(super) fn to_owner(state: &mut State) {
    state.arrange();
    let key = state
        .moment
        .as_deref()
        .and_then(|moment| Some(socket(state, moment)?.socket.socket.key()));
    match owner(state) {
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
    match other_end(state) {
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
    match other_end(state) {
        Some((key, Some(process))) => {
            navigation::select_current(state);
            state.open_process_page(process, Some(key));
        }
        Some((key, None)) => {
            let moment = state.moment.as_deref();
            let why = moment.and_then(|moment| {
                let socket = moment.sample.sockets.rows.get(moment.row_of(key)?)?;
                socket.attribution.unowned()
            });
            report_reason(state, "no process at the other end", why);
        }
        None => report_no_other_end(state),
    }
}

fn report_unowned(state: &mut State) {
    let why = state.moment.as_deref().and_then(|moment| {
        let row = socket(state, moment)?;
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

//! From a socket to its process, and to the other end.

use std::sync::Arc;

use crate::aggregate::Moment;
use crate::column::{SOCKET_COLUMNS, SocketRow};
use crate::model::{Process, SocketKey, Unowned};
use crate::tui::page::{Page, Presence, SocketPage};
use crate::tui::state::{State, Target};

/// The socket that is looked into or selected.
fn socket<'s>(state: &'s State, moment: &'s Moment) -> Option<SocketRow<'s>> {
    if let Some(Page::Socket(page)) = state.page() {
        return page.row(moment);
    }
    match state.table()?.target(moment)? {
        Target::Socket(key) => SocketRow::of(moment, moment.row_of(key)?),
        Target::Event(number) => {
            let (_, socket) = moment.aggregate.events.get(number)?;
            // As it is now, if it is still there.
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

/// The process that owns the socket here and now; not if it is the one that is looked into.
pub(in crate::tui) fn owner(state: &State) -> Option<Arc<Process>> {
    let moment = state.moment.as_deref()?;
    let process = owner_of(&socket(state, moment)?)?;
    match state.page() {
        Some(Page::Process(page)) if page.key == process.key => None,
        _ => Some(process),
    }
}

/// The socket at the other end of the one here and now, if that is on this machine, and its process.
pub(in crate::tui) fn other_end(state: &State) -> Option<(SocketKey, Option<Arc<Process>>)> {
    let moment = state.moment.as_deref()?;
    let peer = socket(state, moment)?.peer()?;
    Some((peer.socket.socket.key(), owner_of(&peer)))
}

pub(super) fn to_owner(state: &mut State) {
    state.arrange();
    let key = state
        .moment
        .as_deref()
        .and_then(|moment| Some(socket(state, moment)?.socket.socket.key()));
    match owner(state) {
        Some(process) => {
            hold(state);
            state.look_into_process(process, key);
        }
        None => tell_unowned(state),
    }
}

/// Says why there is no process to go to.
fn tell_unowned(state: &mut State) {
    let why = state.moment.as_deref().and_then(|moment| {
        let row = socket(state, moment)?;
        row.socket.socket.attribution.unowned()
    });
    if why.is_some() {
        tell_why(state, "no process", why);
    }
}

/// Says why there is something missing.
fn tell_why(state: &mut State, what: &str, why: Option<Unowned>) {
    state.message = Some(match why {
        Some(why) => format!("{what}: {} ({})", why.name(), why.sentence()),
        None => what.to_owned(),
    });
}

pub(super) fn to_other_end(state: &mut State) {
    state.arrange();
    match other_end(state) {
        Some((key, _)) => {
            hold(state);
            into_socket(state, key);
        }
        None => tell_no_other_end(state),
    }
}

pub(super) fn to_other_process(state: &mut State) {
    state.arrange();
    match other_end(state) {
        Some((key, Some(process))) => {
            hold(state);
            state.look_into_process(process, Some(key));
        }
        Some((key, None)) => {
            let moment = state.moment.as_deref();
            let why = moment.and_then(|moment| {
                let socket = moment.sample.sockets.rows.get(moment.row_of(key)?)?;
                socket.attribution.unowned()
            });
            tell_why(state, "no process at the other end", why);
        }
        None => tell_no_other_end(state),
    }
}

fn tell_no_other_end(state: &mut State) {
    state.message = Some("the other end is not a socket of this machine".to_owned());
}

/// Selects the row that is meant, so that one comes back to it.
fn hold(state: &mut State) {
    if let Some(moment) = state.moment.clone()
        && let Some(table) = state.table_mut()
    {
        table.select_current(&moment);
    }
}

/// Looks into a socket of the moment.
pub(super) fn into_socket(state: &mut State, key: SocketKey) {
    let Some(moment) = state.moment.clone() else {
        return;
    };
    let row = moment.row_of(key);
    let socket = row.and_then(|row| moment.sample.socket(row));
    if let Some(socket) = socket {
        state.look_into_socket(SocketPage::new(socket, Presence::Here));
        return;
    }
    // What differs from the marked instant may be there alone.
    let marked = state.mark.clone().unwrap_or_default();
    let mut sockets = marked.iter();
    if let Some(socket) = sockets.find(|socket| socket.socket.key() == key) {
        state.look_into_socket(SocketPage::new(socket, Presence::Absent));
    }
}

/// Everything that is known of a socket, a line each: the column's name and the cell.
pub(super) fn text_of(page: &SocketPage, moment: &Moment) -> Option<String> {
    let row = page.row(moment)?;
    let mut text = String::new();
    for column in SOCKET_COLUMNS.iter() {
        let before = text.len();
        text.push_str(column.id);
        text.push('\t');
        if column.write_known(&row, &mut text) {
            text.push('\n');
        } else {
            text.truncate(before);
        }
    }
    Some(text)
}

//! What commands do: a command changes the state, and what is to be done outside comes back as an [`Effect`].

use std::sync::Arc;

use super::keymap::Command;
use super::lists::{Processes, Sockets};
use super::state::{Popup, Screen, State};
use super::table::{List, Table};
use crate::aggregate::Moment;
use crate::model::{Process, SocketKey};

/// What somebody else has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// End the program.
    Quit,
    /// Stop the program until it is continued.
    Suspend,
    /// Draw every cell anew, whatever was drawn before.
    Redraw,
}

/// Lines that a page key scrolls a text by.
const TEXT_PAGE: usize = 10;

/// Carries out one command.
pub fn update(state: &mut State, command: Command) -> Option<Effect> {
    match command {
        Command::Quit => return Some(Effect::Quit),
        Command::Suspend => return Some(Effect::Suspend),
        Command::Redraw => return Some(Effect::Redraw),
        _ => {}
    }
    match state.popup {
        Some(popup) => state.popup = in_popup(state, popup, command),
        None => on_screen(state, command),
    }
    None
}

/// What a command does while something lies over the screen; answers what lies there afterwards.
fn in_popup(state: &mut State, popup: Popup, command: Command) -> Option<Popup> {
    match (popup, command) {
        (_, Command::Back)
        | (Popup::Help(_), Command::Help | Command::Open)
        | (Popup::Faults(_), Command::Faults | Command::Open)
        | (Popup::PickSort(_), Command::PickSort) => None,
        (_, Command::Help) => Some(Popup::Help(0)),
        (_, Command::Faults) => Some(Popup::Faults(0)),
        (_, Command::GoTo(_) | Command::NextScreen | Command::PreviousScreen) => {
            on_screen(state, command);
            None
        }
        (Popup::PickSort(column), Command::Open) => {
            let table = state.table_mut();
            if table.order().column != column {
                table.sort_by(column);
            }
            None
        }
        (Popup::PickSort(column), Command::InvertSort) => {
            state.table_mut().invert();
            Some(Popup::PickSort(column))
        }
        (Popup::PickSort(column), command) => {
            let last = state.table().headings().len().saturating_sub(1);
            Some(Popup::PickSort(scrolled(column, command).min(last)))
        }
        (Popup::Help(line), command) => Some(Popup::Help(scrolled(line, command))),
        (Popup::Faults(line), command) => Some(Popup::Faults(scrolled(line, command))),
    }
}

/// Where a text or a list stands after a command. The end is found when it is drawn.
fn scrolled(line: usize, command: Command) -> usize {
    match command {
        Command::Down => line.saturating_add(1),
        Command::Up => line.saturating_sub(1),
        Command::PageDown => line.saturating_add(TEXT_PAGE),
        Command::PageUp => line.saturating_sub(TEXT_PAGE),
        Command::First => 0,
        Command::Last => usize::MAX,
        _ => line,
    }
}

fn on_screen(state: &mut State, command: Command) {
    match command {
        Command::Help => state.popup = Some(Popup::Help(0)),
        Command::Faults => state.popup = Some(Popup::Faults(0)),
        Command::GoTo(number) => go_to(state, number),
        Command::NextScreen => go_to(state, (state.screen as usize + 1) % Screen::ALL.len()),
        Command::PreviousScreen => {
            let count = Screen::ALL.len();
            go_to(state, (state.screen as usize + count - 1) % count);
        }
        Command::Back => {
            state.go_back();
        }
        Command::Open => open(state),
        Command::PickSort => {
            state.popup = Some(Popup::PickSort(state.table().order().column));
        }
        _ => steer(state, command),
    }
}

/// Goes to a screen, to where one was on it. The digit of the screen that one is on leads out of what was looked into.
fn go_to(state: &mut State, number: usize) {
    let Some(&screen) = Screen::ALL.get(number) else {
        return;
    };
    if state.screen == screen {
        while state.go_back() {}
    }
    state.screen = screen;
}

/// Moves in the table in sight.
fn steer(state: &mut State, command: Command) {
    let Some(moment) = state.moment.clone() else {
        return;
    };
    state.arrange();
    let table = state.table_mut();
    match command {
        Command::Down => table.step(&moment, 1),
        Command::Up => table.step(&moment, -1),
        Command::PageDown => table.page(&moment, 1),
        Command::PageUp => table.page(&moment, -1),
        Command::First => table.first(&moment),
        Command::Last => table.last(&moment),
        Command::Right => table.shift(1),
        Command::Left => table.shift(-1),
        Command::InvertSort => table.invert(),
        Command::SortRight => table.sort_beside(1),
        Command::SortLeft => table.sort_beside(-1),
        _ => {}
    }
}

/// What Enter would look into: a process, and one of its sockets.
type Target = (Arc<Process>, Option<SocketKey>);

/// Looks into the selected row.
fn open(state: &mut State) {
    state.arrange();
    if let Some((process, socket)) = target(state) {
        if let Some(moment) = state.moment.clone() {
            select_target(state, &moment);
        }
        state.look_into(process, socket);
    }
}

/// Enter without a selection means the first row in sight: it is selected, so that one comes back to it.
fn select_target(state: &mut State, moment: &Moment) {
    fn select<L: List>(table: &mut Table<L>, moment: &Moment) {
        if let Some(row) = table.target().and_then(|number| L::row(moment, number)) {
            let key = L::key(&row);
            table.hold(key);
        }
    }
    match state.screen {
        Screen::Overview => select(&mut state.top, moment),
        Screen::Sockets => select(&mut state.sockets, moment),
        Screen::Processes => select(&mut state.processes, moment),
    }
}

/// What Enter would look into here and now.
pub(super) fn target(state: &State) -> Option<Target> {
    if state.page().is_some() {
        return None;
    }
    let moment = state.moment.as_deref()?;
    match state.screen {
        Screen::Overview => process_target(&state.top, moment),
        Screen::Processes => process_target(&state.processes, moment),
        Screen::Sockets => {
            let row = Sockets::row(moment, state.sockets.target()?)?;
            let owner = row.socket.owner()?;
            Some((Arc::clone(&owner.process), Some(Sockets::key(&row))))
        }
    }
}

fn process_target(table: &Table<Processes>, moment: &Moment) -> Option<Target> {
    let line = Processes::row(moment, table.target()?)?;
    Some((Arc::clone(&line.process.process), None))
}

/// Whether a command does something here and now.
pub(super) fn does_something(state: &State, command: Command) -> bool {
    let steerable = state.popup.is_none() && state.moment.is_some();
    match command {
        Command::Quit | Command::Suspend | Command::Redraw => true,
        Command::Open => match state.popup {
            Some(_) => true,
            None => target(state).is_some(),
        },
        Command::Back => state.popup.is_some() || state.page().is_some(),
        Command::Up | Command::Down => {
            state.popup.is_some() || (steerable && state.table().has_rows())
        }
        Command::PickSort
        | Command::InvertSort
        | Command::SortLeft
        | Command::SortRight
        | Command::Left
        | Command::Right => steerable && state.table().has_rows(),
        Command::Faults => {
            let faults = |moment: &Moment| !moment.sample.faults.is_empty();
            state.moment.as_deref().is_some_and(faults)
        }
        _ => state.popup.is_none(),
    }
}

/// The process that Enter would look into, as a footer names it. Not made harmless.
pub(super) fn target_name(state: &State) -> Option<String> {
    let (process, _) = target(state)?;
    Some(format!("{}/{}", process.comm, process.key.pid))
}

//! What is done with the row that one looks at: filter by it, end it.

use super::picker::scrolled;
use crate::column::format;
use crate::tui::command::Command;
use crate::tui::effect::Effect;
use crate::tui::kill_target::{KillAction, KillTarget};
use crate::tui::lists::filter_conditions;
use crate::tui::page::Page;
use crate::tui::state::{Popup, State};

/// Offers filters that the row would pass.
pub(super) fn offer_conditions(state: &mut State, exclude: bool) {
    state.arrange();
    let mut conditions = match (state.moment.as_deref(), state.page(), state.table()) {
        (Some(moment), Some(Page::Socket(page)), _) => {
            let row = page.row(moment);
            let found = row.map(|row| filter_conditions::of_socket(&row, row.socket.socket.state));
            let found = found.unwrap_or_default().into_iter();
            found.map(|(_, condition)| condition).collect()
        }
        (Some(moment), _, Some(table)) => table.conditions(moment),
        _ => Vec::new(),
    };
    conditions.retain(|condition| state.understand(condition).is_ok());
    if conditions.is_empty() {
        state.message = Some("there is nothing here to filter by".to_owned());
    } else {
        state.open_popup(Popup::FilterBy(conditions, exclude, 0));
    }
}

/// What a command does while filters are offered.
pub(super) fn in_filter_by(
    state: &mut State,
    (conditions, exclude, line): (&[String], bool, usize),
    command: Command,
) {
    let line = line.min(conditions.len().saturating_sub(1));
    match command {
        Command::FilterBy => set(state, conditions, false, line),
        Command::Exclude => set(state, conditions, true, line),
        Command::Open => {
            if let Some(condition) = conditions.get(line) {
                add_condition(state, condition, exclude);
            }
            state.popup = None;
        }
        _ => set(state, conditions, exclude, scrolled(line, command)),
    }
}

fn set(state: &mut State, conditions: &[String], exclude: bool, line: usize) {
    let line = line.min(conditions.len().saturating_sub(1));
    state.popup = Some(Popup::FilterBy(conditions.to_vec(), exclude, line));
}

/// Makes the filter in force narrower by a condition, or by its contrary.
fn add_condition(state: &mut State, condition: &str, exclude: bool) {
    let condition = if exclude {
        format!("not {condition}")
    } else {
        condition.to_owned()
    };
    let filter = state.filter();
    let known = filter.as_term();
    if has(&known, &condition) {
        state.message = Some(format!(
            "the filter says that already: {}",
            sanitize(&condition)
        ));
        return;
    }
    let text = if filter.is_empty() {
        condition
    } else if filter.is_search() {
        format!("{known} and {condition}")
    } else if [" or ", "|"].iter().any(|or| known.contains(or)) && !known.starts_with("( ") {
        format!("( {known} ) and {condition}")
    } else {
        format!("{known} and {condition}")
    };
    match state.understand(&text) {
        Ok(filter) => {
            state.filter_history.push(filter.text());
            state.set_filter(filter);
        }
        Err(error) => state.message = Some(error.to_string()),
    }
}

/// Whether a filter has a condition in it that holds for the whole of it.
fn has(filter: &str, condition: &str) -> bool {
    let mut parts = filter.split(" and ");
    let last = filter.rsplit(" and ").next();
    // As they are taken from left to right, only the last holds beside an `or`.
    let mixed = filter.contains(" or ") || filter.contains('|');
    last == Some(condition) || (!mixed && parts.any(|part| part == condition))
}

fn sanitize(text: &str) -> String {
    let mut out = String::new();
    format::sanitize(&mut out, text.as_bytes());
    out
}

/// Offers ways to end what one looks at.
pub(super) fn offer_kill(state: &mut State) {
    state.arrange();
    match kill_target(state) {
        Some(kill_target) if !kill_target.actions().is_empty() => {
            state.open_popup(Popup::Kill(Box::new(kill_target), 0, false));
        }
        _ => state.message = Some("there is nothing here that could be ended".to_owned()),
    }
}

/// What could be ended here.
pub(in crate::tui) fn kill_target(state: &State) -> Option<KillTarget> {
    use crate::tui::page::Presence;
    let moment = state.moment.as_deref()?;
    match state.page() {
        Some(Page::Socket(page)) => {
            let row = page.row(moment)?;
            let mut kill_target = KillTarget::of_socket(&row);
            if page.presence != Presence::Here {
                kill_target.socket = None;
            }
            Some(kill_target)
        }
        _ => state.table()?.kill_target(moment),
    }
}

/// What a command does while ways to end something are offered.
pub(super) fn in_kill(
    state: &mut State,
    (kill_target, line, asked): (&KillTarget, usize, bool),
    command: Command,
) -> Option<Effect> {
    let actions = kill_target.actions();
    let line = line.min(actions.len().saturating_sub(1));
    let action = actions.get(line).copied();
    let show = |state: &mut State, line: usize, asked: bool| {
        let line = line.min(actions.len().saturating_sub(1));
        state.popup = Some(Popup::Kill(Box::new(kill_target.clone()), line, asked));
    };
    match (asked, command) {
        (false, Command::Open) => {
            if action == Some(KillAction::Destroy) && !state.may_destroy {
                state.message = Some(NEEDS_CAPABILITY.to_owned());
            } else {
                show(state, line, true);
            }
        }
        // Only the letter for yes does it.
        (true, Command::CopyRow) => {
            state.popup = None;
            return match action? {
                KillAction::Destroy => {
                    let socket = Box::new(kill_target.socket?);
                    Some(Effect::Destroy(socket, kill_target.ends.clone()))
                }
                KillAction::Signal(number, name, recipient) => {
                    let all = kill_target.recipients(recipient).iter();
                    let keys = all.map(|process| process.key).collect();
                    Some(Effect::Signal(keys, number, name))
                }
            };
        }
        (true, _) => show(state, line, false),
        (false, _) => show(state, scrolled(line, command), false),
    }
    None
}

/// What is said of ending sockets to those who may not.
const NEEDS_CAPABILITY: &str =
    "ending a socket needs CAP_NET_ADMIN, which this user lacks; run as root";

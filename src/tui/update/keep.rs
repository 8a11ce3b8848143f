//! What is kept in a file: what is sampled from now on, or the last minutes.

use std::time::Duration;

use super::picker::scrolled;
use crate::tui::command::Command;
use crate::tui::effect::Effect;
use crate::tui::state::{Display, Popup, State};

/// How much can be saved, and how that is called.
pub(in crate::tui) const PARTS: [(Option<Duration>, &str); 4] = [
    (Some(Duration::from_mins(1)), "the last minute"),
    (Some(Duration::from_mins(5)), "the last 5 minutes"),
    (Some(Duration::from_mins(10)), "the last 10 minutes"),
    (None, "everything that is kept"),
];

/// Whether there is something that could be kept.
pub(super) fn can(state: &State) -> bool {
    state.display != Display::Replay && state.moment.is_some()
}

/// Says why nothing can be kept, if so; answers whether it can.
fn tell(state: &mut State) -> bool {
    if state.display == Display::Replay {
        state.message = Some("this is a recording already".to_owned());
    } else if state.moment.is_none() {
        state.message = Some("nothing has been sampled yet".to_owned());
    }
    can(state)
}

/// Records, or stops.
pub(super) fn record(state: &mut State) -> Option<Effect> {
    tell(state).then_some(Effect::Record)
}

/// Offers to save the last minutes.
pub(super) fn offer(state: &mut State) {
    if tell(state) {
        state.open_popup(Popup::Save(0));
    }
}

/// What a command does while that is offered.
pub(super) fn in_save(state: &mut State, line: usize, command: Command) -> Option<Effect> {
    let line = line.min(PARTS.len() - 1);
    if command == Command::Open {
        state.popup = None;
        return Some(Effect::Save(PARTS[line].0));
    }
    let line = scrolled(line, command).min(PARTS.len() - 1);
    state.popup = Some(Popup::Save(line));
    None
}

//! Dispatches keys and commands: to the text being typed, to the popup, or to the command's action on the
//! screen.

use std::ops::ControlFlow;

use crossterm::event::KeyEvent;

use super::{commands, picker_input, text_input, time};
use crate::tui::command::Command;
use crate::tui::effect::Effect;
use crate::tui::popup::interface::{Outcome, Popup};
use crate::tui::popup::{faults, help};
use crate::tui::state::State;
use crate::tui::text_input::TextInput;

/// Handles a key.
pub fn press(state: &mut State, key: &KeyEvent) -> Option<Effect> {
    state.message = None;
    match state.text_input.take() {
        Some(text_input) => text_input::press(state, text_input, key),
        None => match press_in_popup(state, key) {
            ControlFlow::Break(effect) => effect,
            ControlFlow::Continue(()) => {
                let command = state.appearance.keys.command(key)?;
                update(state, command)
            }
        },
    }
}

/// Passes a key to the popup; continues if it means the same there as everywhere, or no popup is open.
fn press_in_popup(state: &mut State, key: &KeyEvent) -> ControlFlow<Option<Effect>> {
    let Some(mut popup) = state.popup.take() else {
        return ControlFlow::Continue(());
    };
    let outcome = popup.press(state, key).or_else(|| {
        let is_typed = picker_input::press(popup.as_mut(), key);
        is_typed.then_some(Outcome::Stay)
    });
    let is_handled = outcome.is_some();
    let effect = put_back(state, popup, outcome.unwrap_or(Outcome::Stay));
    if is_handled {
        ControlFlow::Break(effect)
    } else {
        ControlFlow::Continue(())
    }
}

/// True if a key has an effect in the current state, so that a redraw may be needed.
pub fn is_bound(state: &State, key: &KeyEvent) -> bool {
    state.text_input.is_some()
        || state.message.is_some()
        || state.popup.is_some()
        || state.appearance.keys.command(key).is_some()
}

/// Carries out a command.
pub fn update(state: &mut State, command: Command) -> Option<Effect> {
    let command = time::resolve(state, command);
    if commands::is_global(command) {
        return commands::run(state, command);
    }
    match state.popup.take() {
        Some(popup) => in_popup(state, popup, command),
        None => commands::run(state, command),
    }
}

/// Carries out a command while a popup is open; the popup is taken out of the state.
fn in_popup(
    state: &mut State,
    mut popup: Box<dyn Popup<State>>,
    command: Command,
) -> Option<Effect> {
    if popup.is_closed_by(command) {
        return None;
    }
    match command {
        // The search is cleared before the popup closes.
        Command::Back if popup.cancel_search() => {}
        Command::Back | Command::Close => return None,
        Command::Help => {
            help::open(state);
            return None;
        }
        Command::Faults => {
            faults::open(state);
            return None;
        }
        Command::Filter => state.text_input = popup.search().map(TextInput::search),
        Command::GoTo(_) | Command::NextScreen | Command::PreviousScreen => {
            return commands::run(state, command);
        }
        _ => {
            let outcome = popup.handle(state, command);
            return put_back(state, popup, outcome);
        }
    }
    state.popup = Some(popup);
    None
}

/// Handles a click on a line of the popup.
pub(super) fn click_in_popup(state: &mut State, line: usize) -> Option<Effect> {
    let mut popup = state.popup.take()?;
    let outcome = popup.click(state, line);
    put_back(state, popup, outcome)
}

/// Puts the popup back unless it closes; returns the effect.
fn put_back(state: &mut State, popup: Box<dyn Popup<State>>, outcome: Outcome) -> Option<Effect> {
    match outcome {
        Outcome::Stay => state.popup = Some(popup),
        Outcome::Close => {}
        Outcome::CloseWith(effect) => return Some(effect),
    }
    None
}

//! Keys and pasted texts while a text is typed: a filter, a text to search for, a time.

use crossterm::event::KeyEvent;

use super::{filter_input, picker_input, time};
use crate::tui::effect::Effect;
use crate::tui::line_editor::KeyOutcome;
use crate::tui::state::State;
use crate::tui::text_input::TextInput;

/// Inserts a pasted text. It is never a command: where nothing is typed it does nothing.
pub fn paste(state: &mut State, pasted: &str) {
    match state.text_input.take() {
        Some(TextInput::Filter(mut line)) => {
            line.paste(pasted);
            state.text_input = Some(TextInput::Filter(line));
        }
        Some(TextInput::Time { mut editor, error }) => {
            editor.paste(pasted);
            state.text_input = Some(TextInput::Time { editor, error });
        }
        Some(TextInput::Search {
            mut editor,
            previous,
        }) => {
            editor.paste(pasted);
            state.set_search(editor.text().to_owned());
            state.text_input = Some(TextInput::Search { editor, previous });
        }
        None => {
            if let Some(popup) = &mut state.popup {
                picker_input::paste(popup.as_mut(), pasted);
            }
        }
    }
}

/// Applies the text that was typed, if it is not applied yet.
pub fn commit_input(state: &mut State) {
    match state.text_input.take() {
        Some(TextInput::Filter(mut line)) => {
            filter_input::commit_input(state, &mut line);
            state.text_input = Some(TextInput::Filter(line));
        }
        other => state.text_input = other,
    }
}

/// Handles a key while a text is typed.
pub(super) fn press(state: &mut State, text_input: TextInput, key: &KeyEvent) -> Option<Effect> {
    match text_input {
        TextInput::Filter(line) => return filter_input::press(state, line, key),
        TextInput::Search {
            mut editor,
            previous,
        } => match editor.press(key) {
            KeyOutcome::Accepted => {}
            KeyOutcome::Cancelled => state.set_search(previous),
            outcome => {
                if outcome == KeyOutcome::Edited {
                    state.set_search(editor.text().to_owned());
                }
                state.text_input = Some(TextInput::Search { editor, previous });
            }
        },
        TextInput::Time { mut editor, error } => match editor.press(key) {
            KeyOutcome::Accepted => return time::go_to(state, editor),
            KeyOutcome::Cancelled => {}
            outcome => {
                let error = error.filter(|_| outcome != KeyOutcome::Edited);
                state.text_input = Some(TextInput::Time { editor, error });
            }
        },
    }
    None
}

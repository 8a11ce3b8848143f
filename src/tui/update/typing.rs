//! Keys and pasted texts while a text is typed: a filter, a text to search for, a time.

use crossterm::event::KeyEvent;

use super::{filter_input, time};
use crate::tui::effect::Effect;
use crate::tui::line_editor::KeyOutcome;
use crate::tui::state::State;
use crate::tui::typing::Typing;

/// Inserts a pasted text. It is never a command: it does nothing where no text is typed.
pub fn paste(state: &mut State, pasted: &str) {
    match state.typing.take() {
        Some(Typing::Filter(mut line)) => {
            line.paste(pasted);
            state.typing = Some(Typing::Filter(line));
        }
        Some(Typing::Time { mut editor, error }) => {
            editor.paste(pasted);
            state.typing = Some(Typing::Time { editor, error });
        }
        Some(Typing::Search {
            mut editor,
            previous,
        }) => {
            editor.paste(pasted);
            state.set_search(editor.text().to_owned());
            state.typing = Some(Typing::Search { editor, previous });
        }
        None => {}
    }
}

/// Applies the text that was typed, if that is still to be done.
pub fn commit_input(state: &mut State) {
    match state.typing.take() {
        Some(Typing::Filter(mut line)) => {
            filter_input::commit_input(state, &mut line);
            state.typing = Some(Typing::Filter(line));
        }
        other => state.typing = other,
    }
}

/// Handles a key while a text is typed.
pub(super) fn press(state: &mut State, typing: Typing, key: &KeyEvent) -> Option<Effect> {
    match typing {
        Typing::Filter(line) => return filter_input::press(state, line, key),
        Typing::Search {
            mut editor,
            previous,
        } => match editor.press(key) {
            KeyOutcome::Accepted => {}
            KeyOutcome::Cancelled => state.set_search(previous),
            outcome => {
                if outcome == KeyOutcome::Edited {
                    state.set_search(editor.text().to_owned());
                }
                state.typing = Some(Typing::Search { editor, previous });
            }
        },
        Typing::Time { mut editor, error } => match editor.press(key) {
            KeyOutcome::Accepted => return time::go_to(state, editor),
            KeyOutcome::Cancelled => {}
            outcome => {
                let error = error.filter(|_| outcome != KeyOutcome::Edited);
                state.typing = Some(Typing::Time { editor, error });
            }
        },
    }
    None
}

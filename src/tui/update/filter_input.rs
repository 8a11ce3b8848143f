//! Typing a filter: keys edit the line, and the filter of the whole dashboard follows the text.

use crossterm::event::{KeyCode, KeyEvent};

use super::filter_values;
use crate::filter::{RequestedSockets, complete};
use crate::tui::effect::Effect;
use crate::tui::filter_line::{FilterEdit, FilterLine, FilterStatus};
use crate::tui::line_editor::KeyOutcome;
use crate::tui::state::State;
use crate::tui::text_input::TextInput;

/// Applies the text and finds its completions, if anything was edited. Both iterate over every socket, so this is done
/// once for all keys that arrived together.
pub(super) fn commit_input(state: &mut State, line: &mut FilterLine) {
    match line.take_edit() {
        FilterEdit::None => {}
        edit => apply(state, line, edit),
    }
    if line.take_stale() {
        find_completions(state, line);
    }
}

/// Handles a key. The line stays open unless the key accepts or cancels the filter.
pub(super) fn press(
    state: &mut State,
    mut line: Box<FilterLine>,
    key: &KeyEvent,
) -> Option<Effect> {
    match key.code {
        KeyCode::Tab | KeyCode::BackTab => {
            commit_input(state, &mut line);
            line.complete(key.code == KeyCode::Tab);
        }
        KeyCode::Up => line.recall(&state.filter_history, true),
        KeyCode::Down => line.recall(&state.filter_history, false),
        _ => match line.press(key) {
            KeyOutcome::Accepted if accept(state, &mut line) => {
                let hosts = state.filter().unresolved_hosts().to_vec();
                return (!hosts.is_empty()).then_some(Effect::Resolve(hosts));
            }
            KeyOutcome::Cancelled => {
                state.set_filter(line.previous().clone());
                return None;
            }
            _ => {}
        },
    }
    state.text_input = Some(TextInput::Filter(line));
    None
}

/// Applies the text if it is a filter; otherwise keeps the last valid one.
fn apply(state: &mut State, line: &mut FilterLine, edit: FilterEdit) {
    let (status, error) = match state.parse_filter(line.text()) {
        // A word that may become a keyword is not searched for yet, unless a longer one was.
        Ok(filter)
            if filter.is_search()
                && !state.filter().is_search()
                && may_become_more(state, line.text()) =>
        {
            (FilterStatus::Pending, None)
        }
        Ok(filter) => {
            state.set_filter(filter);
            (FilterStatus::InForce, None)
        }
        Err(error) => {
            let closed = close_parentheses(line.text());
            let is_unclosed = closed.is_some_and(|text| state.parse_filter(&text).is_ok());
            let status = if is_unclosed {
                FilterStatus::Unclosed
            } else {
                FilterStatus::Pending
            };
            (status, Some(error))
        }
    };
    line.set_result(status, error.as_ref());
    // A filter skipped while recalling others is not in force.
    if edit == FilterEdit::Recalled && status != FilterStatus::InForce {
        state.set_filter(line.previous().clone());
    }
}

/// Closes the open parentheses of a text; `None` if none are open.
fn close_parentheses(text: &str) -> Option<String> {
    let open = text.matches('(').count();
    let missing = open.checked_sub(text.matches(')').count())?;
    (missing > 0).then(|| format!("{text}{}", " )".repeat(missing)))
}

/// True if a word is the beginning of a keyword or a column.
fn may_become_more(state: &State, text: &str) -> bool {
    let requested = RequestedSockets::default();
    let word = text.trim();
    if word.starts_with(['"', '\'']) {
        return false;
    }
    let found = complete(word, &state.parse_context(&requested), &mut |_| Vec::new());
    !found.items.is_empty()
}

/// Applies the text and adds it to the history; returns true if it is a filter.
fn accept(state: &mut State, line: &mut FilterLine) -> bool {
    let Ok(filter) = state.parse_filter(line.text()) else {
        commit_input(state, line);
        line.reject();
        return false;
    };
    state.filter_history.push(filter.text());
    state.set_filter(filter);
    true
}

/// Finds the completions of the word at the cursor.
fn find_completions(state: &State, line: &mut FilterLine) {
    let requested = RequestedSockets::default();
    let moment = state.moment.as_deref();
    let mut values =
        |wanted| moment.map_or_else(Vec::new, |moment| filter_values::observed(moment, wanted));
    let found = complete(
        line.split().0,
        &state.parse_context(&requested),
        &mut values,
    );
    line.set_completions(found);
}

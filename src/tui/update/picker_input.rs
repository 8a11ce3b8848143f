//! Text typed into a picker: its lines are narrowed with every letter, so that Enter chooses at once.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::tui::popup::interface::Popup;
use crate::tui::state::State;

/// Maximum number of characters of a search.
const MAX_SEARCH: usize = 100;

/// Handles a key as text for the popup; returns false if it is a key as everywhere.
pub(super) fn press(popup: &mut dyn Popup<State>, key: &KeyEvent) -> bool {
    let Some(search) = popup.search().map(str::to_owned) else {
        return false;
    };
    let modifiers = key.modifiers - KeyModifiers::SHIFT;
    match key.code {
        KeyCode::Char(letter) if modifiers.is_empty() && popup.is_typed(letter) => {
            // Elsewhere this key starts a search.
            if letter != '/' || !search.is_empty() {
                insert(popup, search, letter.encode_utf8(&mut [0; 4]));
            }
        }
        KeyCode::Backspace if !search.is_empty() && popup.is_typed('a') => {
            let mut shorter = search;
            shorter.pop();
            popup.set_search(shorter);
        }
        KeyCode::Char('u') if modifiers == KeyModifiers::CONTROL && popup.is_typed('a') => {
            popup.set_search(String::new());
        }
        _ => return false,
    }
    true
}

/// Inserts the first line of a pasted text.
pub(super) fn paste(popup: &mut dyn Popup<State>, pasted: &str) {
    let Some(search) = popup.search().map(str::to_owned) else {
        return;
    };
    if popup.is_typed('a') {
        let line = pasted.lines().next().unwrap_or("");
        insert(popup, search, line);
    }
}

fn insert(popup: &mut dyn Popup<State>, mut search: String, text: &str) {
    let room = MAX_SEARCH.saturating_sub(search.chars().count());
    search.extend(
        text.chars()
            .filter(|letter| !letter.is_control())
            .take(room),
    );
    popup.set_search(search);
}

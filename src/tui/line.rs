//! A line that somebody types.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::filter_line;

/// What a key did to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Typed {
    /// The text is another.
    Changed,
    /// It is to be kept.
    Done,
    /// It is to be as it was before.
    Cancelled,
    /// Nothing.
    Nothing,
}

/// The longest text that can be typed, characters.
const LONGEST: usize = 500;

/// Appends what was pasted, as far as there is room.
pub(super) fn paste(text: &mut String, pasted: &str) {
    let room = LONGEST.saturating_sub(text.chars().count());
    text.extend(filter_line::pasted(pasted).take(room));
}

/// Applies a key to the text.
pub(super) fn press(text: &mut String, key: &KeyEvent) -> Typed {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let before = text.len();
    match key.code {
        KeyCode::Enter => return Typed::Done,
        KeyCode::Esc => return Typed::Cancelled,
        KeyCode::Char('c' | 'g') if control => return Typed::Cancelled,
        KeyCode::Char('u') if control => text.clear(),
        KeyCode::Char('w') if control => {
            let end = text.trim_end().rfind(' ').map_or(0, |at| at + 1);
            text.truncate(end);
        }
        KeyCode::Char('h') if control => drop(text.pop()),
        // As in less and vim: taking back more than was typed leaves the line.
        KeyCode::Backspace if text.is_empty() => return Typed::Cancelled,
        KeyCode::Backspace => drop(text.pop()),
        KeyCode::Char(character)
            if !control && !character.is_control() && text.chars().count() < LONGEST =>
        {
            text.push(character);
        }
        _ => return Typed::Nothing,
    }
    if text.len() == before {
        Typed::Nothing
    } else {
        Typed::Changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_edited_as_in_a_shell() {
        let mut text = String::new();
        let mut type_in = |code, modifiers| press(&mut text, &KeyEvent::new(code, modifiers));
        let (none, control) = (KeyModifiers::NONE, KeyModifiers::CONTROL);
        for character in "nginx wörker".chars() {
            assert_eq!(type_in(KeyCode::Char(character), none), Typed::Changed);
        }
        assert_eq!(type_in(KeyCode::Char('w'), control), Typed::Changed);
        assert_eq!(type_in(KeyCode::Backspace, none), Typed::Changed);
        assert_eq!(type_in(KeyCode::F(5), none), Typed::Nothing);
        assert_eq!(type_in(KeyCode::Enter, none), Typed::Done);
        assert_eq!(type_in(KeyCode::Char('u'), control), Typed::Changed);
        assert_eq!(type_in(KeyCode::Backspace, none), Typed::Cancelled);
        assert_eq!(text, "");
    }
}

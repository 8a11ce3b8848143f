//! The editor of a line of text: cursor, insertion and deletion, bound to the keys of a shell. It is independent of the
//! purpose of the text.

use std::ops::Range;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_input::{Input, InputRequest};

/// The maximum length of a filter, characters.
const MAX_FILTER_LENGTH: usize = 1000;

/// The maximum length of any other text, characters.
const MAX_TEXT_LENGTH: usize = 500;

/// A line of text with a cursor.
#[derive(Debug, Clone)]
pub struct LineEditor {
    input: Input,
    /// The maximum length, characters.
    limit: usize,
    /// Reports whether a character ends a word. A boundary that is no space is part of an operator.
    is_boundary: fn(char) -> bool,
}

/// The outcome of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyOutcome {
    /// The text has changed.
    Edited,
    /// The text is the same; the cursor may have moved.
    Moved,
    /// The text was accepted.
    Accepted,
    /// The text was discarded.
    Cancelled,
    /// The key is not bound.
    Ignored,
}

impl LineEditor {
    /// An editor of words that are separated by spaces, with the cursor at the end.
    pub(super) fn new(text: String) -> LineEditor {
        LineEditor {
            input: Input::new(text),
            limit: MAX_TEXT_LENGTH,
            is_boundary: char::is_whitespace,
        }
    }

    /// An editor of a filter, where operators also end a word.
    pub(super) fn for_filter(text: String) -> LineEditor {
        LineEditor {
            input: Input::new(text),
            limit: MAX_FILTER_LENGTH,
            is_boundary: crate::filter::ends_word,
        }
    }

    /// The text.
    pub fn text(&self) -> &str {
        self.input.value()
    }

    /// The place of the cursor, in bytes.
    pub fn cursor(&self) -> usize {
        let text = self.text();
        let place = text.char_indices().nth(self.input.cursor());
        place.map_or(text.len(), |(at, _)| at)
    }

    /// The text before the cursor, and the text after it.
    pub fn split(&self) -> (&str, &str) {
        self.text().split_at(self.cursor())
    }

    /// Replaces the text; the cursor goes to its end.
    pub(super) fn set_text(&mut self, text: String) {
        self.input = Input::new(text);
    }

    /// Replaces a range of bytes and moves the cursor after the replacement.
    pub(super) fn replace(&mut self, range: Range<usize>, replacement: &str) {
        let cursor = self.text()[..range.start].chars().count() + replacement.chars().count();
        let mut text = self.text().to_owned();
        text.replace_range(range, replacement);
        self.input = Input::new(text).with_cursor(cursor);
    }

    /// Moves the cursor after the next character.
    pub(super) fn move_right(&mut self) {
        self.input.handle(InputRequest::GoToNextChar);
    }

    /// Inserts a pasted text at the cursor as one line, as far as the limit allows.
    pub(super) fn paste(&mut self, pasted: &str) {
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        let line = pasted.trim_end_matches(['\r', '\n']).chars().map(plain);
        let line: String = line.take(self.room()).collect();
        let cursor = self.cursor();
        self.replace(cursor..cursor, &line);
    }

    /// Characters that the limit still allows.
    fn room(&self) -> usize {
        self.limit.saturating_sub(self.text().chars().count())
    }

    /// Handles a key.
    pub(super) fn press(&mut self, key: &KeyEvent) -> KeyOutcome {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let request = match key.code {
            KeyCode::Enter => return KeyOutcome::Accepted,
            KeyCode::Esc => return KeyOutcome::Cancelled,
            KeyCode::Char('c' | 'g') if control => return KeyOutcome::Cancelled,
            // As in less and vim: deleting more than was typed leaves the line.
            KeyCode::Backspace if self.text().is_empty() => return KeyOutcome::Cancelled,
            KeyCode::Char('w') if control => return self.delete_word(),
            KeyCode::Left => InputRequest::GoToPrevChar,
            KeyCode::Right => InputRequest::GoToNextChar,
            KeyCode::Home => InputRequest::GoToStart,
            KeyCode::End => InputRequest::GoToEnd,
            KeyCode::Backspace => InputRequest::DeletePrevChar,
            KeyCode::Delete => InputRequest::DeleteNextChar,
            KeyCode::Char('b') if control => InputRequest::GoToPrevChar,
            KeyCode::Char('f') if control => InputRequest::GoToNextChar,
            KeyCode::Char('a') if control => InputRequest::GoToStart,
            KeyCode::Char('e') if control => InputRequest::GoToEnd,
            KeyCode::Char('h') if control => InputRequest::DeletePrevChar,
            KeyCode::Char('u') if control => InputRequest::DeleteFromStart,
            KeyCode::Char('k') if control => InputRequest::DeleteTillEnd,
            KeyCode::Char(character) if !control && !character.is_control() && self.room() > 0 => {
                InputRequest::InsertChar(character)
            }
            _ => return KeyOutcome::Ignored,
        };
        let length = self.text().len();
        self.input.handle(request);
        self.outcome(length)
    }

    /// Deletes the word before the cursor, or the operator.
    fn delete_word(&mut self) -> KeyOutcome {
        let length = self.text().len();
        let (before, _) = self.split();
        let kept = before.trim_end();
        let is_operator = |c: char| (self.is_boundary)(c) && !c.is_whitespace();
        let rest = if kept.ends_with(is_operator) {
            kept.trim_end_matches(is_operator)
        } else {
            kept.trim_end_matches(|c| !(self.is_boundary)(c))
        };
        self.replace(rest.len()..before.len(), "");
        self.outcome(length)
    }

    /// The outcome of a request, by the length of the text before it: no request keeps the length and changes the text.
    fn outcome(&self, before: usize) -> KeyOutcome {
        if self.text().len() == before {
            KeyOutcome::Moved
        } else {
            KeyOutcome::Edited
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: KeyModifiers = KeyModifiers::NONE;
    const CONTROL: KeyModifiers = KeyModifiers::CONTROL;

    fn press(editor: &mut LineEditor, code: KeyCode, modifiers: KeyModifiers) -> KeyOutcome {
        editor.press(&KeyEvent::new(code, modifiers))
    }

    fn type_in(editor: &mut LineEditor, text: &str) {
        for character in text.chars() {
            let outcome = press(editor, KeyCode::Char(character), NONE);
            assert_eq!(outcome, KeyOutcome::Edited);
        }
    }

    #[test]
    fn a_line_is_edited_as_in_a_shell() {
        let mut editor = LineEditor::new(String::new());
        type_in(&mut editor, "nginx wörker");
        let mut press = |code, modifiers| press(&mut editor, code, modifiers);
        assert_eq!(press(KeyCode::Char('w'), CONTROL), KeyOutcome::Edited);
        assert_eq!(press(KeyCode::Backspace, NONE), KeyOutcome::Edited);
        assert_eq!(press(KeyCode::F(5), NONE), KeyOutcome::Ignored);
        assert_eq!(press(KeyCode::Enter, NONE), KeyOutcome::Accepted);
        assert_eq!(press(KeyCode::Char('u'), CONTROL), KeyOutcome::Edited);
        assert_eq!(press(KeyCode::Backspace, NONE), KeyOutcome::Cancelled);
        assert_eq!(editor.text(), "");
    }

    #[test]
    fn the_cursor_moves_by_whole_characters() {
        let mut editor = LineEditor::new("ä東e\u{301}".to_owned());
        assert_eq!(editor.split(), ("ä東e\u{301}", ""));
        for before in ["ä東", "ä", "", ""] {
            press(&mut editor, KeyCode::Left, NONE);
            assert_eq!(editor.split().0, before);
        }
        assert_eq!(
            press(&mut editor, KeyCode::Delete, NONE),
            KeyOutcome::Edited
        );
        assert_eq!(press(&mut editor, KeyCode::Right, NONE), KeyOutcome::Moved);
        type_in(&mut editor, "x");
        assert_eq!(editor.split(), ("東x", "e\u{301}"));
        assert_eq!(editor.cursor(), 4);
        press(&mut editor, KeyCode::Char('k'), CONTROL);
        press(&mut editor, KeyCode::Home, NONE);
        assert_eq!(editor.split(), ("", "東x"));
    }

    #[test]
    fn a_word_of_a_filter_ends_at_an_operator() {
        let mut words = LineEditor::new("a dport>=443".to_owned());
        let mut filter = LineEditor::for_filter("a dport>=443".to_owned());
        for (editor, left) in [(&mut words, "a "), (&mut filter, "a dport>=")] {
            press(editor, KeyCode::Char('w'), CONTROL);
            assert_eq!(editor.text(), left);
        }
    }

    #[test]
    fn a_pasted_text_is_one_line_within_the_limit() {
        let mut editor = LineEditor::new("ab".to_owned());
        press(&mut editor, KeyCode::Left, NONE);
        editor.paste("1\n2\r\n");
        assert_eq!(editor.split(), ("a1 2", "b"));
        editor.paste(&"x".repeat(2 * MAX_TEXT_LENGTH));
        assert_eq!(editor.text().len(), MAX_TEXT_LENGTH);
        assert_eq!(
            press(&mut editor, KeyCode::Char('x'), NONE),
            KeyOutcome::Ignored
        );
    }
}

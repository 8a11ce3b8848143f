//! The filter line: the text being typed, its completions, its error and the recalled filters. It does not apply the
//! filter.

use crossterm::event::KeyEvent;

use super::filter_history::FilterHistory;
use super::line_editor::{KeyOutcome, LineEditor};
use crate::filter::{Completion, Completions, Filter, FilterError, ends_word};

/// The relation of the text to the filter in force.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FilterStatus {
    /// The text is the filter in force.
    #[default]
    InForce,
    /// The text is not a valid filter (yet): the last valid one stays in force.
    Pending,
    /// As [`FilterStatus::Pending`]; the only error is an unclosed parenthesis.
    Unclosed,
}

/// An edit that has not been applied yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum FilterEdit {
    /// None.
    #[default]
    None,
    /// The text was typed.
    Typed,
    /// An older filter was recalled, or the draft again.
    Recalled,
}

/// A filter being typed.
#[derive(Debug, Clone)]
pub struct FilterLine {
    editor: LineEditor,
    /// The error and its place, in characters counted from 0.
    pub error: Option<(String, usize)>,
    /// The kind of word that is expected at the cursor.
    pub expected: String,
    /// Completions of the word at the cursor.
    pub completions: Vec<Completion>,
    /// The start of the word that the completions are for, in bytes.
    word_start: usize,
    /// The completion that is inserted, while Tab cycles through them.
    pub inserted: Option<usize>,
    /// The filter that was in force when the line was opened.
    previous: Filter,
    /// The age of the recalled filter in the history.
    recalled: Option<usize>,
    /// The text as it was before an older filter was recalled.
    draft: String,
    /// The relation of the text to the filter in force.
    pub status: FilterStatus,
    /// True if Enter was pressed on an invalid filter.
    is_refused: bool,
    /// The edit since the text was last applied.
    edit: FilterEdit,
    /// True if the completions are for another place than the cursor's.
    is_stale: bool,
}

impl FilterLine {
    /// Starts with the filter in force and a space, ready for another condition.
    pub(super) fn new(filter: &Filter) -> FilterLine {
        let gap = if filter.is_empty() { "" } else { " " };
        FilterLine {
            editor: LineEditor::for_filter(format!("{}{gap}", filter.as_term())),
            error: None,
            expected: String::new(),
            completions: Vec::new(),
            word_start: 0,
            inserted: None,
            previous: filter.clone(),
            recalled: None,
            draft: String::new(),
            status: FilterStatus::default(),
            is_refused: false,
            edit: FilterEdit::default(),
            is_stale: true,
        }
    }

    /// The text.
    pub fn text(&self) -> &str {
        self.editor.text()
    }

    /// The text before the cursor, and the text after it.
    pub fn split(&self) -> (&str, &str) {
        self.editor.split()
    }

    /// The filter that was in force when the line was opened.
    pub(super) fn previous(&self) -> &Filter {
        &self.previous
    }

    /// True if the error is in the word at the cursor, which may still become valid.
    pub fn is_completing(&self) -> bool {
        let Some((_, place)) = self.error.as_ref().filter(|_| !self.is_refused) else {
            return false;
        };
        let (before, rest) = self.split();
        let at_end = rest.is_empty();
        // The only error is that the text ends here.
        if at_end && *place == self.text().chars().count() {
            return true;
        }
        if self.completions.is_empty() {
            return false;
        }
        if at_end && self.status == FilterStatus::Unclosed {
            return true;
        }
        let cursor = before.len();
        let end = cursor + rest.find(ends_word).unwrap_or(rest.len());
        let place = self.text().char_indices().nth(*place);
        let place = place.map_or(self.text().len(), |(at, _)| at);
        // The position of a word that has not been started yet.
        let is_missing = place == cursor && rest.chars().next().is_none_or(char::is_whitespace);
        (self.word_start..end).contains(&place) || is_missing
    }

    /// True if the error is shown now.
    pub fn shows_error(&self) -> bool {
        self.error.is_some() && !self.is_completing()
    }

    /// The end of the word at the cursor.
    fn word_end(&self) -> usize {
        let (before, rest) = self.split();
        let cursor = before.len();
        let inside = before.get(self.word_start..).unwrap_or("");
        if self.inserted.is_some() || inside.is_empty() {
            return cursor;
        }
        let quote = inside.chars().next().filter(|c| matches!(c, '"' | '\''));
        let closed = quote.and_then(|quote| rest.find(quote));
        let end = closed.map(|at| at + 1).or_else(|| rest.find(ends_word));
        cursor + end.unwrap_or(rest.len())
    }

    /// Inserts a pasted text.
    pub(super) fn paste(&mut self, pasted: &str) {
        self.editor.paste(pasted);
        (self.edit, self.is_stale) = (FilterEdit::Typed, true);
    }

    /// Handles a key that edits the text or moves the cursor.
    pub(super) fn press(&mut self, key: &KeyEvent) -> KeyOutcome {
        let outcome = self.editor.press(key);
        if outcome == KeyOutcome::Edited && self.edit == FilterEdit::None {
            self.edit = FilterEdit::Typed;
        }
        self.is_stale |= matches!(outcome, KeyOutcome::Edited | KeyOutcome::Moved);
        self.is_refused = false;
        outcome
    }

    /// Inserts the next completion in place of the word at the cursor, or the previous one.
    pub(super) fn complete(&mut self, forward: bool) {
        self.is_refused = false;
        let all = self.completions.len();
        if all > 0 {
            self.insert_completion(match (self.inserted, forward) {
                (None, true) => 0,
                (None, false) => all - 1,
                (Some(at), true) => (at + 1) % all,
                (Some(at), false) => (at + all - 1) % all,
            });
        }
        // While Tab cycles, the completions stay those of the word that was typed.
        self.is_stale |= self.inserted.is_none();
    }

    fn insert_completion(&mut self, at: usize) {
        let is_only = self.completions.len() == 1;
        let start = self.word_start.min(self.editor.cursor());
        let end = self.word_end();
        let mut word = self.completions[at].text.clone();
        let behind = self.text()[end..].chars().next();
        // The only completion is followed by another word; text that is already there does not belong to it.
        if is_only && behind != Some(' ') || behind.is_some_and(|c| !ends_word(c)) {
            word.push(' ');
        }
        if self.text()[start..end] != word && self.edit == FilterEdit::None {
            self.edit = FilterEdit::Typed;
        }
        self.editor.replace(start..end, &word);
        self.inserted = (!is_only).then_some(at);
        if is_only {
            if !word.ends_with(' ') {
                self.editor.move_right();
            }
            self.completions.clear();
        }
    }

    /// Shows the next older filter of the history, or the next newer one; the newest is followed by the draft.
    pub(super) fn recall(&mut self, history: &FilterHistory, older: bool) {
        self.is_refused = false;
        self.is_stale = true;
        let age = match (self.recalled, older) {
            (None, true) if history.len() > 0 => Some(0),
            (Some(age), true) => Some((age + 1).min(history.len().saturating_sub(1))),
            (Some(0), false) => None,
            (Some(age), false) => Some(age - 1),
            (None, _) => return,
        };
        if self.recalled.is_none() {
            self.draft = self.text().to_owned();
        }
        self.recalled = age;
        self.edit = FilterEdit::Recalled;
        let text = age.map_or(Some(&*self.draft), |age| history.get(age));
        let text = text.unwrap_or_default().to_owned();
        self.editor.set_text(text);
    }

    /// Takes the edit that has not been applied yet, and marks it as applied.
    pub(super) fn take_edit(&mut self) -> FilterEdit {
        std::mem::take(&mut self.edit)
    }

    /// Returns true if the completions are stale, and marks them as current.
    pub(super) fn take_stale(&mut self) -> bool {
        std::mem::take(&mut self.is_stale)
    }

    /// Records the result of applying the text.
    pub(super) fn set_result(&mut self, status: FilterStatus, error: Option<&FilterError>) {
        self.status = status;
        self.error = error.map(|error| {
            let message = match error.expected() {
                Some(expected) => format!("{}; expected {expected}", error.message()),
                None => error.message().to_owned(),
            };
            (message, error.position() - 1)
        });
    }

    /// Shows the error from now on, regardless of the cursor.
    pub(super) fn reject(&mut self) {
        self.is_refused = true;
    }

    /// Replaces the completions.
    pub(super) fn set_completions(&mut self, found: Completions) {
        self.word_start = found.from;
        self.completions = found.items;
        self.expected = found.expected;
        self.inserted = None;
    }
}

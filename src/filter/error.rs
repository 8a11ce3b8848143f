//! Says what is wrong with a filter, and where.

use std::fmt;

/// Why a filter is not understood, and the place of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct FilterError {
    /// The whole text.
    text: String,
    /// Where the trouble starts, in bytes of the text.
    at: usize,
    /// What is wrong, without the place.
    message: String,
    /// What would be right there.
    expected: Option<String>,
}

impl FilterError {
    pub(super) fn new(text: &str, at: usize, message: impl Into<String>) -> FilterError {
        FilterError {
            text: text.to_owned(),
            at: at.min(text.len()),
            message: sanitize(&message.into()),
            expected: None,
        }
    }

    pub(super) fn expecting(mut self, what: impl Into<String>) -> FilterError {
        self.expected = Some(sanitize(&what.into()));
        self
    }

    /// The column of the trouble, counted from 1 in characters.
    pub fn column(&self) -> usize {
        let before = self.text.get(..self.at).unwrap_or(&self.text);
        before.chars().count() + 1
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What would be right there.
    pub fn expected(&self) -> Option<&str> {
        self.expected.as_deref()
    }

    /// The filter with a caret below the place, in at most `columns` columns: of a long one the part around it.
    pub fn picture(&self, columns: usize) -> String {
        let columns = columns.max(8);
        // Every character takes one column here, whatever a terminal would make of it.
        let plain = |character: char| {
            if is_harmful(character) {
                ' '
            } else {
                character
            }
        };
        let all: Vec<char> = self.text.chars().map(plain).collect();
        let place = self.column() - 1;
        let from = place.saturating_sub(columns * 2 / 3).min(all.len());
        let to = (from + columns).min(all.len());
        let line: String = all[from..to].iter().collect();
        format!("{line}\n{}^", " ".repeat(place - from))
    }
}

/// The longest message, characters: it may name a word that somebody pasted.
const LONGEST: usize = 240;

/// Whether a terminal would do something with a character, or show what follows it in another place.
fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A message that a terminal shows as it is.
fn sanitize(message: &str) -> String {
    let plain = |character| {
        if is_harmful(character) {
            '\u{fffd}'
        } else {
            character
        }
    };
    let mut out: String = message.chars().map(plain).take(LONGEST).collect();
    if message.chars().nth(LONGEST).is_some() {
        out.push('…');
    }
    out
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at column {}", self.message, self.column())?;
        match &self.expected {
            Some(expected) => write!(f, "; expected {expected}"),
            None => Ok(()),
        }
    }
}

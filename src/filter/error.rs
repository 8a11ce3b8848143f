//! Parse errors of filters.

use std::fmt;

use crate::printable::{is_printable, sanitized};

/// A parse error and its position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct FilterError {
    /// The filter's text.
    text: String,
    /// Position of the error, in bytes.
    at: usize,
    /// Description without the position.
    message: String,
    /// Description of the expected input at that position.
    expected: Option<String>,
    /// File and line of the text.
    line: Option<String>,
}

impl FilterError {
    pub(super) fn new(text: &str, at: usize, message: impl Into<String>) -> FilterError {
        FilterError {
            text: text.to_owned(),
            at: at.min(text.len()),
            message: sanitize(&message.into()),
            expected: None,
            line: None,
        }
    }

    pub(super) fn with_expected(mut self, what: impl Into<String>) -> FilterError {
        self.expected = Some(sanitize(&what.into()));
        self
    }

    /// Places the error in a line of a file. `line` is the text of the line, without a comment or indentation, that begins at
    /// `from` in the filter, in bytes; `before` is the number of characters before it in the file's line.
    #[must_use]
    pub fn in_file(
        self,
        path: &str,
        (number, before): (usize, usize),
        line: &str,
        from: usize,
    ) -> FilterError {
        let indented = " ".repeat(before) + line;
        FilterError {
            at: (self.at.saturating_sub(from) + before).min(indented.len()),
            text: indented,
            line: Some(format!("{}:{number}", sanitize(path))),
            ..self
        }
    }

    /// Returns the position of the error in the filter, in bytes.
    pub fn byte(&self) -> usize {
        self.at
    }

    /// Returns the position of the error, in characters from 1.
    pub fn position(&self) -> usize {
        let before = self.text.get(..self.at).unwrap_or(&self.text);
        before.chars().count() + 1
    }

    /// Returns the description without the position.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the description of the expected input at that position.
    pub fn expected(&self) -> Option<&str> {
        self.expected.as_deref()
    }

    /// Returns the filter with a caret under the error, at most `width` characters wide. A long filter is cut to the
    /// part around the error.
    pub fn excerpt(&self, width: usize) -> String {
        let width = width.max(8);
        // Every character takes one cell here.
        let plain = |character: char| {
            if is_printable(character) {
                character
            } else {
                ' '
            }
        };
        let all: Vec<char> = self.text.chars().map(plain).collect();
        let place = self.position() - 1;
        let from = place.saturating_sub(width * 2 / 3).min(all.len());
        let to = (from + width).min(all.len());
        let line: String = all[from..to].iter().collect();
        format!("{line}\n{}^", " ".repeat(place - from))
    }
}

/// Maximum length of a message, in characters: it may quote a word of the filter.
const MAX_MESSAGE: usize = 240;

/// Returns a message as printable text of bounded length.
fn sanitize(message: &str) -> String {
    // A NUL is no sign of an abstract name here.
    let message = message.replace('\0', "\\0");
    let message = sanitized(&message);
    let mut out: String = message.chars().take(MAX_MESSAGE).collect();
    if message.chars().nth(MAX_MESSAGE).is_some() {
        out.push('…');
    }
    out
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.line {
            Some(line) => write!(f, "{line}:{}: {}", self.position(), self.message)?,
            None => write!(f, "{} at character {}", self.message, self.position())?,
        }
        match &self.expected {
            Some(expected) => write!(f, "; expected {expected}"),
            None => Ok(()),
        }
    }
}

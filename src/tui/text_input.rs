//! The text that is being typed, and its purpose.

use super::filter_line::FilterLine;
use super::line_editor::LineEditor;

/// A line of text that is being typed; it receives all keys.
#[derive(Debug, Clone)]
pub enum TextInput {
    /// A filter.
    Filter(Box<FilterLine>),
    /// A text to search for in the popup or on the screen.
    Search {
        /// The text.
        editor: LineEditor,
        /// The text that was searched for before.
        previous: String,
    },
    /// A time to go to.
    Time {
        /// The text.
        editor: LineEditor,
        /// The error of the text, if it was accepted and is no time.
        error: Option<String>,
    },
}

impl TextInput {
    /// Starts to type another text to search for.
    pub(super) fn search(previous: &str) -> TextInput {
        TextInput::Search {
            editor: LineEditor::new(previous.to_owned()),
            previous: previous.to_owned(),
        }
    }

    /// Starts to type a time.
    pub(super) fn time() -> TextInput {
        TextInput::Time {
            editor: LineEditor::new(String::new()),
            error: None,
        }
    }
}

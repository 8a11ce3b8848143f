//! The text being typed, and its purpose.

use super::filter_line::FilterLine;
use super::line_editor::LineEditor;

/// A line of text being typed; it receives all keys.
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
        /// The error of the text, if Enter was pressed and it is not a time.
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

//! Hints of the footer: keys with their effect in the current state.

use super::command::Command;
use super::keymap::label;

/// A hint of the footer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// The keys as they are written.
    pub keys: String,
    /// The effect of the keys.
    pub text: String,
    /// A shorter text, for a footer with little room.
    pub short: Option<&'static str>,
    /// True if it is shown before all others, even in little room.
    pub is_pinned: bool,
}

impl Hint {
    /// A hint to commands that belong together.
    pub(super) fn new(commands: &[Command], text: impl Into<String>) -> Hint {
        Hint {
            keys: commands.iter().map(|&command| label(command)).collect(),
            text: text.into(),
            short: None,
            is_pinned: false,
        }
    }

    /// The same with a shorter text.
    pub(super) fn with_short_text(mut self, short: &'static str) -> Hint {
        self.short = Some(short);
        self
    }

    /// The same, shown before all others.
    pub(super) fn pinned(mut self) -> Hint {
        self.is_pinned = true;
        self
    }
}

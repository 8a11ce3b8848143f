//! Hints of the footer: commands with their effect in the current state.

use super::command::Command;
use super::keymap::KeyMap;

/// A hint of the footer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// The commands; their keys are shown together.
    pub commands: Vec<Command>,
    /// A key that means something in one popup only, in place of commands.
    pub key: Option<&'static str>,
    /// The effect of the commands.
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
            commands: commands.to_vec(),
            key: None,
            text: text.into(),
            short: None,
            is_pinned: false,
        }
    }

    /// A hint to a key that means something in one popup only.
    pub(super) fn of_key(key: &'static str, text: impl Into<String>) -> Hint {
        Hint {
            key: Some(key),
            ..Hint::new(&[], text)
        }
    }

    /// The keys as they are written; empty if the commands have none.
    pub(super) fn keys(&self, map: &KeyMap) -> String {
        match self.key {
            Some(key) => key.to_owned(),
            None => map.labels(&self.commands),
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

//! Checks of messages for the user.

use std::fmt::Display;

/// Maximum length of a message, characters: it may quote a part of what was given.
const MAX_LENGTH: usize = 4096;

/// Checks that a message is one line of bounded length, without control characters.
pub fn check(message: &impl Display) {
    let message = message.to_string();
    assert!(!message.is_empty());
    assert!(!message.contains(char::is_control), "{message:?}");
    assert!(message.chars().count() <= MAX_LENGTH, "{message}");
}

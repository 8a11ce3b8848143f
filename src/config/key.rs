//! Keys by their names, as the help and the configuration write them: `q`, `Ctrl-L`, `Shift-Tab`, `PgDn`, `F5`.

use std::fmt::Write as _;

use crossterm::event::{KeyCode, KeyModifiers};

/// A key with the modifiers that are held. Shift is part of a character.
pub type Key = (KeyCode, KeyModifiers);

/// Keys without a character, each with its name first and then other accepted names.
const NAMED: &[(KeyCode, &[&str])] = &[
    (KeyCode::Char(' '), &["Space"]),
    (KeyCode::Tab, &["Tab"]),
    (KeyCode::Enter, &["Enter", "Return"]),
    (KeyCode::Esc, &["Esc", "Escape"]),
    (KeyCode::Backspace, &["Backspace"]),
    (KeyCode::Delete, &["Del", "Delete"]),
    (KeyCode::Insert, &["Ins", "Insert"]),
    (KeyCode::Home, &["Home"]),
    (KeyCode::End, &["End"]),
    (KeyCode::PageUp, &["PgUp", "PageUp"]),
    (KeyCode::PageDown, &["PgDn", "PageDown"]),
    (KeyCode::Up, &["↑", "Up"]),
    (KeyCode::Down, &["↓", "Down"]),
    (KeyCode::Left, &["←", "Left"]),
    (KeyCode::Right, &["→", "Right"]),
];

/// The number of function keys.
const MAX_FUNCTION_KEY: u8 = 12;

/// Examples of names, for messages.
pub(super) const EXAMPLES: &str = "q, Q, Ctrl-L, Shift-Tab, Space, PgDn, Up, F5";

/// Removes Shift where it is part of the character already, and lowers the letter of a key with Ctrl.
pub fn normalized((code, mut modifiers): Key) -> Key {
    if matches!(code, KeyCode::Char(_) | KeyCode::BackTab) {
        modifiers -= KeyModifiers::SHIFT;
    }
    (code, modifiers)
}

/// Returns the name of a key.
pub fn key_name((code, modifiers): Key) -> String {
    let mut name = String::new();
    if modifiers.contains(KeyModifiers::CONTROL) {
        name.push_str("Ctrl-");
    }
    if modifiers.contains(KeyModifiers::SHIFT) || code == KeyCode::BackTab {
        name.push_str("Shift-");
    }
    let mut named = NAMED.iter();
    match code {
        KeyCode::BackTab => name.push_str("Tab"),
        KeyCode::F(number) => {
            let _ = write!(name, "F{number}");
        }
        code => match (named.find(|(named, _)| *named == code), code) {
            (Some((_, names)), _) => name.push_str(names.first().unwrap_or(&"")),
            (None, KeyCode::Char(letter)) if modifiers.contains(KeyModifiers::CONTROL) => {
                name.extend(letter.to_uppercase());
            }
            (None, KeyCode::Char(letter)) => name.push(letter),
            (None, _) => {}
        },
    }
    name
}

/// Returns the name of a key in a configuration, which is ASCII for all keys but letters that are not.
pub(super) fn ascii_key_name(key: Key) -> String {
    let mut name = key_name(key);
    for (arrow, word) in [("↑", "Up"), ("↓", "Down"), ("←", "Left"), ("→", "Right")] {
        if matches!(
            key.0,
            KeyCode::Up | KeyCode::Down | KeyCode::Left | KeyCode::Right
        ) {
            name = name.replace(arrow, word);
        }
    }
    name
}

/// Returns the key with a name; `None` for an unknown name, and for a key that a terminal does not distinguish from
/// another one: a letter with Shift and Ctrl, or Ctrl with I, M and `[`, which are Tab, Enter and Esc.
pub fn parse_key(name: &str) -> Option<Key> {
    let (mut modifiers, mut rest) = (KeyModifiers::NONE, name);
    loop {
        let lower = rest.to_lowercase();
        let (modifier, length) = match lower {
            lower if lower.starts_with("ctrl-") => (KeyModifiers::CONTROL, 5),
            lower if lower.starts_with("shift-") => (KeyModifiers::SHIFT, 6),
            _ => break,
        };
        if modifiers.contains(modifier) {
            return None;
        }
        modifiers |= modifier;
        rest = rest.get(length..)?;
    }
    let mut letters = rest.chars();
    if let (Some(letter), None) = (letters.next(), letters.as_str().chars().next())
        && !NAMED.iter().any(|(_, names)| names.contains(&rest))
    {
        return character(letter, modifiers);
    }
    let is_named = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(rest));
    let code = NAMED
        .iter()
        .find(|(_, names)| is_named(names))
        .map(|(code, _)| *code)
        .or_else(|| function_key(rest))?;
    let with_shift = modifiers == KeyModifiers::SHIFT;
    match code {
        KeyCode::Tab if with_shift => Some((KeyCode::BackTab, KeyModifiers::NONE)),
        KeyCode::Tab | KeyCode::Enter | KeyCode::Esc | KeyCode::Backspace | KeyCode::Char(_)
            if !modifiers.is_empty() =>
        {
            None
        }
        code => Some((code, modifiers)),
    }
}

/// Returns a character with modifiers, if a terminal sends it as a key of its own.
fn character(letter: char, modifiers: KeyModifiers) -> Option<Key> {
    if letter.is_control() || letter.is_whitespace() {
        return None;
    }
    if modifiers.is_empty() {
        return Some((KeyCode::Char(letter), modifiers));
    }
    let letter = letter.to_ascii_lowercase();
    let is_distinct = letter.is_ascii_lowercase() && !matches!(letter, 'h' | 'i' | 'j' | 'm');
    (modifiers == KeyModifiers::CONTROL && is_distinct)
        .then_some((KeyCode::Char(letter), modifiers))
}

fn function_key(name: &str) -> Option<KeyCode> {
    let number = name.strip_prefix(['F', 'f'])?.parse().ok()?;
    (1..=MAX_FUNCTION_KEY)
        .contains(&number)
        .then_some(KeyCode::F(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: KeyModifiers = KeyModifiers::NONE;

    #[test]
    fn names_are_keys_in_any_case_but_letters_are_not() {
        assert_eq!(parse_key("q"), Some((KeyCode::Char('q'), NONE)));
        assert_eq!(parse_key("Q"), Some((KeyCode::Char('Q'), NONE)));
        assert_eq!(parse_key("-"), Some((KeyCode::Char('-'), NONE)));
        assert_eq!(parse_key("ü"), Some((KeyCode::Char('ü'), NONE)));
        assert_eq!(
            parse_key("ctrl-l"),
            Some((KeyCode::Char('l'), KeyModifiers::CONTROL))
        );
        assert_eq!(parse_key("SHIFT-TAB"), Some((KeyCode::BackTab, NONE)));
        assert_eq!(
            parse_key("Shift-Left"),
            Some((KeyCode::Left, KeyModifiers::SHIFT))
        );
        assert_eq!(parse_key("pagedown"), Some((KeyCode::PageDown, NONE)));
        assert_eq!(parse_key("f12"), Some((KeyCode::F(12), NONE)));
        assert_eq!(parse_key("↓"), parse_key("down"));
        let shifted = (KeyCode::Left, KeyModifiers::SHIFT);
        assert_eq!(
            (key_name(shifted), ascii_key_name(shifted)),
            ("Shift-←".into(), "Shift-Left".into())
        );
    }

    #[test]
    fn keys_that_no_terminal_sends_are_refused() {
        for name in [
            "",
            " ",
            "\t",
            "qq",
            "F0",
            "F13",
            "Ctrl-",
            "Ctrl-I",
            "Ctrl-M",
            "Ctrl-Ctrl-L",
            "Alt-x",
            "Shift-x",
            "Ctrl-Tab",
            "Ctrl-[",
            "Shift-Space",
            "Hyper",
        ] {
            assert_eq!(parse_key(name), None, "{name}");
        }
    }
}

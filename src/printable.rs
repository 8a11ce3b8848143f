//! Text that is safe to print: the one place that decides which characters may reach a terminal.
//!
//! Names of processes, users, hosts, cgroups, devices, files and paths are chosen by others, and so is every text of a
//! recording. Some characters control the terminal, others are not visible or reorder the text around them. They are
//! written as escapes wherever text leaves the program:
//!
//! | Output | Held by |
//! |---|---|
//! | cells of tables, on screen and as text | `column::Column::write` |
//! | other text on standard output | `export::TextWriter` |
//! | messages on standard error | `export::message` |
//! | CSV on a terminal | `export::csv` |
//! | JSON, also in files and pipes | `export::json` |
//! | a frame of the dashboard | `app::screen_backend` |

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar as _;

/// Maximum number of characters without a width that follow one character. Vietnamese needs 2, Hangul and Thai 2, Tibetan
/// 4; more would be drawn over the lines above and below.
const MAX_MARKS: usize = 4;

/// Reports whether a character is visible, moves nothing else and is known to Unicode. Not printable are:
///
/// - control characters (C0, DEL, C1), line and paragraph separators;
/// - format characters: bidirectional controls, joiners, soft hyphens, byte order marks, tags;
/// - characters that are drawn as nothing: variation selectors, Hangul fillers, Khmer inherent vowels;
/// - private and unassigned characters, whose appearance and width depend on the font.
#[expect(
    clippy::match_same_arms,
    reason = "each arm is one kind of character, the most frequent first"
)]
pub fn is_printable(character: char) -> bool {
    match character {
        ' '..='~' => true,
        '\0'..='\u{9f}' | '\u{ad}' => false,
        // The characters of the program's own texts and drawings, and those of most names: a shortcut.
        '\u{a0}'..='\u{2ff}'
        | '\u{2010}'..='\u{2027}'
        | '\u{2190}'..='\u{23ff}'
        | '\u{2500}'..='\u{27bf}'
        | '\u{2800}'..='\u{28ff}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}' => true,
        // Spaces with a width.
        '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => true,
        // Drawn as nothing although they are letters or marks: Default_Ignorable_Code_Point of Unicode.
        '\u{34f}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{ffa0}'
        | '\u{e0000}'..='\u{e0fff}' => false,
        other => is_assigned_and_visible(other),
    }
}

/// Reports whether the standard library, which has the table, prints a character in a string as it is.
fn is_assigned_and_visible(character: char) -> bool {
    // Behind a letter, for a mark at the start of a string is escaped.
    let mut text = *b"a\0\0\0\0";
    let length = character.encode_utf8(&mut text[1..]).len();
    let text = std::str::from_utf8(&text[..=length]).unwrap_or_default();
    text.escape_debug().nth(1) == Some(character)
}

/// Appends the escape of a character: `\n`, `\t`, `\r`, `\u{1b}`.
fn escape(out: &mut String, character: char) {
    if character.is_ascii() {
        out.extend(character.escape_default());
    } else {
        out.extend(character.escape_unicode());
    }
}

/// Appends a name as printable text on one line: characters that are not [printable](is_printable) as escapes, so that it
/// cannot control the terminal, hide text or forge a line; the NUL of an abstract unix name as `@`; invalid UTF-8 as
/// U+FFFD. The result is unchanged by a second pass.
pub fn sanitize(out: &mut String, bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && is_clean(text)
    {
        out.push_str(text);
        return;
    }
    let mut marks = MAX_MARKS;
    for character in String::from_utf8_lossy(bytes).chars() {
        // A mark is drawn over the character before it: there has to be one, and not one that separates columns.
        let is_mark = is_mark(character);
        if character == '\0' {
            out.push('@');
        } else if !is_printable(character) || (is_mark && marks >= MAX_MARKS) {
            escape(out, character);
        } else {
            out.push(character);
        }
        marks = match is_mark {
            true => marks + 1,
            false if character == ' ' => MAX_MARKS,
            false => 0,
        };
    }
}

/// Returns a name as printable text, see [`sanitize`].
pub fn sanitized(text: &str) -> Cow<'_, str> {
    if is_clean(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    sanitize(&mut out, text.as_bytes());
    Cow::Owned(out)
}

/// Makes what was appended to `out` since it had the length `from` printable, see [`sanitize`].
pub fn sanitize_end(out: &mut String, from: usize) {
    if out.get(from..).is_some_and(|end| !is_clean(end)) {
        let end = out.split_off(from);
        sanitize(out, end.as_bytes());
    }
}

/// Appends finished text with its line breaks and tabs, all other characters that are not printable as escapes. It is the
/// net below [`sanitize`], which also keeps a name on its line.
pub fn sanitize_lines(out: &mut String, text: &str) {
    if is_clean(text) {
        out.push_str(text);
        return;
    }
    for character in text.chars() {
        if is_printable(character) || matches!(character, '\n' | '\t') {
            out.push(character);
        } else {
            escape(out, character);
        }
    }
}

/// Reports whether a text stays as it is: as nearly all names, which are ASCII.
fn is_clean(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        || text
            .chars()
            .all(|character| is_printable(character) && !is_mark(character))
}

/// Reports whether a character is drawn over the one before it.
fn is_mark(character: char) -> bool {
    !character.is_ascii() && character.width() == Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> String {
        let mut out = String::new();
        sanitize(&mut out, bytes);
        out
    }

    #[test]
    fn control_characters_never_reach_a_terminal() {
        assert_eq!(
            text(b"\0a\x1b[31mb\nc\xff\xe2\x80\xae\x7f\xc2\x9b"),
            "@a\\u{1b}[31mb\\nc\u{fffd}\\u{202e}\\u{7f}\\u{9b}"
        );
    }

    #[test]
    fn characters_that_hide_or_reorder_text_are_escaped() {
        let hidden = [
            0xad, 0x34f, 0x61c, 0x6dd, 0x70f, 0x115f, 0x1160, 0x17b4, 0x180b, 0x180e, 0x200b,
            0x200d, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202e, 0x2060, 0x2064, 0x2066, 0x2069,
            0x206f, 0x3164, 0xfe00, 0xfe0f, 0xfeff, 0xffa0, 0xfff9, 0xfffb, 0x1_10bd, 0x1_bca0,
            0x1_d173, 0xe_0001, 0xe_0020, 0xe_007f, 0xe_0100, 0xe_01ef,
        ];
        // Private and unassigned.
        let unknown = [
            0xe000, 0xf8ff, 0xf_0000, 0x10_fffd, 0x378, 0xffff, 0xe_0fff, 0x10_ffff,
        ];
        for code in hidden.into_iter().chain(unknown) {
            let character = char::from_u32(code).unwrap();
            assert!(!is_printable(character), "{code:x}");
            let name = format!("a{character}b");
            assert_eq!(text(name.as_bytes()), format!("a\\u{{{code:x}}}b"));
        }
    }

    #[test]
    fn names_in_every_script_stay_as_they_are() {
        for name in [
            "naïve",
            "数据库",
            "Ελλάδα",
            "служба",
            "שרת",
            "خادم",
            "हिन्दी",
            "ไทยนี้",
            "한국어",
            "ｆｕｌｌ",
            "🚀",
            "e\u{301}",
            "Việt",
            "a\u{a0}b",
            "a\u{3000}b",
            "–…×µ→│█⣿",
        ] {
            assert_eq!(sanitized(name), name);
        }
    }

    #[test]
    fn marks_do_not_pile_up_and_stay_off_what_precedes_the_name() {
        assert_eq!(text("\u{301}a".as_bytes()), "\\u{301}a");
        assert_eq!(text("a \u{301}".as_bytes()), "a \\u{301}");
        let tower = format!("a{}b\u{301}", "\u{301}".repeat(6));
        let shown = format!("a{}\\u{{301}}\\u{{301}}b\u{301}", "\u{301}".repeat(4));
        assert_eq!(text(tower.as_bytes()), shown);
    }

    #[test]
    fn every_character_is_made_printable_and_a_second_pass_changes_nothing() {
        for character in '\0'..=char::MAX {
            let name = format!("a{character}");
            let once = text(name.as_bytes());
            assert!(once.chars().all(is_printable), "{once:?}");
            assert_eq!(text(once.as_bytes()), once);
            let mut line = String::new();
            sanitize_lines(&mut line, &name);
            let breaks = |c: char| is_printable(c) || matches!(c, '\n' | '\t');
            assert!(line.chars().all(breaks), "{line:?}");
        }
    }

    #[test]
    fn only_what_was_appended_is_changed() {
        let mut out = "a\n".to_owned();
        let from = out.len();
        out.push_str("b\n");
        sanitize_end(&mut out, from);
        assert_eq!(out, "a\nb\\n");
    }
}

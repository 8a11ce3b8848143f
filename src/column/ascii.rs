//! ASCII in place of Unicode, for terminals and locales without UTF-8.
//!
//! Texts and screens are made with Unicode characters; where the locale is not UTF-8, the finished text is converted
//! here, in one place.

use std::fmt::Write as _;

use super::braille;

/// True if the locale is UTF-8, by the values of `LC_ALL`, `LC_CTYPE` and `LANG`: the first that is set and not empty
/// decides.
pub fn is_utf8(lc_all: Option<&str>, lc_ctype: Option<&str>, lang: Option<&str>) -> bool {
    [lc_all, lc_ctype, lang]
        .into_iter()
        .flatten()
        .find(|value| !value.is_empty())
        .is_some_and(|value| {
            let value = value.to_ascii_lowercase();
            value.contains("utf-8") || value.contains("utf8")
        })
}

/// Returns the ASCII character that resembles a character of the program's own texts and drawings; `None` for all
/// others.
pub fn similar(character: char) -> Option<char> {
    Some(match character {
        '\0'..='\x7f' => character,
        '▁' => '_',
        '▃' => ':',
        '▅' | '━' => '=',
        '▇' => '*',
        '█' | '■' => '#',
        '●' => 'O',
        '◆' => 'M',
        '═' => '%',
        '▄' | '─' | '–' | '—' | '−' => '-',
        '│' => '|',
        '▆' | '┌' | '┐' | '└' | '┘' | '├' | '┤' | '╭' | '╮' | '╰' | '╯' => {
            '+'
        }
        '…' | '≈' => '~',
        '↓' | '▾' => 'v',
        '↑' => '^',
        // The larger first, the smaller first.
        '→' | '›' | '▶' | '▼' | '▸' | '≥' => '>',
        '←' | '‹' | '▲' | '≤' => '<',
        '▂' | '·' => '.',
        '×' => 'x',
        'µ' => 'u',
        'Δ' => 'd',
        '⚠' => '!',
        '✗' => 'X',
        '\u{a0}' => ' ',
        '‘' | '’' => '\'',
        '“' | '”' => '"',
        _ => return braille::similar_ascii(character),
    })
}

/// Appends a text that keeps its width: each character of the program as one that resembles it. Characters of names are
/// escaped, as control characters are.
pub fn write_cell(out: &mut String, text: &str) {
    for character in text.chars() {
        match similar(character) {
            Some(similar) => out.push(similar),
            None => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
            }
        }
    }
}

/// Appends a text to be read, not aligned: as [`write_cell`], with `...` for an ellipsis and `>=` and `<=` for bounds.
pub fn write_text(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find(['…', '≥', '≤']) {
        write_cell(out, &rest[..at]);
        let mut after = rest[at..].chars();
        out.push_str(match after.next() {
            Some('…') => "...",
            Some('≥') => ">=",
            _ => "<=",
        });
        rest = after.as_str();
    }
    write_cell(out, rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_set_decides() {
        assert!(is_utf8(None, None, Some("de_DE.UTF-8")));
        assert!(is_utf8(Some(""), Some("C.utf8"), None));
        assert!(!is_utf8(Some("C"), None, Some("en_US.UTF-8")));
        assert!(!is_utf8(Some(""), Some("POSIX"), Some("C.UTF-8")));
        assert!(!is_utf8(None, None, Some("en_US.ISO-8859-1")));
        assert!(!is_utf8(None, None, None));
    }

    #[test]
    fn own_characters_keep_their_width_and_names_are_escaped() {
        let cell = |text| {
            let mut out = String::new();
            write_cell(&mut out, text);
            out
        };
        assert_eq!(cell("– 1 µs ×3 ≥2 kB a…b −7/s"), "- 1 us x3 >2 kB a~b -7/s");
        assert_eq!(cell("naïve-日本/7"), "na\\u{ef}ve-\\u{65e5}\\u{672c}/7");
        let mut text = String::new();
        write_text(&mut text, "[ STATE ]… ≥ 10 s – é");
        assert_eq!(text, "[ STATE ]... >= 10 s - \\u{e9}");
    }
}

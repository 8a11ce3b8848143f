//! The ASCII fallback for terminals without UTF-8.
//!
//! Screens are drawn with Unicode characters; for a locale that is not UTF-8 the finished screen is converted to ASCII
//! here, in one place.

use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr;

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

/// Replaces every character beyond ASCII by one that resembles it, cell by cell.
pub fn to_ascii(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        let symbol = cell.symbol();
        if symbol.is_ascii() {
            continue;
        }
        let mut characters = symbol.chars();
        let replacement = match (characters.next(), characters.next()) {
            (Some(character), None) => ascii(character),
            _ => '?',
        };
        // The second half of a wide character is a blank cell of its own.
        let wide = symbol.width() > 1;
        cell.set_char(if wide { '?' } else { replacement });
    }
}

/// The ASCII character that resembles a character of the screens.
fn ascii(character: char) -> char {
    match character {
        '▁' => '_',
        '▃' => ':',
        '▅' | '━' => '=',
        '▇' => '*',
        '█' | '■' => '#',
        '●' => 'O',
        '◆' => 'M',
        '═' => '%',
        '▄' | '─' | '–' | '—' => '-',
        '│' => '|',
        '▆' | '┌' | '┐' | '└' | '┘' | '├' | '┤' | '╭' | '╮' | '╰' | '╯' => {
            '+'
        }
        '…' => '~',
        '↓' | '▾' => 'v',
        '↑' => '^',
        // The larger first, the smaller first.
        '→' | '›' | '▶' | '▼' | '▸' => '>',
        '←' | '‹' | '▲' => '<',
        '▂' | '·' => '.',
        '×' => 'x',
        'µ' => 'u',
        '⚠' => '!',
        '✗' => 'X',
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

    #[test]
    fn the_first_variable_that_is_set_decides() {
        assert!(is_utf8(None, None, Some("de_DE.UTF-8")));
        assert!(is_utf8(Some(""), Some("C.utf8"), None));
        assert!(!is_utf8(Some("C"), None, Some("en_US.UTF-8")));
        assert!(!is_utf8(None, None, None));
    }

    #[test]
    fn nothing_but_ascii_remains() {
        let mut buffer = Buffer::empty(ratatui::layout::Rect::new(0, 0, 20, 1));
        buffer.set_string(0, 0, "│ ▁█ – 数 ↓ e\u{301} 1 µs", Style::new());
        to_ascii(&mut buffer);
        let text: String = buffer
            .content
            .iter()
            .map(ratatui::buffer::Cell::symbol)
            .collect();
        assert!(text.is_ascii(), "{text}");
        assert!(text.starts_with("| _# - ?  v ? 1 us"), "{text}");
    }
}

//! The ASCII fallback for terminals without UTF-8.
//!
//! Screens are drawn with Unicode characters; for a locale that is not UTF-8 the finished screen is converted to ASCII
//! here.

use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr;

use crate::column::ascii;

/// Replaces every character beyond ASCII by one that resembles it, cell by cell.
pub fn to_ascii(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        let symbol = cell.symbol();
        if symbol.is_ascii() {
            continue;
        }
        let mut characters = symbol.chars();
        let replacement = match (characters.next(), characters.next()) {
            (Some(character), None) => ascii::similar(character).unwrap_or('?'),
            _ => '?',
        };
        // The second half of a wide character is a blank cell of its own.
        let wide = symbol.width() > 1;
        cell.set_char(if wide { '?' } else { replacement });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

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

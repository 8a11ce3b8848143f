//! Measures, cuts and wraps text by terminal columns. The text is sanitized already
//! ([`printable::sanitize`]); a cut is always marked.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::printable;

/// The mark of a cut.
const ELLIPSIS: char = '…';

/// Returns a text without characters that would control the terminal, see [`printable`].
pub fn sanitized(text: &str) -> String {
    printable::sanitized(text).into_owned()
}

/// The width of a text, terminal columns.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The longest beginning of `text` in at most `columns`.
fn head(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (at, character) in text.char_indices() {
        used += character.width().unwrap_or(0);
        if used > columns {
            return &text[..at];
        }
    }
    text
}

/// The longest end of `text` in at most `columns`.
fn tail(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (at, character) in text.char_indices().rev() {
        used += character.width().unwrap_or(0);
        if used > columns {
            return &text[at + character.len_utf8()..];
        }
    }
    text
}

/// Removes the middle of a text: both ends of an address or a path matter most.
pub fn cut_middle(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    let rest = columns - 1;
    // The port at the end of an address and the file at the end of a path matter most.
    let end = tail(text, rest.div_ceil(2));
    let start = head(text, rest - width(end));
    Cow::Owned(format!("{start}{ELLIPSIS}{end}"))
}

/// Cuts at the end, as a sentence or a name is.
pub fn cut_end(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    Cow::Owned(format!("{}{ELLIPSIS}", head(text, columns - 1)))
}

/// Cuts at the start, as of a text that is being typed.
pub fn cut_start(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    Cow::Owned(format!("{ELLIPSIS}{}", tail(text, columns - 1)))
}

/// Cuts a text after its last clause that fits, or at the end if not even the first one does.
pub fn cut_clause(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    // A space and the mark stand in place of the stop and its space.
    let clause = [". ", "; ", ", "]
        .into_iter()
        .filter_map(|stop| head(text, columns).rfind(stop))
        .max();
    match clause {
        Some(end) => Cow::Owned(format!("{} {ELLIPSIS}", &text[..end])),
        None => cut_end(text, columns),
    }
}

/// Breaks a text into lines of at most `columns`, at spaces if possible.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let mut word = word;
        loop {
            let gap = usize::from(!line.is_empty());
            if width(&line) + gap + width(word) <= columns {
                if gap > 0 {
                    line.push(' ');
                }
                line.push_str(word);
                break;
            }
            if line.is_empty() {
                let mut part = head(word, columns);
                if part.is_empty() {
                    // A character wider than the line is kept, and cut when it is drawn.
                    part = &word[..word.chars().next().map_or(0, char::len_utf8)];
                }
                lines.push(part.to_owned());
                word = &word[part.len()..];
                if word.is_empty() {
                    break;
                }
            } else {
                lines.push(std::mem::take(&mut line));
            }
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_shows_and_keeps_both_ends() {
        assert_eq!(cut_middle("10.0.0.1:80", 11), "10.0.0.1:80");
        assert_eq!(cut_middle("[2001:db8::1234]:50000", 13), "[2001:…:50000");
        assert_eq!(cut_end("postgres: checkpointer", 9), "postgres…");
        assert_eq!(cut_middle("abc", 0), "");
        assert_eq!(cut_middle("abc", 1), "…");
    }

    #[test]
    fn cut_clause_keeps_whole_clauses() {
        let text = "Bytes that wait; on listeners connections. Kernel: x.";
        assert_eq!(cut_clause(text, 60), text);
        assert_eq!(
            cut_clause(text, 45),
            "Bytes that wait; on listeners connections …"
        );
        assert_eq!(
            cut_clause(text, 43),
            cut_clause(text, 45),
            "it fits to the last column"
        );
        assert_eq!(cut_clause(text, 42), "Bytes that wait …");
        assert_eq!(cut_clause(text, 10), "Bytes tha…");
        assert_eq!(cut_clause(text, 0), "");
    }

    #[test]
    fn wide_characters_are_never_halved() {
        for columns in 0..14 {
            for cut in [
                cut_middle("数据库服务器", columns),
                cut_end("数据库服务器", columns),
                cut_start("数据库服务器", columns),
                cut_clause("数, 据, 库, 服务器", columns),
            ] {
                assert!(width(&cut) <= columns, "{cut} in {columns}");
            }
        }
        assert_eq!(cut_middle("数据库服务器", 7), "数据…器");
    }

    #[test]
    fn long_words_and_empty_texts_wrap() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert!(wrap("", 5).is_empty());
        assert_eq!(wrap("数据", 1), ["数", "据"]);
    }
}

//! A writer of text for reading: without characters that control a terminal, and in ASCII for locales without UTF-8.

use std::io::{self, Write};

use crate::column::ascii;
use crate::printable;

/// Writes printable text as it is, or as ASCII. Line breaks and tabs stay. Machine-readable formats are always UTF-8 and do not go through it.
#[derive(Debug)]
pub struct TextWriter<W: Write> {
    inner: W,
    ascii: bool,
    /// Bytes of a character that is not complete yet.
    rest: Vec<u8>,
    /// Buffer for printable text.
    printable: String,
}

impl<W: Write> TextWriter<W> {
    /// Creates a writer; `ascii` is true if the locale is not UTF-8.
    pub fn new(inner: W, ascii: bool) -> TextWriter<W> {
        TextWriter {
            inner,
            ascii,
            rest: Vec::new(),
            printable: String::new(),
        }
    }
}

impl<W: Write> Write for TextWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let is_plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n' | b'\t');
        if self.rest.is_empty() && bytes.iter().all(is_plain) {
            return self.inner.write(bytes);
        }
        self.rest.extend_from_slice(bytes);
        let mut text = String::new();
        let mut kept = 0;
        let mut chunks = self.rest.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            if self.ascii {
                self.printable.clear();
                printable::sanitize_lines(&mut self.printable, chunk.valid());
                ascii::write_text(&mut text, &self.printable);
            } else {
                printable::sanitize_lines(&mut text, chunk.valid());
            }
            let invalid = chunk.invalid();
            // An incomplete character at the end may be completed by the next call.
            let is_cut = chunks.peek().is_none()
                && std::str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none());
            if is_cut {
                kept = invalid.len();
            } else if !invalid.is_empty() {
                text.push(if self.ascii {
                    '?'
                } else {
                    char::REPLACEMENT_CHARACTER
                });
            }
        }
        self.rest.drain(..self.rest.len() - kept);
        self.inner.write_all(text.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_that_is_split_between_two_writes_is_converted_once() {
        let text = "1 µs – 日\n";
        for cut in 0..text.len() {
            let mut writer = TextWriter::new(Vec::new(), true);
            writer.write_all(&text.as_bytes()[..cut]).unwrap();
            writer.write_all(&text.as_bytes()[cut..]).unwrap();
            assert_eq!(writer.inner, b"1 us - \\u{65e5}\n");
        }
        let mut writer = TextWriter::new(Vec::new(), false);
        writer.write_all(text.as_bytes()).unwrap();
        assert_eq!(writer.inner, text.as_bytes());
        let mut writer = TextWriter::new(Vec::new(), true);
        writer.write_all(b"a\xff\xe2\x82b").unwrap();
        assert_eq!(writer.inner, b"a??b");
    }

    #[test]
    fn control_characters_are_escaped_and_line_breaks_stay() {
        let text = "\ta\x1b[2Jb\r\u{85}\u{2028}\u{202e}c\n";
        let escaped = "\ta\\u{1b}[2Jb\\r\\u{85}\\u{2028}\\u{202e}c\n";
        for ascii in [false, true] {
            for cut in 0..text.len() {
                let mut writer = TextWriter::new(Vec::new(), ascii);
                writer.write_all(&text.as_bytes()[..cut]).unwrap();
                writer.write_all(&text.as_bytes()[cut..]).unwrap();
                assert_eq!(String::from_utf8(writer.inner).unwrap(), escaped);
            }
        }
    }
}

//! A writer of text for reading that converts it to ASCII for locales without UTF-8.

use std::io::{self, Write};

use crate::column::ascii;

/// Writes text as it is, or as ASCII. Machine-readable formats are always UTF-8 and do not go through it.
#[derive(Debug)]
pub struct TextWriter<W: Write> {
    inner: W,
    ascii: bool,
    /// Bytes of a character that is not complete yet.
    rest: Vec<u8>,
}

impl<W: Write> TextWriter<W> {
    /// Creates a writer; `ascii` is true if the locale is not UTF-8.
    pub fn new(inner: W, ascii: bool) -> TextWriter<W> {
        TextWriter {
            inner,
            ascii,
            rest: Vec::new(),
        }
    }
}

impl<W: Write> Write for TextWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.ascii || (self.rest.is_empty() && bytes.is_ascii()) {
            return self.inner.write(bytes);
        }
        self.rest.extend_from_slice(bytes);
        let mut text = String::new();
        let mut kept = 0;
        let mut chunks = self.rest.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            ascii::write_text(&mut text, chunk.valid());
            let invalid = chunk.invalid();
            // An incomplete character at the end may be completed by the next call.
            let is_cut = chunks.peek().is_none()
                && std::str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none());
            if is_cut {
                kept = invalid.len();
            } else if !invalid.is_empty() {
                text.push('?');
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
}

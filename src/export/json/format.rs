//! JSON whose strings are printable: characters that control a terminal, hide text or reorder it are written as `\\uXXXX`.
//! A parser reads the same text.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

use crate::printable::is_printable;

/// Writes a value without spaces and line breaks.
///
/// # Errors
/// If the writer fails.
pub fn write_compact(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    let mut serializer = Serializer::with_formatter(out, Printable(CompactFormatter));
    Ok(value.serialize(&mut serializer)?)
}

/// Writes a value with a line for each field.
///
/// # Errors
/// If the writer fails.
pub fn write_pretty(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    let mut serializer = Serializer::with_formatter(out, Printable(PrettyFormatter::new()));
    Ok(value.serialize(&mut serializer)?)
}

/// Escapes characters that are not printable, in the layout of another formatter.
struct Printable<F>(F);

impl<F: Formatter> Formatter for Printable<F> {
    fn write_string_fragment<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        // Characters below a space are escaped already.
        if fragment.bytes().all(|byte| byte < 0x7f) {
            return out.write_all(fragment.as_bytes());
        }
        let mut rest = fragment;
        while let Some((at, character)) = rest
            .char_indices()
            .find(|(_, character)| !is_printable(*character))
        {
            out.write_all(&rest.as_bytes()[..at])?;
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = &rest[at + character.len_utf8()..];
        }
        out.write_all(rest.as_bytes())
    }

    fn begin_array<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_written_printably_and_read_back() {
        for character in '\0'..=char::MAX {
            let text = format!("a{character}\"b");
            let mut compact = Vec::new();
            write_compact(&mut compact, &text).unwrap();
            let json = String::from_utf8(compact).unwrap();
            assert!(json.chars().all(is_printable), "{json:?}");
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }

    #[test]
    fn the_layout_is_that_of_the_library() {
        let value = serde_json::json!({"a": [1, "x", {}], "b": {"c": [], "d": null}});
        let (mut compact, mut pretty) = (Vec::new(), Vec::new());
        write_compact(&mut compact, &value).unwrap();
        write_pretty(&mut pretty, &value).unwrap();
        assert_eq!(compact, serde_json::to_vec(&value).unwrap());
        assert_eq!(pretty, serde_json::to_vec_pretty(&value).unwrap());
    }
}

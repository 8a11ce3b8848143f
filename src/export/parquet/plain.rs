//! Columns with one value in a row.

use std::fmt::Write;

use parquet::data_type::DataType;

use super::column::Column;
use super::leaf::{Leaf, Texts, Values};
use crate::export::row::Row;
use crate::export::text::Text;

/// A column of numbers, times or flags.
pub(super) struct PlainColumn<T: DataType, F> {
    name: &'static str,
    physical: &'static str,
    /// Logical type; empty if none.
    logical: &'static str,
    value: F,
    leaf: Values<T>,
}

impl<T: DataType, F: Fn(&Row<'_>) -> Option<T::T> + Send + 'static> PlainColumn<T, F> {
    /// Creates a column of these types.
    pub(super) fn boxed(
        name: &'static str,
        physical: &'static str,
        logical: &'static str,
        value: F,
    ) -> Box<dyn Column> {
        Box::new(PlainColumn {
            name,
            physical,
            logical,
            value,
            leaf: Values::<T>::default(),
        })
    }
}

impl<T: DataType, F: Fn(&Row<'_>) -> Option<T::T> + Send> Column for PlainColumn<T, F> {
    fn declare(&self, schema: &mut String) {
        // Writing to a String cannot fail.
        let _ = write!(schema, "  optional {} {}", self.physical, self.name);
        if !self.logical.is_empty() {
            let _ = write!(schema, " ({})", self.logical);
        }
        schema.push_str(";\n");
    }

    fn push(&mut self, row: &Row<'_>) {
        let value = (self.value)(row);
        self.leaf.levels.push_optional(value.is_some());
        self.leaf.values.extend(value);
    }

    fn leaves(&mut self) -> Vec<&mut dyn Leaf> {
        vec![&mut self.leaf]
    }
}

/// A column of texts.
pub(super) struct TextColumn<F> {
    name: &'static str,
    value: F,
    /// Text of a row, if it has to be formatted.
    buffer: String,
    leaf: Texts,
}

impl<F: for<'a> Fn(&Row<'a>) -> Option<Text<'a>> + Send + 'static> TextColumn<F> {
    /// Creates a column of texts.
    pub(super) fn boxed(name: &'static str, value: F) -> Box<dyn Column> {
        Box::new(TextColumn {
            name,
            value,
            buffer: String::new(),
            leaf: Texts::default(),
        })
    }
}

impl<F: for<'a> Fn(&Row<'a>) -> Option<Text<'a>> + Send> Column for TextColumn<F> {
    fn declare(&self, schema: &mut String) {
        let _ = writeln!(schema, "  optional binary {} (STRING);", self.name);
    }

    fn push(&mut self, row: &Row<'_>) {
        let text = (self.value)(row);
        self.leaf.levels.push_optional(text.is_some());
        match text {
            None => {}
            Some(Text::Plain(text)) => self.leaf.push(text),
            Some(text) => {
                self.buffer.clear();
                let _ = write!(self.buffer, "{text}");
                self.leaf.push(&self.buffer);
            }
        }
    }

    fn leaves(&mut self) -> Vec<&mut dyn Leaf> {
        vec![&mut self.leaf]
    }
}

//! Buffers of plain values with Parquet's levels, which locate the values in their rows.

use crate::model::SeededMap;
use parquet::data_type::{ByteArray, ByteArrayType, DataType};
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedColumnWriter;

/// A buffer of plain values, of a column of the file or of a part of a nested column.
pub(super) trait Leaf {
    /// Writes all values as a column chunk and clears the buffer.
    fn write(&mut self, column: &mut SerializedColumnWriter<'_>) -> Result<(), ParquetError>;
}

/// Parquet's definition and repetition levels, with one entry for each value and for each missing value.
#[derive(Debug, Default)]
pub(super) struct Levels {
    defined: Vec<i16>,
    repeated: Vec<i16>,
}

impl Levels {
    /// Adds an entry of a column without lists.
    pub(super) fn push_optional(&mut self, is_defined: bool) {
        self.defined.push(i16::from(is_defined));
    }

    /// Adds an entry within lists: the depth of the list that it continues (0 for the first of a row), and the number of
    /// optional and repeated levels that are defined.
    pub(super) fn push_repeated(&mut self, repeated: i16, defined: i16) {
        self.repeated.push(repeated);
        self.defined.push(defined);
    }

    fn write<T: DataType>(
        &mut self,
        values: &[T::T],
        column: &mut SerializedColumnWriter<'_>,
    ) -> Result<(), ParquetError> {
        let repeated = (!self.repeated.is_empty()).then_some(&*self.repeated);
        let column = column.typed::<T>();
        column.write_batch(values, Some(&self.defined), repeated)?;
        self.defined.clear();
        self.repeated.clear();
        Ok(())
    }
}

/// Numbers and flags.
pub(super) struct Values<T: DataType> {
    /// Levels.
    pub(super) levels: Levels,
    /// Values that are not missing.
    pub(super) values: Vec<T::T>,
}

impl<T: DataType> Default for Values<T> {
    fn default() -> Self {
        Values {
            levels: Levels::default(),
            values: Vec::new(),
        }
    }
}

impl<T: DataType> Leaf for Values<T> {
    fn write(&mut self, column: &mut SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        self.levels.write::<T>(&self.values, column)?;
        self.values.clear();
        Ok(())
    }
}

/// Texts. Each distinct text is stored once: most are names shared by many rows.
#[derive(Debug, Default)]
pub(super) struct Texts {
    /// Levels.
    pub(super) levels: Levels,
    /// Indexes in `distinct`.
    values: Vec<u32>,
    distinct: Vec<ByteArray>,
    indexes: SeededMap<Box<str>, u32>,
}

impl Texts {
    /// Adds a text.
    pub(super) fn push(&mut self, text: &str) {
        let index = self.indexes.get(text).copied().unwrap_or_else(|| {
            let index = self.distinct.len() as u32;
            self.distinct.push(text.into());
            self.indexes.insert(text.into(), index);
            index
        });
        self.values.push(index);
    }
}

impl Leaf for Texts {
    fn write(&mut self, column: &mut SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        let values = self.values.iter();
        let values: Vec<ByteArray> = values
            .map(|&index| self.distinct[index as usize].clone())
            .collect();
        self.levels.write::<ByteArrayType>(&values, column)?;
        self.values.clear();
        self.distinct.clear();
        self.indexes.clear();
        Ok(())
    }
}

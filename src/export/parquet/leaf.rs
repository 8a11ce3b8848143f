//! Columns of plain values, held until they are written, and where in their rows the values stand.

use parquet::data_type::{ByteArray, ByteArrayType, DataType};
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedColumnWriter;
use rustc_hash::FxHashMap;

/// A column of plain values: a column of the file, or a part of a nested one.
pub(super) trait Leaf {
    /// Writes all values and forgets them.
    fn write(&mut self, column: &mut SerializedColumnWriter<'_>) -> Result<(), ParquetError>;
}

/// Where values stand: Parquet's definition and repetition levels, an entry for each value and for each one missing.
#[derive(Debug, Default)]
pub(super) struct Levels {
    defined: Vec<i16>,
    repeated: Vec<i16>,
}

impl Levels {
    /// An entry of a column without lists: a value, or none.
    pub(super) fn one(&mut self, there: bool) {
        self.defined.push(i16::from(there));
    }

    /// An entry within lists: which list goes on with it (0 none, a new row begins), and how much of the way down to the
    /// value there is.
    pub(super) fn within(&mut self, repeated: i16, defined: i16) {
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

/// Values that are held as they are written.
pub(super) struct Values<T: DataType> {
    /// Where they stand.
    pub(super) levels: Levels,
    /// Those that there are.
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

/// Texts, each held once: most of them are names that many rows share.
#[derive(Debug, Default)]
pub(super) struct Texts {
    /// Where they stand.
    pub(super) levels: Levels,
    /// Places in `distinct`.
    values: Vec<u32>,
    distinct: Vec<ByteArray>,
    places: FxHashMap<Box<str>, u32>,
}

impl Texts {
    /// Adds one.
    pub(super) fn push(&mut self, text: &str) {
        let place = self.places.get(text).copied().unwrap_or_else(|| {
            let place = self.distinct.len() as u32;
            self.distinct.push(text.into());
            self.places.insert(text.into(), place);
            place
        });
        self.values.push(place);
    }
}

impl Leaf for Texts {
    fn write(&mut self, column: &mut SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        let values = self.values.iter();
        let values: Vec<ByteArray> = values
            .map(|&place| self.distinct[place as usize].clone())
            .collect();
        self.levels.write::<ByteArrayType>(&values, column)?;
        self.values.clear();
        self.distinct.clear();
        self.places.clear();
        Ok(())
    }
}

//! Creates the columns of the file from the list of exported fields.

use parquet::data_type::{BoolType, FloatType, Int32Type, Int64Type};

use super::column::Column;
use super::nested::{BitsColumn, MapColumn, OwnersColumn};
use super::plain::{PlainColumn, TextColumn};
use crate::export::field::{ExportField, Shape, flat};
use crate::export::socket_fields::{socket_fields, taken_at};
use crate::export::text::Text;

/// Creates every column: the time of the sample, then the fields in the order of JSON.
pub(super) fn columns() -> Vec<Box<dyn Column>> {
    let fields = std::iter::once(taken_at()).chain(flat(socket_fields()));
    fields.filter_map(column).collect()
}

/// Creates the column of a field; `None` for a record, whose parts have columns.
fn column(field: &'static ExportField) -> Option<Box<dyn Column>> {
    let name = field.column();
    Some(match &field.shape {
        Shape::Flag(value) => PlainColumn::<BoolType, _>::boxed(name, "boolean", "", |row| {
            value.read(row).map(|value| value != 0)
        }),
        Shape::Unsigned(64, value) => {
            PlainColumn::<Int64Type, _>::boxed(name, "int64", "INTEGER(64,false)", |row| {
                value.read(row).map(u64::cast_signed)
            })
        }
        Shape::Unsigned(bits, value) => {
            let logical = match bits {
                8 => "INTEGER(8,false)",
                16 => "INTEGER(16,false)",
                _ => "INTEGER(32,false)",
            };
            PlainColumn::<Int32Type, _>::boxed(name, "int32", logical, |row| {
                value.read(row).map(|value| (value as u32).cast_signed())
            })
        }
        Shape::Float(value) => PlainColumn::<FloatType, _>::boxed(name, "float", "", value),
        Shape::Time(value) => {
            PlainColumn::<Int64Type, _>::boxed(name, "int64", "TIMESTAMP(MICROS,true)", |row| {
                Some(value(row))
            })
        }
        Shape::Text(value) => TextColumn::boxed(name, value),
        Shape::Name { value, .. } => TextColumn::boxed(name, |row| value(row).map(Text::Plain)),
        Shape::Bits { value, .. } => BitsColumn::boxed(name, *value),
        Shape::Map(value) => MapColumn::boxed(name, *value),
        Shape::Owners(value) => OwnersColumn::boxed(name, *value),
        Shape::Record { .. } => return None,
    })
}

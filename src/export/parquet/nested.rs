//! Columns with several values in a row: lists, a map, and lists of records.
//!
//! Parquet flattens them into plain columns and uses levels to locate each value; see
//! [`Levels::push_repeated`](super::leaf::Levels::push_repeated). A row without a value also has an entry.

use std::fmt::Write;

use parquet::data_type::{Int32Type, Int64Type};

use super::column::Column;
use super::leaf::{Leaf, Levels, Texts, Values};
use crate::export::field::{NamedNumbers, SetBits};
use crate::export::owner::{OWNER_FIELDS, Owner, OwnerField, OwnerShape, owners};
use crate::export::row::Row;
use crate::model::SocketRef;

/// Names of the set bits: `["recverr"]`, empty if none is set, null if unknown.
pub(super) struct BitsColumn {
    name: &'static str,
    value: fn(&Row<'_>) -> Option<SetBits>,
    names: Texts,
}

impl BitsColumn {
    /// Creates a column of lists of names.
    pub(super) fn boxed(
        name: &'static str,
        value: fn(&Row<'_>) -> Option<SetBits>,
    ) -> Box<dyn Column> {
        Box::new(BitsColumn {
            name,
            value,
            names: Texts::default(),
        })
    }
}

impl Column for BitsColumn {
    fn declare(&self, schema: &mut String) {
        // Writing to a String cannot fail.
        let _ = writeln!(
            schema,
            "  optional group {} (LIST) {{ repeated group list {{ required binary element (STRING); }} }}",
            self.name
        );
    }

    fn push(&mut self, row: &Row<'_>) {
        let Some(bits) = (self.value)(row) else {
            return self.names.levels.push_repeated(0, 0);
        };
        let mut repeated = 0;
        for name in bits {
            self.names.levels.push_repeated(repeated, 2);
            self.names.push(name);
            repeated = 1;
        }
        if repeated == 0 {
            self.names.levels.push_repeated(0, 1);
        }
    }

    fn leaves(&mut self) -> Vec<&mut dyn Leaf> {
        vec![&mut self.names]
    }
}

/// Numbers by name; null if there are none.
pub(super) struct MapColumn {
    name: &'static str,
    value: for<'a> fn(&Row<'a>) -> Option<NamedNumbers>,
    names: Texts,
    values: Values<Int64Type>,
}

impl MapColumn {
    /// Creates a column of maps.
    pub(super) fn boxed(
        name: &'static str,
        value: for<'a> fn(&Row<'a>) -> Option<NamedNumbers>,
    ) -> Box<dyn Column> {
        Box::new(MapColumn {
            name,
            value,
            names: Texts::default(),
            values: Values::default(),
        })
    }
}

impl Column for MapColumn {
    fn declare(&self, schema: &mut String) {
        let _ = writeln!(
            schema,
            "  optional group {} (MAP) {{ repeated group key_value {{
    required binary key (STRING);
    optional int64 value (INTEGER(64,false));
  }} }}",
            self.name
        );
    }

    fn push(&mut self, row: &Row<'_>) {
        let numbers = (self.value)(row);
        // No map, or an empty one.
        if numbers.as_ref().is_none_or(Vec::is_empty) {
            let defined = i16::from(numbers.is_some());
            self.names.levels.push_repeated(0, defined);
            self.values.levels.push_repeated(0, defined);
        }
        for (at, (name, value)) in numbers.into_iter().flatten().enumerate() {
            let repeated = i16::from(at > 0);
            self.names.levels.push_repeated(repeated, 2);
            self.names.push(name);
            let defined = if value.is_some() { 3 } else { 2 };
            self.values.levels.push_repeated(repeated, defined);
            self.values.values.extend(value.map(u64::cast_signed));
        }
    }

    fn leaves(&mut self) -> Vec<&mut dyn Leaf> {
        vec![&mut self.names, &mut self.values]
    }
}

/// Processes that own a socket: `[{pid, start_time, comm, fds: […]}]`, empty if none.
pub(super) struct OwnersColumn {
    name: &'static str,
    value: for<'a> fn(&Row<'a>) -> Option<SocketRef<'a>>,
    parts: Vec<OwnerPart>,
}

/// Values of one field of the owners.
struct OwnerPart {
    field: &'static OwnerField,
    values: OwnerValues,
}

enum OwnerValues {
    Int32(Values<Int32Type>),
    Int64(Values<Int64Type>),
    Text(Texts),
}

impl OwnersColumn {
    /// Creates a column of lists of owners.
    pub(super) fn boxed(
        name: &'static str,
        value: for<'a> fn(&Row<'a>) -> Option<SocketRef<'a>>,
    ) -> Box<dyn Column> {
        let part = |field: &'static OwnerField| OwnerPart {
            field,
            values: match field.shape {
                OwnerShape::U32(_) | OwnerShape::List(_) => OwnerValues::Int32(Values::default()),
                OwnerShape::U64(_) => OwnerValues::Int64(Values::default()),
                OwnerShape::Text(_) => OwnerValues::Text(Texts::default()),
            },
        };
        let parts = OWNER_FIELDS.iter().map(part).collect();
        Box::new(OwnersColumn { name, value, parts })
    }
}

impl Column for OwnersColumn {
    fn declare(&self, schema: &mut String) {
        let _ = writeln!(
            schema,
            "  required group {} (LIST) {{ repeated group list {{ required group element {{",
            self.name
        );
        for part in &self.parts {
            let name = part.field.name;
            let _ = match part.field.shape {
                OwnerShape::U32(_) => {
                    writeln!(schema, "    required int32 {name} (INTEGER(32,false));")
                }
                OwnerShape::U64(_) => {
                    writeln!(schema, "    required int64 {name} (INTEGER(64,false));")
                }
                OwnerShape::Text(_) => writeln!(schema, "    required binary {name} (STRING);"),
                OwnerShape::List(_) => writeln!(
                    schema,
                    "    required group {name} (LIST) {{ repeated group list {{ required int32 element (INTEGER(32,false)); }} }}"
                ),
            };
        }
        schema.push_str("  } } }\n");
    }

    fn push(&mut self, row: &Row<'_>) {
        let socket = (self.value)(row);
        let mut repeated = 0;
        for owner in socket.iter().flat_map(owners) {
            for part in &mut self.parts {
                part.push(&owner, repeated);
            }
            repeated = 1;
        }
        if repeated == 0 {
            for part in &mut self.parts {
                part.levels().push_repeated(0, 0);
            }
        }
    }

    fn leaves(&mut self) -> Vec<&mut dyn Leaf> {
        self.parts.iter_mut().map(OwnerPart::leaf).collect()
    }
}

impl OwnerPart {
    /// Adds the value of an owner, which continues the row's list if `repeated` is 1.
    fn push(&mut self, owner: &Owner<'_>, repeated: i16) {
        match (&self.field.shape, &mut self.values) {
            (OwnerShape::List(value), OwnerValues::Int32(buffer)) => {
                let numbers = value(owner);
                let mut level = repeated;
                for number in numbers {
                    buffer.levels.push_repeated(level, 2);
                    buffer.values.push(number.cast_signed());
                    level = 2;
                }
                if level != 2 {
                    buffer.levels.push_repeated(repeated, 1);
                }
                return;
            }
            (OwnerShape::U32(value), OwnerValues::Int32(buffer)) => {
                buffer.values.push(value(owner).cast_signed());
            }
            (OwnerShape::U64(value), OwnerValues::Int64(buffer)) => {
                buffer.values.push(value(owner).cast_signed());
            }
            (OwnerShape::Text(value), OwnerValues::Text(buffer)) => buffer.push(&value(owner)),
            // The buffer of each shape has a matching type.
            _ => return,
        }
        self.levels().push_repeated(repeated, 1);
    }

    fn levels(&mut self) -> &mut Levels {
        match &mut self.values {
            OwnerValues::Int32(buffer) => &mut buffer.levels,
            OwnerValues::Int64(buffer) => &mut buffer.levels,
            OwnerValues::Text(buffer) => &mut buffer.levels,
        }
    }

    fn leaf(&mut self) -> &mut dyn Leaf {
        match &mut self.values {
            OwnerValues::Int32(buffer) => buffer,
            OwnerValues::Int64(buffer) => buffer,
            OwnerValues::Text(buffer) => buffer,
        }
    }
}

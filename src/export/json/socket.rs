//! One socket as a JSON object.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::export::field::{Absence, ExportField, Shape, nested};
use crate::export::owner::{OWNER_FIELDS, Owner, OwnerShape, owners};
use crate::export::row::Row;
use crate::export::socket_fields::{socket_fields, taken_at};
use crate::model::SocketRef;

/// Serializes a row as an object.
#[derive(Debug, Clone, Copy)]
pub(super) struct JsonSocket<'a> {
    /// The socket.
    pub(super) row: Row<'a>,
    /// Time of its sample as text, shared by all rows of a sample; `None` to omit it.
    pub(super) taken_at: Option<&'a str>,
}

impl Serialize for JsonSocket<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(time) = self.taken_at {
            map.serialize_entry(taken_at().name, time)?;
        }
        serialize_fields(&mut map, socket_fields(), &self.row)?;
        map.end()
    }
}

fn serialize_fields<M: SerializeMap>(
    map: &mut M,
    fields: &[ExportField],
    row: &Row<'_>,
) -> Result<(), M::Error> {
    for field in nested(fields) {
        match &field.shape {
            Shape::Flag(value) => {
                let flag = value.read(row).map(|value| value != 0);
                serialize_entry(map, field, flag)?;
            }
            Shape::Unsigned(_, value) => serialize_entry(map, field, value.read(row))?,
            Shape::Float(value) => serialize_entry(map, field, value(row))?,
            Shape::Text(value) => serialize_entry(map, field, value(row))?,
            Shape::Name { value, .. } => serialize_entry(map, field, value(row))?,
            Shape::Time(value) => {
                let time = crate::export::timestamp::timestamp(value(row));
                serialize_entry(map, field, Some(time))?;
            }
            Shape::Record { exists, parts } => {
                let record = exists(row).then_some(JsonRecord { parts, row });
                serialize_entry(map, field, record)?;
            }
            Shape::Bits { value, .. } => serialize_entry(map, field, value(row).map(JsonList))?,
            Shape::Map(value) => serialize_entry(map, field, value(row).map(JsonMap))?,
            Shape::Owners(value) => serialize_entry(map, field, value(row).map(JsonOwners))?,
        }
    }
    Ok(())
}

fn serialize_entry<M: SerializeMap>(
    map: &mut M,
    field: &ExportField,
    value: Option<impl Serialize>,
) -> Result<(), M::Error> {
    match value {
        None if field.absence == Absence::Omitted => Ok(()),
        value => map.serialize_entry(field.name, &value),
    }
}

struct JsonRecord<'a> {
    parts: &'a [ExportField],
    row: &'a Row<'a>,
}

impl Serialize for JsonRecord<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        serialize_fields(&mut map, self.parts, self.row)?;
        map.end()
    }
}

/// Serializes the items of an iterator.
struct JsonList<I>(I);

impl<I: Iterator<Item: Serialize> + Clone> Serialize for JsonList<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.clone())
    }
}

/// Serializes pairs of a name and a value.
struct JsonMap(Vec<(&'static str, Option<u64>)>);

impl Serialize for JsonMap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

struct JsonOwners<'a>(SocketRef<'a>);

impl Serialize for JsonOwners<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for owner in owners(&self.0) {
            list.serialize_element(&JsonOwner(owner))?;
        }
        list.end()
    }
}

struct JsonOwner<'a>(Owner<'a>);

impl Serialize for JsonOwner<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(OWNER_FIELDS.len()))?;
        for field in &OWNER_FIELDS {
            match field.shape {
                OwnerShape::U32(value) => map.serialize_entry(field.name, &value(&self.0))?,
                OwnerShape::U64(value) => map.serialize_entry(field.name, &value(&self.0))?,
                OwnerShape::Text(value) => map.serialize_entry(field.name, value(&self.0))?,
                OwnerShape::List(value) => {
                    map.serialize_entry(field.name, &JsonList(value(&self.0)))?;
                }
            }
        }
        map.end()
    }
}

//! JSON Schema of a socket, generated from the list of exported fields.

use super::field::{Absence, ExportField, Shape, nested};
use super::json_schema::{JsonSchema, Property};
use super::owner::{OWNER_FIELDS, OwnerShape};
use super::socket_fields::{socket_fields, taken_at};

/// Describes a socket within a document.
pub(super) fn without_time() -> JsonSchema {
    JsonSchema::object(properties(socket_fields())).with_description("A socket.")
}

/// Describes a socket that may have the time of its sample.
pub(super) fn with_time() -> JsonSchema {
    let time = taken_at();
    let time = Property::optional(time.name, schema(time));
    let properties = properties(socket_fields());
    JsonSchema::object([time].into_iter().chain(properties))
}

fn properties(fields: &[ExportField]) -> impl Iterator<Item = Property> {
    nested(fields).map(|field| match field.absence {
        Absence::Never => Property::new(field.name, schema(field)),
        Absence::Null => Property::new(field.name, schema(field).or_null()),
        Absence::Omitted => Property::optional(field.name, schema(field)),
    })
}

fn schema(field: &ExportField) -> JsonSchema {
    let schema = match &field.shape {
        Shape::Flag(_) => JsonSchema::boolean(),
        Shape::Unsigned(bits, _) => JsonSchema::unsigned(*bits),
        Shape::Float(_) => JsonSchema::number(),
        Shape::Text(_) => JsonSchema::string(),
        Shape::Name { values, .. } => JsonSchema::names(values()),
        Shape::Time(_) => JsonSchema::time(),
        Shape::Record { parts, .. } => JsonSchema::object(properties(parts)),
        Shape::Bits { names, .. } => JsonSchema::list(JsonSchema::names(names.iter().copied())),
        Shape::Map(_) => JsonSchema::map(JsonSchema::unsigned(64).or_null()),
        Shape::Owners(_) => JsonSchema::list(owner()),
    };
    schema.with_description(field.about)
}

fn owner() -> JsonSchema {
    JsonSchema::object(OWNER_FIELDS.iter().map(|field| {
        let schema = match field.shape {
            OwnerShape::U32(_) => JsonSchema::unsigned(32),
            OwnerShape::U64(_) => JsonSchema::unsigned(64),
            OwnerShape::Text(_) => JsonSchema::string(),
            OwnerShape::List(_) => JsonSchema::list(JsonSchema::unsigned(32)),
        };
        Property::new(field.name, schema.with_description(field.about))
    }))
}

//! Building blocks of the JSON Schemas (draft 2020-12) for the documents that sockwatch writes.
//!
//! The schema of each document is next to its writer. Objects are closed: an undescribed field is an error. Keys keep
//! their order, so that a schema has the order of its document.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::{Value, json};

/// A schema.
#[derive(Debug, Clone)]
pub struct JsonSchema(Vec<(&'static str, Keyword)>);

/// Value of a keyword.
#[derive(Debug, Clone)]
enum Keyword {
    Value(Value),
    Schema(Box<JsonSchema>),
    Schemas(Vec<JsonSchema>),
    Named(Vec<(String, JsonSchema)>),
}

impl Serialize for JsonSchema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(keyword, value)| (keyword, value)))
    }
}

impl Serialize for Keyword {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Keyword::Value(value) => value.serialize(serializer),
            Keyword::Schema(schema) => schema.serialize(serializer),
            Keyword::Schemas(schemas) => schemas.serialize(serializer),
            Keyword::Named(schemas) => {
                let mut map = serializer.serialize_map(Some(schemas.len()))?;
                for (name, schema) in schemas {
                    map.serialize_entry(name, schema)?;
                }
                map.end()
            }
        }
    }
}

/// A field of an object.
#[derive(Debug, Clone)]
pub struct Property {
    name: String,
    schema: JsonSchema,
    required: bool,
}

impl Property {
    /// Describes a required field.
    pub fn new(name: impl Into<String>, schema: JsonSchema) -> Property {
        Property {
            name: name.into(),
            schema,
            required: true,
        }
    }

    /// Describes an optional field.
    pub fn optional(name: impl Into<String>, schema: JsonSchema) -> Property {
        Property {
            required: false,
            ..Property::new(name, schema)
        }
    }
}

impl JsonSchema {
    fn of_type(name: &str) -> JsonSchema {
        JsonSchema(vec![("type", Keyword::Value(name.into()))])
    }

    fn with(mut self, keyword: &'static str, value: impl Into<Value>) -> JsonSchema {
        self.0.push((keyword, Keyword::Value(value.into())));
        self
    }

    /// True or false.
    pub fn boolean() -> JsonSchema {
        JsonSchema::of_type("boolean")
    }

    /// An unsigned integer of `bits` bits.
    pub fn unsigned(bits: u8) -> JsonSchema {
        let most = u64::MAX >> 64u8.saturating_sub(bits).min(63);
        let schema = JsonSchema::of_type("integer").with("minimum", 0);
        schema.with("maximum", most)
    }

    /// Creates the schema of an integer.
    pub fn integer() -> JsonSchema {
        JsonSchema::of_type("integer")
    }

    /// A number.
    pub fn number() -> JsonSchema {
        JsonSchema::of_type("number")
    }

    /// A text.
    pub fn string() -> JsonSchema {
        JsonSchema::of_type("string")
    }

    /// A time as RFC 3339 in UTC with microseconds.
    pub fn time() -> JsonSchema {
        JsonSchema::string().with("format", "date-time")
    }

    /// Creates the schema of one of several texts.
    pub fn names(names: impl IntoIterator<Item = &'static str>) -> JsonSchema {
        let names: Vec<&str> = names.into_iter().collect();
        JsonSchema::string().with("enum", names)
    }

    /// Creates the schema of a single value.
    pub fn constant(value: impl Into<Value>) -> JsonSchema {
        JsonSchema(vec![("const", Keyword::Value(value.into()))])
    }

    /// A list.
    pub fn list(items: JsonSchema) -> JsonSchema {
        let mut list = JsonSchema::of_type("array");
        list.0.push(("items", Keyword::Schema(items.into())));
        list
    }

    /// Creates the schema of an object with any names.
    pub fn map(values: JsonSchema) -> JsonSchema {
        let mut map = JsonSchema::of_type("object");
        let values = Keyword::Schema(values.into());
        map.0.push(("additionalProperties", values));
        map
    }

    /// Creates the schema of an object with exactly these fields.
    pub fn object(properties: impl IntoIterator<Item = Property>) -> JsonSchema {
        let (mut named, mut required) = (Vec::new(), Vec::new());
        for property in properties {
            if property.required {
                required.push(property.name.clone());
            }
            named.push((property.name, property.schema));
        }
        let mut object = JsonSchema::of_type("object");
        object.0.push(("properties", Keyword::Named(named)));
        let object = object.with("required", required);
        object.with("additionalProperties", false)
    }

    /// Creates the schema of any of several schemas.
    pub fn any_of(schemas: impl IntoIterator<Item = JsonSchema>) -> JsonSchema {
        let schemas = schemas.into_iter().collect();
        JsonSchema(vec![("anyOf", Keyword::Schemas(schemas))])
    }

    /// Creates a reference to the schema that the document [defines](Self::define) under a name.
    pub fn reference(name: &str) -> JsonSchema {
        JsonSchema(vec![(
            "$ref",
            Keyword::Value(format!("#/$defs/{name}").into()),
        )])
    }

    /// Defines a schema for [references](Self::reference).
    #[must_use]
    pub fn define(mut self, name: &str, schema: JsonSchema) -> JsonSchema {
        let mut keywords = self.0.iter_mut();
        if let Some((_, Keyword::Named(named))) = keywords.find(|(keyword, _)| *keyword == "$defs")
        {
            named.push((name.to_owned(), schema));
        } else {
            let named = vec![(name.to_owned(), schema)];
            self.0.push(("$defs", Keyword::Named(named)));
        }
        self
    }

    /// Also allows `null`.
    #[must_use]
    pub fn or_null(mut self) -> JsonSchema {
        let mut is_typed = false;
        for (keyword, value) in &mut self.0 {
            match (*keyword, value) {
                ("type", Keyword::Value(value)) => {
                    *value = json!([value.take(), "null"]);
                    is_typed = true;
                }
                ("enum", Keyword::Value(Value::Array(names))) => names.push(Value::Null),
                _ => {}
            }
        }
        if is_typed {
            return self;
        }
        JsonSchema::any_of([self, JsonSchema::of_type("null")])
    }

    /// Adds a description, unless it is empty.
    #[must_use]
    pub fn with_description(mut self, description: &str) -> JsonSchema {
        if !description.is_empty() {
            let description = Keyword::Value(description.into());
            self.0.insert(0, ("description", description));
        }
        self
    }

    /// Returns the text of the schema with the draft that it follows.
    pub fn to_document(&self) -> String {
        let draft = "https://json-schema.org/draft/2020-12/schema";
        let mut document = self.clone();
        let draft = Keyword::Value(draft.into());
        document.0.insert(0, ("$schema", draft));
        // It has no map whose names are not texts.
        let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_range_of_their_bits() {
        for (bits, most) in [
            (8, 255),
            (16, 65535),
            (32, u64::from(u32::MAX)),
            (64, u64::MAX),
        ] {
            let schema = serde_json::to_value(JsonSchema::unsigned(bits)).unwrap();
            assert_eq!(schema["maximum"], most);
        }
    }

    #[test]
    fn null_is_one_more_type_and_one_more_name() {
        let names = serde_json::to_value(JsonSchema::names(["a", "b"]).or_null()).unwrap();
        assert_eq!(names["type"], json!(["string", "null"]));
        assert_eq!(names["enum"], json!(["a", "b", null]));
        let reference = serde_json::to_value(JsonSchema::reference("a").or_null()).unwrap();
        assert_eq!(reference["anyOf"][1]["type"], "null");
    }
}

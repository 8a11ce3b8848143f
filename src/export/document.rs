//! Parts shared by several JSON documents.

use super::json_schema::{JsonSchema, Property};

/// Version of the documents. Incremented when a field is changed or removed, but not when one is added.
pub(super) const VERSION: u32 = 1;

/// Describes the version of a document.
pub(super) fn version_schema() -> JsonSchema {
    JsonSchema::constant(VERSION).with_description("Version of the document.")
}

/// Describes the host of a document.
pub fn host_schema() -> JsonSchema {
    JsonSchema::object([
        Property::new("hostname", JsonSchema::string()),
        Property::new(
            "kernel",
            JsonSchema::string().with_description("Release of the kernel."),
        ),
        Property::new("boot_id", JsonSchema::string()),
    ])
    .with_description("The host.")
}

//! Sinks: tables, JSON, CSV and Parquet of a [`Moment`](crate::aggregate::Moment). One file per format.
//!
//! The machine-readable formats have the same content: they iterate over the list in `socket_fields` and name no fields
//! themselves.

pub mod csv;
mod document;
mod ends;
pub mod events;
mod field;
pub mod findings;
mod findings_schema;
pub mod json;
pub mod json_schema;
pub mod message;
mod namespace_counts;
mod owner;
#[cfg(feature = "parquet")]
pub mod parquet;
mod row;
mod socket_fields;
mod socket_schema;
pub mod summary;
pub mod table;
mod text;
mod text_writer;
mod timestamp;

pub use document::host_schema;
pub use findings_schema::findings_schema;
pub use text_writer::TextWriter;

pub use namespace_counts::NamespaceCounts;

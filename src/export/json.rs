//! Sockets, events and summaries as JSON.
//!
//! Field names and meanings are an interface that scripts rely on; unknown values are `null`. The fields of a socket
//! are those of `export/socket_fields.rs`: a socket is the same object in every document. Strings are printable
//! (`format.rs`).

mod document;
mod event;
mod format;
mod lines;
mod rows;
mod socket;
mod summary;

pub use self::document::{list_schema, write_document};
pub use self::event::{event_schema, write_count, write_event};
pub use self::format::{write_compact, write_pretty};
pub use self::lines::{line_schema, write_lines, write_lines_with_time};
pub use self::summary::{summary_schema, write_summary};

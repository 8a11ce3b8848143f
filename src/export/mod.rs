//! What leaves the program: tables and machine-readable forms of a [`Moment`](crate::aggregate::Moment).
//! One file for each form.

pub mod csv;
pub mod events;
pub mod json;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod summary;
pub mod table;

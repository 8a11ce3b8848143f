//! What leaves the program as text: tables and machine-readable forms of a [`Moment`](crate::aggregate::Moment).
//! One file for each form.

pub mod csv;
pub mod events;
pub mod json;
pub mod summary;
pub mod table;

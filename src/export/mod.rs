//! What leaves the program: tables and machine-readable forms of a [`Moment`](crate::aggregate::Moment).
//! One file for each form.

pub mod csv;
pub mod events;
pub mod findings;
pub mod json;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod summary;
pub mod table;

/// A time in µs since 1970 UTC as RFC 3339 in UTC with microseconds.
fn timestamp(us: i64) -> String {
    jiff::Timestamp::from_microsecond(us).map_or_else(|_| String::new(), |at| format!("{at:.6}"))
}

//! Times in exports.

/// Formats a time in µs since 1970 UTC as RFC 3339 in UTC with microseconds; empty beyond the year 9999.
pub(super) fn timestamp(us: i64) -> String {
    jiff::Timestamp::from_microsecond(us).map_or_else(|_| String::new(), |at| format!("{at:.6}"))
}

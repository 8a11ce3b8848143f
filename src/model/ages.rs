//! The ages in `struct tcp_info`: times since a connection last sent or received.

/// Offsets of the fields that the clock alone increments, in ms: `tcpi_last_data_sent`, `tcpi_last_data_recv` and
/// `tcpi_last_ack_recv`.
pub const AGE_OFFSETS: [usize; 3] = [44, 52, 56];

/// Length of `struct tcp_info` up to the last of [`AGE_OFFSETS`], bytes.
pub const AGES_END: usize = 60;

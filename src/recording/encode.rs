//! Encodes Samples to frames.
//!
//! A key frame is complete; each following frame has only what changed, stream by stream. The clock alone causes no
//! changes: values that it increments are predicted from the time between two Samples, and only the deviation of a
//! socket's clock from that of its neighbors is stored.

mod frame;
mod order;
mod prediction;
mod side_refs;
mod sockets;
mod stream_sets;
mod streams;

pub use frame::Encoder;

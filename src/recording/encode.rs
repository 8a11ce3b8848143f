//! Encodes Samples to frames.
//!
//! A key frame holds everything; each frame after it holds what changed, stream by stream. The clock alone changes nothing: what
//! it counts up is predicted from the time between two Samples, and only the deviation of a socket's clock from that of its
//! neighbors is stored.

mod frame;
mod order;
mod prediction;
mod side_refs;
mod sockets;
mod stream_sets;
mod streams;

pub use frame::Encoder;

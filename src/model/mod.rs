//! The currency of the house: plain data for one instant.
//!
//! Everything that sockwatch knows about the machine at one instant is a [`Sample`]. Sources make Samples, recordings
//! keep them, and whatever is shown is derived from one Sample and the one before it. Nothing in here talks to the
//! kernel, computes a rate or draws.

mod counters;
mod fault;
mod process;
mod sample;
mod socket;
mod state;
mod tcp_info;
mod tracker;

pub use counters::{Counters, Interface, Protocols};
pub use fault::Fault;
pub use process::{Holder, Process, ProcessKey, ProcessRow, Visibility};
pub use sample::{ClosedSocket, Host, Sample, SocketRef, SocketTable, Timings};
pub use socket::{
    Attribution, Blob, Endpoint, Ends, Family, MAX_NAME, MemoryInfo, Protocol, SOCKOPT_NAMES,
    Socket, SocketKey, Timer, TimerKind, Unowned,
};
pub use state::State;
pub use tcp_info::{TcpInfo, TcpInfoField};
pub use tracker::{Tracker, Visit};

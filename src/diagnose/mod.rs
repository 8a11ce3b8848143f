//! What is wrong, with the evidence and what to do about it. Pure: no clock, no kernel, no screen.
//!
//! [`Diagnosis::update`] takes each [`Moment`](crate::aggregate::Moment) once, in order, and gives the [`Finding`]s that
//! hold. Live, in a replay and in `sockwatch diagnose` it is the same.
//!
//! Each finding has a file: what it looks at, from which threshold on it speaks, whom it names, what it advises. They see
//! a moment through `Facts`, gathered in one walk over the sockets, and answer `Observation`s. What is observed
//! becomes a finding once it has held for some Samples ([`Thresholds::hold_s`]), and goes once it has been well for some
//! ([`Thresholds::clear_s`]); what only follows from something graver is left to that (`absorb`).
//!
//! A [`Watch`] keeps what is over for a while and hands all of it on with the moment, as [`Findings`]; [`about`] tells
//! which of them concern a process, a socket or a remote host. [`manual`] explains every finding with the thresholds in
//! force.

mod absorb;
mod ages;
mod columns;
mod concerns;
mod evidence;
mod facts;
mod finding;
pub mod manual;
mod observation;
mod thresholds;
mod watch;
mod window;
mod words;

mod accept_queue;
mod close_wait_leak;
mod connect_stuck;
mod descriptors_low;
mod ephemeral_ports_low;
mod host_limits;
mod not_accepted;
mod receiver_stalled;
mod retransmitting;
mod sender_stalled;
mod syn_queue;
mod time_wait_buildup;
mod udp_drops;

mod diagnosis;

pub use columns::{FINDING_COLUMNS, FindingLine, FindingRows};
pub use concerns::{Concern, SocketConcern, about};
pub use diagnosis::{Change, Diagnosis};
pub use evidence::{length, proof, shown, words};
pub use finding::{
    Evidence, Finding, FindingKey, Kind, Named, Severity, Subject, SubjectKey, Value,
};
pub use thresholds::Thresholds;
pub use watch::{Findings, Watch};

//! What tables list: sockets, processes, listeners, remote hosts, events. Cells come from
//! [`column`](crate::column); here is which of them a screen shows first.

pub(super) mod conditions;
mod differences;
mod events;
mod findings;
mod groups;
mod listeners;
mod notes;
mod processes;
mod remotes;
mod sockets;
pub mod system;

pub use differences::{Compared, ProcessDifferences, SocketDifferences};
pub use events::Events;
pub use findings::{Findings, subject};
pub use groups::Grouping;
pub use listeners::Listeners;
pub use processes::Processes;
pub use remotes::Remotes;
pub use sockets::{LineKey, SocketScope, Sockets, cut_owner};

pub(super) use conditions::Conditions;

use super::table::Heading;
use super::theme::Tone;
use crate::aggregate::Moment;
use crate::column::{Column, Kind};
use crate::diagnose::Severity;
use crate::model::ProcessKey;

/// The column by which lists are ordered until somebody asks for another: both directions' rate.
pub const DEFAULT_SORT: &str = "rate";

/// Room and importance of a column: name, least width, most width, priority. What a narrow screen cannot do without
/// comes first; numbers have one width, texts a range.
type Fit = (&'static str, u16, u16, u8);

/// From this priority on columns are shown only to fill a wide screen.
const UNASKED: u8 = 30;

/// How columns behave on a screen. One that has no entry of its own is shown only to those who choose it.
fn headings<K: Kind>(columns: &[Column<K>], fits: &[Fit]) -> Vec<Heading> {
    columns
        .iter()
        .map(|column| {
            let fit = fits.iter().find(|fit| fit.0 == column.id);
            let none = (column.id, column.width, column.width, Heading::NEVER);
            let &(id, least, most, priority) = fit.unwrap_or(&none);
            Heading {
                id,
                heading: column.heading,
                about: column.about,
                align: column.align,
                width: column.width,
                least,
                most,
                priority,
            }
        })
        .collect()
}

/// The process's place in the Sample.
pub fn process_index(moment: &Moment, key: ProcessKey) -> Option<u32> {
    let rows = &moment.sample.processes;
    let place = rows.iter().position(|row| row.process.key == key)?;
    Some(place as u32)
}

/// What a severity looks like.
pub fn severity_tone(severity: Severity) -> Tone {
    match severity {
        Severity::Info => Tone::Notice,
        Severity::Warning => Tone::Warning,
        Severity::Critical => Tone::Critical,
    }
}

/// Share of its limit at which an accept queue is worth a look.
const QUEUE_WARNING: f64 = 0.5;

/// What the fill of an accept queue means. It can hold one more than its limit.
pub fn queue_tone(queue: u32, backlog: u32) -> Tone {
    if queue == 0 {
        Tone::Plain
    } else if queue >= backlog {
        Tone::Critical
    } else if f64::from(queue) >= QUEUE_WARNING * f64::from(backlog) {
        Tone::Warning
    } else {
        Tone::Plain
    }
}

/// Share of its limit at which a number of descriptors is worth a look, and at which somebody is needed.
const DESCRIPTORS: (f64, f64) = (0.7, 0.9);

/// What a share of the descriptors that may be open means.
pub fn descriptors_tone(share: Option<f64>) -> Tone {
    match share {
        Some(share) if share >= DESCRIPTORS.1 => Tone::Critical,
        Some(share) if share >= DESCRIPTORS.0 => Tone::Warning,
        _ => Tone::Plain,
    }
}

/// Share of the bytes sent from which on retransmissions are worth a look, as for a socket's limit.
const RETRANSMITTED_WARNING: f64 = 0.01;

/// What a share of retransmissions means.
pub fn retransmitted_tone(share: Option<f64>) -> Tone {
    match share {
        None => Tone::Muted,
        Some(share) if share >= RETRANSMITTED_WARNING => Tone::Warning,
        Some(_) => Tone::Plain,
    }
}

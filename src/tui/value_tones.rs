//! The tones of values: TCP states, severities, and shares of a limit.

use super::theme::Tone;
use crate::diagnose::Severity;
use crate::model::{AcceptQueue, State};

/// The tone of a TCP state.
pub fn state_tone(state: State) -> Tone {
    match state {
        State::Established => Tone::Good,
        State::Listen
        | State::SynSent
        | State::SynRecv
        | State::CookieWait
        | State::CookieEchoed => Tone::Notice,
        State::CloseWait => Tone::Warning,
        State::TimeWait
        | State::FinWait1
        | State::FinWait2
        | State::LastAck
        | State::Closing
        | State::ShutdownPending
        | State::ShutdownSent
        | State::ShutdownReceived
        | State::ShutdownAckSent => Tone::Muted,
        State::Closed | State::BoundInactive => Tone::Plain,
    }
}

/// The tone of a severity.
pub fn severity_tone(severity: Severity) -> Tone {
    match severity {
        Severity::Info => Tone::Notice,
        Severity::Warning => Tone::Warning,
        Severity::Critical => Tone::Critical,
    }
}

/// Fill from which an accept queue is a warning.
const QUEUE_WARNING: f64 = 0.5;

/// The tone of an accept queue.
pub fn queue_tone(queue: AcceptQueue) -> Tone {
    if queue.is_full() {
        Tone::Critical
    } else if queue.fill() >= QUEUE_WARNING {
        Tone::Warning
    } else {
        Tone::Plain
    }
}

/// Share of a limit from which its usage is a warning.
const LIMIT_WARNING: f64 = 0.7;

/// Share of a limit from which its usage is critical.
const LIMIT_CRITICAL: f64 = 0.9;

/// The tone of a share of a limit, such as the open descriptors of a process.
pub fn limit_tone(share: Option<f64>) -> Tone {
    match share {
        Some(share) if share >= LIMIT_CRITICAL => Tone::Critical,
        Some(share) if share >= LIMIT_WARNING => Tone::Warning,
        _ => Tone::Plain,
    }
}

/// Share of the bytes sent from which retransmissions are a warning, as for the limit of a socket.
const RETRANSMITTED_WARNING: f64 = 0.01;

/// The tone of the share of bytes that were retransmitted.
pub fn retransmitted_tone(share: Option<f64>) -> Tone {
    match share {
        None => Tone::Muted,
        Some(share) if share >= RETRANSMITTED_WARNING => Tone::Warning,
        Some(_) => Tone::Plain,
    }
}

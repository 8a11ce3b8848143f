//! Timers of sockets.

/// Purpose of a socket's timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TimerKind {
    /// Retransmission, tail loss probe or reordering timer (kernel 1).
    Retransmit,
    /// Keepalive, or the SYN-ACK or FIN-WAIT-2 timer (kernel 2).
    Keepalive,
    /// TIME-WAIT (kernel 3).
    TimeWait,
    /// Zero-window probe (kernel 4).
    Probe,
    /// A number unknown to this version.
    Unknown,
}

impl TimerKind {
    /// Returns the name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            TimerKind::Retransmit => "retransmit",
            TimerKind::Keepalive => "keepalive",
            TimerKind::TimeWait => "time-wait",
            TimerKind::Probe => "probe",
            TimerKind::Unknown => "unknown",
        }
    }

    /// Returns the name that ss prints: `on`, `keepalive`, `timewait`, `persist`, `unknown`.
    pub fn ss_name(self) -> &'static str {
        match self {
            TimerKind::Retransmit => "on",
            TimerKind::Keepalive => "keepalive",
            TimerKind::TimeWait => "timewait",
            TimerKind::Probe => "persist",
            TimerKind::Unknown => "unknown",
        }
    }
}

/// A socket's running timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timer {
    /// Time until it fires, ms. Kernel: `idiag_expires`.
    pub expires_ms: u32,
    /// Purpose. Kernel: `idiag_timer`.
    pub kind: TimerKind,
    /// Number of times it has fired without success. Kernel: `idiag_retrans`.
    pub retries: u8,
}

/// The timer of a row, as it was when the row was stored: rows are shared by the tables of several instants, and the clock
/// goes on. [`Row::timer`](super::Row::timer) returns it for an instant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoredTimer(Option<Timer>);

impl StoredTimer {
    /// No timer.
    pub const NONE: StoredTimer = StoredTimer(None);

    /// Returns the timer as it is `aged_ms` ms later. A timer that has expired waits at 0, as in the kernel.
    #[inline]
    pub fn after(self, aged_ms: u32) -> Option<Timer> {
        self.0.map(|timer| Timer {
            expires_ms: timer.expires_ms.saturating_sub(aged_ms),
            ..timer
        })
    }
}

impl From<Option<Timer>> for StoredTimer {
    fn from(timer: Option<Timer>) -> Self {
        StoredTimer(timer)
    }
}

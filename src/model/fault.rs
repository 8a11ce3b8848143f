//! Faults of a Sample: reads that failed. A partial failure is recorded as data.

use std::fmt;

/// Consequence of a [`Fault`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FaultSeverity {
    /// Nothing is missing: there was nothing to read, for example a family that the kernel does not support.
    Note,
    /// Details of sockets are missing (owners, counters, how they closed), but no sockets.
    Degraded,
    /// Sockets may be missing, so that their absence proves nothing.
    Incomplete,
}

impl FaultSeverity {
    /// Returns the name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            FaultSeverity::Note => "note",
            FaultSeverity::Degraded => "degraded",
            FaultSeverity::Incomplete => "incomplete",
        }
    }
}

/// A read that failed, and why. The rest of the Sample is valid.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fault {
    /// Source that failed, such as `sock_diag sctp`, `/proc/net/snmp6` or `destroy events`.
    pub source: String,
    /// The kernel's error and the remedy, if there is one.
    pub error: String,
    /// Severity of the consequence.
    pub severity: FaultSeverity,
}

impl Fault {
    /// Creates a fault.
    pub fn new(
        severity: FaultSeverity,
        source: impl Into<String>,
        error: impl fmt::Display,
    ) -> Self {
        Fault {
            source: source.into(),
            error: error.to_string(),
            severity,
        }
    }

    /// Reports whether the fault hides existing data.
    pub fn hides_data(&self) -> bool {
        self.severity > FaultSeverity::Note
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.source, self.error)
    }
}

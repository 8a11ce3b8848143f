//! Faults of a Sample: reads that failed. Partial failure is data.

use std::fmt;

/// Consequence of a [`Fault`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FaultSeverity {
    /// Nothing: there is nothing to read, as of a family that the kernel lacks.
    Note,
    /// Knowledge about sockets (owners, counters, what became of them), but no socket.
    Degraded,
    /// Sockets may be missing, so that absence proves nothing.
    Incomplete,
}

impl FaultSeverity {
    /// The name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            FaultSeverity::Note => "note",
            FaultSeverity::Degraded => "degraded",
            FaultSeverity::Incomplete => "incomplete",
        }
    }
}

/// Something that could not be read, and why. The rest of the Sample stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fault {
    /// Source that failed, e.g. `sock_diag sctp`, `/proc/net/snmp6`, `destroy events`.
    pub source: String,
    /// Error of the kernel and, where there is one, the remedy.
    pub error: String,
    /// Severity of the consequence.
    pub severity: FaultSeverity,
}

impl Fault {
    /// Makes a fault of a severity.
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

    /// Reports whether it hides something that exists.
    pub fn hides_data(&self) -> bool {
        self.severity > FaultSeverity::Note
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.source, self.error)
    }
}

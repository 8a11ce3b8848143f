//! What went wrong while a Sample was made. Partial failure is data.

use std::fmt;

/// Something that could not be read, and why. The rest of the Sample stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fault {
    /// What was asked, e.g. `sock_diag sctp`, `/proc/net/snmp6`, `destroy events`.
    pub source: String,
    /// What the kernel answered and, where there is one, the remedy.
    pub error: String,
    /// Whether sockets may be missing from the Sample because of it, so that absence proves nothing.
    pub incomplete: bool,
}

impl Fault {
    /// A fault that leaves the list of sockets whole: a family that the kernel lacks, an unreadable counter file.
    pub fn benign(source: impl Into<String>, error: impl fmt::Display) -> Self {
        Fault {
            source: source.into(),
            error: error.to_string(),
            incomplete: false,
        }
    }

    /// A fault after which sockets may be missing.
    pub fn incomplete(source: impl Into<String>, error: impl fmt::Display) -> Self {
        Fault {
            source: source.into(),
            error: error.to_string(),
            incomplete: true,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.source, self.error)
    }
}

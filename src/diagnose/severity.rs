//! Severities of findings.

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; nothing fails.
    Info,
    /// Performance or availability suffers, or soon will.
    Warning,
    /// Connections or data are refused or lost.
    Critical,
}

impl Severity {
    /// Every severity, the lowest first.
    pub const ALL: [Severity; 3] = [Severity::Info, Severity::Warning, Severity::Critical];

    /// Returns the name of the severity.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        }
    }

    /// Returns a sign, one column wide, that is distinct without color.
    pub fn sign(self) -> char {
        match self {
            Severity::Info => 'i',
            Severity::Warning => '⚠',
            Severity::Critical => '✗',
        }
    }
}

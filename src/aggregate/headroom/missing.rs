//! Reasons for limits without a value.

/// The reason why a limit or its present use is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingReason {
    /// The kernel does not report it, or not in this network namespace.
    NotReported,
    /// There is no listener.
    NoListener,
    /// No process may be inspected.
    Hidden,
    /// No process in the network namespace could be inspected.
    NoProcess,
    /// The value was not counted.
    NotCounted,
    /// The limit is set so high that it has no effect.
    NoLimit,
    /// netfilter tracks no connections.
    NoConntrack,
}

impl MissingReason {
    /// Returns the reason in two words.
    pub fn name(self) -> &'static str {
        match self {
            MissingReason::NotReported => "not reported",
            MissingReason::NoListener => "no listener",
            MissingReason::Hidden => "hidden",
            MissingReason::NoProcess => "no process",
            MissingReason::NotCounted => "not counted",
            MissingReason::NoLimit => "no limit",
            MissingReason::NoConntrack => "no conntrack",
        }
    }

    /// Explains the reason in a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            MissingReason::NotReported => {
                "The kernel does not report it here: some limits exist in the initial network namespace only."
            }
            MissingReason::NoListener => "No socket listens.",
            MissingReason::Hidden => "No process with sockets could be read.",
            MissingReason::NoProcess => {
                "No process with sockets in this network namespace could be read."
            }
            MissingReason::NotCounted => "Nothing has counted it.",
            MissingReason::NoLimit => "The limit is too high to have an effect.",
            MissingReason::NoConntrack => "netfilter tracks no connections here.",
        }
    }
}

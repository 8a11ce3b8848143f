//! The steps of a kernel counter from Sample to Sample.

use crate::diagnose::facts::Facts;

/// A counter of the kernel, and its value in the Sample before.
#[derive(Debug)]
pub(in crate::diagnose) struct CounterStep {
    name: &'static str,
    before: Option<u64>,
}

impl CounterStep {
    /// Follows the counter of that name.
    pub(in crate::diagnose) const fn new(name: &'static str) -> CounterStep {
        CounterStep { name, before: None }
    }

    /// Increase since the Sample before; `None` if either value is not known. Never negative.
    pub(in crate::diagnose) fn step(&mut self, facts: &Facts<'_>) -> Option<u64> {
        let now = facts.counter(self.name);
        let before = std::mem::replace(&mut self.before, now);
        Some(now?.saturating_sub(before?))
    }
}

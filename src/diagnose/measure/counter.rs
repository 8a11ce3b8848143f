//! Increase of a kernel counter from Sample to Sample.

use crate::diagnose::facts::Facts;

/// A kernel counter and its value in the previous Sample.
#[derive(Debug)]
pub(in crate::diagnose) struct CounterStep {
    name: &'static str,
    before: Option<u64>,
    /// Place among the counters of the previous Sample.
    place: usize,
}

impl CounterStep {
    /// Starts to track the counter with a name.
    pub(in crate::diagnose) const fn new(name: &'static str) -> CounterStep {
        CounterStep {
            name,
            before: None,
            place: 0,
        }
    }

    /// Returns the increase since the previous Sample, never negative; `None` if either value is unknown.
    pub(in crate::diagnose) fn step(&mut self, facts: &Facts<'_>) -> Option<u64> {
        let now = facts.counter_near(self.name, &mut self.place);
        let before = std::mem::replace(&mut self.before, now);
        Some(now?.saturating_sub(before?))
    }
}

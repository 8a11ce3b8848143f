//! Intervals between the checks of network namespaces, which may be longer than those between Samples.
//!
//! A Sample repeats the rows of a namespace that was not checked for it, because nothing had changed there at its last check.
//! A change that a later check finds has happened since that one.

use super::rates::MIN_WINDOW_NS;
use crate::model::{ClearForReuse, NetNamespace, Sample, SeededMap};

/// The interval of one network namespace at one Sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NamespaceInterval {
    /// Time from the check before to the last one, ns; from the previous Sample if the namespace was not checked for this
    /// Sample. `None` if nothing is measured.
    pub since_ns: Option<u64>,
    /// Time since the last check before this Sample, ns; `None` without one.
    pub unchecked_ns: Option<u64>,
    /// Time of the last check, ns of the monotonic clock.
    pub checked_ns: u64,
    /// True if it was not checked for this Sample: its rows are those of the previous one.
    pub is_repeated: bool,
    /// The interval between the Samples divided by `since_ns`, and by `unchecked_ns`: the share of a change that
    /// belongs to this Sample, for sums that are divided by the interval between the Samples.
    pub(super) share: f64,
    pub(super) unchecked_share: f64,
}

/// The intervals of all network namespaces at one Sample.
#[derive(Debug, Clone, Default)]
pub struct NamespaceIntervals {
    /// Those of the others than that of the source, in the order of [`Sample::namespaces`].
    others: Vec<NamespaceInterval>,
    /// Their inodes, which are found faster here than in the Sample.
    inodes: Vec<u32>,
    /// Time since the previous Sample, ns.
    samples_ns: Option<u64>,
}

impl NamespaceIntervals {
    /// Returns the interval of a network namespace: that between the Samples if it is that of the source, or not known.
    pub fn of(&self, sample: &Sample, netns: u32) -> NamespaceInterval {
        let place = self.inodes.binary_search(&netns).ok();
        let other = place.filter(|_| netns != sample.own_netns);
        let other = other.and_then(|at| self.others.get(at)).copied();
        other.unwrap_or(NamespaceInterval {
            since_ns: self.samples_ns,
            unchecked_ns: self.samples_ns,
            checked_ns: sample.monotonic_ns,
            is_repeated: false,
            share: 1.0,
            unchecked_share: 1.0,
        })
    }

    /// Returns the interval over which rates of a network namespace are measured, s; `None` if it is too short, or nothing is
    /// measured.
    pub fn seconds_of(&self, sample: &Sample, netns: u32) -> Option<f64> {
        self.of(sample, netns).seconds()
    }
}

impl NamespaceInterval {
    /// Returns the interval over which rates are measured, s; `None` if it is too short, or nothing is measured.
    pub(super) fn seconds(&self) -> Option<f64> {
        let since_ns = self.since_ns.filter(|&ns| ns >= MIN_WINDOW_NS)?;
        Some(since_ns as f64 / 1e9)
    }
}

/// The interval that was looked up last: sockets of one network namespace follow each other.
#[derive(Debug, Default)]
pub(super) struct LastInterval(Option<(u32, NamespaceInterval)>);

impl LastInterval {
    /// Returns the interval of a network namespace, which is looked up if it is another one than the last.
    #[inline]
    pub(super) fn of(
        &mut self,
        intervals: &NamespaceIntervals,
        sample: &Sample,
        netns: u32,
    ) -> &NamespaceInterval {
        let look_up = || (netns, intervals.of(sample, netns));
        let last = self.0.get_or_insert_with(look_up);
        if last.0 != netns {
            *last = look_up();
        }
        &last.1
    }
}

/// Returns the share of a change over `since_ns` that belongs to the interval between two Samples.
fn share(samples_ns: Option<u64>, since_ns: Option<u64>) -> f64 {
    match (samples_ns, since_ns) {
        (Some(samples_ns), Some(since_ns)) if since_ns > 0 => samples_ns as f64 / since_ns as f64,
        _ => 1.0,
    }
}

#[derive(Debug)]
struct KnownNamespace {
    /// When it was first sampled, ns: a later one may have the same inode.
    since_ns: u64,
    checked_ns: u64,
    /// True if it was checked at least twice.
    is_measured: bool,
    /// Number of the last Sample that it was in.
    round: u64,
}

/// Follows the checks of network namespaces from Sample to Sample.
#[derive(Debug, Default)]
pub(super) struct NamespaceClocks {
    known: SeededMap<u32, KnownNamespace>,
    round: u64,
}

impl NamespaceClocks {
    /// Processes the next Sample, `since_ns` after the previous one, and computes the interval of each of its namespaces.
    pub(super) fn update(
        &mut self,
        sample: &Sample,
        since_ns: Option<u64>,
        out: &mut NamespaceIntervals,
    ) {
        self.round += 1;
        out.samples_ns = since_ns;
        out.others.clear_for_reuse();
        out.inodes.clear_for_reuse();
        for namespace in &sample.namespaces {
            out.inodes.push(namespace.inode);
            out.others.push(self.next(namespace, sample, since_ns));
        }
        let round = self.round;
        self.known.retain(|_, known| known.round == round);
    }

    fn next(
        &mut self,
        namespace: &NetNamespace,
        sample: &Sample,
        samples_ns: Option<u64>,
    ) -> NamespaceInterval {
        let checked_ns = namespace.checked_ns;
        let known = self.known.get(&namespace.inode);
        let known = known.filter(|known| known.since_ns == namespace.since_ns);
        let is_repeated = known.is_some_and(|known| known.checked_ns == checked_ns);
        let (since_ns, unchecked_ns, is_measured) = match known {
            // All of it is new.
            None => (samples_ns, samples_ns, samples_ns.is_some()),
            Some(known) if is_repeated => (
                samples_ns.filter(|_| known.is_measured),
                sample.monotonic_ns.checked_sub(checked_ns),
                known.is_measured,
            ),
            Some(known) => (
                checked_ns.checked_sub(known.checked_ns),
                sample.monotonic_ns.checked_sub(known.checked_ns),
                true,
            ),
        };
        let known = KnownNamespace {
            since_ns: namespace.since_ns,
            checked_ns,
            is_measured,
            round: self.round,
        };
        self.known.insert(namespace.inode, known);
        NamespaceInterval {
            since_ns,
            unchecked_ns,
            checked_ns,
            is_repeated,
            share: share(samples_ns, since_ns),
            unchecked_share: share(samples_ns, unchecked_ns),
        }
    }
}

#[cfg(test)]
mod tests;

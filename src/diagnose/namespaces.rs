//! Examines the other network namespaces of a moment, each by its own sockets, counters and limits.

use std::ops::Range;
use std::sync::Arc;

use super::candidates::{Candidates, PathOwners};
use super::facts::Facts;
use super::finding::FindingNamespace;
use super::findings::{Detectors, Thresholds};
use super::observation::Observation;
use crate::aggregate::{Moment, PortUsage};
use crate::model::{ClearForReuse, Sample, SeededMap, SeededSet};

/// The other network namespaces, with what their detectors remember.
#[derive(Default)]
pub(super) struct OtherNamespaces {
    known: SeededMap<u32, KnownNamespace>,
    candidates: Candidates,
    /// Rows of each namespace, in the order of the sample's namespaces.
    rows: Vec<Vec<Range<u32>>>,
    /// Those of the namespace of the source; `None` if there is no other.
    own_rows: Option<Vec<Range<u32>>>,
    /// Those that were not examined at this moment, because they were not checked for its Sample.
    unexamined: SeededSet<u32>,
    round: u64,
    /// Local ports in use in each namespace whose port range is known, by its number.
    ports: Arc<Vec<(u32, PortUsage)>>,
}

struct KnownNamespace {
    /// Boxed, because they take two kilobytes and a map has free places.
    detectors: Box<Detectors>,
    owners: PathOwners,
    /// When the namespace was first sampled, ns.
    since_ns: u64,
    /// Number of the last round in which it was in the Sample.
    round: u64,
}

impl OtherNamespaces {
    /// Examines every other network namespace of a moment, after [`Self::find_rows`].
    pub(super) fn detect(
        &mut self,
        moment: &Moment,
        thresholds: &Thresholds,
        out: &mut Vec<Observation>,
    ) {
        let sample = &moment.sample;
        self.unexamined.clear();
        if sample.namespaces.is_empty() {
            self.known.clear();
            self.set_ports(Vec::new());
            return;
        }
        self.round += 1;
        let intervals = &moment.unfiltered().namespaces;
        let mut ports = Vec::new();
        for (namespace, rows) in sample.namespaces.iter().zip(&self.rows) {
            let netns = namespace.inode;
            if intervals.of(sample, netns).is_repeated
                && let Some(known) = self.known.get_mut(&netns)
                && known.since_ns == namespace.since_ns
            {
                // It shows what was examined before, not what is there now.
                known.round = self.round;
                self.unexamined.insert(netns);
                let before = self.ports.binary_search_by_key(&netns, |(netns, _)| *netns);
                ports.extend(before.ok().map(|at| self.ports[at]));
                continue;
            }
            let known = self.known.entry(netns);
            let known = known.or_insert_with(|| KnownNamespace {
                detectors: Box::new(Detectors::new(thresholds)),
                owners: PathOwners::default(),
                since_ns: namespace.since_ns,
                round: 0,
            });
            if known.since_ns != namespace.since_ns {
                // Another one, with the inode of one that has gone.
                *known.detectors = Detectors::new(thresholds);
                known.owners = PathOwners::default();
                known.since_ns = namespace.since_ns;
            }
            known.round = self.round;
            self.candidates.swap_owners(&mut known.owners);
            self.candidates.collect_rows(moment, netns, rows);
            let facts = Facts {
                moment,
                candidates: &self.candidates,
                netns,
                rows: Some(rows),
                elapsed_s: intervals.seconds_of(sample, netns),
            };
            if namespace.settings.local_ports().is_some() {
                ports.push((netns, self.candidates.port_usage()));
            }
            let first = out.len();
            known.detectors.detect(facts, false, out);
            for observation in out.iter_mut().skip(first) {
                observation.namespace = Some(FindingNamespace {
                    inode: netns,
                    name: Arc::clone(&namespace.name),
                });
            }
            self.candidates.swap_owners(&mut known.owners);
        }
        let round = self.round;
        self.known.retain(|_, known| known.round == round);
        self.set_ports(ports);
    }

    /// Returns the local ports in use in each namespace whose port range is known, by its number.
    pub(super) fn ports(&self) -> &Arc<Vec<(u32, PortUsage)>> {
        &self.ports
    }

    /// Moments with the same numbers share them.
    fn set_ports(&mut self, ports: Vec<(u32, PortUsage)>) {
        if *self.ports != ports {
            self.ports = Arc::new(ports);
        }
    }

    /// Returns the inodes of those that were not examined at the latest moment.
    pub(super) fn unexamined(&self) -> &SeededSet<u32> {
        &self.unexamined
    }

    /// Returns the rows of the namespace of the source; `None` for all rows.
    pub(super) fn own_rows(&self) -> Option<&[Range<u32>]> {
        self.own_rows.as_deref()
    }

    /// Finds the rows of each namespace of a Sample: usually one range for each.
    pub(super) fn find_rows(&mut self, sample: &Sample) {
        if sample.namespaces.is_empty() {
            self.own_rows = None;
            return;
        }
        let own_rows = self.own_rows.get_or_insert_default();
        own_rows.clear();
        let namespaces = &sample.namespaces;
        self.rows.truncate(namespaces.len());
        for ranges in &mut self.rows {
            ranges.clear_for_reuse();
        }
        self.rows.resize_with(namespaces.len(), Vec::new);
        let mut run = (sample.own_netns, 0);
        // Their rows mostly follow each other in the same order.
        let mut next = 0;
        let mut end_run = |run: (u32, u32), end: u32| {
            let is_next = (namespaces.get(next)).is_some_and(|namespace| namespace.inode == run.0);
            let at = if is_next {
                Ok(next)
            } else {
                namespaces.binary_search_by_key(&run.0, |namespace| namespace.inode)
            };
            match at {
                Ok(at) => {
                    self.rows[at].push(run.1..end);
                    next = at + 1;
                }
                Err(_) if run.0 == sample.own_netns => own_rows.push(run.1..end),
                Err(_) => {}
            }
        };
        let mut rows = 0;
        for socket in &sample.sockets {
            if socket.netns != run.0 {
                end_run(run, rows);
                run = (socket.netns, rows);
            }
            rows += 1;
        }
        end_run(run, rows);
    }
}

#[cfg(test)]
mod tests;

//! `descriptors-low`: a process nears its limit of open descriptors.
//!
//! At the limit `accept()`, `socket()` and `open()` fail with EMFILE: a server then leaves connections in its accept queue.

use serde::{Deserialize, Serialize};

use super::diagnosis::Finder;
use super::facts::{Facts, named};
use super::finding::{Kind, Severity, Subject, Value};
use super::observation::Observation;
use super::words;
use crate::model::{DescriptorKind, ProcessRow, State};

/// When it is told.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// Share of the process's own soft limit from which on it is a warning: time to act before it fails.
    pub warning: f64,
    /// Share from which on it is critical.
    pub critical: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds {
            warning: 0.8,
            critical: 0.95,
        }
    }
}

/// How much below its threshold is well again.
const SLACK: f64 = 0.05;

#[derive(Debug)]
pub(super) struct DescriptorsLow {
    thresholds: Thresholds,
}

impl DescriptorsLow {
    pub(super) fn new(thresholds: Thresholds) -> Self {
        DescriptorsLow { thresholds }
    }
}

impl Finder for DescriptorsLow {
    fn look(&mut self, facts: &Facts<'_>, out: &mut Vec<Observation>) {
        for (at, row) in facts.sample().processes.iter().enumerate() {
            let (Some(open), Some(limit)) = (row.descriptors, row.process.descriptor_limit) else {
                continue;
            };
            let share = f64::from(open) / limit.max(1) as f64;
            if share >= self.thresholds.warning - SLACK {
                out.push(self.tell(facts, at, row, open, limit));
            }
        }
    }
}

impl DescriptorsLow {
    fn tell(
        &self,
        facts: &Facts<'_>,
        at: usize,
        row: &ProcessRow,
        open: u32,
        limit: u64,
    ) -> Observation {
        let share = f64::from(open) / limit.max(1) as f64;
        let totals = facts.moment.unfiltered().processes.get(at);
        let close_wait = totals.map_or(0, |totals| totals.tcp[State::CloseWait as usize]);
        let kinds = row.kinds.map(|kinds| {
            let all = DescriptorKind::ALL.into_iter();
            let most = all.max_by_key(|kind| kinds[*kind as usize]);
            (most.unwrap_or(DescriptorKind::File), kinds)
        });
        let name = named(row);
        let pid = name.key.pid;
        let mostly = kinds.map_or_else(String::new, |(most, kinds)| {
            let count = kinds[most as usize];
            let are = if count == 1 { "is" } else { "are" };
            let what = match (most, count) {
                (DescriptorKind::Socket, 1) => "a socket",
                (DescriptorKind::File, 1) => "a file",
                (DescriptorKind::Pipe, 1) => "a pipe",
                (DescriptorKind::Anonymous, _) => "neither socket, file nor pipe",
                (most, _) => most.name(),
            };
            format!(": {} of them {are} {what}", words::count(count.into()))
        });
        let summary = format!(
            "{name} has {} of {} descriptors open ({})",
            words::count(open.into()),
            words::count(limit),
            words::share(share)
        );
        let leak = if close_wait * 2 >= open {
            "Most are sockets in CLOSE-WAIT that it does not close: mend that first. "
        } else {
            ""
        };
        let higher = limit.saturating_mul(2).max(4096);
        let mut observation = Observation::new(
            Kind::DescriptorsLow,
            Subject::Process(name),
            "open",
            Value::Count(open.into()),
        )
        .with("limit", Value::Count(limit))
        .with("share", Value::Share(share))
        .with("close_wait", Value::Count(close_wait.into()));
        if let Some((_, kinds)) = kinds {
            let names = ["sockets", "files", "pipes", "anonymous"];
            for (name, count) in names.into_iter().zip(kinds) {
                observation = observation.with(name, Value::Count(count.into()));
            }
        }
        observation.raises = share >= self.thresholds.warning;
        observation.severity = if share >= self.thresholds.critical {
            Severity::Critical
        } else {
            Severity::Warning
        };
        observation.grows = true;
        observation.summary = summary;
        observation.rest = mostly;
        observation.advice = format!(
            "{leak}At the limit accept(), socket() and open() fail (EMFILE). `prlimit --pid {pid} --nofile={higher}:` raises \
             it now, up to its hard limit, LimitNOFILE= in its unit or `ulimit -n` for good; if the number only ever \
             grows, it leaks."
        );
        observation
    }
}

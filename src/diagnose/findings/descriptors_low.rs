//! A process is close to its limit of open file descriptors.
//!
//! At the limit, `accept()`, `socket()` and `open()` fail with EMFILE: a server then leaves connections in its accept queue.

use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::finding::{Severity, Value};
use crate::diagnose::need::Need;
use crate::diagnose::observation::Observation;
use crate::diagnose::subject::{ProcessName, Subject};
use crate::diagnose::threshold::thresholds;
use crate::diagnose::{help_text, phrases};
use crate::model::{DescriptorKind, ProcessRow, State};

thresholds! {
    #[expect(clippy::doc_markdown, reason = "comments of the configuration have no markup")]
    /// Thresholds for open file descriptors, as shares of the limit.
    thresholds {
        /// Warning at this share of the process's own soft limit of open file descriptors (`ulimit -n`).
        /// There is still time to act.
        warning: f64 = 0.8, ValueRule::Share;
        /// Critical at this share. One burst of connections now makes accept(), socket() and open() fail
        /// with EMFILE.
        critical: f64 = 0.95, ValueRule::Share;
    }
}

/// Distance below its threshold to which the share has to fall for a finding to clear.
const SLACK: f64 = 0.05;

/// Detects processes with few descriptors left.
#[derive(Debug)]
pub(in crate::diagnose) struct DescriptorsLow {
    thresholds: Thresholds,
}

impl Detector for DescriptorsLow {
    const ID: &'static str = "descriptors-low";
    const TITLE: &'static str = "A process is close to its limit of open file descriptors.";
    const LOOK_ALIKES: &'static str = "The limit is the process's own, not that of your shell. The evidence counts sockets, files, \
         pipes, connections in CLOSE-WAIT and sockets without a connection. If most are in CLOSE-WAIT, {0} is the \
         cause; if most have no connection, {1}.";
    const REMEDY: &'static str =
        "Raise the limit (prlimit, LimitNOFILE=). If the number keeps growing, fix the leak.";
    const NEEDS: &'static [Need] = &[Need::Descriptors];

    const IS_OF_HOST: bool = true;
    type Thresholds = Thresholds;

    fn new(thresholds: &Thresholds) -> Self {
        DescriptorsLow {
            thresholds: *thresholds,
        }
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        format!(
            "The process has {} of its soft limit of file descriptors open.",
            help_text::share(thresholds.warning)
        )
    }

    fn severity(thresholds: &Thresholds) -> String {
        help_text::severity_by_share(thresholds.warning, thresholds.critical)
    }

    fn detect(&mut self, scan: &Scan<'_>, out: &mut Vec<Observation>) {
        let facts = &scan.facts;
        for (at, row) in facts.sample().processes.iter().enumerate() {
            let (Some(open), Some(limit)) = (row.descriptors, row.process.descriptor_limit) else {
                continue;
            };
            let share = f64::from(open) / limit.max(1) as f64;
            if share >= self.thresholds.warning - SLACK {
                out.push(self.observe(scan, at, row, open, limit));
            }
        }
    }
}

impl DescriptorsLow {
    fn observe(
        &self,
        scan: &Scan<'_>,
        at: usize,
        row: &ProcessRow,
        open: u32,
        limit: u64,
    ) -> Observation {
        let facts = &scan.facts;
        let share = f64::from(open) / limit.max(1) as f64;
        let totals = facts.moment.unfiltered().processes.get(at);
        let close_wait = totals.map_or(0, |totals| totals.tcp[State::CloseWait as usize]);
        let kinds = row.kinds.map(|kinds| {
            let all = DescriptorKind::ALL.into_iter();
            let most = all.max_by_key(|kind| kinds[*kind as usize]);
            (most.unwrap_or(DescriptorKind::File), kinds)
        });
        let name = ProcessName::of(row);
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
            format!(": {} of them {are} {what}", phrases::count(count.into()))
        });
        let summary = format!(
            "{name} has had {} of {} file descriptors open ({})",
            phrases::count(open.into()),
            phrases::count(limit),
            phrases::share(share)
        );
        let unlisted = row.unlisted_sockets();
        let leak = if close_wait * 2 >= open {
            "Most are sockets in CLOSE-WAIT that it does not close: fix that first. "
        } else if unlisted.unwrap_or(0).saturating_mul(2) >= open {
            "Most are sockets without a connection that it does not close: fix that first. "
        } else {
            ""
        };
        let higher = limit.saturating_mul(2).max(4096);
        let mut observation = Observation::new(
            scan.kind,
            Subject::Process(name),
            "open",
            Value::Count(open.into()),
        )
        .with("limit", Value::Count(limit))
        .with("share", Value::Share(share))
        .with("close_wait", Value::Count(close_wait.into()))
        .with_known(
            "unlisted",
            unlisted.map(|sockets| Value::Count(sockets.into())),
        );
        if let Some((_, kinds)) = kinds {
            let names = ["sockets", "files", "pipes", "anonymous"];
            for (name, count) in names.into_iter().zip(kinds) {
                observation = observation.with(name, Value::Count(count.into()));
            }
        }
        observation.over_threshold = share >= self.thresholds.warning;
        observation.severity = if share >= self.thresholds.critical {
            Severity::Critical
        } else {
            Severity::Warning
        };
        observation.reports_growth = true;
        observation.summary = summary;
        observation.rest = mostly;
        observation.advice = format!(
            "{leak}At the limit, accept(), socket() and open() fail with EMFILE. Run `prlimit --pid {pid} \
             --nofile={higher}:` to raise it now, up to the hard limit; set LimitNOFILE= in its unit or `ulimit -n` to \
             raise it permanently. If the number keeps growing, the process leaks descriptors."
        );
        observation
    }
}

//! Waiting for a finding, and for it to go.

use std::time::{Duration, Instant};

use crate::support::diagnosis::{self, Finding, Report};
use crate::support::net::Link;

/// Runs of which one has to tell the finding, one after the other, s: no more than 15 after the condition began.
const RUNS: [u64; 2] = [6, 8];

/// How long a finding may stay after its condition.
const GOES_WITHIN: Duration = Duration::from_secs(20);

/// Where somebody looks from.
#[derive(Clone, Copy)]
pub(crate) enum From<'a> {
    Here,
    Far(&'a Link),
}

impl From<'_> {
    /// Whatever holds at the end of so many seconds.
    fn look(self, seconds: u64) -> Report {
        match self {
            From::Here => diagnosis::watch(seconds),
            From::Far(link) => link.far(move || diagnosis::watch(seconds)),
        }
    }
}

/// Waits until exactly these are found, in the order of the ids. Nothing else may be found meanwhile.
pub(crate) fn appear(from: From<'_>, ids: &[&str]) -> Vec<Finding> {
    let mut reports = Vec::new();
    for seconds in RUNS {
        let mut report = from.look(seconds);
        let others: Vec<&Finding> = others(&report, ids);
        assert!(others.is_empty(), "not only {ids:?}: {report}");
        report.findings.sort_by(|a, b| a.id().cmp(b.id()));
        if report.ids() == ids {
            return report.findings;
        }
        reports.push(report);
    }
    let told: Vec<String> = reports.iter().map(ToString::to_string).collect();
    panic!("waited in vain for {ids:?}: {}", told.concat());
}

/// Waits until one is found, and nothing else.
pub(crate) fn appears(id: &str) -> Finding {
    appear(From::Here, &[id]).remove(0)
}

/// Waits until nothing is found any more.
pub(crate) fn go(from: From<'_>, ids: &[&str]) {
    let ended = Instant::now();
    loop {
        let report = from.look(5);
        if report.findings.is_empty() {
            return;
        }
        let others: Vec<&Finding> = others(&report, ids);
        assert!(others.is_empty(), "after {ids:?}: {report}");
        assert!(ended.elapsed() < GOES_WITHIN, "it does not go: {report}");
    }
}

/// Waits until nothing is found any more, where one was.
pub(crate) fn goes(id: &str) {
    go(From::Here, &[id]);
}

fn others<'a>(report: &'a Report, ids: &[&str]) -> Vec<&'a Finding> {
    let all = report.findings.iter();
    all.filter(|finding| !ids.contains(&finding.id())).collect()
}

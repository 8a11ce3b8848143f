//! Waits for a finding and for its end, live and in a recording of the same time.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tempfile::TempDir;

use crate::support::diagnosis::{self, Finding, Recorder, Report};
use crate::support::network_namespace::Link;
use crate::support::sandbox::case_name;
use crate::support::wait::patience;

/// Environment variable with a directory for the recordings.
const KEPT_IN: &str = "SOCKWATCH_KEEP_RECORDINGS";

/// Duration of a run of the command, s. Most findings are active at its end.
const RUN: u64 = 8;

/// Time within which a finding must appear, including some time for the command itself.
const COMES_WITHIN: Duration = Duration::from_secs(15 + 1);

/// Duration of a run that must report the end of the finding, s.
const LAST_RUN: u64 = 5;

/// Maximum time between the start of a condition and the watch.
const BEFORE: Duration = Duration::from_secs(3);

/// Maximum time that a finding stays active after its condition.
const GOES_WITHIN: Duration = Duration::from_secs(20);

/// Runs of the command in one network namespace since the start of a condition.
pub(crate) struct Watch<'a> {
    /// Link whose far side is watched; the local side without one.
    link: Option<&'a Link>,
    /// Earliest start of any condition: a little before the watch.
    begun: Timestamp,
    started: Instant,
    /// Findings so far.
    found: Vec<Finding>,
    recorder: Recorder,
    directory: TempDir,
}

impl Watch<'_> {
    /// Watches the local side.
    pub(crate) fn begin() -> Watch<'static> {
        Watch::new(None)
    }

    /// Watches the far side of the link.
    pub(crate) fn begin_far(link: &Link) -> Watch<'_> {
        Watch::new(Some(link))
    }

    fn new(link: Option<&Link>) -> Watch<'_> {
        let directory = tempfile::tempdir().expect("a directory");
        let file = file_in(&directory);
        let start = move || Recorder::start(&file);
        Watch {
            link,
            begun: Timestamp::now() - patience(BEFORE),
            started: Instant::now(),
            found: Vec::new(),
            recorder: match link {
                None => start(),
                Some(link) => link.far(start),
            },
            directory,
        }
    }

    /// Returns the findings that are active after some seconds.
    fn look(&self, seconds: u64) -> Report {
        match self.link {
            None => diagnosis::watch(seconds),
            Some(link) => link.far(move || diagnosis::watch(seconds)),
        }
    }

    /// Waits until exactly these are found, and returns them in the order of their ids. Fails on any other finding.
    pub(crate) fn find(&mut self, ids: &[&str]) -> Vec<Finding> {
        let mut report = self.look(RUN);
        assert_only(ids, &report);
        let told = report.ids() == ids;
        // Who has looked all the time has to have seen it too.
        loop {
            let mut recorded = diagnosis::recorded(&self.file());
            assert_only(ids, &recorded);
            recorded.findings.retain(|one| one.until().is_none());
            if recorded.ids() == ids {
                if !told {
                    report = recorded;
                }
                break;
            }
            let waited = self.started.elapsed();
            assert!(
                waited < patience(COMES_WITHIN),
                "in vain for {ids:?}: {recorded}"
            );
            thread::sleep(Duration::from_millis(300));
        }
        for finding in &report.findings {
            let since = finding.since();
            assert!(since >= self.begun, "since before it began: {finding}");
        }
        self.found.clone_from(&report.findings);
        report.findings
    }

    /// Waits until one is found, and nothing else.
    pub(crate) fn finds(&mut self, id: &str) -> Finding {
        self.find(&[id]).remove(0)
    }

    /// Waits until one is found whose evidence is complete. On a slow machine it is found on less.
    pub(crate) fn finds_with(
        &mut self,
        id: &str,
        is_complete: impl Fn(&Finding) -> bool,
    ) -> Finding {
        let start = Instant::now();
        loop {
            let finding = self.finds(id);
            if is_complete(&finding) {
                return finding;
            }
            let waited = start.elapsed();
            assert!(
                waited < patience(COMES_WITHIN),
                "in vain for more: {finding}"
            );
        }
    }

    /// Waits until nothing is found. The recording of that time must report the same findings, and no others.
    pub(crate) fn goes(self) {
        let ids: Vec<&str> = self.found.iter().map(Finding::id).collect();
        let ended = Instant::now();
        loop {
            let report = self.look(LAST_RUN);
            if report.findings.is_empty() {
                break;
            }
            assert_only(&ids, &report);
            assert!(
                ended.elapsed() < patience(GOES_WITHIN),
                "it does not go: {report}"
            );
        }
        // Who has looked all the time has seen it come and go.
        let report = loop {
            let report = diagnosis::recorded(&self.file());
            if report.findings.iter().all(|one| one.until().is_some()) {
                break report;
            }
            assert!(
                ended.elapsed() < patience(GOES_WITHIN),
                "it does not go: {report}"
            );
            thread::sleep(Duration::from_millis(300));
        };
        let mut told = report.ids();
        // It may come and go: a recording reports each time.
        told.dedup();
        assert_eq!(told, ids, "in the recording: {report}");
        for recorded in &report.findings {
            let found = self.found.iter().find(|one| one.id() == recorded.id());
            let found = found.expect("both have the same");
            for what in ["/evidence/cause", "/subject"] {
                let (recorded, found) = (recorded.0.pointer(what), found.0.pointer(what));
                assert_eq!(recorded, found, "{what} in the recording: {report}");
            }
        }
        let file = self.file();
        self.recorder.stop();
        keep(&file);
    }

    fn file(&self) -> PathBuf {
        file_in(&self.directory)
    }
}

fn file_in(directory: &TempDir) -> PathBuf {
    directory.path().join("condition.swr")
}

/// Keeps a recording if requested: the source of the recordings in tests/fixtures.
fn keep(recording: &Path) {
    let Some(directory) = std::env::var_os(KEPT_IN) else {
        return;
    };
    let name: String = case_name()
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '-'
            }
        })
        .collect();
    let kept = Path::new(&directory).join(name).with_extension("swr");
    std::fs::copy(recording, kept).expect("it is kept");
}

fn assert_only(ids: &[&str], report: &Report) {
    let only = report.ids().iter().all(|id| ids.contains(id));
    assert!(only, "not only {ids:?}: {report}");
}

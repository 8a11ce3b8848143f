//! `sockwatch diagnose --json`, run and held against what is promised of it.

use std::fmt::Debug;
use std::ops::RangeBounds;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;

use super::wait;

/// Every id that a finding may have.
pub(crate) const IDS: [&str; 20] = [
    "accept-queue-filling",
    "accept-queue-full",
    "close-wait-leak",
    "closed-held",
    "connect-stuck",
    "conntrack-full",
    "descriptors-low",
    "ephemeral-ports-low",
    "not-accepted",
    "orphans",
    "receiver-stalled",
    "retransmitting",
    "sender-stalled",
    "syn-flood",
    "syn-queue-full",
    "tcp-memory-pressure",
    "time-wait-buildup",
    "time-wait-overflow",
    "udp-drops",
    "zero-window",
];

/// What a finding can be about.
const ABOUT: [&str; 7] = [
    "host",
    "path",
    "process",
    "remote",
    "socket",
    "user",
    "local-ports",
];

/// From the least to the worst.
pub(crate) const SEVERITIES: [&str; 3] = ["info", "warning", "critical"];

/// What `--fail-on` is if it is not said.
const FAILS_ON: &str = "warning";

/// What one run told, in the order of the ids.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    pub(crate) status: i32,
    pub(crate) findings: Vec<Finding>,
    /// Ids of what could not be looked for, and of what was looked for only in part of the machine.
    pub(crate) not_checked: Vec<String>,
    pub(crate) limited: Vec<String>,
}

/// One finding as the command reported it.
#[derive(Debug, Clone)]
pub(crate) struct Finding(pub(crate) Json);

impl Finding {
    pub(crate) fn text(&self, field: &str) -> &str {
        let text = self.0[field].as_str();
        text.unwrap_or_else(|| panic!("{field:?} is no text in {self}"))
    }

    pub(crate) fn id(&self) -> &str {
        self.text("id")
    }

    /// What proves it.
    pub(crate) fn evidence(&self, name: &str) -> &Json {
        let value = &self.0["evidence"][name];
        assert!(!value.is_null(), "no evidence {name:?} in {self}");
        value
    }

    pub(crate) fn number(&self, name: &str) -> f64 {
        let number = self.evidence(name).as_f64();
        number.unwrap_or_else(|| panic!("evidence {name:?} is no number in {self}"))
    }

    /// Whether a number that proves it is in this range.
    pub(crate) fn assert_in(&self, name: &str, range: impl RangeBounds<f64> + Debug) {
        let number = self.number(name);
        assert!(
            range.contains(&number),
            "{name} is not in {range:?}: {self}"
        );
    }

    /// Whether it is this one of several causes that look alike.
    pub(crate) fn assert_cause(&self, cause: &str) {
        assert_eq!(self.evidence("cause"), cause, "{self}");
    }

    /// Whether the sentence says all of these.
    pub(crate) fn assert_says(&self, all: &[&str]) {
        let summary = self.text("summary");
        let missing: Vec<_> = all
            .iter()
            .filter(|part| !summary.contains(**part))
            .collect();
        assert!(missing.is_empty(), "it does not say {missing:?}: {self}");
    }

    /// Whether the advice says all of these.
    pub(crate) fn assert_advises(&self, all: &[&str]) {
        let advice = self.text("advice");
        let missing: Vec<_> = all.iter().filter(|part| !advice.contains(**part)).collect();
        assert!(missing.is_empty(), "it does not advise {missing:?}: {self}");
    }

    /// Whether it is about this process, or what that holds.
    pub(crate) fn assert_process(&self, comm: &str, pid: u32) {
        let process = &self.0["subject"]["process"];
        assert_eq!(process["comm"], comm, "{self}");
        assert_eq!(process["pid"], pid, "{self}");
    }

    /// Whether its subject is of this kind and has these fields, among others.
    pub(crate) fn assert_subject(&self, kind: &str, fields: &Json) {
        let subject = &self.0["subject"];
        assert_eq!(subject["kind"], kind, "{self}");
        for (name, value) in fields.as_object().expect("fields") {
            assert_eq!(&subject[name], value, "{name}: {self}");
        }
    }

    /// When it was over.
    pub(crate) fn until(&self) -> Option<Timestamp> {
        let until = &self.0["until"];
        let text = until.as_str();
        assert!(text.is_some() || until.is_null(), "{self}");
        text.map(|text| text.parse().expect("until is RFC 3339"))
    }

    pub(crate) fn since(&self) -> Timestamp {
        self.text("since").parse().expect("since is RFC 3339")
    }

    fn check(&self) {
        assert!(IDS.contains(&self.id()), "an unknown id: {self}");
        assert!(
            SEVERITIES.contains(&self.text("severity")),
            "an unknown severity: {self}"
        );
        let about = &self.0["subject"]["kind"];
        let known = about.as_str().is_some_and(|about| ABOUT.contains(&about));
        assert!(known, "about what: {self}");
        let until = self.until().unwrap_or_else(Timestamp::now);
        assert!(self.since() <= until, "not in the past: {self}");
        let evidence = self.0["evidence"].as_object();
        let proves = evidence.is_some_and(|all| all.values().any(Json::is_number));
        assert!(proves, "no number proves it: {self}");
        for field in ["summary", "advice"] {
            let text = self.text(field);
            let words = text.split_whitespace().count();
            assert!(words > 2 && text.trim() == text, "{field}: {self}");
        }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:#}", self.0)
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(out, "exit status {}", self.status)?;
        self.findings
            .iter()
            .try_for_each(|finding| writeln!(out, "{finding}"))
    }
}

impl Report {
    pub(crate) fn ids(&self) -> Vec<&str> {
        self.findings.iter().map(Finding::id).collect()
    }

    /// Parses the output and checks it against the documented interface.
    fn read(output: &Output, fails_on: &str) -> Report {
        let said = String::from_utf8_lossy(&output.stderr);
        let text = String::from_utf8_lossy(&output.stdout);
        let document: Json = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{error}: {text:?}, {said:?}, {}", output.status));
        assert_eq!(document["version"], 1, "{document:#}");
        let findings = document["findings"].as_array();
        let findings = findings.unwrap_or_else(|| panic!("no findings: {document:#}"));
        let mut report = Report {
            status: output.status.code().expect("no signal ended it"),
            findings: findings.iter().cloned().map(Finding).collect(),
            not_checked: ids(&document["not_checked"]),
            limited: ids(&document["limited"]),
        };
        report.findings.iter().for_each(Finding::check);
        report.findings.sort_by(|a, b| a.id().cmp(b.id()));
        let rank = |severity: &str| SEVERITIES.iter().position(|&one| one == severity);
        let fails = |finding: &Finding| rank(finding.text("severity")) >= rank(fails_on);
        let status = match report.findings.iter().any(fails) {
            true => 1,
            false if report.not_checked.is_empty() => 0,
            false => 3,
        };
        assert_eq!(report.status, status, "the exit status: {report}");
        report
    }
}

/// The ids of a list of what could not be checked, each with a reason.
fn ids(list: &Json) -> Vec<String> {
    let entries = list.as_array().unwrap_or_else(|| panic!("no list: {list}"));
    let entry = |entry: &Json| {
        assert!(
            entry["why"].as_str().is_some_and(|why| !why.is_empty()),
            "{entry}"
        );
        entry["id"].as_str().expect("an id").to_owned()
    };
    entries.iter().map(entry).collect()
}

fn command(program: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.arg("diagnose").args(arguments).stdin(Stdio::null());
    command
}

/// `sockwatch diagnose` with these arguments, whatever comes of it.
pub(crate) fn run(arguments: &[&str]) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_sockwatch"));
    command(program, arguments).output().expect("it runs")
}

/// Watches this thread's network namespace for so long.
pub(crate) fn watch(seconds: u64) -> Report {
    failing_on(seconds, FAILS_ON)
}

/// The same, with another severity that makes it fail.
pub(crate) fn failing_on(seconds: u64, severity: &str) -> Report {
    let time = format!("{seconds}s");
    let output = run(&["--json", "--for", &time, "--fail-on", severity, "-N", "own"]);
    Report::read(&output, severity)
}

/// The same by a user without any privilege, with a copy of sockwatch in `directory`.
pub(crate) fn watch_as_nobody(seconds: u64, directory: &Path) -> Report {
    use std::fs::{Permissions, copy, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    let program = directory.join("sockwatch");
    copy(env!("CARGO_BIN_EXE_sockwatch"), &program).expect("it is copied");
    for path in [directory, &program] {
        set_permissions(path, Permissions::from_mode(0o755)).expect("they are set");
    }
    let mut nobody = Command::new("setpriv");
    nobody.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
    nobody.arg("--").arg(program).arg("diagnose");
    nobody.args(["--json", "--for", &format!("{seconds}s")]);
    nobody.env("XDG_CONFIG_HOME", directory);
    let output = nobody.stdin(Stdio::null()).output().expect("it runs");
    Report::read(&output, FAILS_ON)
}

/// Returns the report of a recording.
pub(crate) fn recorded(file: &Path) -> Report {
    let file = file.to_str().expect("a plain name");
    Report::read(&run(&["--json", file]), FAILS_ON)
}

/// A recording of this thread's network namespace that is being made.
#[derive(Debug)]
pub(crate) struct Recorder(Child);

impl Recorder {
    /// Starts it and waits until something is in the file.
    pub(crate) fn start(file: &Path) -> Recorder {
        let child = Command::new(env!("CARGO_BIN_EXE_sockwatch"))
            .args(["record", "-N", "own", "-o"])
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let recorder = Recorder(child.expect("it runs"));
        wait::until("a recording", || {
            file.metadata().is_ok_and(|file| file.len() > 0)
        });
        recorder
    }

    /// Stops the recorder and waits until it has closed the file.
    pub(crate) fn stop(mut self) {
        let pid = Pid::from_child(&self.0);
        // Not SIGINT, which is ignored if the tests run in the background of a script.
        kill_process(pid, Signal::TERM).expect("it is our child");
        let status = self.0.wait().expect("it ends");
        assert!(status.success(), "recording: {status}");
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

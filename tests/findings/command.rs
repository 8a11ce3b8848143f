//! The command itself: output without a condition, errors, and output for an unprivileged user.

use crate::support::diagnosis::{self, SEVERITIES};
use crate::support::network_namespace::Link;
use crate::support::requirements::Requirement;
use crate::support::sandbox::Case;
use crate::{needing, plain, queues};

pub(crate) const CASES: &[Case] = &[
    plain("the exit status reflects the result", statuses),
    plain("--fail-on sets the severity that fails", fail_on),
    needing(
        "visible problems are found without privileges",
        &[Requirement::Setpriv],
        as_nobody,
    ),
];

fn statuses() {
    let status = |arguments: &[&str]| {
        let output = diagnosis::run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), said)
    };
    assert_eq!(status(&["--for", "2s"]).0, Some(0), "nothing is wrong here");
    for wrong in [
        &["--no-such"][..],
        &["--for", "soon"],
        &["--fail-on", "everything"],
    ] {
        let (code, said) = status(wrong);
        assert_eq!(code, Some(2), "{wrong:?}: {said}");
        assert!(!said.is_empty(), "{wrong:?}");
    }
    for unreadable in ["/no/such/file", "/proc/self/status"] {
        let (code, said) = status(&[unreadable, "--json"]);
        assert_eq!(code, Some(3), "{unreadable}: {said}");
        assert_eq!(said.lines().count(), 1, "{unreadable}: {said}");
        assert!(said.contains(unreadable), "{said}");
    }
}

fn fail_on() {
    let link = Link::new();
    let _condition = queues::stop_server(&link);
    // Each run holds its own exit status against what it found.
    let mut found = Vec::new();
    for severity in SEVERITIES {
        let report = diagnosis::failing_on(6, severity);
        assert_eq!(report.ids(), ["accept-queue-full"], "{report}");
        found.push(report.status);
    }
    assert_eq!(found[..2], [1, 1], "info and warning");
}

fn as_nobody() {
    let link = Link::new();
    let (server, _clients) = queues::stop_server(&link);
    let directory = tempfile::tempdir().expect("a directory");
    let report = diagnosis::watch_as_nobody(8, directory.path());
    assert_eq!(report.ids(), ["accept-queue-full"], "{report}");
    assert_eq!(report.status, 1, "{report}");
    // Who listens can be seen, but not which process that is.
    let summary = report.findings[0].text("summary");
    assert!(summary.contains(&server.port().to_string()), "{report}");
    assert!(!summary.contains(server.name), "{report}");
}

//! The command itself: output without a condition, errors, and output for an unprivileged user.

use std::process::Command;
use std::time::Duration;

use crate::support::diagnosis::{self, SEVERITIES};
use crate::support::network_namespace::Link;
use crate::support::requirements::Requirement;
use crate::support::sandbox::Case;
use crate::support::wait::patience;
use crate::{needing, plain, queues};

pub(crate) const CASES: &[Case] = &[
    plain("the exit status reflects the result", statuses),
    plain("--fail-on sets the severity that fails", fail_on),
    plain(
        "a setting that cannot be read is reported, and fails a check without findings",
        unreadable_setting,
    ),
    plain("a watch that is too short checks nothing", too_short),
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
    // A condition must persist for 2 s, and a slow machine takes a second for its first Sample.
    let watched = format!("{}s", patience(Duration::from_secs(3)).as_secs());
    let (code, said) = status(&["--for", &watched]);
    assert_eq!(code, Some(0), "nothing is wrong here: {said}");
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

fn unreadable_setting() {
    let mount = |program: &str, arguments: &[&str]| {
        let status = Command::new(program).args(arguments).status();
        assert!(
            status.expect("it runs").success(),
            "{program} {arguments:?}"
        );
    };
    let setting = "/proc/sys/net/ipv4/ip_local_port_range";
    mount("mount", &["--bind", "/dev/null", setting]);
    let report = diagnosis::watch(3);
    assert_eq!(report.not_checked, ["ephemeral-ports-low"], "{report}");
    assert_eq!(report.status, 3, "{report}");
    let output = diagnosis::run(&["--for", "3s"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.starts_with("no findings in what could be checked"),
        "{text}"
    );
    assert!(
        text.contains(&format!("ephemeral-ports-low: {setting} is empty")),
        "{text}"
    );
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("ephemeral-ports-low"), "{said}");
    mount("umount", &[setting]);
    let report = diagnosis::watch(3);
    assert_eq!(
        (report.not_checked.len(), report.status),
        (0, 0),
        "{report}"
    );
    // A limit of the host is out of view in this network namespace, which fails nothing.
    assert!(
        report.limited.iter().any(|id| id == "orphans"),
        "{:?}",
        report.limited
    );
}

fn too_short() {
    let output = diagnosis::run(&["--for", "1s", "--json"]);
    assert_eq!(output.status.code(), Some(3));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let not_checked = document["not_checked"].as_array().expect("a list");
    let ids = not_checked.iter().map(|unchecked| &unchecked["id"]);
    assert!(
        ids.clone().any(|id| id == "close-wait-leak"),
        "{document:#}"
    );
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

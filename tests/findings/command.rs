//! The command itself: what it answers where there is nothing, where something is wrong, and to nobody.

use crate::plain;
use crate::support::diagnosis;
use crate::support::sandbox::Case;

pub(crate) const CASES: &[Case] = &[plain("the exit status tells what came of it", statuses)];

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

//! Other processes: this test binary again, in a role.

use std::io::{BufRead, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

/// Names the role in the environment of a child.
const ROLE: &str = "SOCKWATCH_TEST_ROLE";

/// The role that this process was started in; `None` for the test itself.
pub(crate) fn role() -> Option<String> {
    std::env::var(ROLE).ok()
}

/// This binary, to be started in `role`.
pub(crate) fn command(role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("it has a path"));
    command.env(ROLE, role);
    command
}

/// This binary, to be started in `role` by an ordinary user without a capability. `directory` gets a copy of it, for
/// the user may not be allowed into the one where it was built.
pub(crate) fn unprivileged(role: &str, directory: &Path) -> Command {
    let copy = copy_for_everybody(directory);
    let mut command = Command::new("setpriv");
    command
        .args([
            "--reuid",
            "65534",
            "--regid",
            "65534",
            "--clear-groups",
            "--",
        ])
        .arg(copy)
        .env(ROLE, role);
    command
}

fn copy_for_everybody(directory: &Path) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;

    let copy = directory.join("in-a-role");
    std::fs::copy(std::env::current_exe().expect("it has a path"), &copy).expect("it is copied");
    let readable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(directory, readable.clone()).expect("they are set");
    std::fs::set_permissions(&copy, readable).expect("they are set");
    copy
}

/// A child that says a line when it is ready and then holds what it has until it is told to end, or dropped.
#[derive(Debug)]
pub(crate) struct Held {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Held {
    /// Starts it. Its output is read, its input is what `command` says.
    pub(crate) fn start(mut command: Command) -> Held {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .expect("a child starts");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        Held { child, output }
    }

    /// Says a line to it, whose input is piped.
    pub(crate) fn tell(&mut self, line: &str) {
        let input = self.child.stdin.as_mut().expect("it is piped");
        writeln!(input, "{line}").expect("it listens");
    }

    /// The next line that it says, without its end.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("it says a line");
        line.trim_end().to_owned()
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as `kill -9` does and waits for it.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// All that it says until it ends, and whether it ended well.
    pub(crate) fn finish(mut self) -> (bool, String) {
        let mut said = String::new();
        self.output.read_to_string(&mut said).expect("it says text");
        let status = self.child.wait().expect("it ends");
        (status.success(), said)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.kill();
    }
}

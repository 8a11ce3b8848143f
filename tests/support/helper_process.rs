//! Helper processes: this test binary started again with a role.

use std::io::{BufRead, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

/// Names the role in the environment of a child.
pub(crate) const ROLE: &str = "SOCKWATCH_TEST_ROLE";

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

/// A child that prints a line when it is ready and holds its sockets until it is stopped or dropped.
#[derive(Debug)]
pub(crate) struct HelperProcess {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl HelperProcess {
    /// Starts the child with its output piped; its input is as set in `command`.
    pub(crate) fn start(mut command: Command) -> HelperProcess {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .expect("a child starts");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        HelperProcess { child, output }
    }

    /// Writes a line to its piped input.
    pub(crate) fn send_line(&mut self, line: &str) {
        let input = self.child.stdin.as_mut().expect("it is piped");
        writeln!(input, "{line}").expect("its input is open");
    }

    /// Reads the next line of its output.
    pub(crate) fn read_line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("it prints a line");
        line.trim_end().to_owned()
    }

    /// Returns its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it with SIGKILL and waits for it.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Reads its output until it ends; returns whether it succeeded, and the output.
    pub(crate) fn finish(mut self) -> (bool, String) {
        let mut printed = String::new();
        self.output
            .read_to_string(&mut printed)
            .expect("it prints text");
        let status = self.child.wait().expect("it ends");
        (status.success(), printed)
    }
}

impl Drop for HelperProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

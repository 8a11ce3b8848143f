//! Tests that each have a machine to themselves: network, process and mount namespaces of their own.
//!
//! The test binary starts itself once more for each of them, as process 1 of its namespaces. What a test starts cannot
//! outlive it, no test sees another's sockets, processes or limits, and several can run at once.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};

use super::network_namespace::ip;
use super::requirements::{Requirement, trial};

/// Names the case in the environment of a child.
const CASE: &str = "SOCKWATCH_TEST_CASE";

/// One test: what it holds, what it cannot do without, how long it may take, and what it does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) needs: &'static [Requirement],
    pub(crate) longest: Duration,
    pub(crate) test: fn(),
}

/// In a child: runs the case that it was started for. `false` in the test itself.
pub(crate) fn is_case(cases: &[Case]) -> bool {
    let Ok(name) = std::env::var(CASE) else {
        return false;
    };
    let case = cases.iter().find(|case| case.name == name);
    let case = case.unwrap_or_else(|| panic!("no case {name:?}"));
    ip("link set lo up");
    (case.test)();
    true
}

/// The name of the case that this process was started for.
pub(crate) fn case_name() -> String {
    std::env::var(CASE).expect("this is a case")
}

/// The case as a trial that runs in namespaces of its own.
pub(crate) fn contained(case: &Case) -> Trial {
    let Case { name, longest, .. } = *case;
    let basics = [Requirement::Root, Requirement::Ip, Requirement::Unshare];
    let needs: Vec<Requirement> = basics.iter().chain(case.needs).copied().collect();
    trial(name, &needs, move || run(name, longest))
}

fn run(name: &str, longest: Duration) -> Result<(), Failed> {
    // What a case leaves when it has to be ended goes with it.
    let directory = tempfile::tempdir()?;
    let mut child = Command::new("unshare")
        .args(["--net", "--pid", "--fork", "--kill-child", "--mount-proc"])
        .arg("--")
        .arg(std::env::current_exe()?)
        .env(CASE, name)
        .env("TMPDIR", directory.path())
        // The user who runs the tests may have set thresholds.
        .env("XDG_CONFIG_HOME", directory.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut errors = child.stderr.take().ok_or("it is piped")?;
    let mut output = child.stdout.take().ok_or("it is piped")?;
    let errors = thread::spawn(move || {
        let mut text = Vec::new();
        let _ = errors.read_to_end(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    });
    let output = thread::spawn(move || {
        let mut text = Vec::new();
        let _ = output.read_to_end(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    });
    let ended = wait(&mut child, longest)?;
    let said = [output, errors].map(|said| said.join().unwrap_or_default());
    match ended {
        Some(true) => Ok(()),
        Some(false) => Err(said.concat().into()),
        None => Err(format!("not done after {longest:?}\n{}", said.concat()).into()),
    }
}

/// Whether it ended well; `None` if it had to be ended, and everything that it started with it.
fn wait(child: &mut Child, longest: Duration) -> std::io::Result<Option<bool>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status.success()));
        }
        if start.elapsed() > longest {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Sets a value beneath `/proc/sys/net` of this network namespace.
pub(crate) fn sysctl(name: &str, value: &str) {
    let path = format!("/proc/sys/net/{}", name.replace('.', "/"));
    std::fs::write(&path, value).unwrap_or_else(|error| panic!("{path}: {error}"));
}

/// Reads such a value.
pub(crate) fn sysctl_number(name: &str) -> u64 {
    let path = format!("/proc/sys/net/{}", name.replace('.', "/"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    text.trim()
        .parse()
        .unwrap_or_else(|_| panic!("{path}: {text}"))
}

/// Gives `nft` its commands, for this network namespace.
pub(crate) fn nft(commands: &str) {
    let output = Command::new("nft")
        .arg(commands)
        .output()
        .expect("nft runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "nft {commands}: {said}");
}

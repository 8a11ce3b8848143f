//! Isolated tests: the test binary starts itself again for each of them, in namespaces of its own.
//!
//! No test sees another's sockets, and several can run at once. In a namespace of processes as well, nothing that a test
//! starts outlives it.

use std::io::Read as _;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};

use super::network_namespace::{enter_own_namespace, ip};
use super::requirements::{Requirement, ignored, trial, unmet};
use super::wait::patience;

/// Environment variable with the name of the case that a child runs.
const CASE: &str = "SOCKWATCH_TEST_CASE";

/// Environment variable that is set on a host that exists for the tests alone.
const OWN_HOST: &str = "SOCKWATCH_TEST_OWN_HOST";

/// Separates a suite from the name of its case.
const SEPARATOR: &str = "::";

/// Namespaces that a case runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Isolation {
    /// A network namespace; without the privilege to make one, that of the caller, and one case at a time.
    Network,
    /// Network, process and mount namespaces.
    Machine,
    /// None, because the case is about limits of the host: only run if it is asked for, with this reason, or on a host that
    /// is the tests' own.
    Host(&'static str),
}

/// Body of a case: it fails by a panic, or by an error as well.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Body {
    Panicking(fn()),
    Fallible(fn() -> Result<(), Failed>),
}

impl Body {
    fn run(self) -> Result<(), Failed> {
        match self {
            Body::Panicking(test) => {
                test();
                Ok(())
            }
            Body::Fallible(test) => test(),
        }
    }
}

/// One isolated test.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) needs: &'static [Requirement],
    pub(crate) isolation: Isolation,
    pub(crate) timeout: Duration,
    pub(crate) body: Body,
}

/// Cases under a common name: `suite::case`.
pub(crate) type Suite = (&'static str, &'static [Case]);

/// Runs the suites as the `main` function of a test binary, at most `at_once` cases at a time unless `--test-threads` is
/// given. A child of the binary runs its case instead.
pub(crate) fn run_suites(suites: &[Suite], at_once: usize) -> ExitCode {
    if let Ok(full_name) = std::env::var(CASE) {
        return run_case(suites, &full_name);
    }
    let mut arguments = Arguments::from_args();
    let own_namespaces = unmet(&[Requirement::Root, Requirement::Ip]).is_none();
    if own_namespaces {
        arguments.test_threads.get_or_insert(at_once);
    } else {
        arguments.test_threads = Some(1);
    }
    let cases = suites
        .iter()
        .flat_map(|(suite, cases)| cases.iter().map(move |case| (suite, case)));
    // What a case requires is tried only if the case may run.
    let is_wanted = |name: &String| {
        let filter = arguments.filter.as_deref();
        filter.is_none_or(|text| name.contains(text))
    };
    let trials = cases
        .map(|(suite, case)| (format!("{suite}{SEPARATOR}{}", case.name), case))
        .filter(|(full_name, _)| is_wanted(full_name))
        .map(|(full_name, case)| to_trial(full_name, case))
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Runs the case that this process was started for.
fn run_case(suites: &[Suite], full_name: &str) -> ExitCode {
    let (suite, name) = full_name
        .split_once(SEPARATOR)
        .unwrap_or_else(|| panic!("{CASE}={full_name}: not a suite and a case"));
    let case = suites
        .iter()
        .filter(|each| each.0 == suite)
        .flat_map(|each| each.1)
        .find(|case| case.name == name)
        .unwrap_or_else(|| panic!("{CASE}={full_name}: there is no such case"));
    match case.isolation {
        // The first thread enters it before it starts another, so that `/proc/self/net` is of this namespace.
        Isolation::Network if unmet(&[Requirement::Root, Requirement::Ip]).is_none() => {
            enter_own_namespace();
        }
        Isolation::Machine => ip("link set lo up"),
        Isolation::Network | Isolation::Host(_) => {}
    }
    match case.body.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", error.message().unwrap_or("failed"));
            ExitCode::FAILURE
        }
    }
}

/// Returns the name of the case that this process runs, without its suite.
pub(crate) fn case_name() -> String {
    let full_name = std::env::var(CASE).expect("this process runs a case");
    let name = full_name.split_once(SEPARATOR).map(|(_, name)| name);
    name.expect("a suite and a case").to_owned()
}

fn to_trial(full_name: String, case: &Case) -> Trial {
    let Case {
        isolation, timeout, ..
    } = *case;
    let basics: &[Requirement] = match isolation {
        Isolation::Machine => &[Requirement::Root, Requirement::Ip, Requirement::Unshare],
        Isolation::Network => &[],
        Isolation::Host(_) => &[Requirement::Root],
    };
    let needs: Vec<Requirement> = basics.iter().chain(case.needs).copied().collect();
    let run = {
        let full_name = full_name.clone();
        move || run_child(&full_name, isolation, timeout)
    };
    match isolation {
        Isolation::Host(why) if unmet(&needs).is_none() && std::env::var_os(OWN_HOST).is_none() => {
            Trial::test(full_name, run)
                .with_kind(format!("SKIPPED: {why}"))
                .with_ignored_flag(true)
        }
        _ => match unmet(&needs) {
            Some(why) => ignored(&full_name, why),
            None => trial(&full_name, &[], run),
        },
    }
}

fn run_child(full_name: &str, isolation: Isolation, timeout: Duration) -> Result<(), Failed> {
    // Removed with what a case leaves behind when it is ended.
    let directory = tempfile::tempdir()?;
    let this_binary = std::env::current_exe()?;
    let mut command = if isolation == Isolation::Machine {
        let mut command = Command::new("unshare");
        command
            .args(["--net", "--pid", "--fork", "--kill-child", "--mount-proc"])
            .arg("--")
            .arg(this_binary);
        command
    } else {
        Command::new(this_binary)
    };
    let mut child = command
        .env(CASE, full_name)
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
    let timeout = patience(timeout);
    let success = wait(&mut child, timeout)?;
    let printed = [output, errors].map(|reader| reader.join().unwrap_or_default());
    match success {
        Some(true) => Ok(()),
        Some(false) => Err(printed.concat().into()),
        None => Err(format!("not done after {timeout:?}\n{}", printed.concat()).into()),
    }
}

/// Waits for the child and returns whether it succeeded; `None` if it was killed after the timeout.
fn wait(child: &mut Child, timeout: Duration) -> std::io::Result<Option<bool>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status.success()));
        }
        if start.elapsed() > timeout {
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

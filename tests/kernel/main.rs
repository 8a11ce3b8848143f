//! The program on the running kernel, with sockets that each test opens in a network namespace of its own.
//!
//! A test that needs a missing privilege or tool is reported as ignored, with the reason.

use std::process::{Command, ExitCode, Output, Stdio};
use std::time::Duration;

use libtest_mimic::Failed;

mod byte_counts;
mod cgroup1;
mod commands;
mod compare_ss;
mod containers;
mod filter_ss;
mod icmp;
mod live;
mod live_screens;
mod names;
mod namespace_events;
mod namespaces;
mod other_families;
mod other_kernels;
mod owners;
mod privilege;
mod reasons;
mod recording_commands;
mod slow_samples;
mod stops_promptly;
#[path = "../support/mod.rs"]
mod support;
mod tcp_info;
mod translations;
mod unlisted;

use support::requirements::Requirement;
use support::sandbox::{Body, Case, Isolation, run_suites};

/// Cases at once: many wait for most of their time.
const AT_ONCE: usize = 4;

fn main() -> ExitCode {
    if live::play_role() || reasons::play_role() {
        return ExitCode::SUCCESS;
    }
    run_suites(
        &[
            ("filter_ss", filter_ss::CASES),
            ("recording_commands", recording_commands::CASES),
            ("byte_counts", byte_counts::CASES),
            ("cgroup1", cgroup1::CASES),
            ("containers", containers::CASES),
            ("commands", commands::CASES),
            ("compare_ss", compare_ss::CASES),
            ("icmp", icmp::CASES),
            ("live", live::CASES),
            ("other_families", other_families::CASES),
            ("other_kernels", other_kernels::CASES),
            ("owners", owners::CASES),
            ("live_screens", live_screens::CASES),
            ("names", names::CASES),
            ("namespaces", namespaces::CASES),
            ("namespace_events", namespace_events::CASES),
            ("translations", translations::CASES),
            ("reasons", reasons::CASES),
            ("slow_samples", slow_samples::CASES),
            ("stops_promptly", stops_promptly::CASES),
            ("tcp_info", tcp_info::CASES),
            ("unlisted", unlisted::CASES),
            ("privilege", privilege::CASES),
        ],
        AT_ONCE,
    )
}

/// A case that fails by a panic.
const fn panicking(name: &'static str, needs: &'static [Requirement], test: fn()) -> Case {
    case(name, needs, Body::Panicking(test))
}

/// A case that fails by an error or a panic.
const fn fallible(
    name: &'static str,
    needs: &'static [Requirement],
    test: fn() -> Result<(), Failed>,
) -> Case {
    case(name, needs, Body::Fallible(test))
}

const fn case(name: &'static str, needs: &'static [Requirement], body: Body) -> Case {
    Case {
        name,
        needs,
        isolation: Isolation::Network,
        timeout: Duration::from_secs(180),
        body,
    }
}

/// The program with its arguments, without standard input. Recorders record our own network namespace unless the test says
/// otherwise: other tests have theirs.
fn sockwatch(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockwatch"));
    command.args(arguments).stdin(Stdio::null());
    if arguments.first() == Some(&"record") && !arguments.contains(&"-N") {
        command.args(["-N", "own"]);
    }
    command
}

/// Runs the program until it exits.
fn run(arguments: &[&str]) -> Output {
    sockwatch(arguments).output().expect("it runs")
}

/// Decodes output for comparisons and messages.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

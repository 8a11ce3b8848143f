//! Findings under the conditions that they report, with real sockets of real processes, each in its own namespaces.
//!
//! Exactly the expected finding must appear within 15 s, name its subject with the right numbers and cause, and end with
//! its condition. `orphans` (`tcp_max_orphans`) and `tcp-memory-pressure` (`tcp_mem`) are not tested here, because their
//! limits belong to the host and would affect all its users. Recordings cover them.

use std::process::ExitCode;
use std::time::Duration;

#[path = "../support/mod.rs"]
mod support;

mod actors;
mod closed_held;
mod command;
mod datagrams;
mod half_open;
mod harmless;
mod healthy;
mod host_limits;
mod limits;
mod paths;
mod ports;
mod queues;
mod stalls;
mod watch;

use support::requirements::Requirement;
use support::sandbox::{Body, Case, Isolation, run_suites};
use support::{helper_process, many_connections};

/// Number of cases that run at once: most of them mostly wait.
const AT_ONCE: usize = 6;

fn main() -> ExitCode {
    if helper_process::role().as_deref() == Some("hold") {
        many_connections::hold_connections();
        return ExitCode::SUCCESS;
    }
    if actors::play() {
        return ExitCode::SUCCESS;
    }
    run_suites(
        &[
            // The longest first, so that the others run at the same time.
            ("healthy", healthy::CASES),
            ("command", command::CASES),
            ("queues", queues::CASES),
            ("ports", ports::CASES),
            ("stalls", stalls::CASES),
            ("paths", paths::CASES),
            ("half_open", half_open::CASES),
            ("datagrams", datagrams::CASES),
            ("limits", limits::CASES),
            ("closed_held", closed_held::CASES),
            ("harmless", harmless::CASES),
            ("host_limits", host_limits::CASES),
        ],
        AT_ONCE,
    )
}

/// A case that needs only its namespaces.
const fn plain(name: &'static str, test: fn()) -> Case {
    needing(name, &[], test)
}

/// A case with further requirements.
const fn needing(name: &'static str, needs: &'static [Requirement], test: fn()) -> Case {
    Case {
        name,
        needs,
        isolation: Isolation::Machine,
        timeout: Duration::from_secs(90),
        body: Body::Panicking(test),
    }
}

//! Findings, each on the condition that it reports: made with real sockets, held by real processes, in namespaces of
//! its own.
//!
//! Exactly that finding has to come within 15 s, name who is concerned with the right numbers and cause, and go
//! when its condition goes. Not made here, because their limits are the host's and would be felt by all its users:
//! `orphans` (`tcp_max_orphans`) and `tcp-memory-pressure` (`tcp_mem`). Recordings stand in for them.

use std::process::ExitCode;
use std::time::Duration;

#[path = "../support/mod.rs"]
mod support;

mod actors;
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

/// Cases at once: most wait for most of their time.
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
            // The longest first, beside the others.
            ("healthy", healthy::CASES),
            ("command", command::CASES),
            ("queues", queues::CASES),
            ("ports", ports::CASES),
            ("stalls", stalls::CASES),
            ("paths", paths::CASES),
            ("half_open", half_open::CASES),
            ("datagrams", datagrams::CASES),
            ("limits", limits::CASES),
            ("harmless", harmless::CASES),
            ("host_limits", host_limits::CASES),
        ],
        AT_ONCE,
    )
}

/// A condition that needs no more than its namespaces.
const fn plain(name: &'static str, test: fn()) -> Case {
    needing(name, &[], test)
}

/// A condition that needs these too.
const fn needing(name: &'static str, needs: &'static [Requirement], test: fn()) -> Case {
    Case {
        name,
        needs,
        isolation: Isolation::Machine,
        timeout: Duration::from_secs(90),
        body: Body::Panicking(test),
    }
}

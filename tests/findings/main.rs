//! Findings, each on the condition that it reports: made with real sockets, held by real processes, in namespaces of
//! its own.
//!
//! Exactly that finding has to come within 15 s, name who is concerned with the right numbers and cause, and go
//! when its condition goes. Not made here, because their limits are the host's and would be felt by all its users:
//! `orphans` (`tcp_max_orphans`) and `tcp-memory-pressure` (`tcp_mem`). Recordings stand in for them.

use std::time::Duration;

use libtest_mimic::{Arguments, Trial};

#[path = "../support/mod.rs"]
mod support;

mod actors;
mod command;
mod datagrams;
mod half_open;
mod harmless;
mod limits;
mod paths;
mod ports;
mod queues;
mod stalls;
mod watch;

use support::requirements::Requirement;
use support::sandbox::{Case, contained, is_case};

/// How many conditions are made at once, if it is not said: most wait for most of their time.
const AT_ONCE: usize = 5;

fn main() {
    let cases = cases();
    if actors::play() || is_case(&cases) {
        return;
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(AT_ONCE);
    let trials: Vec<Trial> = cases.iter().map(contained).collect();
    libtest_mimic::run(&arguments, trials).exit();
}

fn cases() -> Vec<Case> {
    [
        command::CASES,
        queues::CASES,
        ports::CASES,
        stalls::CASES,
        paths::CASES,
        half_open::CASES,
        datagrams::CASES,
        limits::CASES,
        harmless::CASES,
    ]
    .concat()
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
        longest: Duration::from_secs(90),
        test,
    }
}

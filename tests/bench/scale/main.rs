//! The costs of very many sockets, as multiples of the raw dump of the same sockets in the same run.
//!
//! ```text
//! cargo bench --bench scale                                # 10 000 and 100 000 connected sockets
//! cargo bench --bench scale -- 800000                      # another number
//! cargo bench --bench scale -- scenes                      # all of the following
//! cargo bench --bench scale -- processes=5000x200 one=200000 time-wait=200000 listeners=10000 unix=100000
//! ```
//!
//! For each scene, with everything in a network namespace of its own:
//!
//! - processor time of a Sample, with what is derived from it, and with the history, over that of the raw dump (`sock_diag`
//!   with every attribute into one buffer, nothing parsed), medians of seven rounds;
//! - the cost of owners in a steady Sample, and of 1000 replaced sockets;
//! - the dashboard in a terminal, with and without history: time until the first rows and the first complete Sample are on the
//!   screen, share of a processor, resident memory.
//!
//! Every owner is checked. A machine that is too small for a scene, or a wrong owner, is reported in one line, and the exit
//! status is 1. Needs root and python3.

use std::process::ExitCode;
use std::time::Duration;

mod program;
mod sampling;
mod scene;
#[path = "../../support/mod.rs"]
mod support;

use program::ProgramFigures;
use sampling::SamplingFigures;
use scene::Scene;
use support::requirements::{self, Requirement};

/// Connected sockets without arguments.
const DEFAULT: [u64; 2] = [10_000, 100_000];

fn main() -> ExitCode {
    let needs = [Requirement::Root, Requirement::Ip, Requirement::Python];
    if let Some(why) = requirements::unmet(&needs) {
        println!("CANNOT RUN: {why}");
        return ExitCode::FAILURE;
    }
    let scenes = match scenes() {
        Ok(scenes) => scenes,
        Err(why) => {
            println!("CANNOT RUN: {why}");
            return ExitCode::FAILURE;
        }
    };
    support::network_namespace::enter_own_namespace();
    let mut all_measured = true;
    for scene in scenes {
        if let Err(why) = measure(scene) {
            println!("CANNOT MEASURE {scene}: {why}");
            all_measured = false;
        }
    }
    if all_measured {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Parses the arguments; cargo adds one of its own.
fn scenes() -> Result<Vec<Scene>, String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut scenes = Vec::new();
    for argument in arguments.iter().filter(|argument| *argument != "--bench") {
        match argument.as_str() {
            "scenes" => scenes.extend(scene::OTHERS),
            argument => scenes.push(argument.parse()?),
        }
    }
    if scenes.is_empty() {
        scenes.extend(DEFAULT.map(Scene::Connections));
    }
    Ok(scenes)
}

fn measure(scene: Scene) -> Result<(), String> {
    let mut holder = scene.open()?;
    let sampling = sampling::measure(scene, &mut holder)?;
    print_sampling(scene, &sampling);
    print_owners(&sampling);
    for (name, arguments) in [
        ("dashboard", &[] as &[&str]),
        ("dashboard --history 0", &["--history", "0"]),
    ] {
        print_program(name, &program::measure(arguments), &sampling);
    }
    Ok(())
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn print_sampling(scene: Scene, figures: &SamplingFigures) {
    let raw = ms(figures.raw);
    println!(
        "\n{scene}: {} sockets and {} processes in all; raw dump {raw:.1} ms of processor time ({:.1} ms)",
        figures.sockets,
        figures.processes,
        ms(figures.raw_wall),
    );
    let (sample, aggregate) = (figures.sample, figures.sample + figures.aggregate);
    let history = aggregate + figures.history;
    for (name, time) in [
        ("sample", sample),
        ("with what is derived", aggregate),
        ("with the history", history),
    ] {
        println!(
            "  {name:<22} {:>8.1} ms of processor time, {:.2} × the raw dump",
            ms(time),
            ms(time) / raw
        );
    }
    println!(
        "  {:<22} {:>8.1} ms; a later one {:.1} ms",
        "first sample",
        ms(figures.first_wall),
        ms(figures.sample_wall)
    );
}

fn print_owners(figures: &SamplingFigures) {
    let owners = ms(figures.owners);
    println!(
        "  {:<22} {owners:>8.1} ms in a steady sample: {:.2} µs a process, {:.3} µs a socket",
        "owners",
        owners * 1e3 / f64::from(figures.processes.max(1)),
        owners * 1e3 / figures.sockets.max(1) as f64,
    );
    if let Some(changed) = figures.owners_changed {
        println!(
            "  {:<22} {:>8.1} ms after {} sockets were replaced: {:.2} µs a changed socket",
            "",
            ms(changed),
            sampling::changed(),
            (ms(changed) - owners) * 1e3 / f64::from(sampling::changed()),
        );
    }
}

fn print_program(name: &str, figures: &ProgramFigures, sampling: &SamplingFigures) {
    let per_socket = |bytes: u64| bytes as f64 / sampling.sockets.max(1) as f64;
    let per_sample = figures.processor * figures.pace.as_secs_f64();
    println!(
        "  {name:<22} first rows after {:.0} ms, first sample after {:.0} ms",
        ms(figures.first_rows),
        ms(figures.first_sample)
    );
    println!(
        "  {:<22} {:.1} % of a processor, a sample every {:.1} s: {:.2} × the raw dump for each",
        "",
        figures.processor * 100.0,
        figures.pace.as_secs_f64(),
        per_sample / sampling.raw.as_secs_f64(),
    );
    println!(
        "  {:<22} {:.1} MB resident ({:.0} bytes a socket), {:.1} MB of it anonymous ({:.0} bytes a socket)",
        "",
        figures.resident as f64 / 1e6,
        per_socket(figures.resident),
        figures.anonymous as f64 / 1e6,
        per_socket(figures.anonymous),
    );
}

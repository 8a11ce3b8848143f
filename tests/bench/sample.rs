//! What one Sample costs, measured against the least that asking the kernel for the same can cost.
//!
//! `cargo bench --bench sample` opens established connections over loopback (1 000, 10 000 and 100 000 sockets), held by
//! child processes, and measures in CPU time, so that a busy machine does not spoil the numbers:
//!
//! - `raw dump`: the same request for TCP over IPv4 and IPv6 with every attribute, into one buffer of 32 KiB, nothing
//!   parsed. The floor.
//! - `sample`: a steady-state Sample by `LiveSource` with everything in it, taken in by an `Aggregator`.
//! - `decode`: the dump's bytes to rows. `aggregate`: rows to rates and totals. `diagnose`: all findings.
//!
//! After each size a line has CPU ms, the ratio of `sample` to `raw dump`, and ns for each socket.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use jiff::tz::TimeZone;
use sockwatch::aggregate::{Aggregator, Moment};
use sockwatch::diagnose::{Diagnosis, Thresholds};
use sockwatch::model::{Protocol, SocketTable};
use sockwatch::source::netlink::datagram::decode_datagram;
use sockwatch::source::{LiveOptions, LiveSource, Source};

#[path = "../support/mod.rs"]
mod support;

use support::cost_baseline::{RawDump, process_cpu_time};
use support::helper_process;
use support::many_connections::{self, ManyConnections};
use support::requirements::{self, Requirement};

/// Sockets to measure with.
const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

fn main() {
    if helper_process::role().as_deref() == Some("hold") {
        return many_connections::hold_connections();
    }
    if requirements::unmet(&[Requirement::Root, Requirement::Ip]).is_none() {
        support::network_namespace::enter_own_namespace();
    } else {
        println!("not root: other sockets of this machine are measured too");
    }
    let mut criterion = Criterion::default().configure_from_args();
    for sockets in SIZES {
        match ManyConnections::open(sockets) {
            Ok(crowd) => measure(&mut criterion, sockets, &crowd),
            Err(why) => println!("SKIPPED: {sockets} sockets: {why}"),
        }
    }
    criterion.final_summary();
}

/// Measures the CPU time of `rounds` calls of `work`, and adds both to `sum`.
fn cpu_of(rounds: u64, sum: &mut (Duration, u64), mut work: impl FnMut()) -> Duration {
    let before = process_cpu_time();
    for _ in 0..rounds {
        work();
    }
    let spent = process_cpu_time().saturating_sub(before);
    sum.0 += spent;
    sum.1 += rounds;
    spent
}

fn milliseconds(sum: (Duration, u64)) -> f64 {
    sum.0.as_secs_f64() * 1000.0 / sum.1.max(1) as f64
}

fn measure(criterion: &mut Criterion, sockets: usize, _crowd: &ManyConnections) {
    let mut group = criterion.benchmark_group("sample");
    group
        .sampling_mode(SamplingMode::Flat)
        .sample_size(10)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(5))
        .throughput(Throughput::Elements(sockets as u64));

    let mut raw = RawDump::new();
    let mut dumped = (Duration::ZERO, 0);
    group.bench_function(BenchmarkId::new("raw dump", sockets), |bencher| {
        bencher.iter_custom(|rounds| cpu_of(rounds, &mut dumped, || raw.run(|_| ())));
    });

    let mut live = LiveSource::new(LiveOptions::default()).expect("the kernel gives sock_diag");
    let mut moment = Moment::default();
    let mut aggregator = Aggregator::new();
    // The first Samples find the owners and allocate memory; a steady state follows.
    for _ in 0..3 {
        live.next_into(&mut moment.sample)
            .expect("the kernel answers");
        moment.derive(&mut aggregator);
    }
    let mut sampled = (Duration::ZERO, 0);
    group.bench_function(BenchmarkId::new("sample", sockets), |bencher| {
        bencher.iter_custom(|rounds| {
            cpu_of(rounds, &mut sampled, || {
                live.next_into(&mut moment.sample)
                    .expect("the kernel answers");
                moment.derive(&mut aggregator);
            })
        });
    });

    let mut datagrams: Vec<Vec<u8>> = Vec::new();
    raw.run(|datagram| datagrams.push(datagram.to_vec()));
    let mut table = SocketTable::default();
    let mut decoded = (Duration::ZERO, 0);
    group.bench_function(BenchmarkId::new("decode", sockets), |bencher| {
        bencher.iter_custom(|rounds| {
            cpu_of(rounds, &mut decoded, || {
                table.clear();
                for datagram in &datagrams {
                    decode_datagram(datagram, None, Some(Protocol::Tcp), 0, &mut table);
                }
            })
        });
    });

    let mut aggregated = (Duration::ZERO, 0);
    group.bench_function(BenchmarkId::new("aggregate", sockets), |bencher| {
        bencher.iter_custom(|rounds| {
            cpu_of(rounds, &mut aggregated, || {
                // The same sockets a second later.
                moment.sample.monotonic_ns += 1_000_000_000;
                moment.sample.taken_at_us += 1_000_000;
                moment.derive(&mut aggregator);
            })
        });
    });

    let mut diagnosis = Diagnosis::new(Thresholds::default(), TimeZone::UTC);
    let mut diagnosed = (Duration::ZERO, 0);
    group.bench_function(BenchmarkId::new("diagnose", sockets), |bencher| {
        bencher.iter_custom(|rounds| {
            cpu_of(rounds, &mut diagnosed, || {
                moment.sample.monotonic_ns += 1_000_000_000;
                moment.sample.taken_at_us += 1_000_000;
                diagnosis.update(&moment);
            })
        });
    });
    group.finish();

    let rows = moment.sample.sockets.len().max(1) as f64;
    let tcp = table.len().max(1) as f64;
    let [raw, sample, decode, aggregate, diagnose] =
        [dumped, sampled, decoded, aggregated, diagnosed].map(milliseconds);
    println!(
        "{rows} sockets: raw dump {raw:.2} ms CPU, sample {sample:.2} ms CPU, ratio {:.2}; \
         decode {:.0} ns/socket, aggregate {:.0} ns/socket; \
         diagnose {diagnose:.2} ms, {:.1} % of a sample",
        sample / raw,
        decode * 1e6 / tcp,
        aggregate * 1e6 / rows,
        100.0 * diagnose / sample,
    );
}

//! Measures the costs of writing and of reading a recording: an hour of 10 000 sockets with a Sample per second, of which 15 %
//! move data and 1 % are replaced each time, with every attribute (see `support::synthetic`).
//!
//! `cargo bench --bench record` writes that hour to a file as fast as possible, and prints:
//!
//! - bytes for each socket and Sample, and MB for the hour;
//! - CPU time of encoding and writing a Sample, of all threads, ns for each socket; and the time of encoding as many real
//!   connections over loopback, of which as many move data, as a share of the time of their raw dump (the floor) and of a
//!   complete Sample by `LiveSource`;
//! - wall time of opening, of reading a Sample at a random instant, of showing one as the dashboard does at once, and of reading
//!   all Samples in sequence.

use std::path::Path;
use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode};
use sockwatch::aggregate::{Aggregate, Aggregator, Moment};
use sockwatch::model::Sample;
use sockwatch::recording::{Archive, Encoder, Metadata, Reader, Recorder, RecorderOptions};
use sockwatch::replay::{Depth, Replayer};
use sockwatch::source::{LiveOptions, LiveSource, Source};

#[path = "../support/mod.rs"]
mod support;

use support::cost_baseline::{RawDump, process_cpu_time, thread_cpu_time};
use support::helper_process;
use support::many_connections::{self, ManyConnections};
use support::requirements::{self, Requirement};
use support::synthetic::{Load, Synthetic};

const SOCKETS: usize = 10_000;

/// Samples: an hour of them.
const SAMPLES: u64 = 3600;

/// Rounds that real sockets are sampled.
const ROUNDS: u32 = 20;

/// Random instants that are looked up.
const SEEKS: usize = 400;

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
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("hour.swr");
    let recording = record(&path);
    match ManyConnections::open(SOCKETS) {
        Ok(crowd) => compare(recording, crowd),
        Err(why) => println!("SKIPPED: comparing with {SOCKETS} real sockets: {why}"),
    }
    seek(&path, &mut criterion);
    criterion.final_summary();
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Writes the hour; returns the CPU time for each Sample.
fn record(path: &Path) -> Duration {
    let options = RecorderOptions {
        path: path.to_owned(),
        ..RecorderOptions::default()
    };
    let metadata = Metadata {
        interval: Duration::from_secs(1),
        ..Metadata::default()
    };
    let mut machine = Synthetic::new(Load::of(SOCKETS));
    let mut sample = Sample::default();
    let mut encoder = Encoder::new();
    let mut longest = Duration::ZERO;
    let (began, mut making) = (process_cpu_time(), Duration::ZERO);
    let mut recorder = Recorder::start(options, metadata).expect("a file in a new directory");
    for made in 0..SAMPLES {
        let before = thread_cpu_time();
        machine.next_into(&mut sample).expect("it always has one");
        // A real writer has a second for each Sample, so this one is never dropped for lack of time.
        while made > recorder.progress().samples + 4 {
            std::thread::sleep(Duration::from_millis(1));
        }
        making += thread_cpu_time().saturating_sub(before);
        let before = Instant::now();
        if recorder.needs_key() {
            encoder.restart();
        }
        let frame = encoder.encode(&sample).expect("there is memory");
        longest = longest.max(before.elapsed());
        assert!(recorder.offer(&frame), "it was given time");
    }
    let progress = recorder.finish().expect("it is written");
    let each = process_cpu_time().saturating_sub(began + making) / SAMPLES as u32;
    assert_eq!((progress.samples, progress.dropped), (SAMPLES, 0));
    let bytes = std::fs::metadata(path).expect("it is there").len() as f64;
    println!(
        "{SAMPLES} samples of {SOCKETS} sockets: {:.2} bytes/socket/sample, {:.1} MB/hour; write {:.2} ms CPU/sample \
         (longest packing {:.2} ms), {:.0} ns/socket",
        bytes / (SAMPLES as usize * SOCKETS) as f64,
        bytes / 1e6 * (3600.0 / SAMPLES as f64),
        milliseconds(each),
        milliseconds(longest),
        each.as_nanos() as f64 / SOCKETS as f64,
    );
    each
}

/// Compares the cost of recording real and synthetic sockets with the cost of sampling the real ones.
fn compare(synthetic: Duration, mut crowd: ManyConnections) {
    let mut raw = RawDump::new();
    let mut live = LiveSource::new(LiveOptions::default()).expect("the kernel gives sock_diag");
    let (mut aggregator, mut aggregate) = (Aggregator::new(), Aggregate::default());
    let (mut sample, mut encoder) = (Sample::default(), Encoder::new());
    let [mut dump, mut whole, mut packing] = [Duration::ZERO; 3];
    let mut bytes = 0;
    for round in 0..ROUNDS + 3 {
        crowd.transfer();
        let before = process_cpu_time();
        raw.run(|_| ());
        let dumped = process_cpu_time();
        live.next_into(&mut sample).expect("the kernel answers");
        aggregator.update(&sample, &mut aggregate);
        let sampled = process_cpu_time();
        let frame = encoder.encode(&sample).expect("there is memory");
        let packed = process_cpu_time();
        // The first rounds fill caches.
        if round >= 3 {
            dump += dumped.saturating_sub(before);
            whole += sampled.saturating_sub(dumped);
            packing += packed.saturating_sub(sampled);
            bytes += frame.payload.len();
        }
    }
    let [dump, whole, packing] = [dump, whole, packing].map(|all| milliseconds(all / ROUNDS));
    let synthetic = milliseconds(synthetic);
    println!(
        "{SOCKETS} real sockets with as much traffic: raw dump {dump:.2} ms CPU, sample {whole:.2} ms CPU; packing takes \
         {packing:.2} ms and {:.2} bytes/socket, which adds {:.0} % to the dump, {:.0} % to the sample; the made-up ones \
         would add {:.0} %",
        bytes as f64 / f64::from(ROUNDS) / SOCKETS as f64,
        packing / dump * 100.0,
        packing / whole * 100.0,
        synthetic / whole * 100.0,
    );
}

/// Returns indices that are spread over the hour and the same on every run.
fn spread_indices(entries: usize) -> impl Iterator<Item = usize> {
    // 2^64 divided by the golden ratio: its multiples are evenly spread.
    (1..).map(move |number: u64| {
        let spread = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((u128::from(spread) * entries as u128) >> 64) as usize
    })
}

/// Measures opening and reading at random instants.
fn seek(path: &Path, criterion: &mut Criterion) {
    let before = Instant::now();
    let mut reader = Reader::open(path).expect("it is a recording");
    println!("open: {:.2} ms", milliseconds(before.elapsed()));
    let entries = reader.entries().len();
    assert_eq!(entries as u64, SAMPLES);

    let mut sample = Sample::default();
    let mut read = |at| {
        reader
            .read_into(at, &mut sample)
            .expect("it is not damaged");
    };
    print_durations("read at a random instant", entries, &mut read);
    let before = Instant::now();
    (0..entries).for_each(&mut read);
    println!(
        "read all in a row: {:.2} ms each",
        milliseconds(before.elapsed()) / entries as f64
    );
    let mut group = criterion.benchmark_group("record");
    group
        .sampling_mode(SamplingMode::Flat)
        .sample_size(10)
        .measurement_time(Duration::from_secs(5));
    let mut random = spread_indices(entries);
    group.bench_function("read at a random instant", |bencher| {
        bencher.iter(|| random.next().map(&mut read));
    });

    let mut replayer = Replayer::new(Box::new(Reader::open(path).expect("it is a recording")));
    let mut moment = Moment::default();
    let mut show = |at| {
        let shown = replayer.show(at, Depth::Rates, &mut moment);
        shown.expect("it is not damaged");
    };
    print_durations("show a random instant", entries, &mut show);
    let mut random = spread_indices(entries);
    group.bench_function("show a random instant", |bencher| {
        bencher.iter(|| random.next().map(&mut show));
    });
    group.finish();
}

/// Prints the duration of `work` at random instants.
fn print_durations(what: &str, entries: usize, work: &mut impl FnMut(usize)) {
    let time = |at| {
        let before = Instant::now();
        work(at);
        before.elapsed()
    };
    let mut times: Vec<Duration> = spread_indices(entries).take(SEEKS).map(time).collect();
    times.sort_unstable();
    println!(
        "{what}: median {:.2} ms, worst {:.2} ms",
        milliseconds(times[times.len() / 2]),
        milliseconds(times[times.len() - 1]),
    );
}

//! Diagnoses recordings that no machine would make: whatever follows whatever, nothing panics.

use std::sync::LazyLock;

use crate::support::rewrite_recording::{fixture, set_setting};
use crate::support::sensitive_thresholds::SENSITIVE;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use sockwatch::aggregate::{Aggregator, Moment};
use sockwatch::diagnose::{Diagnosis, FINDINGS, Thresholds};
use sockwatch::export;
use sockwatch::export::findings::FindingsReport;
use sockwatch::model::{Sample, Timer};
use sockwatch::recording::{Archive as _, Reader};

/// Every Sample of the recordings of findings.
static SAMPLES: LazyLock<Vec<Sample>> = LazyLock::new(|| {
    let mut out = Vec::new();
    for kind in &FINDINGS {
        let path = fixture(kind.id());
        // Two have several causes, and a recording for each.
        let Ok(mut archive) = Reader::open(&path) else {
            continue;
        };
        for at in 0..archive.entries().len() {
            let mut sample = Sample::default();
            archive.read_into(at, &mut sample).expect("it is whole");
            out.push(sample);
        }
    }
    assert!(out.len() > 300, "{}", out.len());
    out
});

/// Diagnoses Samples one after the other, and exports the findings.
fn diagnose(samples: impl IntoIterator<Item = Sample>, thresholds: &Thresholds) {
    let mut diagnosis = Diagnosis::new(thresholds.clone(), TimeZone::UTC);
    let (mut aggregator, mut moment) = (Aggregator::new(), Moment::default());
    for sample in samples {
        moment.sample = sample;
        moment.derive(&mut aggregator);
        let report = FindingsReport {
            findings: diagnosis.update(&moment).to_vec(),
            blindness: diagnosis.blindness_of_watch(1.0),
            namespaces: None,
            scope: String::new(),
        };
        let mut out = Vec::new();
        export::findings::write_text(&report, 40, &TimeZone::UTC, &mut out).expect("memory");
        export::findings::write_json(&report, &mut out).expect("memory");
        diagnosis.ports(&moment);
    }
}

/// A modification of a Sample.
#[derive(Debug, Clone)]
enum Harm {
    None,
    /// Its clocks say something else.
    Clock(u64, i64),
    /// All counters are this.
    Counters(i64),
    /// A setting is this.
    Setting(&'static str, &'static str),
    /// Something is not there.
    NoSockets,
    NoProcesses,
    NoHolders,
    /// Queues are as long as can be.
    Queues,
}

fn harm() -> impl Strategy<Value = Harm> {
    const SETTINGS: [&str; 7] = [
        "net.ipv4.ip_local_port_range",
        "net.ipv4.tcp_mem",
        "net.ipv4.tcp_max_tw_buckets",
        "net.ipv4.tcp_max_orphans",
        "net.ipv4.tcp_tw_reuse",
        "net.core.somaxconn",
        "page_size",
    ];
    const VALUES: [&str; 7] = ["", "0", "18446744073709551615", "9 1", "-1", "1\t1\t0", "x"];
    prop_oneof![
        4 => Just(Harm::None),
        2 => any::<(u64, i64)>().prop_map(|(ns, us)| Harm::Clock(ns, us)),
        1 => any::<i64>().prop_map(Harm::Counters),
        1 => (prop::sample::select(&SETTINGS), prop::sample::select(&VALUES))
            .prop_map(|(name, value)| Harm::Setting(name, value)),
        1 => Just(Harm::NoSockets),
        1 => Just(Harm::NoProcesses),
        1 => Just(Harm::NoHolders),
        1 => Just(Harm::Queues),
    ]
}

fn apply(mut sample: Sample, harm: &Harm) -> Sample {
    match harm {
        Harm::None => {}
        Harm::Clock(ns, us) => (sample.monotonic_ns, sample.taken_at_us) = (*ns, *us),
        Harm::Counters(value) => sample.counters.protocols.values.fill(*value),
        Harm::Setting(name, value) => set_setting(&mut sample, name, value),
        Harm::NoSockets => sample.sockets.clear(),
        Harm::NoProcesses => sample.processes.clear(),
        Harm::NoHolders => sample.holders.clear(),
        Harm::Queues => {
            for socket in sample.sockets.iter_mut() {
                (socket.recv_queue, socket.send_queue) = (u32::MAX, u32::MAX);
                let timer = socket.timer.after(0).map(|timer| Timer {
                    retries: u8::MAX,
                    expires_ms: u32::MAX,
                    ..timer
                });
                socket.timer = timer.into();
            }
            for row in &mut sample.processes {
                row.descriptors = Some(u32::MAX);
            }
        }
    }
    sample
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_samples_in_any_order(
        steps in prop::collection::vec((any::<prop::sample::Index>(), harm()), 1..40),
        is_sensitive in any::<bool>(),
    ) {
        let samples = steps.iter().map(|(at, harm)| apply(at.get(&SAMPLES).clone(), harm));
        let thresholds = if is_sensitive { SENSITIVE.clone() } else { Thresholds::default() };
        diagnose(samples, &thresholds);
    }

    #[test]
    fn any_part_of_a_recording_with_any_gaps(
        start in any::<prop::sample::Index>(),
        steps in prop::collection::vec(0usize..5, 1..40),
        harm in harm(),
    ) {
        let mut at = start.index(SAMPLES.len());
        let samples = steps.iter().map(|step| {
            at = (at + step) % SAMPLES.len();
            let harm = if *step == 0 { harm.clone() } else { Harm::None };
            apply(SAMPLES[at].clone(), &harm)
        });
        diagnose(samples, &SENSITIVE);
    }
}

#[test]
fn with_sensitive_thresholds_every_recording_is_diagnosed() {
    diagnose(SAMPLES.iter().cloned(), &SENSITIVE);
}

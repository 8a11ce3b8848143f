//! The synthetic host of benchmarks and recordings has the configured load, and is aggregated like any other.

use std::collections::HashSet;

use sockwatch::aggregate::{Aggregator, Moment};
use sockwatch::model::{Row, Sample, SocketKey, State};
use sockwatch::source::Source;

use crate::support::synthetic::{Load, Synthetic};

/// Samples that are looked at.
const SAMPLES: usize = 20;

fn keys(sample: &Sample) -> HashSet<SocketKey> {
    sample.sockets.iter().map(|row| row.key()).collect()
}

#[test]
fn the_configured_number_of_sockets_transfer_and_close() {
    let load = Load::of(5_000);
    let mut machine = Synthetic::new(load);
    let mut aggregator = Aggregator::new();
    let (mut moment, mut before) = (Moment::default(), HashSet::new());
    let (mut moved, mut gone) = (0, 0);
    for sample in 0..=SAMPLES {
        machine
            .next_into(&mut moment.sample)
            .expect("it always has one");
        moment.derive(&mut aggregator);
        let now = keys(&moment.sample);
        assert_eq!(now.len(), load.sockets, "each is there once");
        if sample > 0 {
            gone += before.difference(&now).count();
            let rates = moment.aggregate.sockets.iter();
            moved += rates.filter(|rates| rates.received > Some(0.0)).count();
            assert_eq!(moment.sample.closed.len(), 50);
        }
        before = now;
    }
    let (moved, gone) = (moved / SAMPLES, gone / SAMPLES);
    assert!((650..850).contains(&moved), "{moved} of 750 move");
    assert!((45..=55).contains(&gone), "{gone} of 50 go");
    let waiting = |row: &Row<'_>| row.state == State::TimeWait;
    let waiting = moment.sample.sockets.iter().filter(waiting).count();
    assert!((1400..1600).contains(&waiting), "{waiting} TIME-WAITs");
}

#[test]
fn timers_of_idle_sockets_advance_by_the_clock_with_the_jitter_of_a_dump() {
    let mut machine = Synthetic::new(Load::of(2_000));
    let [mut first, mut second] = [Sample::default(), Sample::default()];
    machine.next_into(&mut first).expect("it always has one");
    machine.next_into(&mut second).expect("it always has one");
    let passed_ms = ((second.monotonic_ns - first.monotonic_ns) / 1_000_000) as i64;
    let mut idle = 0;
    for (before, now) in first.iter().zip(second.iter()) {
        let (Some(was), Some(is)) = (before.tcp_info(), now.tcp_info()) else {
            continue;
        };
        if before.socket.key() == now.socket.key() && was.bytes_received() == is.bytes_received() {
            let [was, is] = [was, is].map(|info| info.last_data_sent().expect("it is sent") as i64);
            assert!((is - was - passed_ms).abs() < 10, "{was} {is} {passed_ms}");
            idle += 1;
        }
    }
    assert!(idle > 100, "{idle}");
}

#[test]
fn the_same_seed_produces_the_same_host() {
    let [mut one, mut same] = [(); 2].map(|()| Synthetic::new(Load::of(300)));
    let [mut first, mut second] = [Sample::default(), Sample::default()];
    for _ in 0..3 {
        one.next_into(&mut first).expect("it always has one");
        same.next_into(&mut second).expect("it always has one");
        assert_eq!(first, second);
    }
}

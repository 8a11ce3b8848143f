//! Findings in a network namespace that is not checked for every Sample.

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::aggregate::{Aggregator, Moment};
use crate::diagnose::diagnosis::Diagnosis;
use crate::diagnose::findings::Thresholds;
use crate::model::{Counters, NetNamespace, Sample, Settings};

const SECOND: u64 = 1_000_000_000;

/// A namespace that tracked this many of at most 1000 connections at a second.
fn namespace(checked_s: u64, tracked: i64) -> Arc<NetNamespace> {
    let mut counters = Counters::default();
    counters.protocols.names = Arc::new(vec!["net.netfilter.nf_conntrack_count".to_owned()]);
    counters.protocols.values = vec![tracked];
    let max = (
        "net.netfilter.nf_conntrack_max".to_owned(),
        "1000".to_owned(),
    );
    Arc::new(NetNamespace {
        since_ns: 7,
        checked_ns: checked_s * SECOND,
        counters: Arc::new(counters),
        settings: Arc::new(Settings { values: vec![max] }),
        ..NetNamespace::named(9, "blue")
    })
}

#[test]
fn a_sample_without_a_check_neither_raises_nor_clears() {
    let mut diagnosis = Diagnosis::new(Thresholds::default(), TimeZone::UTC);
    let mut aggregator = Aggregator::new();
    let mut moment = Moment::default();
    let mut active = |second: u64, namespace: Arc<NetNamespace>| {
        moment.sample = Sample {
            monotonic_ns: second * SECOND,
            own_netns: 1,
            namespaces: vec![namespace],
            ..Sample::default()
        };
        moment.derive(&mut aggregator);
        diagnosis.update(&moment).len()
    };
    for second in 100..105 {
        assert_eq!(active(second, namespace(100, 990)), 0, "checked once");
    }
    assert_eq!(active(105, namespace(105, 990)), 1, "it persists");
    for second in 106..110 {
        assert_eq!(active(second, namespace(105, 990)), 1);
    }
    // It has ended, as two checks show.
    for second in 110..115 {
        assert_eq!(active(second, namespace(110, 5)), 1, "in second {second}");
    }
    assert_eq!(active(115, namespace(115, 5)), 0);
}

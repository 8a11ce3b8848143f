//! What is missing from a Sample, by the findings that need it.

use std::sync::Arc;

use super::*;
use crate::model::{FaultSeverity, Settings, Visibility};

const SETTINGS: [(&str, &str); 6] = [
    ("net.ipv4.ip_local_port_range", "32768 60999"),
    ("net.ipv4.ip_local_reserved_ports", ""),
    ("net.ipv4.tcp_max_orphans", "8192"),
    ("net.ipv4.tcp_max_tw_buckets", "8192"),
    ("net.ipv4.tcp_mem", "1 2 3"),
    ("page_size", "4096"),
];

/// A Sample that lacks nothing, on a machine without connection tracking.
fn whole() -> Sample {
    let mut sample = Sample::default();
    let values = SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned()));
    sample.settings = Arc::new(Settings {
        values: values.to_vec(),
    });
    let needs = FINDINGS.iter().flat_map(FindingKind::needs);
    let names = needs.filter_map(|need| match need {
        Need::Counter(name) => Some((*name).to_owned()),
        _ => None,
    });
    let names: Vec<String> = names.collect();
    sample.counters.protocols.values = vec![0; names.len()];
    sample.counters.protocols.names = Arc::new(names);
    sample.visibility = Visibility {
        processes: 10,
        unreadable: 0,
        root: true,
    };
    sample
}

fn without_setting(name: &str) -> Sample {
    let mut sample = whole();
    let mut settings = (*sample.settings).clone();
    settings.values.retain(|(known, _)| known != name);
    sample.settings = Arc::new(settings);
    sample
}

fn blindness(sample: &Sample) -> Blindness {
    Blindness::of(sample, &RecordedSockets::default(), &Thresholds::default())
}

fn ids(list: &[Unchecked]) -> Vec<&'static str> {
    list.iter().map(|unchecked| unchecked.kind.id()).collect()
}

#[test]
fn a_whole_sample_hides_nothing() {
    assert_eq!(blindness(&whole()), Blindness::default());
}

#[test]
fn a_limit_of_the_host_is_out_of_view_in_other_network_namespaces() {
    let found = blindness(&without_setting("net.ipv4.tcp_max_orphans"));
    assert_eq!(ids(&found.limited), ["orphans"]);
    assert_eq!(ids(&found.not_checked), [""; 0]);
    let mut sample = without_setting("net.ipv4.tcp_max_orphans");
    let path = "/proc/sys/net/ipv4/tcp_max_orphans";
    let fault = Fault::new(FaultSeverity::Degraded, path, "Permission denied");
    sample.faults.push(fault);
    let found = blindness(&sample);
    assert_eq!(ids(&found.not_checked), ["orphans"]);
    let why = &found.not_checked[0].why;
    assert_eq!(why, &format!("cannot read {path}: Permission denied"));
}

#[test]
fn without_settings_nothing_that_needs_one_is_checked() {
    let mut sample = whole();
    sample.settings = Arc::default();
    let found = blindness(&sample);
    let expected = [
        "ephemeral-ports-low",
        "tcp-memory-pressure",
        "orphans",
        "time-wait-overflow",
        "conntrack-full",
    ];
    assert_eq!(ids(&found.not_checked), expected);
}

#[test]
fn a_file_of_counters_that_cannot_be_read_hides_what_needs_it() {
    let mut sample = whole();
    let counters = &mut sample.counters.protocols;
    let names = counters.names.iter();
    let names: Vec<String> = names
        .filter(|name| !name.starts_with("TcpExt"))
        .cloned()
        .collect();
    counters.names = Arc::new(names);
    let fault = Fault::new(FaultSeverity::Degraded, "/proc/net/netstat", "denied");
    sample.faults.push(fault);
    let found = blindness(&sample);
    assert!(ids(&found.not_checked).contains(&"time-wait-overflow"));
    assert!(
        found.not_checked[0]
            .why
            .contains("/proc/net/netstat: denied")
    );
}

#[test]
fn a_table_that_cannot_be_dumped_hides_its_sockets() {
    let mut sample = whole();
    let fault = Fault::new(FaultSeverity::Note, "sock_diag udp", "not supported");
    sample.faults.push(fault);
    let found = blindness(&sample);
    assert_eq!(
        ids(&found.not_checked),
        ["ephemeral-ports-low", "udp-drops"]
    );
}

#[test]
fn a_recording_hides_what_was_not_recorded() {
    let of = |tables: &[&str], filter: &str| {
        let tables = tables.iter().map(|&name| name.to_owned());
        let recorded = RecordedSockets {
            tables: Some(tables.collect()),
            filter: filter.to_owned(),
        };
        Blindness::of(&whole(), &recorded, &Thresholds::default())
    };
    let found = of(&["tcp"], "");
    assert_eq!(
        ids(&found.not_checked),
        ["ephemeral-ports-low", "udp-drops"]
    );
    assert_eq!(ids(&found.limited), [""; 0]);
    let found = of(&["tcp", "udp"], "dport = 443");
    assert_eq!(ids(&found.not_checked), [""; 0]);
    assert!(ids(&found.limited).contains(&"close-wait-leak"));
    assert!(!ids(&found.limited).contains(&"orphans"));
}

#[test]
fn unreadable_processes_limit_the_view() {
    let mut sample = whole();
    sample.visibility.unreadable = 4;
    let found = blindness(&sample);
    assert!(ids(&found.limited).contains(&"descriptors-low"));
    assert!(
        found.limited[0]
            .why
            .starts_with("4 of 10 processes could not be read")
    );
}

#[test]
fn disabled_findings_are_not_missed() {
    let thresholds = Thresholds {
        disable: FINDINGS.iter().collect(),
        ..Thresholds::default()
    };
    let recorded = RecordedSockets::default();
    let mut found = Blindness::of(&Sample::default(), &recorded, &thresholds);
    found.add_too_short(0.1, &thresholds);
    assert_eq!(found, Blindness::default());
}

#[test]
fn a_short_watch_checks_nothing_and_a_longer_one_less() {
    let thresholds = Thresholds::default();
    let after = |seconds| {
        let mut found = Blindness::default();
        found.add_too_short(seconds, &thresholds);
        (found.not_checked.len(), ids(&found.limited))
    };
    let (not_checked, limited) = after(1.0);
    assert_eq!((not_checked, limited.len()), (FINDINGS.len(), 0));
    let stalls = ["receiver-stalled", "sender-stalled", "zero-window"];
    let (not_checked, limited) = after(4.0);
    assert_eq!(not_checked, 0);
    assert!(stalls.iter().all(|id| limited.contains(id)), "{limited:?}");
    assert_eq!(after(20.0), (0, Vec::new()));
}

#[test]
fn what_fails_once_is_not_reported_for_a_whole_watch() {
    let mut log = BlindnessLog::default();
    log.add(&blindness(&without_setting(ALWAYS_PRESENT)));
    assert!(ids(&log.most().not_checked).contains(&"ephemeral-ports-low"));
    log.add(&blindness(&whole()));
    assert_eq!(log.most(), Blindness::default());
}

//! How observations become findings, whatever detects them.

use std::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::diagnose::findings::finding_by_id;
use crate::diagnose::kind::FindingKind;
use crate::diagnose::observation::MAX_PER_KIND;
use crate::diagnose::{ProcessName, Severity, Subject, Value};
use crate::model::{Endpoint, ProcessKey, SocketKey};

/// 2026-11-20 23:59:50 UTC, µs.
const START_US: i64 = 1_795_219_190_000_000;

/// A diagnosis whose observations a test makes up, a second later each time.
struct Seer {
    diagnosis: Diagnosis,
    moment: Moment,
    step_ns: u64,
}

impl Seer {
    fn new() -> Seer {
        Seer::with(Thresholds::default())
    }

    fn with(thresholds: Thresholds) -> Seer {
        let diagnosis = Diagnosis::new(thresholds, TimeZone::UTC);
        let mut moment = Moment::default();
        moment.sample.taken_at_us = START_US;
        moment.sample.monotonic_ns = 1_000_000_000_000;
        Seer {
            diagnosis,
            moment,
            step_ns: 1_000_000_000,
        }
    }

    /// The next Sample has these; returns the findings that hold then.
    fn sees(&mut self, observations: &[Observation]) -> Vec<Finding> {
        self.diagnosis.observations.extend_from_slice(observations);
        let findings = self.diagnosis.track(&self.moment).to_vec();
        self.moment.sample.monotonic_ns += self.step_ns;
        self.moment.sample.taken_at_us += (self.step_ns / 1000).cast_signed();
        findings
    }

    /// The same for some Samples; returns the findings that hold at the last.
    fn keeps_seeing(&mut self, times: usize, observations: &[Observation]) -> Vec<Finding> {
        let mut last = Vec::new();
        for _ in 0..times {
            last = self.sees(observations);
        }
        last
    }

    /// How many were raised, and which cleared, since the last call.
    fn changes(&mut self) -> (usize, Vec<Finding>) {
        let changes = self.diagnosis.take_changes();
        let come = changes.iter().filter(|c| matches!(c, Change::Raised(_)));
        let come = come.count();
        let gone = changes.into_iter().filter_map(|change| match change {
            Change::Cleared(finding) => Some(finding),
            Change::Raised(_) => None,
        });
        (come, gone.collect())
    }
}

fn ids(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.kind.id()).collect()
}

fn process_name(pid: u32) -> ProcessName {
    let key = ProcessKey { pid, start_time: 7 };
    let comm = format!("server-{pid}");
    ProcessName { key, comm }
}

fn address(last: u8) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, last).into()
}

fn end(last: u8, port: u16) -> Endpoint {
    let address = address(last);
    Endpoint { address, port }
}

fn listener(cookie: u64, local: Endpoint) -> Subject {
    Subject::Socket {
        key: SocketKey { netns: 1, cookie },
        protocol: "tcp",
        local: Some(local),
        path: None,
        process: Some(process_name(1)),
    }
}

fn remote(last: u8, port: Option<u16>) -> Subject {
    Subject::Remote {
        address: address(last),
        port,
        process: None,
    }
}

fn kind(id: &str) -> &'static FindingKind {
    finding_by_id(id).unwrap()
}

fn observation(id: &str, subject: Subject, count: u64) -> Observation {
    let mut observation = Observation::new(kind(id), subject, "things", Value::Count(count));
    observation.summary = format!("It has {count}");
    observation
}

/// A leak of a process.
fn leak(pid: u32, count: u64) -> Observation {
    observation(
        "close-wait-leak",
        Subject::Process(process_name(pid)),
        count,
    )
}

#[test]
fn it_is_told_once_it_has_held_for_two_seconds() {
    let mut seer = Seer::new();
    assert!(seer.keeps_seeing(2, &[leak(1, 5)]).is_empty());
    let told = seer.sees(&[leak(1, 5)]);
    assert_eq!(ids(&told), ["close-wait-leak"]);
    assert_eq!(told[0].since_us, START_US, "since it was seen first");
    assert_eq!(seer.changes().0, 1);
}

#[test]
fn what_was_absent_in_between_starts_over() {
    let mut seer = Seer::new();
    seer.keeps_seeing(2, &[leak(1, 5)]);
    seer.sees(&[]);
    assert!(seer.keeps_seeing(2, &[leak(1, 5)]).is_empty());
    assert_eq!(seer.sees(&[leak(1, 5)])[0].since_us, START_US + 3_000_000);
}

#[test]
fn it_goes_once_it_has_been_well_for_five_seconds() {
    let mut seer = Seer::new();
    seer.keeps_seeing(3, &[leak(1, 5)]);
    assert_eq!(seer.keeps_seeing(4, &[]).len(), 1, "it may come back");
    assert!(seer.sees(&[]).is_empty());
    let (come, gone) = seer.changes();
    assert_eq!((come, gone.len()), (1, 1));
    assert_eq!(gone[0].until_us, Some(START_US + 2_000_000), "seen last");
}

#[test]
fn what_comes_and_goes_is_one_finding() {
    let mut seer = Seer::new();
    seer.keeps_seeing(3, &[leak(1, 5)]);
    for _ in 0..20 {
        assert_eq!(seer.keeps_seeing(4, &[]).len(), 1);
        assert_eq!(seer.sees(&[leak(1, 5)]).len(), 1);
    }
    let (come, gone) = seer.changes();
    assert_eq!((come, gone.len()), (1, 0));
}

#[test]
fn below_its_threshold_it_is_not_told_but_stays_if_it_was() {
    let nearly = Observation {
        over_threshold: false,
        ..leak(1, 3)
    };
    let mut seer = Seer::new();
    assert!(
        seer.keeps_seeing(30, std::slice::from_ref(&nearly))
            .is_empty()
    );
    assert!(seer.keeps_seeing(2, &[leak(1, 5)]).is_empty(), "not yet");
    let told = seer.sees(&[leak(1, 5)]);
    assert_eq!(told[0].since_us, START_US + 30_000_000, "since it is bad");
    assert_eq!(seer.keeps_seeing(30, &[nearly]).len(), 1);
    assert_eq!(seer.changes().0, 1);
}

#[test]
fn however_far_apart_samples_are_two_are_needed_to_come_and_to_go() {
    let mut seer = Seer::new();
    seer.step_ns = 60_000_000_000;
    assert!(seer.sees(&[leak(1, 5)]).is_empty());
    assert_eq!(seer.sees(&[leak(1, 5)]).len(), 1);
    assert_eq!(seer.sees(&[]).len(), 1);
    assert!(seer.sees(&[]).is_empty());
}

#[test]
fn many_samples_in_a_short_time_are_not_enough() {
    let mut seer = Seer::new();
    seer.step_ns = 100_000_000;
    assert!(seer.keeps_seeing(20, &[leak(1, 5)]).is_empty());
    assert_eq!(seer.sees(&[leak(1, 5)]).len(), 1);
    assert_eq!(seer.keeps_seeing(49, &[]).len(), 1);
    assert!(seer.sees(&[]).is_empty());
}

#[test]
fn it_grows_graver_and_less_grave_only_by_going() {
    let grave = |severity, count| Observation {
        severity,
        ..leak(1, count)
    };
    let mut seer = Seer::new();
    // Before it is told it is as grave as it is.
    seer.sees(&[grave(Severity::Critical, 9)]);
    let told = seer.keeps_seeing(2, &[grave(Severity::Info, 5)]);
    assert_eq!(told[0].severity, Severity::Info);
    let told = seer.sees(&[grave(Severity::Critical, 6)]);
    assert_eq!(told[0].severity, Severity::Critical);
    let told = seer.keeps_seeing(20, &[grave(Severity::Warning, 7)]);
    assert_eq!(told[0].severity, Severity::Critical);
    seer.keeps_seeing(6, &[]);
    let told = seer.keeps_seeing(3, &[grave(Severity::Warning, 5)]);
    assert_eq!(told[0].severity, Severity::Warning, "it is another one");
}

#[test]
fn of_what_is_over_its_worst_moment_is_told() {
    let mut seer = Seer::new();
    seer.keeps_seeing(3, &[leak(1, 5)]);
    seer.sees(&[leak(1, 40)]);
    assert_eq!(seer.sees(&[leak(1, 2)])[0].evidence[0].1, Value::Count(2));
    seer.keeps_seeing(5, &[]);
    let (_, gone) = seer.changes();
    assert_eq!(gone[0].summary, "It has 40 since 23:59:50.");
    assert_eq!(gone[0].evidence[0], ("things", Value::Count(40)));
    assert_eq!(gone[0].until_us, Some(START_US + 4_000_000));
    let recent: Vec<_> = gone[0].recent.values().flatten().collect();
    assert_eq!(recent, [5.0, 5.0, 5.0, 40.0, 2.0], "all of it");
}

#[test]
fn the_gravest_comes_first_and_then_the_largest() {
    let mut info = leak(1, 99);
    info.severity = Severity::Info;
    let mut critical = observation("orphans", Subject::Host, 1);
    critical.severity = Severity::Critical;
    let all = [info, leak(2, 5), leak(3, 50), critical];
    let told = Seer::new().keeps_seeing(3, &all);
    let subjects: Vec<String> = told.iter().map(|f| f.subject.to_string()).collect();
    let expected = ["this host", "server-3 (3)", "server-2 (2)", "server-1 (1)"];
    assert_eq!(subjects, expected);
}

#[test]
fn of_each_kind_the_worst_twenty_are_told() {
    let mut all: Vec<_> = (1..=50).map(|pid| leak(pid, u64::from(pid))).collect();
    all[0].severity = Severity::Critical;
    all.push(observation("orphans", Subject::Host, 1));
    let told = Seer::new().keeps_seeing(3, &all);
    assert_eq!(told.len(), MAX_PER_KIND + 1);
    assert_eq!(told[0].subject.to_string(), "server-1 (1)");
    assert_eq!(told[1].subject.to_string(), "server-50 (50)");
    assert!(ids(&told).contains(&"orphans"));
}

#[test]
fn what_grows_says_how_fast_once_it_was_looked_at_for_ten_seconds() {
    let growing = |count| Observation {
        reports_growth: true,
        ..leak(1, count)
    };
    let mut seer = Seer::new();
    let mut told = Vec::new();
    for count in 0..10 {
        told = seer.sees(&[growing(5 + count)]);
    }
    assert_eq!(told[0].summary, "It has 14 since 23:59:50.");
    let told = seer.sees(&[growing(15)]);
    let (name, rate) = told[0].evidence.last().unwrap();
    assert_eq!((*name, rate), ("growth_per_min", &Value::Rate(60.0)));
    // Midnight has passed: the day is told, too.
    let expected = "It has 15, growing 60/min since 2026-11-20 23:59:50.";
    assert_eq!(told[0].summary, expected);
    let told = seer.sees(&[growing(5)]);
    assert_eq!(told[0].summary, "It has 5 since 2026-11-20 23:59:50.");
    // A part that ends with a comma gets no second one, and the rest comes last.
    let mut with_rest = growing(60);
    with_rest.summary = "It, which is bad,".to_owned();
    with_rest.rest = ": 60 of 100".to_owned();
    let told = seer.sees(&[with_rest]);
    assert_eq!(
        told[0].summary,
        "It, which is bad, growing 275/min since 2026-11-20 23:59:50: 60 of 100."
    );
}

#[test]
fn since_when_is_as_the_kernel_tells_if_it_does() {
    let mut seer = Seer::new();
    let mut earlier = leak(1, 5);
    earlier.since_ns = Some(seer.moment.sample.monotonic_ns - 20_000_000_000);
    let told = seer.keeps_seeing(3, &[earlier]);
    assert_eq!(told[0].since_us, START_US - 20_000_000);
    assert_eq!(told[0].summary, "It has 5 since 23:59:30.");
}

#[test]
fn what_nobody_wants_to_know_is_not_told() {
    let all = [
        leak(1, 5),
        leak(2, 5),
        observation("orphans", Subject::Host, 5),
    ];
    let mut thresholds = Thresholds {
        ignore_processes: vec!["server-1".to_owned()],
        ..Thresholds::default()
    };
    let told = Seer::with(thresholds.clone()).keeps_seeing(3, &all);
    assert_eq!(ids(&told), ["close-wait-leak", "orphans"]);
    assert_eq!(told[0].subject.to_string(), "server-2 (2)");
    thresholds.disable = vec![kind("close-wait-leak")];
    let told = Seer::with(thresholds).keeps_seeing(3, &all);
    assert_eq!(ids(&told), ["orphans"]);
}

#[test]
fn what_follows_from_something_graver_is_left_to_that() {
    let here = end(3, 8080);
    let queue = || observation("accept-queue-full", listener(1, here), 5);
    let at = |kind: &str, cookie| observation(kind, listener(cookie, here), 5);
    let towards = |kind: &str, own: Option<Endpoint>| Observation {
        own_end: own,
        ..observation(kind, remote(3, Some(8080)), 5)
    };
    let only = |graver: Observation, lesser: Observation| {
        let told = Seer::new().keeps_seeing(3, &[graver.clone(), lesser]);
        ids(&told) == [graver.kind.id()]
    };
    // What waits in the queue of this listener, and what is on its way into it.
    assert!(only(queue(), at("accept-queue-filling", 1)));
    assert!(only(queue(), at("not-accepted", 1)));
    assert!(only(queue(), at("syn-queue-full", 1)));
    assert!(!only(queue(), at("not-accepted", 2)), "it is another one");
    // Their other ends, if they are on this machine.
    assert!(only(queue(), towards("connect-stuck", Some(here))));
    assert!(only(queue(), towards("zero-window", Some(here))));
    assert!(!only(queue(), towards("connect-stuck", None)));
    let other = Some(end(3, 8081));
    assert!(!only(queue(), towards("connect-stuck", other)));
    let anywhere = Endpoint {
        address: Ipv4Addr::UNSPECIFIED.into(),
        port: 8080,
    };
    let unaccepted = observation("not-accepted", listener(1, anywhere), 5);
    assert!(only(unaccepted, towards("connect-stuck", Some(here))));
    // Segments that are lost where nothing arrives at all.
    let stalled = observation("sender-stalled", remote(7, Some(443)), 5);
    let lossy = |last| observation("retransmitting", remote(last, None), 5);
    assert!(only(stalled.clone(), lossy(7)));
    assert!(!only(stalled, lossy(8)));
    // TIME-WAITs whose ports run out, or of which no more are kept.
    let path = Subject::Path {
        source: address(3),
        destination: end(7, 443),
        process: None,
    };
    let ports = observation("ephemeral-ports-low", path, 5);
    let waits = |port| observation("time-wait-buildup", remote(7, Some(port)), 5);
    assert!(only(ports.clone(), waits(443)));
    assert!(!only(ports, waits(80)));
    let overflow = observation("time-wait-overflow", Subject::Host, 5);
    assert!(only(overflow, waits(80)));
}

#[test]
fn what_follows_from_something_that_is_just_over_is_left_to_that_for_a_while() {
    let stalled = observation("sender-stalled", remote(7, Some(443)), 5);
    let lossy = observation("retransmitting", remote(7, None), 5);
    let mut seer = Seer::new();
    seer.keeps_seeing(3, std::slice::from_ref(&stalled));
    // Five seconds until it goes, and ten until its traces have.
    let lossy = std::slice::from_ref(&lossy);
    assert_eq!(ids(&seer.keeps_seeing(4, lossy)), ["sender-stalled"]);
    assert!(seer.keeps_seeing(12, lossy).is_empty());
    assert_eq!(ids(&seer.sees(lossy)), ["retransmitting"]);
}

#[test]
fn what_is_switched_off_takes_nothing_with_it() {
    let here = end(3, 8080);
    let queue = observation("accept-queue-full", listener(1, here), 5);
    let waiting = observation("not-accepted", listener(1, here), 5);
    let thresholds = Thresholds {
        disable: vec![kind("accept-queue-full")],
        ..Thresholds::default()
    };
    let told = Seer::with(thresholds).keeps_seeing(3, &[queue, waiting]);
    assert_eq!(ids(&told), ["not-accepted"]);
}

#[test]
fn a_clock_that_goes_backwards_does_no_harm() {
    let mut seer = Seer::new();
    seer.keeps_seeing(3, &[leak(1, 5)]);
    seer.moment.sample.monotonic_ns = 0;
    seer.moment.sample.taken_at_us = i64::MIN;
    assert_eq!(seer.sees(&[leak(1, 6)]).len(), 1);
    seer.moment.sample.monotonic_ns = u64::MAX - 20_000_000_000;
    seer.moment.sample.taken_at_us = i64::MAX - 20_000_000;
    assert_eq!(seer.sees(&[leak(1, 6), leak(2, 9)]).len(), 1);
    assert!(seer.keeps_seeing(6, &[]).is_empty());
}

#[test]
fn restarted_it_has_seen_nothing() {
    let mut seer = Seer::with(Thresholds {
        hold_s: 0.0,
        ..Thresholds::default()
    });
    assert_eq!(seer.keeps_seeing(2, &[leak(1, 5)]).len(), 1);
    let restarted = seer.diagnosis.restarted();
    assert!(restarted.findings().is_empty());
    assert_eq!(restarted.thresholds, seer.diagnosis.thresholds);
}

//! Observations become findings, independently of their detector.

use std::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::diagnose::findings::finding_by_id;
use crate::diagnose::kind::FindingKind;
use crate::diagnose::observation::MAX_PER_KIND;
use crate::diagnose::{ProcessName, Severity, Subject, Value};
use crate::model::{Endpoint, ProcessKey, SocketKey};

/// 2026-11-20 23:59:50 UTC, µs.
const START_US: i64 = 1_795_219_190_000_000;

/// A diagnosis with scripted observations, one second apart.
struct ScriptedDiagnosis {
    diagnosis: Diagnosis,
    moment: Moment,
    step_ns: u64,
}

impl ScriptedDiagnosis {
    fn new() -> ScriptedDiagnosis {
        ScriptedDiagnosis::with(Thresholds::default())
    }

    fn with(thresholds: Thresholds) -> ScriptedDiagnosis {
        let diagnosis = Diagnosis::new(thresholds, TimeZone::UTC);
        let mut moment = Moment::default();
        moment.sample.taken_at_us = START_US;
        moment.sample.monotonic_ns = 1_000_000_000_000;
        ScriptedDiagnosis {
            diagnosis,
            moment,
            step_ns: 1_000_000_000,
        }
    }

    /// Observes these in the next Sample; returns the active findings.
    fn observe(&mut self, observations: &[Observation]) -> Vec<Finding> {
        self.diagnosis.observations.extend_from_slice(observations);
        let findings = self.diagnosis.track(&self.moment).to_vec();
        self.moment.sample.monotonic_ns += self.step_ns;
        self.moment.sample.taken_at_us += (self.step_ns / 1000).cast_signed();
        findings
    }

    /// Observes these in several Samples; returns the findings active at the last one.
    fn observe_times(&mut self, times: usize, observations: &[Observation]) -> Vec<Finding> {
        let mut last = Vec::new();
        for _ in 0..times {
            last = self.observe(observations);
        }
        last
    }

    /// Returns the number of raised findings, and the cleared ones, since the last call.
    fn changes(&mut self) -> (usize, Vec<Finding>) {
        let changes = self.diagnosis.take_changes();
        let raised = changes.iter().filter(|c| matches!(c, Change::Raised(_)));
        let raised = raised.count();
        let cleared = changes.into_iter().filter_map(|change| match change {
            Change::Cleared(finding) => Some(finding),
            Change::Raised(_) => None,
        });
        (raised, cleared.collect())
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
        key: SocketKey {
            netns: 1,
            cookie,
            association: 0,
        },
        protocol: "tcp",
        local: Some(local),
        path: None,
        process: Some(process_name(1)),
        others: Vec::new(),
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
fn it_is_raised_once_it_has_persisted_for_two_seconds() {
    let mut scripted = ScriptedDiagnosis::new();
    assert!(scripted.observe_times(2, &[leak(1, 5)]).is_empty());
    let findings = scripted.observe(&[leak(1, 5)]);
    assert_eq!(ids(&findings), ["close-wait-leak"]);
    assert_eq!(
        findings[0].since_us, START_US,
        "since it was first observed"
    );
    assert_eq!(scripted.changes().0, 1);
}

#[test]
fn a_condition_that_was_absent_starts_over() {
    let mut scripted = ScriptedDiagnosis::new();
    scripted.observe_times(2, &[leak(1, 5)]);
    scripted.observe(&[]);
    assert!(scripted.observe_times(2, &[leak(1, 5)]).is_empty());
    assert_eq!(
        scripted.observe(&[leak(1, 5)])[0].since_us,
        START_US + 3_000_000
    );
}

#[test]
fn it_clears_once_it_has_been_absent_for_five_seconds() {
    let mut scripted = ScriptedDiagnosis::new();
    scripted.observe_times(3, &[leak(1, 5)]);
    assert_eq!(scripted.observe_times(4, &[]).len(), 1, "it may return");
    assert!(scripted.observe(&[]).is_empty());
    let (raised, cleared) = scripted.changes();
    assert_eq!((raised, cleared.len()), (1, 1));
    assert_eq!(
        cleared[0].until_us,
        Some(START_US + 2_000_000),
        "when last observed"
    );
}

#[test]
fn a_condition_that_comes_and_goes_is_one_finding() {
    let mut scripted = ScriptedDiagnosis::new();
    scripted.observe_times(3, &[leak(1, 5)]);
    for _ in 0..20 {
        assert_eq!(scripted.observe_times(4, &[]).len(), 1);
        assert_eq!(scripted.observe(&[leak(1, 5)]).len(), 1);
    }
    let (raised, cleared) = scripted.changes();
    assert_eq!((raised, cleared.len()), (1, 0));
}

#[test]
fn below_its_threshold_it_is_not_raised_but_stays_if_it_was() {
    let nearly = Observation {
        over_threshold: false,
        ..leak(1, 3)
    };
    let mut scripted = ScriptedDiagnosis::new();
    assert!(
        scripted
            .observe_times(30, std::slice::from_ref(&nearly))
            .is_empty()
    );
    assert!(
        scripted.observe_times(2, &[leak(1, 5)]).is_empty(),
        "not yet"
    );
    let findings = scripted.observe(&[leak(1, 5)]);
    assert_eq!(
        findings[0].since_us,
        START_US + 30_000_000,
        "since it is over its threshold"
    );
    assert_eq!(scripted.observe_times(30, &[nearly]).len(), 1);
    assert_eq!(scripted.changes().0, 1);
}

#[test]
fn two_samples_are_needed_to_raise_and_to_clear_at_any_interval() {
    let mut scripted = ScriptedDiagnosis::new();
    scripted.step_ns = 60_000_000_000;
    assert!(scripted.observe(&[leak(1, 5)]).is_empty());
    assert_eq!(scripted.observe(&[leak(1, 5)]).len(), 1);
    assert_eq!(scripted.observe(&[]).len(), 1);
    assert!(scripted.observe(&[]).is_empty());
}

#[test]
fn many_samples_in_a_short_time_are_not_enough() {
    let mut scripted = ScriptedDiagnosis::new();
    scripted.step_ns = 100_000_000;
    assert!(scripted.observe_times(20, &[leak(1, 5)]).is_empty());
    assert_eq!(scripted.observe(&[leak(1, 5)]).len(), 1);
    assert_eq!(scripted.observe_times(49, &[]).len(), 1);
    assert!(scripted.observe(&[]).is_empty());
}

#[test]
fn it_becomes_more_severe_at_once_and_less_severe_only_by_clearing() {
    let with_severity = |severity, count| Observation {
        severity,
        ..leak(1, count)
    };
    let mut scripted = ScriptedDiagnosis::new();
    // Before it is raised its severity follows the observation.
    scripted.observe(&[with_severity(Severity::Critical, 9)]);
    let findings = scripted.observe_times(2, &[with_severity(Severity::Info, 5)]);
    assert_eq!(findings[0].severity, Severity::Info);
    let findings = scripted.observe(&[with_severity(Severity::Critical, 6)]);
    assert_eq!(findings[0].severity, Severity::Critical);
    let findings = scripted.observe_times(20, &[with_severity(Severity::Warning, 7)]);
    assert_eq!(findings[0].severity, Severity::Critical);
    scripted.observe_times(6, &[]);
    let findings = scripted.observe_times(3, &[with_severity(Severity::Warning, 5)]);
    assert_eq!(findings[0].severity, Severity::Warning, "it is another one");
}

#[test]
fn durations_do_not_change_when_the_clock_is_set() {
    for step_us in [-3_600_000_000, 3_600_000_000] {
        let mut scripted = ScriptedDiagnosis::new();
        scripted.observe_times(5, &[leak(1, 5)]);
        scripted.moment.sample.taken_at_us += step_us;
        let findings = scripted.observe_times(6, &[leak(1, 5)]);
        let now_ns = scripted.moment.sample.monotonic_ns - scripted.step_ns;
        assert_eq!(findings[0].duration_us(now_ns), 10_000_000);
        assert_eq!(
            findings[0].since_us, START_US,
            "as the clock showed it then"
        );
        scripted.observe_times(5, &[]);
        let (_, cleared) = scripted.changes();
        assert_eq!(cleared[0].duration_us(u64::MAX), 10_000_000);
        assert_eq!(cleared[0].until_us, Some(START_US + step_us + 10_000_000));
        let end = cleared[0].end_phrase(|_| "then".to_owned());
        assert_eq!(end.as_deref(), Some("ended at then (lasted 10 s)"));
    }
}

#[test]
fn a_cleared_finding_is_reported_as_it_was_at_its_worst() {
    let mut scripted = ScriptedDiagnosis::new();
    scripted.observe_times(3, &[leak(1, 5)]);
    scripted.observe(&[leak(1, 40)]);
    assert_eq!(
        scripted.observe(&[leak(1, 2)])[0].evidence[0].1,
        Value::Count(2)
    );
    scripted.observe_times(5, &[]);
    let (_, cleared) = scripted.changes();
    assert_eq!(cleared[0].summary, "It has 40 since 23:59:50.");
    assert_eq!(cleared[0].evidence[0], ("things", Value::Count(40)));
    assert_eq!(cleared[0].until_us, Some(START_US + 4_000_000));
    let recent: Vec<_> = cleared[0].recent.values().flatten().collect();
    assert_eq!(recent, [5.0, 5.0, 5.0, 40.0, 2.0], "all of it");
}

#[test]
fn the_most_severe_comes_first_and_then_the_largest() {
    let mut info = leak(1, 99);
    info.severity = Severity::Info;
    let mut critical = observation("orphans", Subject::Host, 1);
    critical.severity = Severity::Critical;
    let all = [info, leak(2, 5), leak(3, 50), critical];
    let findings = ScriptedDiagnosis::new().observe_times(3, &all);
    let subjects: Vec<String> = findings.iter().map(|f| f.subject.to_string()).collect();
    let expected = ["this host", "server-3 (3)", "server-2 (2)", "server-1 (1)"];
    assert_eq!(subjects, expected);
}

#[test]
fn the_worst_twenty_of_each_kind_are_reported() {
    let mut all: Vec<_> = (1..=50).map(|pid| leak(pid, u64::from(pid))).collect();
    all[0].severity = Severity::Critical;
    all.push(observation("orphans", Subject::Host, 1));
    let findings = ScriptedDiagnosis::new().observe_times(3, &all);
    assert_eq!(findings.len(), MAX_PER_KIND + 1);
    assert_eq!(findings[0].subject.to_string(), "server-1 (1)");
    assert_eq!(findings[1].subject.to_string(), "server-50 (50)");
    assert!(ids(&findings).contains(&"orphans"));
}

#[test]
fn growth_is_reported_after_ten_seconds() {
    let growing = |count| Observation {
        reports_growth: true,
        ..leak(1, count)
    };
    let mut scripted = ScriptedDiagnosis::new();
    let mut findings = Vec::new();
    for count in 0..10 {
        findings = scripted.observe(&[growing(5 + count)]);
    }
    assert_eq!(findings[0].summary, "It has 14 since 23:59:50.");
    let findings = scripted.observe(&[growing(15)]);
    let (name, rate) = findings[0].evidence.last().unwrap();
    assert_eq!((*name, rate), ("growth_per_min", &Value::Rate(60.0)));
    // Midnight has passed, so the date is shown.
    let expected = "It has 15 since 2026-11-20 23:59:50, growing by 60/min.";
    assert_eq!(findings[0].summary, expected);
    let findings = scripted.observe(&[growing(5)]);
    assert_eq!(findings[0].summary, "It has 5 since 2026-11-20 23:59:50.");
    // The rest follows the growth.
    let mut with_rest = growing(60);
    with_rest.summary = "It has ports in use".to_owned();
    with_rest.rest = ": 60 of 100".to_owned();
    let findings = scripted.observe(&[with_rest]);
    assert_eq!(
        findings[0].summary,
        "It has ports in use since 2026-11-20 23:59:50, growing by 275/min: 60 of 100."
    );
}

#[test]
fn the_start_is_that_of_the_kernel_where_it_reports_one() {
    let mut scripted = ScriptedDiagnosis::new();
    let mut earlier = leak(1, 5);
    earlier.since_ns = Some(scripted.moment.sample.monotonic_ns - 20_000_000_000);
    let findings = scripted.observe_times(3, &[earlier]);
    assert_eq!(findings[0].since_us, START_US - 20_000_000);
    assert_eq!(findings[0].summary, "It has 5 since 23:59:30.");
}

#[test]
fn a_sentence_states_since_when_it_has_held_without_interruption() {
    let mut scripted = ScriptedDiagnosis::new();
    scripted.observe_times(3, &[leak(1, 5)]);
    let mut again = leak(1, 6);
    let now_ns = scripted.moment.sample.monotonic_ns;
    again.stated_since_ns = Some(now_ns - 1_000_000_000);
    let findings = scripted.observe(&[again.clone()]);
    let start_us = findings[0].since_us;
    assert_eq!(findings[0].summary, "It has 6 since 23:59:52.");
    again.stated_since_ns = Some(now_ns - 60_000_000_000);
    let findings = scripted.observe(&[again]);
    assert_eq!(findings[0].summary, "It has 6 since 23:59:50.");
    assert_eq!(findings[0].since_us, start_us);
}

#[test]
fn disabled_findings_and_ignored_processes_are_not_reported() {
    let all = [
        leak(1, 5),
        leak(2, 5),
        observation("orphans", Subject::Host, 5),
    ];
    let mut thresholds = Thresholds {
        ignore_processes: vec!["server-1".to_owned()],
        ..Thresholds::default()
    };
    let findings = ScriptedDiagnosis::with(thresholds.clone()).observe_times(3, &all);
    assert_eq!(ids(&findings), ["close-wait-leak", "orphans"]);
    assert_eq!(findings[0].subject.to_string(), "server-2 (2)");
    thresholds.disable = vec![kind("close-wait-leak")];
    let findings = ScriptedDiagnosis::with(thresholds).observe_times(3, &all);
    assert_eq!(ids(&findings), ["orphans"]);
}

#[test]
fn effects_of_a_cause_are_suppressed() {
    let here = end(3, 8080);
    let queue = || observation("accept-queue-full", listener(1, here), 5);
    let at = |kind: &str, cookie| observation(kind, listener(cookie, here), 5);
    let towards = |kind: &str, own: Option<Endpoint>| Observation {
        own_end: own,
        ..observation(kind, remote(3, Some(8080)), 5)
    };
    let only = |cause: Observation, effect: Observation| {
        let findings = ScriptedDiagnosis::new().observe_times(3, &[cause.clone(), effect]);
        ids(&findings) == [cause.kind.id()]
    };
    // Connections that wait in the queue of this listener, and those about to enter it.
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
    // Retransmissions where nothing arrives at all.
    let stalled = observation("sender-stalled", remote(7, Some(443)), 5);
    let lossy = |last| observation("retransmitting", remote(last, None), 5);
    assert!(only(stalled.clone(), lossy(7)));
    assert!(!only(stalled, lossy(8)));
    // TIME-WAIT sockets whose ports run out, or that are no longer kept.
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
fn effects_of_a_cause_that_just_cleared_are_suppressed_for_a_while() {
    let stalled = observation("sender-stalled", remote(7, Some(443)), 5);
    let lossy = observation("retransmitting", remote(7, None), 5);
    let mut scripted = ScriptedDiagnosis::new();
    scripted.observe_times(3, std::slice::from_ref(&stalled));
    // Five seconds until it clears, and ten until its traces are gone.
    let lossy = std::slice::from_ref(&lossy);
    assert_eq!(ids(&scripted.observe_times(4, lossy)), ["sender-stalled"]);
    assert!(scripted.observe_times(12, lossy).is_empty());
    assert_eq!(ids(&scripted.observe(lossy)), ["retransmitting"]);
}

#[test]
fn a_disabled_finding_suppresses_nothing() {
    let here = end(3, 8080);
    let queue = observation("accept-queue-full", listener(1, here), 5);
    let waiting = observation("not-accepted", listener(1, here), 5);
    let thresholds = Thresholds {
        disable: vec![kind("accept-queue-full")],
        ..Thresholds::default()
    };
    let findings = ScriptedDiagnosis::with(thresholds).observe_times(3, &[queue, waiting]);
    assert_eq!(ids(&findings), ["not-accepted"]);
}

#[test]
fn a_clock_that_goes_backwards_does_no_harm() {
    let mut scripted = ScriptedDiagnosis::new();
    scripted.observe_times(3, &[leak(1, 5)]);
    scripted.moment.sample.monotonic_ns = 0;
    scripted.moment.sample.taken_at_us = i64::MIN;
    assert_eq!(scripted.observe(&[leak(1, 6)]).len(), 1);
    scripted.moment.sample.monotonic_ns = u64::MAX - 20_000_000_000;
    scripted.moment.sample.taken_at_us = i64::MAX - 20_000_000;
    assert_eq!(scripted.observe(&[leak(1, 6), leak(2, 9)]).len(), 1);
    assert!(scripted.observe_times(6, &[]).is_empty());
}

#[test]
fn a_restarted_diagnosis_has_observed_nothing() {
    let mut scripted = ScriptedDiagnosis::with(Thresholds {
        hold_s: 0.0,
        ..Thresholds::default()
    });
    assert_eq!(scripted.observe_times(2, &[leak(1, 5)]).len(), 1);
    let restarted = scripted.diagnosis.restarted();
    assert!(restarted.findings().is_empty());
    assert_eq!(restarted.thresholds, scripted.diagnosis.thresholds);
}

//! A process does not read the data that it has received.
//!
//! The bytes that a process has read are the received bytes minus the unread ones. If they do not grow while data waits, the
//! process does not read; one that reads more slowly than data arrives is not reported.

use std::collections::BTreeSet;

use crate::diagnose::ages::Ages;
use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::facts::{Facts, Holder, add_processes, holder};
use crate::diagnose::finding::{Severity, Value};
use crate::diagnose::holders::Holders;
use crate::diagnose::measure::waiting::WaitingConnections;
use crate::diagnose::need::Need;
use crate::diagnose::observation::Observation;
use crate::diagnose::subject::ProcessName;
use crate::diagnose::threshold::thresholds;
use crate::diagnose::{help_text, phrases};
use crate::model::SeededMap;
use crate::model::{MemoryInfo, ProcessKey, Protocol, TcpInfo};

thresholds! {
    /// Thresholds for unread data.
    thresholds {
        /// Minimum number of unread bytes of one connection. A few hundred that a client never reads, such
        /// as a TLS session ticket or the rest of an answer, do no harm; 16 KiB is more than that.
        unread_bytes: u32 = 16 * 1024, ValueRule::COUNT;
        /// How long nothing must have been read. Raise it for processes that stop reading on purpose to
        /// slow their peers down.
        age_s: f64 = 5.0, ValueRule::SECONDS;
    }
}

/// Ticks of processor time in a second. Kernel: `USER_HZ`.
const TICKS_PER_SECOND: f64 = 100.0;

/// Share of a processor at which a process counts as busy rather than asleep.
const BUSY: f64 = 0.5;

/// Unread connections of one process.
#[derive(Debug, Default)]
struct Group {
    /// The row of the connection with the most unread bytes.
    row: u32,
    waiting: WaitingConnections,
    /// The unread bytes of that connection.
    largest: u32,
    /// Number of connections whose receive window is closed.
    full: u32,
    /// Number of connections that several processes hold, and the rows of all processes.
    shared: u32,
    processes: BTreeSet<u32>,
}

/// Detects processes that do not read.
#[derive(Debug)]
pub(in crate::diagnose) struct ReceiverStalled {
    thresholds: Thresholds,
    ages: Ages,
    /// When each stalled process was first observed, ns of the monotonic clock, and the processor time it had used by then,
    /// in ticks.
    used: SeededMap<ProcessKey, (u64, u64)>,
}

impl Detector for ReceiverStalled {
    const ID: &'static str = "receiver-stalled";
    const TITLE: &'static str = "A process does not read the data that it has received.";
    const LOOK_ALIKES: &'static str = "A process that reads more slowly than data arrives is not reported. Cause stopped: the process \
         is in state T. Cause busy: it uses the CPU but does not read. Cause not-reading: it mostly sleeps.";
    const REMEDY: &'static str =
        "Look at the thread that should read. A larger buffer only delays the problem.";
    const NEEDS: &'static [Need] = &[Need::Sockets(Protocol::Tcp)];

    type Thresholds = Thresholds;

    fn new(thresholds: &Thresholds) -> Self {
        ReceiverStalled {
            thresholds: *thresholds,
            ages: Ages::default(),
            used: SeededMap::default(),
        }
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        format!(
            "A connection has at least {} unread, and nothing was read for {}.",
            help_text::bytes(thresholds.unread_bytes.into()),
            help_text::seconds(thresholds.age_s)
        )
    }

    fn severity(_thresholds: &Thresholds) -> String {
        "Warning. Critical once a receive window is closed.".to_owned()
    }

    fn min_watch_s(thresholds: &Thresholds) -> f64 {
        thresholds.age_s
    }

    fn detect(&mut self, scan: &Scan<'_>, out: &mut Vec<Observation>) {
        let facts = &scan.facts;
        let mut groups: SeededMap<Holder, Group> = SeededMap::default();
        self.ages.begin();
        for &row in &facts.candidates.unread {
            let Some(socket) = facts.socket(row) else {
                continue;
            };
            let unread = socket.socket.recv_queue;
            if unread < self.thresholds.unread_bytes {
                continue;
            }
            let arrived = socket.tcp_info().and_then(TcpInfo::bytes_received);
            // Without a count of received bytes, an unchanged number of unread bytes has to serve.
            let read = arrived.map_or(u64::from(unread), |all| all.saturating_sub(unread.into()));
            let now = facts.now_ns();
            let since = self.ages.since(socket.socket.key(), read, now, now);
            if facts.age_s(since) < self.thresholds.age_s {
                continue;
            }
            let Some(holder) = holder(socket) else {
                continue;
            };
            let group = groups.entry(holder).or_insert_with(|| Group {
                row,
                ..Group::default()
            });
            group.waiting.add(unread, since, true);
            if unread > group.largest {
                group.largest = unread;
                group.row = row;
            }
            let window = socket.tcp_info().and_then(TcpInfo::rcv_wnd);
            group.full += u32::from(window == Some(0));
            group.shared += u32::from(socket.owners().nth(1).is_some());
            add_processes(&mut group.processes, socket);
        }
        self.ages.end();
        let before = std::mem::take(&mut self.used);
        for (holder, group) in groups {
            let first = match holder {
                Holder::Process(row) => facts.sample().processes.get(row as usize),
                Holder::User(_) => None,
            };
            let holders = Holders::at(facts.sample(), group.processes.iter().copied())
                .with_first(first.map(|row| row.process.key));
            let busy = self.busiest(facts, &holders, &before);
            out.extend(observe(scan, holder, &group, &holders, busy));
        }
    }
}

impl ReceiverStalled {
    /// Returns the process that has used most processor time since its stall was first observed, as a share of a processor.
    fn busiest(
        &mut self,
        facts: &Facts<'_>,
        holders: &Holders<'_>,
        before: &SeededMap<ProcessKey, (u64, u64)>,
    ) -> Option<(ProcessName, f64)> {
        let mut busiest: Option<(ProcessName, f64)> = None;
        for row in holders.rows() {
            let Some(activity) = row.activity else {
                continue;
            };
            let (key, ticks) = (row.process.key, activity.cpu_ticks);
            let first = before.get(&key).copied();
            let first = first.unwrap_or((facts.now_ns(), ticks));
            self.used.insert(key, first);
            let seconds = facts.age_s(first.0);
            let share = ticks.saturating_sub(first.1) as f64 / TICKS_PER_SECOND / seconds;
            if seconds > 0.0 && busiest.as_ref().is_none_or(|(_, most)| share > *most) {
                busiest = Some((ProcessName::of(row), share));
            }
        }
        busiest
    }
}

/// Returns the cause and the advice.
fn advice(holders: &Holders<'_>, busy: Option<&(ProcessName, f64)>) -> (&'static str, String) {
    if holders.are_stopped() {
        return ("stopped", holders.continue_all());
    }
    let are_several = holders.are_several();
    let (cause, what) = match busy {
        Some((name, share)) if *share >= BUSY && are_several => {
            ("busy", format!("{name} uses the CPU, but no process reads"))
        }
        Some((_, share)) if *share >= BUSY => {
            ("busy", "It uses the CPU and does not read".to_owned())
        }
        known => {
            let what = match (known.is_some(), are_several) {
                (true, true) => {
                    "They mostly sleep, so they probably wait for something else and do not read"
                }
                (true, false) => {
                    "It mostly sleeps, so it probably waits for something else and does not read"
                }
                (false, true) => "They may wait for something else and do not read",
                (false, false) => "It may wait for something else and does not read",
            };
            ("not-reading", what.to_owned())
        }
    };
    let advice = format!(
        "{}{what}. Look at the thread that should read{}. Once the receive buffer is full, its peers cannot send; a larger \
         buffer only delays that.",
        holders.continue_some(),
        holders.tools()
    );
    (cause, advice)
}

fn observe(
    scan: &Scan<'_>,
    holder: Holder,
    group: &Group,
    holders: &Holders<'_>,
    busy: Option<(ProcessName, f64)>,
) -> Option<Observation> {
    let facts = &scan.facts;
    let socket = facts.socket(group.row)?;
    let (subject, who) = facts.subject_of_holder(holder)?;
    let (cause, advice) = advice(holders, busy.as_ref());
    let peer = socket
        .socket
        .remote()
        .map(|remote| remote.address.to_canonical());
    let from = match (peer, group.waiting.connections) {
        (Some(peer), 1) => format!("its connection with {peer}"),
        (_, count) => phrases::plural(count.into(), "connection", "connections"),
    };
    let buffer = socket.memory().and_then(MemoryInfo::rcvbuf);
    let processes = holders.are_several().then(|| holders.count() as u64);
    let mut observation = Observation::new(
        scan.kind,
        subject,
        "unread_bytes",
        Value::Bytes(group.waiting.unread),
    )
    .with(
        "connections",
        Value::Count(group.waiting.connections.into()),
    )
    .with_cause(cause)
    .with(
        "oldest_s",
        Value::Seconds(facts.age_s(group.waiting.oldest_ns)),
    )
    .with("windows_closed", Value::Count(group.full.into()))
    .with_known(
        "receive_buffer_bytes",
        buffer.map(|n| Value::Bytes(n.into())),
    )
    .with_known("peer", peer.map(|peer| Value::Text(peer.to_string())))
    .with_known("processor", busy.map(|(_, share)| Value::Share(share)))
    .with_known("processes", processes.map(Value::Count))
    .with_known("state", holders.state())
    .with_known("stopped", holders.stopped_names());
    observation.severity = if group.full > 0 {
        Severity::Critical
    } else {
        Severity::Warning
    };
    observation.since_ns = Some(group.waiting.oldest_ns);
    observation.summary = format!("{who} has not read from {from}");
    let shared = holders.sharing(phrases::all_or_some(
        group.shared,
        group.waiting.connections,
    ));
    observation.rest = format!(
        ": {} are unread{shared}",
        phrases::bytes(group.waiting.unread)
    );
    observation.advice = advice;
    Some(observation)
}

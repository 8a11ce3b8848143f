//! A process does not read the data that it has received.
//!
//! The bytes that a process has read are the received bytes minus the unread ones. If they do not grow while data waits, the
//! process does not read; one that reads more slowly than data arrives is not reported.

use crate::diagnose::ages::Ages;
use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::facts::{Facts, Holder, activity, holder};
use crate::diagnose::finding::{Severity, Value};
use crate::diagnose::measure::waiting::WaitingConnections;
use crate::diagnose::need::Need;
use crate::diagnose::observation::Observation;
use crate::diagnose::threshold::thresholds;
use crate::diagnose::{help_text, phrases};
use crate::model::SeededMap;
use crate::model::{Activity, MemoryInfo, ProcessKey, Protocol, TcpInfo};

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
        }
        self.ages.end();
        let before = std::mem::take(&mut self.used);
        for (holder, group) in groups {
            let busy = self.busy(facts, holder, &before);
            out.extend(observe(scan, holder, &group, busy));
        }
    }
}

impl ReceiverStalled {
    /// Returns the share of a processor that a process has used since its stall was first observed.
    fn busy(
        &mut self,
        facts: &Facts<'_>,
        holder: Holder,
        before: &SeededMap<ProcessKey, (u64, u64)>,
    ) -> Option<f64> {
        let Holder::Process(row) = holder else {
            return None;
        };
        let row = facts.sample().processes.get(row as usize)?;
        let ticks = row.activity?.cpu_ticks;
        let key = row.process.key;
        let first = before.get(&key).copied();
        let first = first.unwrap_or((facts.now_ns(), ticks));
        self.used.insert(key, first);
        let seconds = facts.age_s(first.0);
        (seconds > 0.0).then(|| ticks.saturating_sub(first.1) as f64 / TICKS_PER_SECOND / seconds)
    }
}

fn observe(
    scan: &Scan<'_>,
    holder: Holder,
    group: &Group,
    busy: Option<f64>,
) -> Option<Observation> {
    let facts = &scan.facts;
    let socket = facts.socket(group.row)?;
    let activity = activity(socket);
    let (subject, who) = facts.subject_of_holder(holder)?;
    let pid = subject.process().map(|process| process.key.pid);
    let is_stopped = activity.is_some_and(Activity::is_stopped);
    let (cause, advice) = if is_stopped {
        ("stopped", phrases::stopped(pid.as_slice(), activity))
    } else {
        let tools = pid.map_or_else(String::new, |pid| {
            format!(" (`strace -fp {pid}`, `gdb -p {pid}`)")
        });
        let (cause, what) = match busy {
            Some(share) if share >= BUSY => ("busy", "It uses the CPU"),
            Some(_) => (
                "not-reading",
                "It mostly sleeps, so it probably waits for something else",
            ),
            None => ("not-reading", "It may wait for something else"),
        };
        let advice = format!(
            "{what} and does not read. Look at the thread that should read{tools}. Once the receive buffer is full, its \
             peers cannot send; a larger buffer only delays that."
        );
        (cause, advice)
    };
    let peer = socket
        .socket
        .remote()
        .map(|remote| remote.address.to_canonical());
    let from = match (peer, group.waiting.connections) {
        (Some(peer), 1) => format!("its connection with {peer}"),
        (_, count) => phrases::plural(count.into(), "connection", "connections"),
    };
    let buffer = socket.memory().and_then(MemoryInfo::rcvbuf);
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
    .with_known("processor", busy.map(Value::Share))
    .with_known("state", activity.map(|a| Value::Text(a.state.to_string())));
    observation.severity = if group.full > 0 {
        Severity::Critical
    } else {
        Severity::Warning
    };
    observation.since_ns = Some(group.waiting.oldest_ns);
    observation.summary = format!("{who} has not read from {from}");
    observation.rest = format!(": {} are unread", phrases::bytes(group.waiting.unread));
    observation.advice = advice;
    Some(observation)
}

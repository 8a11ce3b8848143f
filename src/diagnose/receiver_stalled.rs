//! `receiver-stalled`: a process leaves received data unread.
//!
//! What a process has read is what arrived less what is unread. If that does not grow while data waits, it does not read;
//! a process that reads more slowly than data comes is not told of.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::ages::Ages;
use super::diagnosis::Finder;
use super::facts::{Facts, Holder, activity, holder};
use super::finding::{Kind, Severity, Value};
use super::observation::Observation;
use super::words;
use crate::model::{Activity, MemoryInfo, ProcessKey, TcpInfo};

/// When it is told.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// Unread bytes of one connection: a few hundred that a client never fetches, such as a session ticket, harm nobody.
    pub unread_bytes: u32,
    /// Seconds without a byte read.
    pub age_s: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds {
            unread_bytes: 16 * 1024,
            age_s: 5.0,
        }
    }
}

/// Ticks of a process's time in a second. Kernel: `USER_HZ`.
const TICKS_PER_SECOND: f64 = 100.0;

/// Share of a processor from which on a process counts as busy rather than asleep.
const BUSY: f64 = 0.5;

#[derive(Debug, Default)]
struct Group {
    row: u32,
    connections: u32,
    unread: u64,
    largest: u32,
    full: u32,
    oldest_ns: u64,
}

#[derive(Debug, Default)]
pub(super) struct ReceiverStalled {
    thresholds: Thresholds,
    ages: Ages,
    /// When processes that stall were looked at first, ns of the monotonic clock, and what they had used of the processor.
    used: FxHashMap<ProcessKey, (u64, u64)>,
}

impl ReceiverStalled {
    pub(super) fn new(thresholds: Thresholds) -> Self {
        ReceiverStalled {
            thresholds,
            ..ReceiverStalled::default()
        }
    }
}

impl Finder for ReceiverStalled {
    fn look(&mut self, facts: &Facts<'_>, out: &mut Vec<Observation>) {
        let mut groups: FxHashMap<Holder, Group> = FxHashMap::default();
        self.ages.begin();
        for &row in &facts.lists.unread {
            let Some(socket) = facts.socket(row) else {
                continue;
            };
            let unread = socket.socket.recv_queue;
            if unread < self.thresholds.unread_bytes {
                continue;
            }
            let arrived = socket.tcp_info().and_then(TcpInfo::bytes_received);
            // Without a count of what arrived, the same amount unread has to do.
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
                oldest_ns: u64::MAX,
                ..Group::default()
            });
            group.connections += 1;
            group.unread += u64::from(unread);
            if unread > group.largest {
                group.largest = unread;
                group.row = row;
            }
            let window = socket.tcp_info().and_then(TcpInfo::rcv_wnd);
            group.full += u32::from(window == Some(0));
            group.oldest_ns = group.oldest_ns.min(since);
        }
        self.ages.end();
        let before = std::mem::take(&mut self.used);
        for (holder, group) in groups {
            let busy = self.busy(facts, holder, &before);
            out.extend(tell(facts, holder, &group, busy));
        }
    }
}

impl ReceiverStalled {
    /// Share of a processor that a process has used since it was seen to stall.
    fn busy(
        &mut self,
        facts: &Facts<'_>,
        holder: Holder,
        before: &FxHashMap<ProcessKey, (u64, u64)>,
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

fn tell(
    facts: &Facts<'_>,
    holder: Holder,
    group: &Group,
    busy: Option<f64>,
) -> Option<Observation> {
    let socket = facts.socket(group.row)?;
    let activity = activity(socket);
    let (subject, who) = facts.whose(holder)?;
    let pid = subject.process().map(|process| process.key.pid);
    let is_stopped = activity.is_some_and(Activity::is_stopped);
    let (cause, advice) = if is_stopped {
        ("stopped", words::stopped(pid, activity))
    } else {
        let look = pid.map_or_else(String::new, |pid| {
            format!(" (`strace -fp {pid}`, `gdb -p {pid}`)")
        });
        let (cause, what) = match busy {
            Some(share) if share >= BUSY => ("busy", "It is busy with something else"),
            Some(_) => ("not-reading", "It sleeps, so it waits for something else"),
            None => ("not-reading", "It may wait for something else"),
        };
        let advice = format!(
            "{what} and does not read: look at the thread that should{look}. Its peers cannot send any more once the \
             receive buffer is full; a larger buffer would only delay that."
        );
        (cause, advice)
    };
    let peer = socket
        .socket
        .remote()
        .map(|remote| remote.address.to_canonical());
    let from = match (peer, group.connections) {
        (Some(peer), 1) => format!("a connection with {peer}"),
        (_, count) => words::plural(count.into(), "connection", "connections"),
    };
    let buffer = socket.memory().and_then(MemoryInfo::rcvbuf);
    let mut observation = Observation::new(
        Kind::ReceiverStalled,
        subject,
        "unread_bytes",
        Value::Bytes(group.unread),
    )
    .with("connections", Value::Count(group.connections.into()))
    .with_cause(cause)
    .with("oldest_s", Value::Seconds(facts.age_s(group.oldest_ns)))
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
    observation.since_ns = Some(group.oldest_ns);
    observation.summary = format!("{who} does not read from {from}");
    observation.rest = format!(": {} wait to be read", words::bytes(group.unread));
    observation.advice = advice;
    Some(observation)
}

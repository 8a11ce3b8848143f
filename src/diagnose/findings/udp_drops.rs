//! UDP sockets drop datagrams because their process reads too slowly, or their receive buffer is too small.
//!
//! The sockets that one process has on one port, or connected to one remote end, are one subject.
//!
//! The kernel drops a datagram for a socket whose receive buffer is full. A buffer that stays full has a slow reader; one
//! that is mostly empty is too small for the bursts in which datagrams arrive.

use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::facts::{Facts, Holder, holder, subject_of};
use crate::diagnose::finding::{Severity, Value};
use crate::diagnose::holders::Holders;
use crate::diagnose::need::Need;
use crate::diagnose::observation::Observation;
use crate::diagnose::subject::{Subject, format_endpoint};
use crate::diagnose::threshold::thresholds;
use crate::diagnose::window::Window;
use crate::diagnose::{help_text, phrases};
use crate::model::SeededMap;
use crate::model::{Endpoint, MemoryInfo, Protocol, SocketKey, SocketRef};

thresholds! {
    /// Thresholds for dropped datagrams.
    thresholds {
        /// Minimum number of datagrams dropped within the window by the sockets of a process on one port.
        /// A few lost at startup or in a burst are normal for UDP. Lower it to 1 where every datagram
        /// matters.
        datagrams: u64 = 10, ValueRule::COUNT;
        /// Length of the window over which drops are added up.
        window_s: f64 = 5.0, ValueRule::WINDOW;
        /// Average share of the receive buffer in use at which the reader is too slow. A buffer that is
        /// mostly empty and still drops datagrams is too small for the bursts.
        slow_share: f64 = 0.5, ValueRule::Share;
    }
}

/// Measurements of one socket over the window.
#[derive(Debug, Default)]
struct RecentSocket {
    /// Datagrams dropped since the socket was opened.
    drops: u32,
    /// Datagrams dropped, and the share of the buffer in use.
    window: Window<2>,
    round: u64,
}

const DROPPED: usize = 0;
const TAKEN: usize = 1;

/// The endpoint that the sockets of one process share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Common {
    /// The local port.
    Port(u16),
    /// The remote end: the kernel chose a local port for each.
    Remote(Endpoint),
}

/// Sockets of one process that drop datagrams.
#[derive(Debug)]
struct Group {
    /// Row of the socket with the lowest key, dropping or not: it stands for all.
    first: (SocketKey, u32),
    /// Row of the socket that has dropped the most, and how many.
    worst: (f64, u32),
    /// Number of sockets that have dropped datagrams.
    sockets: u32,
    dropped: f64,
    dropped_per_s: f64,
    dropped_total: u64,
    /// Share of the buffers in use, weighted by the datagrams that they dropped.
    taken: f64,
}

/// Detects sockets that drop datagrams.
#[derive(Debug)]
pub(in crate::diagnose) struct UdpDrops {
    thresholds: Thresholds,
    sockets: SeededMap<SocketKey, RecentSocket>,
    round: u64,
}

impl Detector for UdpDrops {
    const ID: &'static str = "udp-drops";
    const TITLE: &'static str = "UDP sockets drop datagrams.";
    const LOOK_ALIKES: &'static str = "Cause stopped: the process is in state T. Cause slow: the receive buffer stays full. Cause \
         buffer: the buffer is mostly empty but too small for bursts.";
    const REMEDY: &'static str = "Cause slow: read faster, or with more threads. Cause buffer: raise SO_RCVBUF and net.core.rmem_max.";
    const NEEDS: &'static [Need] = &[Need::Sockets(Protocol::Udp)];
    const MAX_SEVERITY: Severity = Severity::Warning;

    type Thresholds = Thresholds;

    fn new(thresholds: &Thresholds) -> Self {
        UdpDrops {
            thresholds: *thresholds,
            sockets: SeededMap::default(),
            round: 0,
        }
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        format!(
            "The UDP sockets of a process on one port, or to one remote end, have dropped at least {} within {}.",
            phrases::plural(thresholds.datagrams, "datagram", "datagrams"),
            help_text::seconds(thresholds.window_s)
        )
    }

    fn severity(_thresholds: &Thresholds) -> String {
        "Warning.".to_owned()
    }

    fn detect(&mut self, scan: &Scan<'_>, out: &mut Vec<Observation>) {
        let facts = &scan.facts;
        self.round += 1;
        let mut any = false;
        for &row in &facts.candidates.udp {
            let Some(socket) = facts.socket(row) else {
                continue;
            };
            let memory = socket.memory();
            let Some(drops) = memory.and_then(MemoryInfo::drops) else {
                continue;
            };
            let known = self.sockets.get_mut(&socket.socket.key());
            let recent = match known {
                Some(recent) => recent,
                // Drops before the first Sample are not counted.
                None => self
                    .sockets
                    .entry(socket.socket.key())
                    .or_insert(RecentSocket {
                        drops,
                        ..RecentSocket::default()
                    }),
            };
            recent.round = self.round;
            let dropped = growth(recent.drops, drops);
            recent.drops = drops;
            let buffer = memory.and_then(MemoryInfo::rcvbuf).unwrap_or(0);
            let taken = f64::from(socket.socket.recv_queue) / f64::from(buffer.max(1));
            if let Some(seconds) = facts.elapsed_s() {
                let values = [f64::from(dropped), taken.min(1.0)];
                let span = self.thresholds.window_s;
                recent.window.push(facts.now_ns(), seconds, values, span);
            }
            any |= recent.window.count(DROPPED) > 0;
        }
        let round = self.round;
        self.sockets.retain(|_, recent| recent.round == round);
        if any {
            for (common, group) in self.groups(facts) {
                out.extend(observe(scan, common, &group, &self.thresholds));
            }
        }
    }
}

impl UdpDrops {
    /// Groups the sockets that have dropped datagrams by their process and what they have in common.
    fn groups(&self, facts: &Facts<'_>) -> Vec<(Common, Group)> {
        // A connected socket is one of several on its port if the process has others there.
        let mut on_port: SeededMap<(Holder, u16), u32> = SeededMap::default();
        let rows = facts.candidates.udp.iter();
        let sockets = || {
            rows.clone()
                .filter_map(|&row| Some((row, facts.socket(row)?)))
        };
        for (_, socket) in sockets() {
            if let (Some(holder), Some(local)) = (holder(socket), socket.socket.local()) {
                *on_port.entry((holder, local.port)).or_default() += 1;
            }
        }
        let common = |socket: SocketRef<'_>, holder: Option<Holder>| {
            let port = socket.socket.local()?.port;
            let is_only = holder.is_none_or(|holder| on_port.get(&(holder, port)) == Some(&1));
            Some(match socket.socket.remote() {
                Some(remote) if is_only => Common::Remote(remote.canonical()),
                _ => Common::Port(port),
            })
        };
        let mut groups: SeededMap<(Option<Holder>, Common), Group> = SeededMap::default();
        for (row, socket) in sockets() {
            let (key, holder) = (socket.socket.key(), holder(socket));
            let Some(common) = common(socket, holder) else {
                continue;
            };
            let group = groups.entry((holder, common)).or_insert(Group {
                first: (key, row),
                worst: (0.0, row),
                sockets: 0,
                dropped: 0.0,
                dropped_per_s: 0.0,
                dropped_total: 0,
                taken: 0.0,
            });
            group.first = group.first.min((key, row));
            let Some(recent) = self.sockets.get(&key) else {
                continue;
            };
            let dropped = recent.window.sum(DROPPED);
            if dropped > 0.0 {
                group.sockets += 1;
                group.dropped += dropped;
                group.dropped_per_s += recent.window.per_second(DROPPED).unwrap_or(0.0);
                group.dropped_total += u64::from(recent.drops);
                group.taken +=
                    dropped * recent.window.sum(TAKEN) / recent.window.len().max(1) as f64;
                if dropped > group.worst.0 {
                    group.worst = (dropped, row);
                }
            }
        }
        let groups = groups
            .into_iter()
            .map(|((_, common), group)| (common, group));
        groups.filter(|(_, group)| group.sockets > 0).collect()
    }
}

fn observe(
    scan: &Scan<'_>,
    common: Common,
    group: &Group,
    thresholds: &Thresholds,
) -> Option<Observation> {
    let facts = &scan.facts;
    let sum = group.dropped;
    let taken = group.taken / sum;
    let socket = facts.socket(group.worst.1)?;
    let buffer = socket.memory().and_then(MemoryInfo::rcvbuf);
    let subject = subject_of(facts.socket(group.first.1)?);
    let named = subject.process().map(|process| process.key);
    let holders = Holders::of(socket).with_first(named);
    let pid = named.map(|process| process.pid);
    let whose = whose(&subject, common, group.sockets);
    let is_slow = taken >= thresholds.slow_share;
    let most = facts.settings().number("net.core.rmem_max", 0);
    let (cause, why, advice) = if holders.are_stopped() && is_slow {
        ("stopped", "has been stopped", holders.continue_all())
    } else if is_slow {
        let tools = pid.map_or_else(String::new, |pid| {
            format!(" (`strace -fp {pid}`, `perf top -p {pid}`)")
        });
        let advice = format!(
            "{}Its receive buffer stays full: it does not read as fast as datagrams arrive{tools}. Read with recvmmsg(), use \
             more threads with SO_REUSEPORT, or send less; a larger buffer only delays the drops.",
            holders.continue_some()
        );
        ("slow", "has not kept up", advice)
    } else {
        let most = most.map_or_else(String::new, |most| {
            format!(" (up to net.core.rmem_max = {most})")
        });
        let advice = format!(
            "Its receive buffer is mostly empty but too small for bursts. Raise SO_RCVBUF{most}, or net.core.rmem_default \
             for sockets that do not set it."
        );
        ("buffer", "has had too small a receive buffer", advice)
    };
    let dropped = phrases::plural(sum as u64, "datagram was", "datagrams were");
    let count = Value::Count(sum as u64);
    let mut observation = Observation::new(scan.kind, subject, "dropped", count)
        .with("window_s", Value::Seconds(thresholds.window_s))
        .with("dropped_per_s", Value::Rate(group.dropped_per_s))
        .with_cause(cause)
        .with("sockets", Value::Count(group.sockets.into()))
        .with("dropped_total", Value::Count(group.dropped_total))
        .with("buffer_used", Value::Share(taken))
        .with_known(
            "receive_buffer_bytes",
            buffer.map(|n| Value::Bytes(n.into())),
        )
        .with_known("rmem_max", most.map(Value::Bytes))
        .with_known("state", holders.state())
        .with_known("stopped", holders.stopped_names());
    observation.over_threshold = sum >= thresholds.datagrams as f64;
    observation.summary = format!("{whose} {why}");
    observation.rest = format!(
        ": {dropped} dropped in the last {}",
        phrases::seconds(thresholds.window_s)
    );
    observation.advice = advice;
    Some(observation)
}

/// Returns the growth of a counter that begins at 0 again after its maximum; 0 if it went back, which no growth in one
/// interval looks like.
fn growth(before: u32, now: u32) -> u32 {
    let grown = now.wrapping_sub(before);
    if grown > u32::MAX / 2 { 0 } else { grown }
}

/// Names the sockets at the start of a sentence.
fn whose(subject: &Subject, common: Common, sockets: u32) -> String {
    let place = match (common, sockets) {
        (Common::Remote(remote), 2..) => {
            format!("{sockets} UDP sockets to {}", format_endpoint(remote))
        }
        (_, 2..) => format!("{sockets} sockets on UDP {subject}"),
        _ => format!("UDP {subject}"),
    };
    let names: Vec<String> = subject.processes().map(ToString::to_string).collect();
    match (names.as_slice(), sockets) {
        ([], 2..) => format!("A process with {place}"),
        ([], _) => format!("The socket on {place}"),
        ([name], 2..) => format!("{name} with {place}"),
        ([name], _) => format!("{name} on {place}"),
        (names, 2..) => format!("{} with {place}, which they share,", phrases::names(names)),
        (names, _) => format!(
            "The socket on {place}, shared by {},",
            phrases::names(names)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_of_drops_may_begin_again_but_not_go_back() {
        assert_eq!(growth(5, 12), 7);
        assert_eq!(growth(u32::MAX - 1, 3), 5);
        assert_eq!(growth(12, 5), 0);
    }
}

//! `udp-drops`: datagrams are dropped because a process reads too slowly, or its buffer is small.
//!
//! What arrives for a socket whose receive buffer is full is dropped. A buffer that stays full has a reader that is too
//! slow; one that is mostly empty is too small for how datagrams come.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::diagnosis::Finder;
use super::facts::{Facts, activity, subject_of};
use super::finding::{Kind, Value, written};
use super::observation::Observation;
use super::window::Window;
use super::words;
use crate::model::{Activity, MemoryInfo, SocketKey, SocketRef};

/// When it is told.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// Datagrams dropped at one socket within the window: a few at a start or a burst are what UDP is made for.
    pub datagrams: u64,
    /// Seconds over which they are summed up.
    pub window_s: f64,
    /// Share of the receive buffer that is taken, on average, from which on the reader is to blame and not the buffer.
    pub slow_share: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds {
            datagrams: 10,
            window_s: 5.0,
            slow_share: 0.5,
        }
    }
}

/// The last seconds of one socket.
#[derive(Debug, Default)]
struct Lately {
    drops: u32,
    /// Dropped, and the share of the buffer that was taken.
    window: Window<2>,
    round: u64,
}

const DROPPED: usize = 0;
const TAKEN: usize = 1;

#[derive(Debug, Default)]
pub(super) struct UdpDrops {
    thresholds: Thresholds,
    sockets: FxHashMap<SocketKey, Lately>,
    round: u64,
}

impl UdpDrops {
    pub(super) fn new(thresholds: Thresholds) -> Self {
        UdpDrops {
            thresholds,
            ..UdpDrops::default()
        }
    }
}

impl Finder for UdpDrops {
    fn look(&mut self, facts: &Facts<'_>, out: &mut Vec<Observation>) {
        self.round += 1;
        for &row in &facts.lists.udp {
            let Some(socket) = facts.socket(row) else {
                continue;
            };
            let memory = socket.memory();
            let Some(drops) = memory.and_then(MemoryInfo::drops) else {
                continue;
            };
            let known = self.sockets.get_mut(&socket.socket.key());
            let lately = match known {
                Some(lately) => lately,
                // What was dropped before anybody looked is not news; what was dropped by a new socket is.
                None => self.sockets.entry(socket.socket.key()).or_insert(Lately {
                    drops,
                    ..Lately::default()
                }),
            };
            lately.round = self.round;
            let dropped = drops.wrapping_sub(lately.drops);
            lately.drops = drops;
            let buffer = memory.and_then(MemoryInfo::rcvbuf).unwrap_or(0);
            let taken = f64::from(socket.socket.recv_queue) / f64::from(buffer.max(1));
            if let Some(seconds) = facts.elapsed_s() {
                let values = [f64::from(dropped), taken.min(1.0)];
                let span = self.thresholds.window_s;
                lately.window.push(facts.now_ns(), seconds, values, span);
            }
            let sum = lately.window.sum(DROPPED);
            if sum > 0.0 {
                out.push(tell(facts, socket, lately, &self.thresholds));
            }
        }
        let round = self.round;
        self.sockets.retain(|_, lately| lately.round == round);
    }
}

fn tell(
    facts: &Facts<'_>,
    socket: SocketRef<'_>,
    lately: &Lately,
    thresholds: &Thresholds,
) -> Observation {
    let sum = lately.window.sum(DROPPED);
    let taken = lately.window.sum(TAKEN) / lately.window.len().max(1) as f64;
    let activity = activity(socket);
    let buffer = socket.memory().and_then(MemoryInfo::rcvbuf);
    let subject = subject_of(socket);
    let pid = subject.process().map(|process| process.key.pid);
    let local = socket.socket.local().map_or_else(String::new, written);
    let whose = match subject.process() {
        Some(process) => format!("{process} on UDP {local}"),
        None => format!("The socket on UDP {local}"),
    };
    let is_slow = taken >= thresholds.slow_share;
    let most = facts.settings().number("net.core.rmem_max", 0);
    let (cause, why, advice) = if activity.is_some_and(Activity::is_stopped) && is_slow {
        ("stopped", "is stopped", words::stopped(pid, activity))
    } else if is_slow {
        let look = pid.map_or_else(String::new, |pid| {
            format!(" (`strace -fp {pid}`, `perf top -p {pid}`)")
        });
        let advice = format!(
            "Its receive buffer stays full: it does not read as fast as datagrams come{look}. Read with recvmmsg(), on \
             more threads with SO_REUSEPORT, or send less; a larger buffer only delays the drops."
        );
        ("slow", "does not keep up", advice)
    } else {
        let most = most.map_or_else(String::new, |most| {
            format!(" (up to net.core.rmem_max = {most})")
        });
        let advice = format!(
            "It reads all it gets, but its receive buffer is too small for the bursts: raise SO_RCVBUF{most}, or \
             net.core.rmem_default for those that do not set it."
        );
        ("buffer", "has too small a receive buffer", advice)
    };
    let dropped = words::plural(sum as u64, "datagram", "datagrams");
    let count = Value::Count(sum as u64);
    let mut observation = Observation::new(Kind::UdpDrops, subject, "dropped", count)
        .with("window_s", Value::Seconds(thresholds.window_s))
        .with_known(
            "dropped_per_s",
            lately.window.per_second(DROPPED).map(Value::Rate),
        )
        .with_cause(cause)
        .with("dropped_total", Value::Count(lately.drops.into()))
        .with("buffer_used", Value::Share(taken))
        .with_known(
            "receive_buffer_bytes",
            buffer.map(|n| Value::Bytes(n.into())),
        )
        .with_known("rmem_max", most.map(Value::Bytes))
        .with_known("state", activity.map(|a| Value::Text(a.state.to_string())));
    observation.raises = sum >= thresholds.datagrams as f64;
    observation.summary = format!("{whose} {why}");
    observation.rest = format!(
        ": {dropped} dropped in the last {}",
        words::seconds(thresholds.window_s)
    );
    observation.advice = advice;
    observation
}

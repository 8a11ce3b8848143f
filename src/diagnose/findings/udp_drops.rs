//! A UDP socket drops datagrams because its process reads too slowly, or its receive buffer is too small.
//!
//! The kernel drops a datagram for a socket whose receive buffer is full. A buffer that stays full has a slow reader; one
//! that is mostly empty is too small for the bursts in which datagrams arrive.

use rustc_hash::FxHashMap;

use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::facts::{activity, subject_of};
use crate::diagnose::finding::{Severity, Value};
use crate::diagnose::need::Need;
use crate::diagnose::observation::Observation;
use crate::diagnose::subject::format_endpoint;
use crate::diagnose::threshold::thresholds;
use crate::diagnose::window::Window;
use crate::diagnose::{help_text, phrases};
use crate::model::{Activity, MemoryInfo, Protocol, SocketKey, SocketRef};

thresholds! {
    /// Thresholds for dropped datagrams.
    thresholds {
        /// Minimum number of datagrams dropped by one socket within the window. A few lost at startup or
        /// in a burst are normal for UDP. Lower it to 1 where every datagram matters.
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

/// Detects sockets that drop datagrams.
#[derive(Debug)]
pub(in crate::diagnose) struct UdpDrops {
    thresholds: Thresholds,
    sockets: FxHashMap<SocketKey, RecentSocket>,
    round: u64,
}

impl Detector for UdpDrops {
    const ID: &'static str = "udp-drops";
    const TITLE: &'static str = "A UDP socket drops datagrams.";
    const LOOK_ALIKES: &'static str = "Cause stopped: the process is in state T. Cause slow: the receive buffer stays full. Cause \
         buffer: the buffer is mostly empty but too small for bursts.";
    const REMEDY: &'static str = "Cause slow: read faster, or with more threads. Cause buffer: raise SO_RCVBUF and net.core.rmem_max.";
    const NEEDS: &'static [Need] = &[Need::Sockets(Protocol::Udp)];
    const MAX_SEVERITY: Severity = Severity::Warning;

    type Thresholds = Thresholds;

    fn new(thresholds: &Thresholds) -> Self {
        UdpDrops {
            thresholds: *thresholds,
            sockets: FxHashMap::default(),
            round: 0,
        }
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        format!(
            "A socket has dropped at least {} within {}.",
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
            let dropped = drops.wrapping_sub(recent.drops);
            recent.drops = drops;
            let buffer = memory.and_then(MemoryInfo::rcvbuf).unwrap_or(0);
            let taken = f64::from(socket.socket.recv_queue) / f64::from(buffer.max(1));
            if let Some(seconds) = facts.elapsed_s() {
                let values = [f64::from(dropped), taken.min(1.0)];
                let span = self.thresholds.window_s;
                recent.window.push(facts.now_ns(), seconds, values, span);
            }
            let sum = recent.window.sum(DROPPED);
            if sum > 0.0 {
                out.push(observe(scan, socket, recent, &self.thresholds));
            }
        }
        let round = self.round;
        self.sockets.retain(|_, recent| recent.round == round);
    }
}

fn observe(
    scan: &Scan<'_>,
    socket: SocketRef<'_>,
    recent: &RecentSocket,
    thresholds: &Thresholds,
) -> Observation {
    let facts = &scan.facts;
    let sum = recent.window.sum(DROPPED);
    let taken = recent.window.sum(TAKEN) / recent.window.len().max(1) as f64;
    let activity = activity(socket);
    let buffer = socket.memory().and_then(MemoryInfo::rcvbuf);
    let subject = subject_of(socket);
    let pid = subject.process().map(|process| process.key.pid);
    let local = socket
        .socket
        .local()
        .map_or_else(String::new, format_endpoint);
    let whose = match subject.process() {
        Some(process) => format!("{process} on UDP {local}"),
        None => format!("The socket on UDP {local}"),
    };
    let is_slow = taken >= thresholds.slow_share;
    let most = facts.settings().number("net.core.rmem_max", 0);
    let (cause, why, advice) = if activity.is_some_and(Activity::is_stopped) && is_slow {
        (
            "stopped",
            "has been stopped",
            phrases::stopped(pid, activity),
        )
    } else if is_slow {
        let tools = pid.map_or_else(String::new, |pid| {
            format!(" (`strace -fp {pid}`, `perf top -p {pid}`)")
        });
        let advice = format!(
            "Its receive buffer stays full: it does not read as fast as datagrams arrive{tools}. Read with recvmmsg(), use \
             more threads with SO_REUSEPORT, or send less; a larger buffer only delays the drops."
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
        .with_known(
            "dropped_per_s",
            recent.window.per_second(DROPPED).map(Value::Rate),
        )
        .with_cause(cause)
        .with("dropped_total", Value::Count(recent.drops.into()))
        .with("buffer_used", Value::Share(taken))
        .with_known(
            "receive_buffer_bytes",
            buffer.map(|n| Value::Bytes(n.into())),
        )
        .with_known("rmem_max", most.map(Value::Bytes))
        .with_known("state", activity.map(|a| Value::Text(a.state.to_string())));
    observation.over_threshold = sum >= thresholds.datagrams as f64;
    observation.summary = format!("{whose} {why}");
    observation.rest = format!(
        ": {dropped} dropped in the last {}",
        phrases::seconds(thresholds.window_s)
    );
    observation.advice = advice;
    observation
}

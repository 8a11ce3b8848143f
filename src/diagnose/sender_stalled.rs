//! `sender-stalled` and `zero-window`: data cannot leave.
//!
//! A peer that acknowledges but has closed its window does not read: the kernel asks now and then whether it has room (the
//! probe timer). A peer that acknowledges nothing is gone, or the way there or back is: the kernel sends again, at ever
//! longer intervals. Loss that lets some through is told by `retransmitting`.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::ages::Ages;
use super::diagnosis::{Finder, MOST_OF_A_KIND};
use super::facts::{Facts, named, own_end, process};
use super::finding::{Kind, Severity, Subject, Value};
use super::observation::Observation;
use super::words;
use crate::model::{SocketRef, TcpInfo, TimerKind, Unowned};

/// When it is told.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// Seconds without a byte acknowledged.
    pub age_s: f64,
    /// How often the same data was sent again, of a peer that does not acknowledge: once or twice is ordinary loss.
    pub retries: u8,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds {
            age_s: 5.0,
            retries: 3,
        }
    }
}

/// What is known of one remote host or port.
#[derive(Debug, Default)]
struct Group {
    row: u32,
    connections: u32,
    unacknowledged: u64,
    largest: u32,
    retries: u8,
    oldest_ns: u64,
}

/// Whom it is about: the host, and its port if it is the one that was connected to.
type Whom = (std::net::IpAddr, Option<u16>);

#[derive(Debug, Default)]
pub(super) struct SenderStalled {
    thresholds: Thresholds,
    ages: Ages,
}

impl SenderStalled {
    pub(super) fn new(thresholds: Thresholds) -> Self {
        SenderStalled {
            thresholds,
            ..SenderStalled::default()
        }
    }
}

impl Finder for SenderStalled {
    fn look(&mut self, facts: &Facts<'_>, out: &mut Vec<Observation>) {
        let mut groups: FxHashMap<(Kind, Whom), Group> = FxHashMap::default();
        self.ages.begin();
        for &row in &facts.lists.unacknowledged {
            let Some(socket) = facts.socket(row) else {
                continue;
            };
            if let Some((kind, since)) = self.look_at(facts, socket)
                && let (Some(local), Some(remote)) = (socket.socket.local(), socket.socket.remote())
            {
                let came_in = facts.lists.listeners.listens_on(local.port);
                let port = (!came_in).then_some(remote.port);
                let key = (kind, (remote.address.to_canonical(), port));
                let group = groups.entry(key).or_insert_with(|| Group {
                    row,
                    oldest_ns: u64::MAX,
                    ..Group::default()
                });
                let bytes = socket.socket.send_queue;
                group.connections += 1;
                group.unacknowledged += u64::from(bytes);
                if bytes > group.largest {
                    (group.largest, group.row) = (bytes, row);
                }
                let retries = socket.socket.timer.map_or(0, |timer| timer.retries);
                group.retries = group.retries.max(retries);
                group.oldest_ns = group.oldest_ns.min(since);
            }
        }
        self.ages.end();
        // Looking for the other end takes its time: only of those that can be told.
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.unacknowledged));
        for ((kind, whom), group) in groups.into_iter().take(2 * MOST_OF_A_KIND) {
            out.extend(tell(facts, kind, whom, &group));
        }
    }
}

impl SenderStalled {
    /// Whether it is stuck, how, and since when.
    fn look_at(&mut self, facts: &Facts<'_>, socket: SocketRef<'_>) -> Option<(Kind, u64)> {
        let timer = socket.socket.timer?;
        let info = socket.tcp_info();
        let is_probing = timer.kind == TimerKind::Probe;
        if !is_probing && timer.retries == 0 {
            return None;
        }
        let acknowledged = info.and_then(TcpInfo::bytes_acked).unwrap_or(0);
        let now = facts.now_ns();
        let since = self.ages.since(socket.socket.key(), acknowledged, now, now);
        if facts.age_s(since) < self.thresholds.age_s {
            return None;
        }
        if is_probing {
            return Some((Kind::ZeroWindow, since));
        }
        (timer.retries >= self.thresholds.retries).then_some((Kind::SenderStalled, since))
    }
}

fn tell(facts: &Facts<'_>, kind: Kind, whom: Whom, group: &Group) -> Option<Observation> {
    let socket = facts.socket(group.row)?;
    let process = process(socket);
    let who = process
        .as_ref()
        .map_or_else(|| "Somebody".to_owned(), ToString::to_string);
    let subject = Subject::Remote {
        address: whom.0,
        port: whom.1,
        process,
    };
    let peer = facts
        .moment
        .peer_of(socket.socket)
        .and_then(|row| facts.socket(row as u32));
    let is_unaccepted = peer
        .is_some_and(|peer| peer.socket.attribution.unowned() == Some(Unowned::WaitingForAccept));
    if is_unaccepted {
        // Nobody can read from it yet: that is told of.
        return None;
    }
    let reader = peer.and_then(|peer| peer.owner()).map(named);
    let info = socket.tcp_info();
    let oldest = facts.age_s(group.oldest_ns);
    let mut observation = Observation::new(
        kind,
        subject,
        "unacknowledged_bytes",
        Value::Bytes(group.unacknowledged),
    )
    .with("connections", Value::Count(group.connections.into()))
    .with("oldest_s", Value::Seconds(oldest))
    .with("retries", Value::Count(group.retries.into()))
    .with_known(
        "window_bytes",
        info.and_then(TcpInfo::snd_wnd).map(Value::Bytes),
    )
    .with_known(
        "reader",
        reader
            .as_ref()
            .map(|reader| Value::Text(reader.to_string())),
    );
    observation.since_ns = Some(group.oldest_ns);
    observation.towards_own = own_end(socket.socket);
    let to = observation.subject.to_string();
    let bytes = words::bytes(group.unacknowledged);
    let on = match group.connections {
        1 => String::new(),
        count => format!(" on {count} connections"),
    };
    if kind == Kind::ZeroWindow {
        observation.severity = Severity::Warning;
        let reads_not = reader
            .as_ref()
            .map_or_else(|| "the peer".to_owned(), ToString::to_string);
        observation.summary = format!("{who} cannot send to {to}{on}");
        observation.rest =
            format!(": {reads_not} does not read, the window is closed, and {bytes} wait");
        observation.advice = match reader {
            Some(reader) => format!(
                "The other end is on this machine: see why {reader} does not read (receiver-stalled tells more). Nothing \
                 is wrong with the network or with the sender."
            ),
            None => "The peer is there and acknowledges, but its process does not read: look at that host, not at the \
                     network. Until it reads, the send buffer stays full and writes here block."
                .to_owned(),
        };
    } else {
        observation.severity = Severity::Critical;
        let again = words::times(group.retries.into());
        observation.summary = format!("{who} gets no acknowledgement from {to}{on}");
        observation.rest =
            format!(": {bytes} wait, and their first segment was sent again {again}");
        let limit = facts.settings().number("net.ipv4.tcp_retries2", 0);
        let limit = limit.map_or_else(String::new, |n| {
            format!(" after net.ipv4.tcp_retries2 = {n} attempts")
        });
        observation.advice = format!(
            "Nothing comes back: the host is gone or the way there or back is cut (a firewall that forgot the connection, \
             a route, a link). Try `ip route get {0}` and `tracepath {0}`. The kernel gives up{limit}; TCP_USER_TIMEOUT \
             or keepalive lets the process notice sooner.",
            whom.0
        );
    }
    Some(observation)
}

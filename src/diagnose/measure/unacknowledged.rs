//! Measures stuck data: connections whose peer acknowledges nothing, or has closed its window.
//!
//! A peer that acknowledges but has closed its window does not read: the kernel probes the window periodically. A peer that
//! acknowledges nothing is down or unreachable: the kernel retransmits at increasing intervals.
//!
//! A peer that answers retransmissions without acknowledging them is neither. It misses an earlier segment, which is partial
//! loss, or has no such connection any more: a SYN cookie is valid once more with both numbers one higher, so that the last
//! acknowledgment of a closed connection can open it again, whose FIN the client in TIME-WAIT never acknowledges.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::diagnose::ages::Ages;
use crate::diagnose::facts::{Facts, add_processes, own_end, process, process_with_others};
use crate::diagnose::finding::Value;
use crate::diagnose::holders::Holders;
use crate::diagnose::kind::FindingKind;
use crate::diagnose::observation::{MAX_PER_KIND, Observation};
use crate::diagnose::subject::{ProcessName, Subject};
use crate::diagnose::threshold::thresholds;
use crate::model::SeededMap;
use crate::model::{SocketRef, TcpInfo, TimerKind, Unowned};

thresholds! {
    /// Thresholds for stuck data.
    thresholds {
        /// How long nothing must have been acknowledged, for {0} and {1}. It is longer
        /// than any path latency, and than any reasonable garbage collection pause of the reader.
        age_s: f64 = 5.0, ValueRule::SECONDS;
        /// How often the same data must have been retransmitted to a peer that acknowledges nothing
        /// ({0} only). Once or twice is ordinary loss.
        retries: u8 = 3, ValueRule::RETRIES;
    }
}

/// Reason why data is stuck.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::diagnose) enum Obstacle {
    /// The peer acknowledges nothing.
    NoAcknowledgement,
    /// The peer has closed its window.
    ClosedWindow,
}

/// A remote host, with its port if this side opened the connection.
type RemoteEnd = (IpAddr, Option<u16>);

/// Connections to one remote end with the same obstacle.
#[derive(Debug)]
pub(in crate::diagnose) struct StuckGroup {
    obstacle: Obstacle,
    pub(in crate::diagnose) remote: RemoteEnd,
    /// Row of the connection with the most data.
    row: u32,
    pub(in crate::diagnose) connections: u32,
    pub(in crate::diagnose) unacknowledged: u64,
    largest: u32,
    processes: BTreeSet<u32>,
    pub(in crate::diagnose) retries: u8,
    /// When the first connection got stuck, ns of the monotonic clock.
    oldest_ns: u64,
}

/// The observation of a group, without severity and sentences.
#[derive(Debug)]
pub(in crate::diagnose) struct StuckData<'m> {
    pub(in crate::diagnose) observation: Observation,
    /// The sending process, as the start of a sentence.
    pub(in crate::diagnose) sender: String,
    /// The remote end, and the number of connections if there are several.
    pub(in crate::diagnose) destination: String,
    /// The socket at the other end, if it is on this machine.
    pub(in crate::diagnose) peer: Option<SocketRef<'m>>,
    /// Names of the processes at the other end, and their number.
    pub(in crate::diagnose) reader: Option<String>,
    pub(in crate::diagnose) readers: usize,
    /// The process that holds both ends.
    pub(in crate::diagnose) holds_both_ends: Option<ProcessName>,
}

/// Connections that are stuck, by remote end.
#[derive(Debug)]
pub(in crate::diagnose) struct UnacknowledgedData {
    thresholds: Thresholds,
    ages: Ages,
    /// Times of the last segments without data.
    answers: Ages,
    groups: Vec<StuckGroup>,
}

/// Time after a retransmission within which it is answered, s: more than any path latency, and than the age of a Sample.
const ANSWER_S: f64 = 2.0;

impl UnacknowledgedData {
    pub(in crate::diagnose) fn new(thresholds: Thresholds) -> Self {
        UnacknowledgedData {
            thresholds,
            ages: Ages::default(),
            answers: Ages::default(),
            groups: Vec::new(),
        }
    }

    /// Returns the groups with one obstacle, those with the most data first.
    pub(in crate::diagnose) fn groups(
        &self,
        obstacle: Obstacle,
    ) -> impl Iterator<Item = &StuckGroup> {
        let groups = self.groups.iter();
        groups.filter(move |group| group.obstacle == obstacle)
    }

    /// Measures the connections of the next moment.
    pub(in crate::diagnose) fn update(&mut self, facts: &Facts<'_>) {
        let mut groups: SeededMap<(Obstacle, RemoteEnd), StuckGroup> = SeededMap::default();
        self.ages.begin();
        self.answers.begin();
        for &row in &facts.candidates.unacknowledged {
            let Some(socket) = facts.socket(row) else {
                continue;
            };
            if let Some((obstacle, since)) = self.obstacle(facts, socket)
                && let (Some(local), Some(remote)) = (socket.socket.local(), socket.socket.remote())
            {
                let is_accepted = facts.candidates.listeners.listens_on(local.port);
                let port = (!is_accepted).then_some(remote.port);
                let remote = (remote.address.to_canonical(), port);
                let group = groups
                    .entry((obstacle, remote))
                    .or_insert_with(|| StuckGroup {
                        obstacle,
                        remote,
                        row,
                        connections: 0,
                        unacknowledged: 0,
                        largest: 0,
                        processes: BTreeSet::new(),
                        retries: 0,
                        oldest_ns: u64::MAX,
                    });
                let bytes = socket.socket.send_queue;
                group.connections += 1;
                add_processes(&mut group.processes, socket);
                group.unacknowledged += u64::from(bytes);
                if bytes > group.largest {
                    (group.largest, group.row) = (bytes, row);
                }
                let retries = socket.timer().map_or(0, |timer| timer.retries);
                group.retries = group.retries.max(retries);
                group.oldest_ns = group.oldest_ns.min(since);
            }
        }
        self.ages.end();
        self.answers.end();
        self.groups.clear();
        self.groups.extend(groups.into_values());
        self.groups
            .sort_by_key(|group| (std::cmp::Reverse(group.unacknowledged), group.row));
        // Finding the other end is slow, so only groups that can be reported are kept.
        self.groups.truncate(2 * MAX_PER_KIND);
    }

    /// Returns the obstacle of a stuck connection, and since when, ns of the monotonic clock.
    fn obstacle(&mut self, facts: &Facts<'_>, socket: SocketRef<'_>) -> Option<(Obstacle, u64)> {
        let timer = socket.timer()?;
        let info = socket.tcp_info();
        let is_probing = timer.kind == TimerKind::Probe;
        if !is_probing && timer.retries == 0 {
            return None;
        }
        let acknowledged = info.and_then(TcpInfo::bytes_acked).unwrap_or(0);
        let now = facts.now_ns();
        let since = self.ages.since(socket.socket.key(), acknowledged, now, now);
        let is_answered = self.is_answered(facts, socket, since);
        if facts.age_s(since) < self.thresholds.age_s {
            return None;
        }
        if is_probing {
            return Some((Obstacle::ClosedWindow, since));
        }
        let is_lost = timer.retries >= self.thresholds.retries && !is_answered;
        is_lost.then_some((Obstacle::NoAcknowledgement, since))
    }
}

impl UnacknowledgedData {
    /// Reports whether the peer has answered the last retransmission of data that is stuck since `since_ns`, without
    /// acknowledging it. Segments with data do not count: a peer that receives nothing sends its own again.
    fn is_answered(&mut self, facts: &Facts<'_>, socket: SocketRef<'_>, since_ns: u64) -> bool {
        let Some(info) = socket.tcp_info() else {
            return false;
        };
        let (Some(all), Some(with_data)) = (info.segs_in(), info.data_segs_in()) else {
            return false;
        };
        let now = facts.now_ns();
        let without_data = all.wrapping_sub(with_data);
        let answered_ns = self
            .answers
            .since(socket.socket.key(), without_data, now, now);
        // The timeout is that of the next retransmission, twice the time between the last two.
        let next_s = info.rto().map_or(0.0, |rto| rto as f64 / 1e6);
        answered_ns > since_ns && facts.age_s(answered_ns) <= next_s + ANSWER_S
    }
}

impl StuckGroup {
    /// Returns the observation of this group for a kind of finding; `None` if its other end still waits for `accept()`,
    /// which is another finding.
    pub(in crate::diagnose) fn observe<'m>(
        &self,
        kind: &'static FindingKind,
        facts: &Facts<'m>,
    ) -> Option<StuckData<'m>> {
        let socket = facts.socket(self.row)?;
        let process = process(socket);
        let sender = process_with_others(process.as_ref(), &self.processes);
        let subject = Subject::Remote {
            address: self.remote.0,
            port: self.remote.1,
            process,
        };
        let peer = facts
            .moment
            .peer_of(socket.socket)
            .and_then(|row| facts.socket(row as u32));
        let is_unaccepted = peer.is_some_and(|peer| {
            peer.socket.attribution.unowned() == Some(Unowned::WaitingForAccept)
        });
        if is_unaccepted {
            return None;
        }
        let readers = peer.map(Holders::of).unwrap_or_default();
        let reader = readers.names();
        let holds_both_ends = readers.rows().find(|reader| {
            let mut senders = socket.owners();
            senders.any(|(sender, _)| sender.process.key == reader.process.key)
        });
        let info = socket.tcp_info();
        let unacknowledged = Value::Bytes(self.unacknowledged);
        let mut observation =
            Observation::new(kind, subject, "unacknowledged_bytes", unacknowledged)
                .with("connections", Value::Count(self.connections.into()))
                .with("oldest_s", Value::Seconds(facts.age_s(self.oldest_ns)))
                .with("retries", Value::Count(self.retries.into()))
                .with_known(
                    "window_bytes",
                    info.and_then(TcpInfo::snd_wnd).map(Value::Bytes),
                )
                .with_known("reader", reader.clone().map(Value::Text));
        observation.since_ns = Some(self.oldest_ns);
        observation.own_end = own_end(socket.socket);
        let to = observation.subject.to_string();
        let destination = match self.connections {
            1 => to,
            count => format!("{to} on {count} connections"),
        };
        Some(StuckData {
            observation,
            sender,
            destination,
            peer,
            reader,
            readers: readers.count(),
            holds_both_ends: holds_both_ends.map(ProcessName::of),
        })
    }
}

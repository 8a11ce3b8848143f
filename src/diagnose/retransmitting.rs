//! `retransmitting`: a path loses segments, measured against what was sent on it.
//!
//! A little loss is how TCP finds out how much a path carries. From a few per cent on it costs throughput and latency.
//! Where nothing is acknowledged at all, `sender-stalled` tells of it. Within one machine a reader that is slower than what
//! comes loses some in its full buffer: that is no path's fault.

use std::net::IpAddr;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::diagnosis::Finder;
use super::facts::{Facts, own_end, process};
use super::finding::{Kind, Severity, Subject, Value};
use super::observation::Observation;
use super::window::Window;
use super::words;
use crate::model::{MemoryInfo, SocketRef};

/// When it is told.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// Share of the bytes sent to a host that were sent again, from which on it is a warning: throughput of a
    /// loss-based congestion control falls with the root of it, and at 2 % little is left of a long path.
    pub warning: f64,
    /// Share from which on it is critical.
    pub critical: f64,
    /// Bytes sent again within the window, below which a share means nothing: seven full segments.
    pub bytes: u64,
    /// Seconds over which it is measured.
    pub window_s: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds {
            warning: 0.02,
            critical: 0.1,
            bytes: 10_000,
            window_s: 10.0,
        }
    }
}

/// The last seconds of one host.
#[derive(Debug, Default)]
struct Lately {
    /// Bytes sent again, and all that were sent.
    window: Window<2>,
    row: u32,
    connections: u32,
    most: f64,
}

/// Other ends on this machine that are looked for one by one, each by a walk over all sockets.
const FEW_PEERS: usize = 16;

const AGAIN: usize = 0;
const SENT: usize = 1;

#[derive(Debug, Default)]
pub(super) struct Retransmitting {
    thresholds: Thresholds,
    hosts: FxHashMap<IpAddr, Lately>,
}

impl Retransmitting {
    pub(super) fn new(thresholds: Thresholds) -> Self {
        Retransmitting {
            thresholds,
            hosts: FxHashMap::default(),
        }
    }
}

impl Finder for Retransmitting {
    fn look(&mut self, facts: &Facts<'_>, out: &mut Vec<Observation>) {
        let Some(seconds) = facts.elapsed_s() else {
            return;
        };
        for lately in self.hosts.values_mut() {
            lately.connections = 0;
            lately.most = 0.0;
        }
        let rows = facts.lists.retransmitted.iter();
        let here = rows.filter(|row| {
            let socket = facts.socket(**row);
            socket.is_some_and(|socket| own_end(socket.socket).is_some())
        });
        if here.count() > FEW_PEERS {
            // From now on each is found by this index.
            facts.moment.peers();
        }
        for &row in &facts.lists.retransmitted {
            let rate = facts.moment.aggregate.sockets.get(row as usize);
            let (Some(rate), Some(socket)) = (
                rate.and_then(|rates| rates.retransmitted),
                facts.socket(row),
            ) else {
                continue;
            };
            let Some(remote) = socket.socket.remote() else {
                continue;
            };
            if did_not_fit(facts, socket) {
                continue;
            }
            let host = self.hosts.entry(remote.address.to_canonical()).or_default();
            host.connections += 1;
            if f64::from(rate) > host.most {
                (host.most, host.row) = (rate.into(), row);
            }
        }
        if self.hosts.is_empty() {
            return;
        }
        // What closed in between counts as well: its last segments are those that are lost most.
        for remote in &facts.moment.unfiltered().remotes {
            if let Some(host) = self.hosts.get_mut(&remote.address) {
                let throughput = remote.throughput;
                let bytes = |rate: Option<f64>| rate.unwrap_or(0.0) * seconds;
                let values = [bytes(throughput.retransmitted), bytes(throughput.wire_sent)];
                let span = self.thresholds.window_s;
                host.window.push(facts.now_ns(), seconds, values, span);
            }
        }
        for (address, host) in &self.hosts {
            out.extend(self.tell(facts, *address, host));
        }
        self.hosts.retain(|_, host| host.window.count(AGAIN) > 0);
    }
}

/// Whether the other end is on this machine too and has dropped segments: then it was its full buffer that lost them,
/// for its process reads slowly, and not a path.
fn did_not_fit(facts: &Facts<'_>, socket: SocketRef<'_>) -> bool {
    own_end(socket.socket).is_some()
        && facts
            .moment
            .peer_of(socket.socket)
            .and_then(|row| facts.socket(row as u32))
            .and_then(|peer| peer.memory())
            .and_then(MemoryInfo::drops)
            .is_some_and(|drops| drops > 0)
}

impl Retransmitting {
    fn tell(&self, facts: &Facts<'_>, address: IpAddr, host: &Lately) -> Option<Observation> {
        let thresholds = &self.thresholds;
        let (again, sent) = (host.window.sum(AGAIN), host.window.sum(SENT));
        let share = again / sent.max(1.0);
        // Half the share is well again; and what nobody sends any more is, too.
        if again < thresholds.bytes as f64 || share * 2.0 < thresholds.warning {
            return None;
        }
        let socket = facts.socket(host.row).filter(|_| host.connections > 0);
        let socket = socket.filter(|socket| {
            let remote = socket.socket.remote();
            remote.is_some_and(|remote| remote.address.to_canonical() == address)
        });
        let info = socket.and_then(|socket| socket.tcp_info());
        let spurious = info.is_some_and(|info| {
            let (again, twice) = (info.total_retrans(), info.dsack_dups());
            matches!((again, twice), (Some(again), Some(twice)) if again > 0 && twice >= again.div_ceil(2))
        });
        let process = socket.and_then(|socket| process(socket));
        let what = process.as_ref().map_or_else(
            || format!("what is sent to {address}"),
            |process| format!("what {process} sends to {address}"),
        );
        let subject = Subject::Remote {
            address,
            port: None,
            process,
        };
        let totals = facts
            .moment
            .unfiltered()
            .remotes
            .iter()
            .find(|r| r.address == address);
        let rtt = totals.and_then(|totals| totals.rtt_us);
        let mut observation =
            Observation::new(Kind::Retransmitting, subject, "share", Value::Share(share))
                .with("retransmitted_bytes", Value::Bytes(again as u64))
                .with("sent_bytes", Value::Bytes(sent as u64))
                .with("window_s", Value::Seconds(thresholds.window_s))
                .with_cause(if spurious { "reordering" } else { "loss" })
                .with("connections", Value::Count(host.connections.into()))
                .with_known(
                    "rtt_max_ms",
                    rtt.map(|(_, most)| Value::Rate(f64::from(most) / 1e3)),
                );
        observation.raises = share >= thresholds.warning;
        observation.severity = if share >= thresholds.critical {
            Severity::Critical
        } else {
            Severity::Warning
        };
        observation.towards_own = socket.and_then(|socket| own_end(socket.socket));
        observation.summary = format!("{} of {what} is sent again", words::share(share));
        observation.rest = format!(
            ": {} of {} in the last {}",
            words::bytes(again as u64),
            words::bytes(sent as u64),
            words::seconds(thresholds.window_s)
        );
        observation.advice = if spurious {
            format!(
                "Most of it had arrived (the peer reports duplicates): segments overtake each other or acknowledgements \
                 come late on the way to {address}; look for several paths of unequal length, or a Wi-Fi or tunnel that \
                 holds packets back."
            )
        } else {
            format!(
                "Segments are lost on the way to {address}: see `mtr -T {address}` for where, `ip -s link` for errors and \
                 drops of the device here, `tc -s qdisc` for a shaper. The peer is neither slow nor stopped: that would \
                 close its window."
            )
        };
        Some(observation)
    }
}

//! A large share of the bytes sent to a host is retransmitted.
//!
//! TCP probes the capacity of a path by a little loss. Loss of a few percent costs throughput and latency. A peer that
//! acknowledges nothing at all is another finding. Within one machine, segments are lost in the full buffer of a slow
//! reader, which is not a problem of the path.

use std::net::IpAddr;

use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::facts::{Facts, own_end, process};
use crate::diagnose::finding::{Severity, Value};
use crate::diagnose::need::Need;
use crate::diagnose::observation::Observation;
use crate::diagnose::subject::Subject;
use crate::diagnose::threshold::thresholds;
use crate::diagnose::window::Window;
use crate::diagnose::{help_text, phrases};
use crate::model::SeededMap;
use crate::model::{MemoryInfo, Protocol, SocketRef};

thresholds! {
    /// Thresholds for retransmissions.
    thresholds {
        /// Warning at this share of retransmitted bytes to one host. Throughput falls with the square root
        /// of the loss: at 2 %, one connection over a path of 50 ms carries about 2 Mbit/s regardless of
        /// the bandwidth. Raise it for wireless and mobile networks.
        warning: f64 = 0.02, ValueRule::Share;
        /// Critical at this share. If one segment in ten is lost, connections hang for seconds and some fail.
        critical: f64 = 0.1, ValueRule::Share;
        /// Minimum number of retransmitted bytes within the window, about seven full segments. Below it,
        /// the share means little.
        bytes: u64 = 10_000, ValueRule::COUNT;
        /// Length of the measurement. Loss occurs in bursts, so one second says little.
        window_s: f64 = 10.0, ValueRule::WINDOW;
    }
}

/// Measurements of one host over the window.
#[derive(Debug, Default)]
struct RecentHost {
    /// Bytes retransmitted, and bytes sent in total.
    window: Window<2>,
    /// The connection that retransmits the most, and its rate in bytes per second.
    row: u32,
    most: f64,
    /// Connections that have retransmitted since the previous Sample.
    connections: u32,
}

/// Maximum number of peers on this machine to search one by one, each by a walk over all sockets.
const FEW_PEERS: usize = 16;

const RETRANSMITTED: usize = 0;
const SENT: usize = 1;

/// Detects hosts with many retransmissions.
#[derive(Debug)]
pub(in crate::diagnose) struct Retransmitting {
    thresholds: Thresholds,
    hosts: SeededMap<IpAddr, RecentHost>,
}

impl Detector for Retransmitting {
    const ID: &'static str = "retransmitting";
    const TITLE: &'static str = "A large share of the data sent to a host is retransmitted.";
    const LOOK_ALIKES: &'static str = "Some of the data arrives; if nothing does, another finding is reported. Cause loss: segments were \
         lost. Cause reordering: most of the retransmitted data had arrived, as the peer reported.";
    const REMEDY: &'static str =
        "Find where segments are lost: mtr, drops of network devices, a traffic shaper.";
    const NEEDS: &'static [Need] = &[Need::Sockets(Protocol::Tcp)];

    type Thresholds = Thresholds;

    fn new(thresholds: &Thresholds) -> Self {
        Retransmitting {
            thresholds: *thresholds,
            hosts: SeededMap::default(),
        }
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        format!(
            "{} of the bytes sent to a host within {} were retransmissions, and at least {}.",
            help_text::share(thresholds.warning),
            help_text::seconds(thresholds.window_s),
            help_text::bytes(thresholds.bytes)
        )
    }

    fn severity(thresholds: &Thresholds) -> String {
        help_text::severity_by_share(thresholds.warning, thresholds.critical)
    }

    /// Retransmissions from before a path was repaired stay in the window.
    fn memory_s(&self) -> f64 {
        self.thresholds.window_s
    }

    fn detect(&mut self, scan: &Scan<'_>, out: &mut Vec<Observation>) {
        let facts = &scan.facts;
        let Some(seconds) = facts.elapsed_s() else {
            return;
        };
        for host in self.hosts.values_mut() {
            host.connections = 0;
            host.most = 0.0;
        }
        let rows = facts.candidates.retransmitted.iter();
        let here = rows.filter(|row| {
            let socket = facts.socket(**row);
            socket.is_some_and(|socket| own_end(socket.socket).is_some())
        });
        if here.count() > FEW_PEERS {
            // Builds the index that finds each of them from here on.
            facts.moment.peers();
        }
        for &row in &facts.candidates.retransmitted {
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
            if dropped_by_receiver(facts, socket) {
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
        let span = self.thresholds.window_s;
        for (address, rates) in sent_to(facts) {
            if let Some(host) = self.hosts.get_mut(&address) {
                let values = rates.map(|rate| rate * seconds);
                host.window.push(facts.now_ns(), seconds, values, span);
            }
        }
        for (address, host) in &self.hosts {
            out.extend(self.observe(scan, *address, host));
        }
        self.hosts
            .retain(|_, host| host.window.count(RETRANSMITTED) > 0);
    }
}

/// Returns the bytes per second that were retransmitted, and sent, to each remote address.
fn sent_to(facts: &Facts<'_>) -> SeededMap<IpAddr, [f64; 2]> {
    let Some(rows) = facts.rows else {
        // Connections that have closed since then count too: their last segments are lost most often.
        let remotes = facts.moment.unfiltered().remotes.iter();
        let rates = remotes.map(|remote| {
            let throughput = remote.throughput;
            let rates = [throughput.retransmitted, throughput.wire_sent];
            (remote.address, rates.map(Option::unwrap_or_default))
        });
        return rates.collect();
    };
    // The same address may be another host in another network namespace.
    let mut sums: SeededMap<IpAddr, [f64; 2]> = SeededMap::default();
    for row in rows.iter().cloned().flatten() {
        let remote = facts.socket(row).and_then(|socket| socket.socket.remote());
        let rates = facts.moment.aggregate.sockets.get(row as usize);
        if let (Some(remote), Some(rates)) = (remote, rates) {
            let sum = sums.entry(remote.address.to_canonical()).or_default();
            sum[0] += rates.retransmitted.map_or(0.0, f64::from);
            sum[1] += rates.wire_sent.map_or(0.0, f64::from);
        }
    }
    sums
}

/// Reports whether the other end is on this machine and has dropped segments: then its full buffer lost them because its
/// process reads slowly, not the path.
fn dropped_by_receiver(facts: &Facts<'_>, socket: SocketRef<'_>) -> bool {
    own_end(socket.socket).is_some()
        && facts
            .moment
            .peers()
            .peer(&facts.moment.sample, socket.socket)
            .and_then(|row| facts.socket(row as u32))
            .and_then(|peer| peer.memory())
            .and_then(MemoryInfo::drops)
            .is_some_and(|drops| drops > 0)
}

impl Retransmitting {
    fn observe(&self, scan: &Scan<'_>, address: IpAddr, host: &RecentHost) -> Option<Observation> {
        let facts = &scan.facts;
        let thresholds = &self.thresholds;
        let (retransmitted, sent) = (host.window.sum(RETRANSMITTED), host.window.sum(SENT));
        let share = retransmitted / sent.max(1.0);
        // A finding stays active until less than half the share is left, or sending has stopped.
        if retransmitted < thresholds.bytes as f64 || share * 2.0 < thresholds.warning {
            return None;
        }
        let socket = facts.socket(host.row).filter(|_| host.connections > 0);
        let socket = socket.filter(|socket| {
            let remote = socket.socket.remote();
            remote.is_some_and(|remote| remote.address.to_canonical() == address)
        });
        let info = socket.and_then(|socket| socket.tcp_info());
        let spurious = info.is_some_and(|info| {
            info.total_retrans()
                .zip(info.dsack_dups())
                .is_some_and(|(all, duplicates)| all > 0 && duplicates >= all.div_ceil(2))
        });
        let process = socket.and_then(|socket| process(socket));
        let by = match (&process, host.connections) {
            (None, _) => String::new(),
            (Some(process), 1) => format!(", sent by {process}"),
            (Some(process), _) => format!(", most on a connection of {process}"),
        };
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
            .find(|r| r.address == address && (r.local_to == 0 || r.local_to == facts.netns));
        let rtt = totals.and_then(|totals| totals.rtt_us);
        let mut observation = Observation::new(scan.kind, subject, "share", Value::Share(share))
            .with("retransmitted_bytes", Value::Bytes(retransmitted as u64))
            .with("sent_bytes", Value::Bytes(sent as u64))
            .with("window_s", Value::Seconds(thresholds.window_s))
            .with_cause(if spurious { "reordering" } else { "loss" })
            .with("connections", Value::Count(host.connections.into()))
            .with_known(
                "rtt_max_ms",
                rtt.map(|(_, most)| Value::Rate(f64::from(most) / 1e3)),
            );
        observation.over_threshold = share >= thresholds.warning;
        observation.severity = if share >= thresholds.critical {
            Severity::Critical
        } else {
            Severity::Warning
        };
        observation.own_end = socket.and_then(|socket| own_end(socket.socket));
        observation.summary = format!(
            "{} of the bytes sent to {address} have been retransmissions",
            phrases::share(share)
        );
        observation.rest = format!(
            ": {} of {} in the last {}{by}",
            phrases::bytes(retransmitted as u64),
            phrases::bytes(sent as u64),
            phrases::seconds(thresholds.window_s)
        );
        observation.advice = if spurious {
            format!(
                "Most of the retransmitted data had arrived (the peer reports duplicates): segments are reordered or \
                 acknowledgments are delayed on the path to {address}. Look for parallel paths of unequal length, or a \
                 Wi-Fi link or tunnel that delays packets."
            )
        } else {
            format!(
                "Segments are lost on the path to {address}. Run `mtr -T {address}` to find where, `ip -s link` for errors \
                 and drops of the local device, and `tc -s qdisc` for a shaper. A slow or stopped peer is not the reason: it \
                 would close its window."
            )
        };
        Some(observation)
    }
}

//! `syn-queue-full` and `syn-flood`: half-open connections pile up at a listener.
//!
//! A SYN is answered, and what was promised waits in SYN-RECV for the client's acknowledgement. If that does not come,
//! the answer is sent again. Many sources that never acknowledge are a flood, most likely with forged addresses; few are
//! clients whose way back is broken. Once there are as many as the backlog, the kernel answers with SYN cookies, which
//! need no place, or drops the SYN where these are switched off.

use std::net::IpAddr;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use super::diagnosis::Finder;
use super::facts::{Facts, subject_of};
use super::finding::{Kind, Severity, Value};
use super::observation::Observation;
use super::window::Window;
use super::words;

/// When it is told.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// Half-open connections of one listener whose answer was sent again: a machine on the internet always has a few.
    pub half_open: u32,
    /// Share of the backlog from which on fewer will do.
    pub share: f64,
    /// Different sources from which on it is a flood.
    pub flood_sources: u32,
    /// Seconds over which cookies and drops are summed up.
    pub window_s: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds {
            half_open: 16,
            share: 0.8,
            flood_sources: 8,
            window_s: 10.0,
        }
    }
}

/// Fewer are never told of, whatever their share, unless the threshold is lower.
const FEW: u32 = 4;

#[derive(Debug, Default)]
struct Group {
    half_open: u32,
    stuck: u32,
    sources: FxHashSet<IpAddr>,
    first: Option<IpAddr>,
}

/// Share of the backlog from which on cookies and drops are put down to a listener.
const PRESSED: f64 = 0.5;

/// Cookies sent, and SYNs dropped.
const COOKIES: usize = 0;
const DROPPED: usize = 1;

#[derive(Debug, Default)]
pub(super) struct SynQueue {
    thresholds: Thresholds,
    before: [Option<u64>; 2],
    window: Window<2>,
}

impl SynQueue {
    pub(super) fn new(thresholds: Thresholds) -> Self {
        SynQueue {
            thresholds,
            ..SynQueue::default()
        }
    }

    /// Takes up how many cookies were sent and how many SYNs dropped.
    fn count(&mut self, facts: &Facts<'_>) {
        let now = ["TcpExt.TCPReqQFullDoCookies", "TcpExt.TCPReqQFullDrop"]
            .map(|name| facts.counter(name));
        let before = std::mem::replace(&mut self.before, now);
        if let Some(seconds) = facts.elapsed_s() {
            let new = |which: usize| match (now[which], before[which]) {
                (Some(now), Some(before)) => now.saturating_sub(before) as f64,
                _ => 0.0,
            };
            let values = [new(COOKIES), new(DROPPED)];
            let span = self.thresholds.window_s;
            self.window.push(facts.now_ns(), seconds, values, span);
        }
    }
}

impl Finder for SynQueue {
    fn look(&mut self, facts: &Facts<'_>, out: &mut Vec<Observation>) {
        self.count(facts);
        let few = self.thresholds.half_open.min(FEW);
        if facts.lists.syn_recv.len() < few as usize {
            return;
        }
        let rows = &facts.sample().sockets.rows;
        let mut groups: FxHashMap<u32, Group> = FxHashMap::default();
        for &row in &facts.lists.syn_recv {
            let Some(socket) = rows.get(row as usize) else {
                continue;
            };
            let Some(listener) = facts.listener_of(socket) else {
                continue;
            };
            let group = groups.entry(listener).or_default();
            group.half_open += 1;
            let retries = socket.timer.map_or(0, |timer| timer.retries);
            group.stuck += u32::from(retries > 0);
            if let Some(remote) = socket.remote() {
                let source = remote.address.to_canonical();
                group.first.get_or_insert(source);
                group.sources.insert(source);
            }
        }
        for (listener, group) in groups {
            out.extend(self.tell(facts, listener, &group));
        }
    }
}

impl SynQueue {
    fn tell(&self, facts: &Facts<'_>, listener: u32, group: &Group) -> Option<Observation> {
        let thresholds = &self.thresholds;
        let socket = facts.socket(listener)?;
        let backlog = socket.socket.send_queue;
        let share = f64::from(group.half_open) / f64::from(backlog.max(1));
        let (cookies, dropped) = (self.window.sum(COOKIES), self.window.sum(DROPPED));
        // Cookies and drops are counted for all listeners: it is the one that has many half open.
        let is_pressed = cookies + dropped > 0.0 && share >= PRESSED;
        let is_full = share >= thresholds.share || is_pressed;
        // Half as many are well again.
        let few = thresholds.half_open.min(FEW);
        let stays = is_full || group.stuck * 2 >= thresholds.half_open;
        if !(is_pressed || group.stuck >= few && stays) {
            return None;
        }
        let sources = group.sources.len() as u32;
        let is_flood = sources >= thresholds.flood_sources;
        let with_cookies = facts.settings().number("net.ipv4.tcp_syncookies", 0);
        let at_work = cookies > 0.0 || with_cookies == Some(2);
        let subject = subject_of(socket);
        let to = match subject.process() {
            Some(process) => format!("{process} on {subject}"),
            None => subject.to_string(),
        };
        let from = match (sources, group.first) {
            (1, Some(source)) => format!("from {source}"),
            (sources, _) => format!(
                "from {}",
                words::plural(sources.into(), "address", "addresses")
            ),
        };
        let rest = match (at_work, dropped as u64, with_cookies) {
            (true, ..) => ": SYN cookies are at work".to_owned(),
            (false, 0, Some(0)) => ": SYN cookies are off".to_owned(),
            (false, 0, _) => String::new(),
            (false, dropped, _) => format!(
                ": {} dropped in the last {}",
                words::plural(dropped, "SYN was", "SYNs were"),
                words::seconds(thresholds.window_s)
            ),
        };
        let kind = if is_flood {
            Kind::SynFlood
        } else {
            Kind::SynQueueFull
        };
        let count = Value::Count(group.half_open.into());
        let mut observation = Observation::new(kind, subject, "half_open", count)
            .with("stuck", Value::Count(group.stuck.into()))
            .with("backlog", Value::Count(backlog.into()))
            .with("sources", Value::Count(sources.into()))
            .with("cookies_at_work", Value::Flag(at_work))
            .with("cookies_sent", Value::Count(cookies as u64))
            .with("dropped", Value::Count(dropped as u64))
            .with_known("tcp_syncookies", with_cookies.map(Value::Count));
        observation.raises = is_full || group.stuck >= thresholds.half_open;
        observation.severity = if dropped > 0.0 || (is_full && with_cookies == Some(0)) {
            Severity::Critical
        } else if is_full || share >= 0.5 {
            Severity::Warning
        } else {
            Severity::Info
        };
        observation.grows = true;
        let half_open = words::plural(
            group.half_open.into(),
            "half-open connection",
            "half-open connections",
        );
        observation.summary = format!("{half_open} {from} to {to} are not completed");
        observation.rest = rest;
        observation.advice = advice(is_flood, with_cookies, backlog);
        Some(observation)
    }
}

fn advice(is_flood: bool, with_cookies: Option<u64>, backlog: u32) -> String {
    let cookies = match with_cookies {
        Some(0) => "Switch SYN cookies on: `sysctl -w net.ipv4.tcp_syncookies=1`. ",
        _ => "",
    };
    if is_flood {
        let meanwhile = match with_cookies {
            Some(0) => "",
            _ => {
                "Clients that answer still get in by SYN cookies, without window scaling if they have no timestamps. "
            }
        };
        format!(
            "So many sources that never answer are most likely forged. {cookies}{meanwhile}Limit SYNs in the firewall \
             (nftables `synproxy`, `limit rate`) or upstream; a larger backlog than {backlog} does not end it."
        )
    } else {
        format!(
            "{cookies}The SYN arrives and the answer, or what comes back, is lost: look at the way to these clients \
             (routes, a firewall that sees only one direction, `tcpdump 'tcp[tcpflags] & tcp-syn != 0'`)."
        )
    }
}

//! `tcp-memory-pressure`, `orphans`, `time-wait-overflow` and `conntrack-full`: a limit of the whole machine, or of the
//! network namespace, is near.

use serde::{Deserialize, Serialize};

use super::diagnosis::Finder;
use super::facts::Facts;
use super::finding::{Kind, Severity, Subject, Value};
use super::observation::Observation;
use super::{Thresholds, words};
use crate::model::Settings;

/// Shares of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// From which share on it is a warning.
    pub warning: f64,
    /// From which share on it is critical.
    pub critical: f64,
}

/// How much below its threshold is well again.
const SLACK: f64 = 0.05;

/// A counter, and what it was.
#[derive(Debug)]
struct Counter {
    name: &'static str,
    before: Option<u64>,
}

impl Counter {
    const fn new(name: &'static str) -> Counter {
        Counter { name, before: None }
    }

    /// What was added since the Sample before.
    fn step(&mut self, facts: &Facts<'_>) -> u64 {
        let now = facts.counter(self.name);
        let before = std::mem::replace(&mut self.before, now);
        match (now, before) {
            (Some(now), Some(before)) => now.saturating_sub(before),
            _ => 0,
        }
    }
}

#[derive(Debug)]
pub(super) struct HostLimits {
    tcp_memory: Share,
    orphans: Share,
    time_wait: Share,
    conntrack: Share,
    pressures: Counter,
    aborted: Counter,
    overflows: Counter,
}

impl HostLimits {
    pub(super) fn new(thresholds: &Thresholds) -> Self {
        HostLimits {
            tcp_memory: thresholds.tcp_memory_pressure,
            orphans: thresholds.orphans,
            time_wait: thresholds.time_wait_overflow,
            conntrack: thresholds.conntrack_full,
            pressures: Counter::new("TcpExt.TCPMemoryPressures"),
            aborted: Counter::new("TcpExt.TCPAbortOnMemory"),
            overflows: Counter::new("TcpExt.TCPTimeWaitOverflow"),
        }
    }
}

impl Finder for HostLimits {
    fn look(&mut self, facts: &Facts<'_>, out: &mut Vec<Observation>) {
        out.extend(self.tcp_memory(facts));
        out.extend(self.orphans(facts));
        out.extend(self.time_wait(facts));
        out.extend(self.conntrack(facts));
    }
}

/// An observation of a limit of the host, if it is near or `something` else says so.
fn observe(
    kind: Kind,
    thresholds: Share,
    used: (&'static str, Value),
    share: f64,
    something: bool,
) -> Option<Observation> {
    if share < thresholds.warning - SLACK && !something {
        return None;
    }
    let mut observation =
        Observation::new(kind, Subject::Host, used.0, used.1).with("share", Value::Share(share));
    observation.raises = share >= thresholds.warning || something;
    observation.severity = if share >= thresholds.critical {
        Severity::Critical
    } else {
        Severity::Warning
    };
    observation.grows = true;
    Some(observation)
}

impl HostLimits {
    fn tcp_memory(&mut self, facts: &Facts<'_>) -> Option<Observation> {
        let (pressures, aborted) = (self.pressures.step(facts), self.aborted.step(facts));
        let pages = facts.counter("sockstat.TCP.mem")?;
        let settings = facts.settings();
        let pressure = settings.number("net.ipv4.tcp_mem", 1)?;
        let most = settings.number("net.ipv4.tcp_mem", 2)?;
        let page = settings.number(Settings::PAGE_SIZE, 0)?;
        let share = pages as f64 / most.max(1) as f64;
        let is_pressed = pages >= pressure || pressures > 0 || aborted > 0;
        let used = ("bytes", Value::Bytes(pages.saturating_mul(page)));
        let mut observation = observe(
            Kind::TcpMemoryPressure,
            self.tcp_memory,
            used,
            share,
            is_pressed,
        )?
        .with("pages", Value::Count(pages))
        .with("pressure_pages", Value::Count(pressure))
        .with("limit_pages", Value::Count(most))
        .with("limit_bytes", Value::Bytes(most.saturating_mul(page)))
        .with("aborted", Value::Count(aborted));
        if aborted > 0 {
            observation.severity = Severity::Critical;
        }
        observation.rest = match (aborted, is_pressed) {
            (0, false) => String::new(),
            (0, true) => ": the kernel shrinks windows to save memory".to_owned(),
            (aborted, _) => format!(
                ": the kernel has just ended {} for want of memory",
                words::plural(aborted, "connection", "connections")
            ),
        };
        observation.summary = format!(
            "TCP takes {} ({} pages) of the {} that it may ({})",
            words::bytes(pages.saturating_mul(page)),
            words::count(pages),
            words::bytes(most.saturating_mul(page)),
            words::share(share)
        );
        "Find who holds it: sort sockets by unread and unacknowledged bytes. Readers that stall and \
                              peers that do not read fill buffers; if all of it is needed, raise net.ipv4.tcp_mem (in \
                              pages), or lower net.ipv4.tcp_rmem and tcp_wmem.".clone_into(&mut observation.advice);
        Some(observation)
    }

    fn orphans(&self, facts: &Facts<'_>) -> Option<Observation> {
        let orphans = facts.counter("sockstat.TCP.orphan")?;
        let most = facts.settings().number("net.ipv4.tcp_max_orphans", 0)?;
        let share = orphans as f64 / most.max(1) as f64;
        let used = ("orphans", Value::Count(orphans));
        let mut observation = observe(Kind::Orphans, self.orphans, used, share, false)?
            .with("limit", Value::Count(most));
        observation.summary = format!(
            "{} that no process holds any more, of at most {} ({})",
            words::plural(orphans, "connection waits", "connections wait"),
            words::count(most),
            words::share(share)
        );
        "A process closed them while data was unsent, and the peers do not take it: see FIN-WAIT-1 and \
                              LAST-ACK by remote. Beyond the limit the kernel resets them and data is lost. \
                              `sysctl -w net.ipv4.tcp_orphan_retries=3` gives them up sooner (0 stands for 8), a higher \
                              net.ipv4.tcp_max_orphans has room for more (each may hold some 64 kB).".clone_into(&mut observation.advice);
        Some(observation)
    }

    fn time_wait(&mut self, facts: &Facts<'_>) -> Option<Observation> {
        let overflows = self.overflows.step(facts);
        let count = facts.counter("sockstat.TCP.tw")?;
        let most = facts.settings().number("net.ipv4.tcp_max_tw_buckets", 0)?;
        let share = count as f64 / most.max(1) as f64;
        let used = ("time_wait", Value::Count(count));
        let mut observation = observe(
            Kind::TimeWaitOverflow,
            self.time_wait,
            used,
            share,
            overflows > 0,
        )?
        .with("limit", Value::Count(most))
        .with("overflows", Value::Count(overflows));
        observation.rest = match overflows {
            0 => String::new(),
            overflows => format!(
                ": {} just ended without one",
                words::plural(overflows, "connection has", "connections have")
            ),
        };
        observation.summary = format!(
            "{} are kept, of at most {} ({})",
            words::plural(count, "TIME-WAIT", "TIME-WAITs"),
            words::count(most),
            words::share(share)
        );
        "Beyond net.ipv4.tcp_max_tw_buckets the kernel closes without TIME-WAIT: a late segment can \
                              then reach a new connection, and a peer that missed the last ACK gets a reset. Raise it \
                              (each takes about 250 bytes), and keep connections alive instead of closing them first.".clone_into(&mut observation.advice);
        Some(observation)
    }

    fn conntrack(&self, facts: &Facts<'_>) -> Option<Observation> {
        let count = facts.counter("net.netfilter.nf_conntrack_count")?;
        let most = facts
            .settings()
            .number("net.netfilter.nf_conntrack_max", 0)?;
        let share = count as f64 / most.max(1) as f64;
        let used = ("tracked", Value::Count(count));
        let mut observation = observe(Kind::ConntrackFull, self.conntrack, used, share, false)?
            .with("limit", Value::Count(most));
        observation.summary = format!(
            "The firewall tracks {}, of at most {} ({})",
            words::plural(count, "connection", "connections"),
            words::count(most),
            words::share(share)
        );
        "When the table is full, packets of new connections are dropped (\"nf_conntrack: table full\" in \
                              the kernel's log). Raise net.netfilter.nf_conntrack_max, shorten its timeouts, or leave what \
                              needs no tracking out (`notrack`).".clone_into(&mut observation.advice);
        Some(observation)
    }
}

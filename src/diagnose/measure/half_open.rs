//! Measures the half-open connections of listeners, their sources, SYN cookies and dropped SYNs.
//!
//! The kernel answers a SYN, and the request waits in SYN-RECV for the client's acknowledgment. Without one, the SYN-ACK is
//! retransmitted. Once the requests fill the backlog, the kernel answers with SYN cookies, which need no queue entry, or
//! drops SYNs if cookies are turned off.
//!
//! Shared by the findings for few and for many sources. [`HalfOpenConnections::update`] measures a moment once, before
//! either of them observes it.

use std::net::IpAddr;

use rustc_hash::{FxHashMap, FxHashSet};

use super::counter::CounterStep;
use crate::diagnose::facts::{Facts, listener_name, subject_of};
use crate::diagnose::finding::{Severity, Value};
use crate::diagnose::help_text;
use crate::diagnose::kind::FindingKind;
use crate::diagnose::need::Need;
use crate::diagnose::observation::Observation;
use crate::diagnose::phrases;
use crate::diagnose::threshold::thresholds;
use crate::diagnose::window::Window;
use crate::model::Protocol;

thresholds! {
    /// Thresholds for half-open connections of a listener.
    thresholds {
        /// Minimum number of half-open connections of one listener whose SYN-ACK was retransmitted, which
        /// happens after one second without an answer. Every machine on the internet has a few, from
        /// scanners and lost clients. Raise it for a large public server.
        half_open: u32 = 16, ValueRule::COUNT;
        /// Fewer are reported if half-open connections fill this share of the backlog. Once it is full,
        /// the kernel sends SYN cookies or drops SYNs.
        share: f64 = 0.8, ValueRule::Share;
        /// Number of sources from which on it is reported as a flood ({0}), most likely with forged
        /// addresses. Fewer are clients with a broken return path ({1}).
        flood_sources: u32 = 8, ValueRule::COUNT;
        /// Length of the window over which SYN cookies and drops are added up.
        window_s: f64 = 10.0, ValueRule::WINDOW;
    }
}

/// SYN cookies sent and SYNs dropped for a full queue, of all listeners.
const COOKIES_SENT: &str = "TcpExt.TCPReqQFullDoCookies";
const SYNS_DROPPED: &str = "TcpExt.TCPReqQFullDrop";

/// What the findings about half-open connections read.
pub(in crate::diagnose) const NEEDS: &[Need] = &[
    Need::Sockets(Protocol::Tcp),
    Need::Counter(COOKIES_SENT),
    Need::Counter(SYNS_DROPPED),
];

/// Number of half-open connections below which nothing is reported at any share, unless the threshold is lower.
const FEW: u32 = 4;

/// Share of the backlog at which cookies and drops are attributed to a listener.
const PRESSED_SHARE: f64 = 0.5;

// Indexes of the window: SYN cookies sent, SYNs dropped.
const COOKIES: usize = 0;
const DROPPED: usize = 1;

/// Half-open connections of one listener.
#[derive(Debug)]
pub(in crate::diagnose) struct HalfOpenGroup {
    /// The row of the listener.
    listener: u32,
    half_open: u32,
    /// Handshakes whose SYN-ACK was retransmitted.
    stuck: u32,
    /// Different remote addresses.
    sources: u32,
    /// The remote address of the first row, shown if it is the only source.
    first_source: Option<IpAddr>,
}

/// Half-open connections by listener, with the cookies and drops of all listeners.
#[derive(Debug)]
pub(in crate::diagnose) struct HalfOpenConnections {
    thresholds: Thresholds,
    /// SYN cookies sent, of all listeners. Kernel: `TCPReqQFullDoCookies`.
    cookies: CounterStep,
    /// SYNs dropped for a full SYN queue, of all listeners. Kernel: `TCPReqQFullDrop`.
    dropped: CounterStep,
    /// SYN cookies sent, and SYNs dropped.
    window: Window<2>,
    groups: Vec<HalfOpenGroup>,
}

impl HalfOpenConnections {
    /// Starts with nothing measured.
    pub(in crate::diagnose) fn new(thresholds: Thresholds) -> Self {
        HalfOpenConnections {
            thresholds,
            cookies: CounterStep::new(COOKIES_SENT),
            dropped: CounterStep::new(SYNS_DROPPED),
            window: Window::default(),
            groups: Vec::new(),
        }
    }

    /// Measures the half-open connections of the next moment.
    pub(in crate::diagnose) fn update(&mut self, facts: &Facts<'_>) {
        self.groups.clear();
        let steps = [self.cookies.step(facts), self.dropped.step(facts)];
        if let Some(seconds) = facts.elapsed_s() {
            let values = steps.map(|step| step.unwrap_or(0) as f64);
            let span = self.thresholds.window_s;
            self.window.push(facts.now_ns(), seconds, values, span);
        }
        let few = self.thresholds.half_open.min(FEW);
        if facts.candidates.syn_recv.len() < few as usize {
            return;
        }
        let rows = &facts.sample().sockets.rows;
        let mut groups: FxHashMap<u32, (HalfOpenGroup, FxHashSet<IpAddr>)> = FxHashMap::default();
        for &row in &facts.candidates.syn_recv {
            let Some(socket) = rows.get(row as usize) else {
                continue;
            };
            let Some(listener) = facts.listener_of(socket) else {
                continue;
            };
            let (group, sources) = groups.entry(listener).or_insert_with(|| {
                let group = HalfOpenGroup {
                    listener,
                    half_open: 0,
                    stuck: 0,
                    sources: 0,
                    first_source: None,
                };
                (group, FxHashSet::default())
            });
            group.half_open += 1;
            let retries = socket.timer.map_or(0, |timer| timer.retries);
            group.stuck += u32::from(retries > 0);
            if let Some(remote) = socket.remote() {
                let source = remote.address.to_canonical();
                group.first_source.get_or_insert(source);
                sources.insert(source);
            }
        }
        let groups = groups.into_values();
        self.groups.extend(groups.map(|(group, sources)| {
            let sources = sources.len() as u32;
            HalfOpenGroup { sources, ..group }
        }));
    }

    /// Adds an observation of `kind` for each listener whose half-open connections come from at least
    /// `flood_sources` addresses (`from_many`), or from fewer. `advice` makes the remedy from the value of
    /// `net.ipv4.tcp_syncookies` (`None` if unknown) and the backlog.
    pub(in crate::diagnose) fn observe(
        &self,
        kind: &'static FindingKind,
        facts: &Facts<'_>,
        from_many: bool,
        advice: impl Fn(Option<u64>, u32) -> String,
        out: &mut Vec<Observation>,
    ) {
        let groups = self.groups.iter();
        let groups =
            groups.filter(|group| from_many == (group.sources >= self.thresholds.flood_sources));
        out.extend(groups.filter_map(|group| self.observe_group(kind, facts, group, &advice)));
    }

    fn observe_group(
        &self,
        kind: &'static FindingKind,
        facts: &Facts<'_>,
        group: &HalfOpenGroup,
        advice: impl Fn(Option<u64>, u32) -> String,
    ) -> Option<Observation> {
        let thresholds = &self.thresholds;
        let socket = facts.socket(group.listener)?;
        let backlog = socket.socket.send_queue;
        let share = f64::from(group.half_open) / f64::from(backlog.max(1));
        let (cookies, dropped) = (self.window.sum(COOKIES), self.window.sum(DROPPED));
        // The kernel counts cookies and drops of all listeners: they belong to one with many half-open connections.
        let is_pressed = cookies + dropped > 0.0 && share >= PRESSED_SHARE;
        let is_full = share >= thresholds.share || is_pressed;
        // A finding stays active while half as many are left.
        let few = thresholds.half_open.min(FEW);
        let stays = is_full || group.stuck * 2 >= thresholds.half_open;
        if !(is_pressed || group.stuck >= few && stays) {
            return None;
        }
        let syncookies = facts.settings().number("net.ipv4.tcp_syncookies", 0);
        let at_work = cookies > 0.0 || syncookies == Some(2);
        let subject = subject_of(socket);
        let who = listener_name(&subject);
        let from = match (group.sources, group.first_source) {
            (1, Some(source)) => format!("from {source}"),
            (sources, _) => format!(
                "from {}",
                phrases::plural(sources.into(), "address", "addresses")
            ),
        };
        let rest = match (at_work, dropped as u64, syncookies) {
            (true, ..) => ": SYN cookies are active".to_owned(),
            (false, 0, Some(0)) => ": SYN cookies are off".to_owned(),
            (false, 0, _) => String::new(),
            (false, dropped, _) => format!(
                ": {} dropped in the last {}",
                phrases::plural(dropped, "SYN was", "SYNs were"),
                phrases::seconds(thresholds.window_s)
            ),
        };
        let count = Value::Count(group.half_open.into());
        let mut observation = Observation::new(kind, subject, "half_open", count)
            .with("stuck", Value::Count(group.stuck.into()))
            .with("backlog", Value::Count(backlog.into()))
            .with("sources", Value::Count(group.sources.into()))
            .with("cookies_at_work", Value::Flag(at_work))
            .with("cookies_sent", Value::Count(cookies as u64))
            .with("dropped", Value::Count(dropped as u64))
            .with_known("tcp_syncookies", syncookies.map(Value::Count));
        observation.over_threshold = is_full || group.stuck >= thresholds.half_open;
        observation.severity = if dropped > 0.0 || (is_full && syncookies == Some(0)) {
            Severity::Critical
        } else if is_full || share >= 0.5 {
            Severity::Warning
        } else {
            Severity::Info
        };
        observation.reports_growth = true;
        let half_open = phrases::plural(
            group.half_open.into(),
            "half-open connection",
            "half-open connections",
        );
        observation.summary = format!("{who} has had {half_open} {from}");
        observation.rest = rest;
        observation.advice = advice(syncookies, backlog);
        Some(observation)
    }
}

/// Describes the condition of a finding about half-open connections. `sources` is the number of source addresses.
pub(in crate::diagnose) fn reported_when(sources: &str, thresholds: &Thresholds) -> String {
    format!(
        "A listener has at least {} half-open connections from {sources} addresses that did not answer for 1 s. Fewer \
         are reported if they fill {} of its backlog, or half of it while SYN cookies were sent or SYNs were dropped \
         within {}.",
        phrases::count(thresholds.half_open.into()),
        help_text::share(thresholds.share),
        help_text::seconds(thresholds.window_s)
    )
}

/// Severity of a finding about half-open connections.
pub(in crate::diagnose) const SEVERITY: &str =
    "Info. Warning at half the backlog, critical if SYNs are dropped.";

/// Returns the advice to turn on SYN cookies, if they are off.
pub(in crate::diagnose) fn cookies_advice(syncookies: Option<u64>) -> &'static str {
    match syncookies {
        Some(0) => "Turn on SYN cookies: `sysctl -w net.ipv4.tcp_syncookies=1`. ",
        _ => "",
    }
}

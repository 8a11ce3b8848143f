//! Measures half-open connections: how many pile up at a listener, from how many sources, and what becomes of SYNs.
//!
//! A SYN is answered, and the request waits in SYN-RECV for the client's acknowledgement. If that does not arrive, the
//! answer is sent again. Once there are as many requests as the backlog, the kernel answers with SYN cookies, which need no
//! place, or drops the SYN where these are switched off.
//!
//! Shared by the findings of few and of many sources. [`HalfOpenConnections::update`] measures a moment, once, before
//! either of them observes it.

use std::net::IpAddr;

use rustc_hash::{FxHashMap, FxHashSet};

use super::counter::CounterStep;
use crate::diagnose::facts::{Facts, subject_of};
use crate::diagnose::finding::{Severity, Value};
use crate::diagnose::help_text;
use crate::diagnose::kind::FindingKind;
use crate::diagnose::observation::Observation;
use crate::diagnose::phrases;
use crate::diagnose::threshold::thresholds;
use crate::diagnose::window::Window;

thresholds! {
    /// When half-open connections pile up at a listener, and when they are a flood.
    thresholds {
        /// Half-open connections of one listener whose SYN-ACK had to be sent again, which takes a second
        /// without an answer. Any machine on the internet has a few: scans, clients that have gone. Raise
        /// it for a large public server.
        half_open: u32 = 16, ValueRule::COUNT;
        /// Share of the backlog that is half-open from which on fewer will do: when it is used up, SYN
        /// cookies or drops begin.
        share: f64 = 0.8, ValueRule::Share;
        /// From so many sources on it is called a flood ({0}), most likely with forged addresses.
        /// Fewer are clients whose way back is broken ({1}).
        flood_sources: u32 = 8, ValueRule::COUNT;
        /// Over how long SYN cookies and drops are added up.
        window_s: f64 = 10.0, ValueRule::WINDOW;
    }
}

/// Half-open connections below which nothing is reported, whatever their share, unless the threshold is lower.
const FEW: u32 = 4;

/// Share of the backlog from which on cookies and drops are attributed to a listener.
const PRESSED_SHARE: f64 = 0.5;

// Places in the window: SYN cookies sent, SYNs dropped.
const COOKIES: usize = 0;
const DROPPED: usize = 1;

/// Half-open connections of one listener.
#[derive(Debug)]
pub(in crate::diagnose) struct HalfOpenGroup {
    /// The row of the listener.
    listener: u32,
    half_open: u32,
    /// Handshakes whose SYN-ACK was sent again.
    stuck: u32,
    /// Different remote addresses.
    sources: u32,
    /// The remote address of the first row, named if it is the only one.
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
    /// Makes a measurement without a moment yet.
    pub(in crate::diagnose) fn new(thresholds: Thresholds) -> Self {
        HalfOpenConnections {
            thresholds,
            cookies: CounterStep::new("TcpExt.TCPReqQFullDoCookies"),
            dropped: CounterStep::new("TcpExt.TCPReqQFullDrop"),
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
    /// `net.ipv4.tcp_syncookies` (`None` if it is not known) and the backlog.
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
        // Cookies and drops are counted for all listeners: they belong to the one that has many half open.
        let is_pressed = cookies + dropped > 0.0 && share >= PRESSED_SHARE;
        let is_full = share >= thresholds.share || is_pressed;
        // Half as many keep a finding.
        let few = thresholds.half_open.min(FEW);
        let stays = is_full || group.stuck * 2 >= thresholds.half_open;
        if !(is_pressed || group.stuck >= few && stays) {
            return None;
        }
        let syncookies = facts.settings().number("net.ipv4.tcp_syncookies", 0);
        let at_work = cookies > 0.0 || syncookies == Some(2);
        let subject = subject_of(socket);
        let to = match subject.process() {
            Some(process) => format!("{process} on {subject}"),
            None => subject.to_string(),
        };
        let from = match (group.sources, group.first_source) {
            (1, Some(source)) => format!("from {source}"),
            (sources, _) => format!(
                "from {}",
                phrases::plural(sources.into(), "address", "addresses")
            ),
        };
        let rest = match (at_work, dropped as u64, syncookies) {
            (true, ..) => ": SYN cookies are at work".to_owned(),
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
        observation.summary = format!("{half_open} {from} to {to} are not completed");
        observation.rest = rest;
        observation.advice = advice(syncookies, backlog);
        Some(observation)
    }
}

/// The condition of a finding about half-open connections, after from how many addresses they come.
pub(in crate::diagnose) fn reported_when(from: &str, thresholds: &Thresholds) -> String {
    format!(
        "{from} addresses: {} or more half-open connections of one listener did not answer for a second; or fewer, \
         and they take {} of its backlog, or half of it while SYN cookies were sent or SYNs dropped within {}.",
        phrases::count(thresholds.half_open.into()),
        help_text::share(thresholds.share),
        help_text::seconds(thresholds.window_s)
    )
}

/// The severity of a finding about half-open connections.
pub(in crate::diagnose) const SEVERITY: &str =
    "Info; warning from half the backlog on; critical if SYNs are dropped.";

/// The advice to switch SYN cookies on, if they are off.
pub(in crate::diagnose) fn cookies_advice(syncookies: Option<u64>) -> &'static str {
    match syncookies {
        Some(0) => "Switch SYN cookies on: `sysctl -w net.ipv4.tcp_syncookies=1`. ",
        _ => "",
    }
}

//! TCP nears the memory that it may use.

use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::finding::{Severity, Value};
use crate::diagnose::measure::counter::CounterStep;
use crate::diagnose::measure::host_limit::HostLimit;
use crate::diagnose::observation::Observation;
use crate::diagnose::threshold::thresholds;
use crate::diagnose::{help_text, phrases};
use crate::model::Settings;

thresholds! {
    #[expect(clippy::doc_markdown, reason = "comments of the configuration have no markup")]
    /// When the memory of TCP is scarce, as shares of the most that it may use.
    thresholds {
        /// Share of the memory that TCP may use at most (the third number of net.ipv4.tcp_mem). Pressure,
        /// in which the kernel shrinks windows, begins at the second number: two thirds, if nobody has set
        /// it. This is shortly before.
        warning: f64 = 0.6, ValueRule::Share;
        /// Near the end of it the kernel drops what arrives and ends connections.
        critical: f64 = 0.9, ValueRule::Share;
    }
}

/// The limit of the memory of TCP, in pages.
const LIMIT: HostLimit = HostLimit {
    name: "bytes",
    counter: "sockstat.TCP.mem",
    setting: "net.ipv4.tcp_mem",
    number: 2,
};

/// Detects that TCP is short of memory.
#[derive(Debug)]
pub(in crate::diagnose) struct TcpMemoryPressure {
    thresholds: Thresholds,
    pressures: CounterStep,
    aborted: CounterStep,
}

impl Detector for TcpMemoryPressure {
    const ID: &'static str = "tcp-memory-pressure";
    const TITLE: &'static str = "TCP nears the memory that it may use.";
    const LOOK_ALIKES: &'static str = "Memory of all TCP sockets of the machine, in pages. Readers that stall fill it: {0} and {1} name them.";
    const REMEDY: &'static str =
        "Find who holds it; if all of it is needed, raise net.ipv4.tcp_mem.";

    type Thresholds = Thresholds;

    fn new(thresholds: &Thresholds) -> Self {
        TcpMemoryPressure {
            thresholds: *thresholds,
            pressures: CounterStep::new("TcpExt.TCPMemoryPressures"),
            aborted: CounterStep::new("TcpExt.TCPAbortOnMemory"),
        }
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        format!(
            "{} of the third number of net.ipv4.tcp_mem are taken, or the kernel is under pressure (the second \
             number).",
            help_text::share(thresholds.warning)
        )
    }

    fn severity(thresholds: &Thresholds) -> String {
        format!(
            "{} Critical at once if the kernel ends connections for want of memory.",
            help_text::severity_by_share(thresholds.warning, thresholds.critical)
        )
    }

    fn detect(&mut self, scan: &Scan<'_>, out: &mut Vec<Observation>) {
        out.extend(self.observe(scan));
    }
}

impl TcpMemoryPressure {
    fn observe(&mut self, scan: &Scan<'_>) -> Option<Observation> {
        let facts = &scan.facts;
        let pressures = self.pressures.step(facts).unwrap_or(0);
        let aborted = self.aborted.step(facts).unwrap_or(0);
        let limit = LIMIT.measure(facts)?;
        let (pages, most) = (limit.count, limit.most);
        let settings = facts.settings();
        let pressure = settings.number(LIMIT.setting, 1)?;
        let page = settings.number(Settings::PAGE_SIZE, 0)?;
        let is_pressed = pages >= pressure || pressures > 0 || aborted > 0;
        let used = Value::Bytes(pages.saturating_mul(page));
        let Thresholds { warning, critical } = self.thresholds;
        let mut observation = limit
            .observe_as(used, scan.kind, (warning, critical), is_pressed)?
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
                phrases::plural(aborted, "connection", "connections")
            ),
        };
        observation.summary = format!(
            "TCP takes {} ({} pages) of the {} that it may ({})",
            phrases::bytes(pages.saturating_mul(page)),
            phrases::count(pages),
            phrases::bytes(most.saturating_mul(page)),
            phrases::share(limit.share)
        );
        observation.advice = String::from(
            "Find who holds it: sort sockets by unread and unacknowledged bytes. Readers that stall and \
             peers that do not read fill buffers; if all of it is needed, raise net.ipv4.tcp_mem (in \
             pages), or lower net.ipv4.tcp_rmem and tcp_wmem.",
        );
        Some(observation)
    }
}

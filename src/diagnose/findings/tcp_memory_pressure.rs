//! TCP is close to its memory limit.

use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::finding::{Severity, Value};
use crate::diagnose::measure::counter::CounterStep;
use crate::diagnose::measure::host_limit::HostLimit;
use crate::diagnose::need::Need;
use crate::diagnose::observation::Observation;
use crate::diagnose::threshold::thresholds;
use crate::diagnose::{help_text, phrases};
use crate::model::Settings;

thresholds! {
    #[expect(clippy::doc_markdown, reason = "comments of the configuration have no markup")]
    /// Thresholds for the memory of TCP, as shares of its limit.
    thresholds {
        /// Warning at this share of TCP's memory limit (the third number of net.ipv4.tcp_mem). Memory
        /// pressure, in which the kernel shrinks windows, begins at the second number, by default two
        /// thirds of the third. This is shortly before.
        warning: f64 = 0.6, ValueRule::Share;
        /// Critical at this share. Close to the limit, the kernel drops segments and ends connections.
        critical: f64 = 0.9, ValueRule::Share;
    }
}

/// Memory limit of TCP, pages.
const LIMIT: HostLimit = HostLimit {
    name: "bytes",
    counter: "sockstat.TCP.mem",
    setting: "net.ipv4.tcp_mem",
    number: 2,
};

/// Times at which memory pressure began.
const PRESSURES: &str = "TcpExt.TCPMemoryPressures";

/// Connections that the kernel ended for lack of memory.
const ABORTED: &str = "TcpExt.TCPAbortOnMemory";

/// Detects that TCP is short of memory.
#[derive(Debug)]
pub(in crate::diagnose) struct TcpMemoryPressure {
    thresholds: Thresholds,
    pressures: CounterStep,
    aborted: CounterStep,
}

impl Detector for TcpMemoryPressure {
    const ID: &'static str = "tcp-memory-pressure";
    const TITLE: &'static str = "TCP is close to its memory limit.";
    const LOOK_ALIKES: &'static str = "The limit counts the memory of all TCP sockets of the machine. Stalled readers fill it; \
         {0} and {1} report them.";
    const REMEDY: &'static str =
        "Find the sockets that use the memory. If all of it is needed, raise net.ipv4.tcp_mem.";
    const NEEDS: &'static [Need] = &[
        Need::Counter(LIMIT.counter),
        Need::Counter(PRESSURES),
        Need::Counter(ABORTED),
        Need::HostNumber(LIMIT.setting, LIMIT.number),
    ];

    const IS_OF_HOST: bool = true;
    type Thresholds = Thresholds;

    fn new(thresholds: &Thresholds) -> Self {
        TcpMemoryPressure {
            thresholds: *thresholds,
            pressures: CounterStep::new(PRESSURES),
            aborted: CounterStep::new(ABORTED),
        }
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        format!(
            "TCP uses {} of the third number of net.ipv4.tcp_mem, or the kernel is under memory pressure (the second \
             number).",
            help_text::share(thresholds.warning)
        )
    }

    fn severity(thresholds: &Thresholds) -> String {
        format!(
            "{} Always critical if the kernel ends connections for lack of memory.",
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
        let (pages, max) = (limit.count, limit.max);
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
            .with("limit_pages", Value::Count(max))
            .with("limit_bytes", Value::Bytes(max.saturating_mul(page)))
            .with("aborted", Value::Count(aborted));
        if aborted > 0 {
            observation.severity = Severity::Critical;
        }
        observation.rest = match (aborted, is_pressed) {
            (0, false) => String::new(),
            (0, true) => ": the kernel shrinks windows to save memory".to_owned(),
            (aborted, _) => format!(
                ": the kernel just ended {} for lack of memory",
                phrases::plural(aborted, "connection", "connections")
            ),
        };
        observation.summary = format!(
            "TCP has used {} ({} pages) of at most {} ({})",
            phrases::bytes(pages.saturating_mul(page)),
            phrases::count(pages),
            phrases::bytes(max.saturating_mul(page)),
            phrases::share(limit.share)
        );
        observation.advice = String::from(
            "Find the sockets that use the memory: sort by unread and unacknowledged bytes. Stalled \
             readers, here and at the peers, fill buffers. If all of it is needed, raise net.ipv4.tcp_mem \
             (in pages), or lower net.ipv4.tcp_rmem and net.ipv4.tcp_wmem.",
        );
        Some(observation)
    }
}

//! TIME-WAIT sockets near their limit, beyond which the kernel keeps no more.

use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::finding::Value;
use crate::diagnose::measure::counter::CounterStep;
use crate::diagnose::measure::host_limit::HostLimit;
use crate::diagnose::observation::Observation;
use crate::diagnose::threshold::thresholds;
use crate::diagnose::{help_text, phrases};

thresholds! {
    #[expect(clippy::doc_markdown, reason = "comments of the configuration have no markup")]
    /// When TIME-WAIT sockets are many, as shares of their limit.
    thresholds {
        /// Share of net.ipv4.tcp_max_tw_buckets.
        warning: f64 = 0.8, ValueRule::Share;
        /// At the limit, connections end without TIME-WAIT: late segments may then reach new connections.
        critical: f64 = 1.0, ValueRule::Share;
    }
}

/// The limit of TIME-WAIT sockets.
const LIMIT: HostLimit = HostLimit {
    name: "time_wait",
    counter: "sockstat.TCP.tw",
    setting: "net.ipv4.tcp_max_tw_buckets",
    number: 0,
};

/// Detects that TIME-WAIT sockets near their limit.
#[derive(Debug)]
pub(in crate::diagnose) struct TimeWaitOverflow {
    thresholds: Thresholds,
    overflows: CounterStep,
}

impl Detector for TimeWaitOverflow {
    const ID: &'static str = "time-wait-overflow";
    const TITLE: &'static str = "TIME-WAIT sockets near their limit.";
    const LOOK_ALIKES: &'static str =
        "Many TIME-WAITs below the limit are {0}; beyond it the kernel keeps no more.";
    const REMEDY: &'static str = "Raise net.ipv4.tcp_max_tw_buckets; keep connections alive.";

    type Thresholds = Thresholds;

    fn new(thresholds: &Thresholds) -> Self {
        TimeWaitOverflow {
            thresholds: *thresholds,
            overflows: CounterStep::new("TcpExt.TCPTimeWaitOverflow"),
        }
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        let what = "TIME-WAITs (net.ipv4.tcp_max_tw_buckets)";
        let near = help_text::near_limit(what, thresholds.warning);
        format!("{near} Or some were not kept.")
    }

    fn severity(thresholds: &Thresholds) -> String {
        help_text::severity_by_share(thresholds.warning, thresholds.critical)
    }

    fn detect(&mut self, scan: &Scan<'_>, out: &mut Vec<Observation>) {
        out.extend(self.observe(scan));
    }
}

impl TimeWaitOverflow {
    fn observe(&mut self, scan: &Scan<'_>) -> Option<Observation> {
        let overflows = self.overflows.step(&scan.facts).unwrap_or(0);
        let limit = LIMIT.measure(&scan.facts)?;
        let Thresholds { warning, critical } = self.thresholds;
        let mut observation = limit
            .observe(scan.kind, (warning, critical), overflows > 0)?
            .with("overflows", Value::Count(overflows));
        observation.rest = match overflows {
            0 => String::new(),
            overflows => format!(
                ": {} just ended without one",
                phrases::plural(overflows, "connection has", "connections have")
            ),
        };
        observation.summary = format!(
            "{} are kept{}",
            phrases::plural(limit.count, "TIME-WAIT", "TIME-WAITs"),
            limit.of_at_most()
        );
        observation.advice = String::from(
            "Beyond net.ipv4.tcp_max_tw_buckets the kernel closes without TIME-WAIT: a late segment can \
             then reach a new connection, and a peer that missed the last ACK gets a reset. Raise it \
             (each takes about 250 bytes), and keep connections alive instead of closing them first.",
        );
        Some(observation)
    }
}

//! TIME-WAIT sockets are close to their limit, beyond which the kernel keeps no more.

use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::finding::Value;
use crate::diagnose::measure::counter::CounterStep;
use crate::diagnose::measure::host_limit::HostLimit;
use crate::diagnose::need::Need;
use crate::diagnose::observation::Observation;
use crate::diagnose::threshold::thresholds;
use crate::diagnose::{help_text, phrases};

thresholds! {
    #[expect(clippy::doc_markdown, reason = "comments of the configuration have no markup")]
    /// Thresholds for TIME-WAIT sockets, as shares of their limit.
    thresholds {
        /// Warning at this share of net.ipv4.tcp_max_tw_buckets.
        warning: f64 = 0.8, ValueRule::Share;
        /// Critical at this share. At the limit, connections end without TIME-WAIT, and late segments may
        /// reach new connections.
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

/// Connections that ended without TIME-WAIT at the limit.
const OVERFLOWS: &str = "TcpExt.TCPTimeWaitOverflow";

/// Detects that TIME-WAIT sockets near their limit.
#[derive(Debug)]
pub(in crate::diagnose) struct TimeWaitOverflow {
    thresholds: Thresholds,
    overflows: CounterStep,
}

impl Detector for TimeWaitOverflow {
    const ID: &'static str = "time-wait-overflow";
    const TITLE: &'static str = "TIME-WAIT sockets are close to their limit.";
    const LOOK_ALIKES: &'static str = "Many TIME-WAIT sockets below the limit are reported as {0}. Beyond it, the kernel keeps no more.";
    const REMEDY: &'static str = "Raise net.ipv4.tcp_max_tw_buckets, or keep connections alive.";
    const NEEDS: &'static [Need] = &[
        Need::Counter(LIMIT.counter),
        Need::Counter(OVERFLOWS),
        Need::Number(LIMIT.setting, LIMIT.number),
    ];

    type Thresholds = Thresholds;

    fn new(thresholds: &Thresholds) -> Self {
        TimeWaitOverflow {
            thresholds: *thresholds,
            overflows: CounterStep::new(OVERFLOWS),
        }
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        let near = help_text::near_limit("TIME-WAIT sockets", LIMIT.setting, thresholds.warning);
        format!("{near} Also reported if the kernel did not keep some.")
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
                ": {} just ended without TIME-WAIT",
                phrases::plural(overflows, "connection", "connections")
            ),
        };
        observation.summary = format!(
            "This host has had {}",
            limit.of_at_most("TIME-WAIT sockets")
        );
        observation.advice = String::from(
            "Beyond the limit, the kernel closes connections without TIME-WAIT: a late segment can reach a \
             new connection, and a peer that missed the last ACK gets a reset. Raise \
             net.ipv4.tcp_max_tw_buckets (about 250 bytes each), and keep connections alive instead of \
             closing them first.",
        );
        Some(observation)
    }
}

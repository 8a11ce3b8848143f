//! Connections that no process holds near their limit.

use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::measure::host_limit::HostLimit;
use crate::diagnose::observation::Observation;
use crate::diagnose::threshold::thresholds;
use crate::diagnose::{help_text, phrases};

thresholds! {
    #[expect(clippy::doc_markdown, reason = "comments of the configuration have no markup")]
    /// When orphaned connections are many, as shares of their limit.
    thresholds {
        /// Share of net.ipv4.tcp_max_orphans. The kernel counts an orphan whose peer is silent twice, and
        /// at worst four times, so that it may begin to reset connections well below its limit.
        warning: f64 = 0.4, ValueRule::Share;
        critical: f64 = 0.8, ValueRule::Share;
    }
}

/// The limit of orphaned connections.
const LIMIT: HostLimit = HostLimit {
    name: "orphans",
    counter: "sockstat.TCP.orphan",
    setting: "net.ipv4.tcp_max_orphans",
    number: 0,
};

/// Detects that orphaned connections near their limit.
#[derive(Debug)]
pub(in crate::diagnose) struct Orphans {
    thresholds: Thresholds,
}

impl Detector for Orphans {
    const ID: &'static str = "orphans";
    const TITLE: &'static str = "Connections that no process holds near their limit.";
    const LOOK_ALIKES: &'static str =
        "Connections that a process closed while data was unsent; TIME-WAITs are none.";
    const REMEDY: &'static str =
        "See why the peers do not take it; net.ipv4.tcp_orphan_retries gives up sooner.";

    type Thresholds = Thresholds;

    fn new(thresholds: &Thresholds) -> Self {
        Orphans {
            thresholds: *thresholds,
        }
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        help_text::near_limit(
            "Connections that no process holds (net.ipv4.tcp_max_orphans)",
            thresholds.warning,
        )
    }

    fn severity(thresholds: &Thresholds) -> String {
        help_text::severity_by_share(thresholds.warning, thresholds.critical)
    }

    fn detect(&mut self, scan: &Scan<'_>, out: &mut Vec<Observation>) {
        out.extend(self.observe(scan));
    }
}

impl Orphans {
    fn observe(&self, scan: &Scan<'_>) -> Option<Observation> {
        let limit = LIMIT.measure(&scan.facts)?;
        let Thresholds { warning, critical } = self.thresholds;
        let mut observation = limit.observe(scan.kind, (warning, critical), false)?;
        observation.summary = format!(
            "{} that no process holds any more{}",
            phrases::plural(limit.count, "connection waits", "connections wait"),
            limit.of_at_most()
        );
        observation.advice = String::from(
            "A process closed them while data was unsent, and the peers do not take it: see FIN-WAIT-1 and \
             LAST-ACK by remote. Beyond the limit the kernel resets them and data is lost. \
             `sysctl -w net.ipv4.tcp_orphan_retries=3` gives them up sooner (0 stands for 8), a higher \
             net.ipv4.tcp_max_orphans has room for more (each may hold some 64 kB).",
        );
        Some(observation)
    }
}

//! The connection tracking table nears its limit.

use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::measure::host_limit::HostLimit;
use crate::diagnose::observation::Observation;
use crate::diagnose::threshold::thresholds;
use crate::diagnose::{help_text, phrases};

thresholds! {
    #[expect(clippy::doc_markdown, reason = "comments of the configuration have no markup")]
    /// When the connection tracking table is nearly full, as shares of its limit.
    thresholds {
        /// Share of net.netfilter.nf_conntrack_max. Entries stay for minutes or days, so that the table
        /// does not empty by itself.
        warning: f64 = 0.8, ValueRule::Share;
        /// When it is full, packets of new connections are dropped.
        critical: f64 = 0.95, ValueRule::Share;
    }
}

/// The limit of tracked connections.
const LIMIT: HostLimit = HostLimit {
    name: "tracked",
    counter: "net.netfilter.nf_conntrack_count",
    setting: "net.netfilter.nf_conntrack_max",
    number: 0,
};

/// Detects that the connection tracking table is nearly full.
#[derive(Debug)]
pub(in crate::diagnose) struct ConntrackFull {
    thresholds: Thresholds,
}

impl Detector for ConntrackFull {
    const ID: &'static str = "conntrack-full";
    const TITLE: &'static str = "The connection tracking table nears its limit.";
    const LOOK_ALIKES: &'static str = "Only where the firewall tracks connections. When the table is full, new ones are dropped, which shows as \
         {0} elsewhere.";
    const REMEDY: &'static str =
        "Raise net.netfilter.nf_conntrack_max, shorten its timeouts, leave traffic out.";

    type Thresholds = Thresholds;

    fn new(thresholds: &Thresholds) -> Self {
        ConntrackFull {
            thresholds: *thresholds,
        }
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        help_text::near_limit(
            "Tracked connections (net.netfilter.nf_conntrack_max)",
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

impl ConntrackFull {
    fn observe(&self, scan: &Scan<'_>) -> Option<Observation> {
        let limit = LIMIT.measure(&scan.facts)?;
        let Thresholds { warning, critical } = self.thresholds;
        let mut observation = limit.observe(scan.kind, (warning, critical), false)?;
        observation.summary = format!(
            "The firewall tracks {}{}",
            phrases::plural(limit.count, "connection", "connections"),
            limit.of_at_most()
        );
        observation.advice = String::from(
            "When the table is full, packets of new connections are dropped (\"nf_conntrack: table full\" in \
             the kernel's log). Raise net.netfilter.nf_conntrack_max, shorten its timeouts, or leave what \
             needs no tracking out (`notrack`).",
        );
        Some(observation)
    }
}

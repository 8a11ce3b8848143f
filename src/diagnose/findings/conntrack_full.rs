//! The connection tracking table is nearly full.

use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::help_text;
use crate::diagnose::measure::host_limit::HostLimit;
use crate::diagnose::need::Need;
use crate::diagnose::observation::Observation;
use crate::diagnose::threshold::thresholds;

thresholds! {
    #[expect(clippy::doc_markdown, reason = "comments of the configuration have no markup")]
    /// Thresholds for the connection tracking table, as shares of its limit.
    thresholds {
        /// Warning at this share of net.netfilter.nf_conntrack_max. Entries stay for minutes or days, so
        /// the table does not drain quickly.
        warning: f64 = 0.8, ValueRule::Share;
        /// Critical at this share. Once the table is full, packets of new connections are dropped.
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
    const TITLE: &'static str = "The connection tracking table is nearly full.";
    const LOOK_ALIKES: &'static str = "It is reported only where netfilter tracks connections. Once the table is full, new connections are \
         dropped, and their clients see {0}.";
    const REMEDY: &'static str = "Raise net.netfilter.nf_conntrack_max, shorten the timeouts, or exclude traffic from tracking.";
    const NEEDS: &'static [Need] = &[
        Need::LoadedCounter(LIMIT.counter),
        Need::LoadedNumber(LIMIT.setting, LIMIT.number),
    ];

    type Thresholds = Thresholds;

    fn new(thresholds: &Thresholds) -> Self {
        ConntrackFull {
            thresholds: *thresholds,
        }
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        help_text::near_limit("Tracked connections", LIMIT.setting, thresholds.warning)
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
        observation.summary = format!("This host has tracked {}", limit.of_at_most("connections"));
        observation.advice = String::from(
            "Once the table is full, the kernel drops packets of new connections (\"nf_conntrack: table full\" \
             in its log). Raise net.netfilter.nf_conntrack_max, shorten the conntrack timeouts, or exclude \
             traffic that needs no tracking (`notrack`).",
        );
        Some(observation)
    }
}

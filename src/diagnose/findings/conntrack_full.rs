//! The connection tracking table nears its limit.

use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::finding::Value;
use crate::diagnose::measure::host_limit::LimitUse;
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
        let facts = &scan.facts;
        let count = facts.counter("net.netfilter.nf_conntrack_count")?;
        let most = facts
            .settings()
            .number("net.netfilter.nf_conntrack_max", 0)?;
        let share = count as f64 / most.max(1) as f64;
        let limit = LimitUse {
            name: "tracked",
            used: Value::Count(count),
            share,
            is_exceeded: false,
        };
        let Thresholds { warning, critical } = self.thresholds;
        let mut observation = limit
            .observe(scan.kind, warning, critical)?
            .with("limit", Value::Count(most));
        observation.summary = format!(
            "The firewall tracks {}, of at most {} ({})",
            phrases::plural(count, "connection", "connections"),
            phrases::count(most),
            phrases::share(share)
        );
        observation.advice = String::from(
            "When the table is full, packets of new connections are dropped (\"nf_conntrack: table full\" in \
             the kernel's log). Raise net.netfilter.nf_conntrack_max, shorten its timeouts, or leave what \
             needs no tracking out (`notrack`).",
        );
        Some(observation)
    }
}

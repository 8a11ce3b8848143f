//! Orphaned connections, which no process owns any more, are close to their limit.

use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::help_text;
use crate::diagnose::measure::host_limit::HostLimit;
use crate::diagnose::need::Need;
use crate::diagnose::observation::Observation;
use crate::diagnose::threshold::thresholds;

thresholds! {
    #[expect(clippy::doc_markdown, reason = "comments of the configuration have no markup")]
    /// Thresholds for orphaned connections, as shares of their limit.
    thresholds {
        /// Warning at this share of net.ipv4.tcp_max_orphans. The kernel counts an orphan whose peer is
        /// silent two to four times, so it may reset connections well below the limit.
        warning: f64 = 0.4, ValueRule::Share;
        /// Critical at this share.
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
    const TITLE: &'static str = "Orphaned TCP connections are close to their limit.";
    const LOOK_ALIKES: &'static str = "An orphan is a connection that its process closed with data still unsent. TIME-WAIT sockets are not orphans.";
    const REMEDY: &'static str = "Find out why the peers do not accept the data. Lower net.ipv4.tcp_orphan_retries to give up sooner.";
    const NEEDS: &'static [Need] = &[
        Need::Counter(LIMIT.counter),
        Need::HostNumber(LIMIT.setting, LIMIT.number),
    ];

    const IS_OF_HOST: bool = true;
    type Thresholds = Thresholds;

    fn new(thresholds: &Thresholds) -> Self {
        Orphans {
            thresholds: *thresholds,
        }
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        help_text::near_limit(
            "TCP connections without a process",
            LIMIT.setting,
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
            "This host has had {}",
            limit.of_at_most("orphaned connections")
        );
        observation.advice = String::from(
            "Processes closed these connections with data still unsent, and the peers do not accept it: group \
             sockets in FIN-WAIT-1 and LAST-ACK by remote host. Beyond the limit, the kernel resets them and the \
             data is lost. Run `sysctl -w net.ipv4.tcp_orphan_retries=3` to give up sooner (0 means 8), or raise \
             net.ipv4.tcp_max_orphans (each may use about 64 kB).",
        );
        Some(observation)
    }
}

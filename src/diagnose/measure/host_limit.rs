//! A limit of the machine, or of the network namespace, as several findings observe it.

use crate::diagnose::finding::{Severity, Value};
use crate::diagnose::kind::FindingKind;
use crate::diagnose::observation::Observation;
use crate::diagnose::subject::Subject;

/// Distance below its threshold to which the share has to fall for a finding to clear.
const SLACK: f64 = 0.05;

/// Use of a limit.
#[derive(Debug)]
pub(in crate::diagnose) struct LimitUse {
    /// The name of what is used, in the evidence.
    pub(in crate::diagnose) name: &'static str,
    pub(in crate::diagnose) used: Value,
    /// The share of the limit that is used.
    pub(in crate::diagnose) share: f64,
    /// True if the kernel already acts on it, whatever the share.
    pub(in crate::diagnose) is_exceeded: bool,
}

impl LimitUse {
    /// The observation of a limit that is near, as a finding of a kind. `warning` and `critical` are shares of the limit.
    pub(in crate::diagnose) fn observe(
        self,
        kind: &'static FindingKind,
        warning: f64,
        critical: f64,
    ) -> Option<Observation> {
        let LimitUse {
            name,
            used,
            share,
            is_exceeded,
        } = self;
        if share < warning - SLACK && !is_exceeded {
            return None;
        }
        let mut observation =
            Observation::new(kind, Subject::Host, name, used).with("share", Value::Share(share));
        observation.over_threshold = share >= warning || is_exceeded;
        observation.severity = if share >= critical {
            Severity::Critical
        } else {
            Severity::Warning
        };
        observation.reports_growth = true;
        Some(observation)
    }
}

//! Limits of the machine or network namespace, as several findings observe them.

use crate::diagnose::facts::Facts;
use crate::diagnose::finding::{Severity, Value};
use crate::diagnose::kind::FindingKind;
use crate::diagnose::observation::Observation;
use crate::diagnose::phrases;
use crate::diagnose::subject::Subject;

/// Distance below its threshold to which the share has to fall for a finding to clear.
const SLACK: f64 = 0.05;

/// A counter of the machine, and the setting that limits it.
#[derive(Debug, Clone, Copy)]
pub(in crate::diagnose) struct HostLimit {
    /// Name of the counter in the evidence.
    pub(in crate::diagnose) name: &'static str,
    pub(in crate::diagnose) counter: &'static str,
    pub(in crate::diagnose) setting: &'static str,
    /// Index of the limit among the numbers of the setting.
    pub(in crate::diagnose) number: usize,
}

impl HostLimit {
    /// Returns the use of the limit at a moment; `None` if the counter or the limit is unknown.
    pub(in crate::diagnose) fn measure(&self, facts: &Facts<'_>) -> Option<LimitUse> {
        let count = facts.counter(self.counter)?;
        let max = facts.settings().number(self.setting, self.number)?;
        Some(LimitUse {
            name: self.name,
            count,
            max,
            share: count as f64 / max.max(1) as f64,
        })
    }
}

/// Use of a limit.
#[derive(Debug, Clone, Copy)]
pub(in crate::diagnose) struct LimitUse {
    name: &'static str,
    pub(in crate::diagnose) count: u64,
    pub(in crate::diagnose) max: u64,
    /// Share of the limit in use.
    pub(in crate::diagnose) share: f64,
}

impl LimitUse {
    /// Returns the observation of a limit on a count; see [`LimitUse::observe_as`].
    pub(in crate::diagnose) fn observe(
        &self,
        kind: &'static FindingKind,
        thresholds: (f64, f64),
        is_exceeded: bool,
    ) -> Option<Observation> {
        let observation =
            self.observe_as(Value::Count(self.count), kind, thresholds, is_exceeded)?;
        Some(observation.with("limit", Value::Count(self.max)))
    }

    /// Returns the observation of a limit that is close, with `used` in a unit of its own. The thresholds are the shares
    /// of the limit for a warning and for a critical finding. `is_exceeded` is true if the kernel already enforces the
    /// limit at any share.
    pub(in crate::diagnose) fn observe_as(
        &self,
        used: Value,
        kind: &'static FindingKind,
        (warning, critical): (f64, f64),
        is_exceeded: bool,
    ) -> Option<Observation> {
        let share = self.share;
        if share < warning - SLACK && !is_exceeded {
            return None;
        }
        let mut observation = Observation::new(kind, Subject::Host, self.name, used)
            .with("share", Value::Share(share));
        observation.over_threshold = share >= warning || is_exceeded;
        observation.severity = if share >= critical {
            Severity::Critical
        } else {
            Severity::Warning
        };
        observation.reports_growth = true;
        Some(observation)
    }

    /// Describes the use: `57 000 of at most 65 536 connections (87 %)`.
    pub(in crate::diagnose) fn of_at_most(&self, things: &str) -> String {
        format!(
            "{} of at most {} {things} ({})",
            phrases::count(self.count),
            phrases::count(self.max),
            phrases::share(self.share)
        )
    }
}

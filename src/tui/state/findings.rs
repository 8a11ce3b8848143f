//! The findings at the moment shown: their distribution to the tables, the known ones of a recording, and jumps between
//! them in time.

use std::sync::Arc;

use super::{DisplayMode, State};
use crate::aggregate::Moment;
use crate::diagnose::{Finding, FindingKey, Findings};
use crate::tui::view_request::NextMoment;

impl State {
    /// Replaces the findings shown. Findings that the scan of the recording found at the instant take precedence, so
    /// that an instant has the same findings however it is reached.
    pub(super) fn set_findings(&mut self, findings: Arc<Findings>) {
        let known = self.moment.as_ref().and_then(|moment| {
            let at = self.timeline.as_ref()?.playback.at;
            self.known_findings(moment, at)
        });
        let findings = known.unwrap_or(findings);
        if !Arc::ptr_eq(&findings, &self.findings) {
            self.distribute_findings(&findings);
            self.findings = findings;
        }
    }

    /// Returns the findings to be shown with a moment.
    pub(super) fn findings_at(&self, next: &NextMoment) -> Arc<Findings> {
        let at = match (&next.status, &self.timeline) {
            (Some(status), _) => Some(status.at),
            (None, Some(timeline)) => Some(timeline.playback.at),
            (None, None) => None,
        };
        let known = at.and_then(|at| self.known_findings(&next.moment, at));
        known.unwrap_or_else(|| Arc::clone(&next.findings))
    }

    /// Passes findings to the tables, which show them with the rows arranged next.
    pub(super) fn distribute_findings(&mut self, findings: &Arc<Findings>) {
        if Arc::ptr_eq(findings, &self.finding_rows.list().findings) {
            return;
        }
        let processes = [
            &mut self.top_processes,
            &mut self.time_wait,
            &mut self.processes,
        ];
        for table in processes {
            table.list_mut().findings = Arc::clone(findings);
        }
        for table in [&mut self.top_listeners, &mut self.listeners] {
            table.list_mut().findings = Arc::clone(findings);
        }
        for table in [&mut self.top_remotes, &mut self.remotes] {
            table.list_mut().findings = Arc::clone(findings);
        }
        let limits = self.system.limits.list();
        if limits.ports != findings.ports || limits.other_ports != findings.other_ports {
            let limits = self.system.limits.list_mut();
            limits.ports = findings.ports;
            limits.other_ports = Arc::clone(&findings.other_ports);
        }
        self.finding_rows.list_mut().findings = Arc::clone(findings);
    }

    /// The findings that the scan of the recording found at the Sample with an index, if that is the one of the moment;
    /// `None` if it is not scanned yet.
    fn known_findings(&self, moment: &Moment, at: usize) -> Option<Arc<Findings>> {
        if self.display == DisplayMode::Live {
            return None;
        }
        let timeline = self.timeline.as_ref()?;
        let is_current = timeline.track.times.get(at) == Some(moment.sample.time());
        is_current.then(|| timeline.marks.findings_at(at))?
    }

    /// Appends the findings of the next scanned Samples of a recording.
    pub fn add_marks(&mut self, found: &[Arc<Findings>]) {
        let Some(timeline) = &mut self.timeline else {
            return;
        };
        let marks = Arc::make_mut(&mut timeline.marks);
        for findings in found {
            marks.push(findings);
        }
        self.set_findings(Arc::clone(&self.findings));
    }

    /// True if there are findings to jump to in time.
    pub(in crate::tui) fn has_marks(&self) -> bool {
        let known = |findings: &Findings| !findings.active.is_empty() || !findings.ended.is_empty();
        match &self.timeline {
            Some(timeline) => !timeline.marks.spans().is_empty(),
            None => known(&self.findings),
        }
    }

    /// Returns the Sample at which the next finding of the recording is raised, or the previous one. Sets a message if
    /// there is none.
    pub fn seek_mark(&mut self, forward: bool) -> Option<usize> {
        let timeline = self.timeline.as_mut()?;
        let at = timeline.seek_mark(forward);
        if at.is_none() {
            let share = timeline.scanned_share();
            let which = if forward { "after" } else { "before" };
            self.message = Some(if forward && share < 1.0 {
                let share = (share * 100.0).floor();
                format!("no later finding in the {share} % of the recording scanned so far")
            } else {
                format!("no finding {which} this instant")
            });
        }
        at
    }

    /// Returns the finding with an identity: the active one, or else the newest that has ended.
    pub fn finding(&self, key: FindingKey) -> Option<&Arc<Finding>> {
        let mut all = self.findings.active.iter().chain(&self.findings.ended);
        all.find(|finding| finding.key() == key)
    }
}

//! What is wrong at the moment that is shown, and what of it concerns what one looks at.

use std::sync::Arc;

use super::{DisplayMode, State};
use crate::diagnose::{Finding, FindingKey, Findings};

impl State {
    /// Shows findings from now on. Of a recording those are shown that are known of the instant, so that they are the same
    /// however one came there.
    pub(super) fn set_findings(&mut self, findings: Arc<Findings>) {
        let findings = self.known_findings().unwrap_or(findings);
        if Arc::ptr_eq(&findings, &self.findings) {
            return;
        }
        let processes = [&mut self.top_processes, &mut self.time_wait, &mut self.processes];
        for table in processes {
            table.list_mut().findings = Arc::clone(&findings);
        }
        for table in [&mut self.top_listeners, &mut self.listeners] {
            table.list_mut().findings = Arc::clone(&findings);
        }
        for table in [&mut self.top_remotes, &mut self.remotes] {
            table.list_mut().findings = Arc::clone(&findings);
        }
        if self.system.limits.list().ports != findings.ports {
            self.system.limits.list_mut().ports = findings.ports;
        }
        self.finding_rows.list_mut().findings = Arc::clone(&findings);
        self.findings = findings;
    }

    /// What a survey of the recording has told of the instant that is shown.
    fn known_findings(&self) -> Option<Arc<Findings>> {
        if self.display == DisplayMode::Live {
            return None;
        }
        let timeline = self.timeline.as_ref()?;
        let moment = self.moment.as_ref()?;
        let is_it = timeline.at_us() == Some(moment.sample.taken_at_us);
        is_it.then(|| timeline.marks.at(timeline.playback.at))?
    }

    /// Takes up the findings of the next Samples of a recording.
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

    /// Whether findings are known to go to in time.
    pub(in crate::tui) fn has_marks(&self) -> bool {
        let known = |findings: &Findings| !findings.now.is_empty() || !findings.over.is_empty();
        match &self.timeline {
            Some(timeline) => !timeline.marks.spans().is_empty(),
            None => known(&self.findings),
        }
    }

    /// When the next finding comes in the recording, or the one before, µs since 1970 UTC; says so if there is none.
    pub fn seek_mark(&mut self, forward: bool) -> Option<i64> {
        let timeline = self.timeline.as_mut()?;
        let at_us = timeline.seek_mark(forward);
        if at_us.is_none() {
            let share = timeline.scanned_share();
            let which = if forward { "after" } else { "before" };
            self.message = Some(if forward && share < 1.0 {
                let share = (share * 100.0).floor();
                format!("no finding comes after this one in what is looked through: {share} %")
            } else {
                format!("no finding comes {which} this instant")
            });
        }
        at_us
    }

    /// A finding by its identity: the one that holds, or else the newest that is over.
    pub fn finding(&self, key: FindingKey) -> Option<&Arc<Finding>> {
        let mut all = self.findings.now.iter().chain(&self.findings.over);
        all.find(|finding| finding.key() == key)
    }
}

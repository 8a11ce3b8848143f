//! `help findings`: every finding, with the thresholds in force.

use super::page::Page;
use crate::diagnose::{Thresholds, documentation};

/// Writes every finding: condition, severity, similar problems, and remedy.
pub fn write(page: &mut Page, thresholds: &Thresholds) {
    page.paragraph(
        "Problems that sockwatch reports on the Findings screen and with 'sockwatch diagnose', live and in recordings. \
         Each finding has its subject, start time, evidence and advice.",
    );
    page.paragraph(&format!(
        "A finding is reported once its condition has persisted for {}\u{a0}s, in at least two samples, and ends once \
         the condition has been absent for {}\u{a0}s. Findings explained by a more severe one are suppressed. Info: worth \
         knowing, nothing fails. Warning: service suffers, or soon will. Critical: connections or data are refused or \
         lost.",
        thresholds.hold_s, thresholds.clear_s
    ));
    page.paragraph(
        "The numbers below are the ones in force. Set them in ~/.config/sockwatch/config.toml or \
         /etc/sockwatch/config.toml, or in the file that --config or SOCKWATCH_CONFIG names; assets/config.toml \
         explains each. It can also turn off findings (disable) and ignore processes (ignore_processes).",
    );
    page.paragraph(
        "A finding that cannot be looked for, because a setting, a counter or a table cannot be read, is listed with the \
         reason: as unchecked by diagnose (exit status 3 if nothing was found), and at the bottom of the Findings screen. \
         Conntrack is not checked where it is not loaded.",
    );
    for entry in documentation(thresholds) {
        let mut name = entry.kind.id().to_owned();
        if thresholds.disable.contains(&entry.kind) {
            name.push_str(" (disabled)");
        }
        let parts = [
            ("Reported when", entry.reported_when.as_str()),
            ("Severity", &entry.severity),
            ("Not to be confused with", &entry.look_alikes),
            ("Remedy", &entry.remedy),
        ];
        page.entry(&name, entry.kind.title(), parts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::{FINDINGS, finding_by_id};

    #[test]
    fn every_finding_is_explained_with_the_numbers_in_force() {
        let text = |thresholds: &Thresholds| {
            let mut page = Page::new(80);
            write(&mut page, thresholds);
            page.finish()
        };
        let mut thresholds = Thresholds::default();
        let defaults = text(&thresholds);
        for kind in &FINDINGS {
            let head = format!("\n{}\n  {}\n  Reported when: ", kind.id(), kind.title());
            assert_eq!(defaults.matches(&head).count(), 1, "{}", kind.id());
        }
        assert!(defaults.contains("at least 5 connections in CLOSE-WAIT"));
        thresholds.close_wait_leak.connections = 77;
        thresholds.disable = vec![finding_by_id("orphans").unwrap()];
        let text = text(&thresholds);
        assert!(text.contains("at least 77 connections in CLOSE-WAIT"));
        assert!(text.contains("\norphans (disabled)\n"));
    }
}

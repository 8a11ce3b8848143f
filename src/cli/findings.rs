//! The help on findings, with the thresholds in force.

use std::fmt::Write;

use crate::diagnose::{Thresholds, documentation};

/// Width of the text, in columns.
const COLUMNS: usize = 80;

/// Indentation of the second and further lines of a text about a finding, columns.
const INDENT: usize = 4;

/// Explains every finding: condition, severity, similar problems, and remedy.
pub fn long(thresholds: &Thresholds) -> String {
    let mut out = String::new();
    let paragraph = |out: &mut String, text: &str| {
        wrap(out, text, 0, 0);
        out.push('\n');
    };
    paragraph(
        &mut out,
        "Problems that sockwatch reports on the Findings screen and with `sockwatch diagnose`, live and in recordings. \
         Each finding has its subject, start time, evidence and advice.",
    );
    let lifecycle = format!(
        "A finding is reported once its condition has persisted for {} s, in at least two samples, and ends once the \
         condition has been absent for {} s. Findings explained by a more severe one are suppressed. Info: worth \
         knowing, nothing fails. Warning: service suffers, or soon will. Critical: connections or data are refused or \
         lost.",
        thresholds.hold_s, thresholds.clear_s
    );
    paragraph(&mut out, &lifecycle);
    paragraph(
        &mut out,
        "The numbers below are the ones in force. Set them in ~/.config/sockwatch/config.toml or \
         /etc/sockwatch/config.toml, or in the file that --config or SOCKWATCH_CONFIG names; assets/config.toml \
         explains each. It can also turn off findings (disable) and ignore processes (ignore_processes).",
    );
    for entry in documentation(thresholds) {
        out.push_str(entry.kind.id());
        if thresholds.disable.contains(&entry.kind) {
            out.push_str(" (disabled)");
        }
        out.push_str("\n  ");
        out.push_str(entry.kind.title());
        out.push('\n');
        let parts = [
            ("Reported when", entry.reported_when.as_str()),
            ("Severity", &entry.severity),
            ("Not to be confused with", &entry.look_alikes),
            ("Remedy", &entry.remedy),
        ];
        for (name, text) in parts {
            let label = format!("  {name}: ");
            out.push_str(&label);
            wrap(&mut out, text, label.len(), INDENT);
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// Appends a text that begins after `start` columns, wrapped, with further lines indented.
fn wrap(out: &mut String, text: &str, start: usize, indent: usize) {
    let mut used = start;
    for (at, word) in text.split(' ').enumerate() {
        let length = word.chars().count();
        if at > 0 && used + 1 + length > COLUMNS {
            let _ = write!(out, "\n{:indent$}", "");
            used = indent;
        } else if at > 0 {
            out.push(' ');
            used += 1;
        }
        // A no-break space keeps a number and its unit together.
        out.push_str(&word.replace('\u{a0}', " "));
        used += length;
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::{FINDINGS, finding_by_id};

    #[test]
    fn every_finding_is_explained_in_eighty_columns_with_the_numbers_in_force() {
        let mut thresholds = Thresholds::default();
        let text = long(&thresholds);
        for line in text.lines() {
            assert!(line.chars().count() <= COLUMNS, "{line}");
            assert_eq!(line, line.trim_end());
        }
        for kind in &FINDINGS {
            let head = format!("\n{}\n  {}\n  Reported when: ", kind.id(), kind.title());
            assert_eq!(text.matches(&head).count(), 1, "{}", kind.id());
        }
        assert!(text.contains("at least 5 connections in CLOSE-WAIT"));
        thresholds.close_wait_leak.connections = 77;
        thresholds.disable = vec![finding_by_id("orphans").unwrap()];
        let text = long(&thresholds);
        assert!(text.contains("at least 77 connections in CLOSE-WAIT"));
        assert!(text.contains("\norphans (disabled)\n"));
    }
}

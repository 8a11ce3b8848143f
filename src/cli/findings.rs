//! The help on findings, with the thresholds in force.

use std::fmt::Write;

use crate::diagnose::{Thresholds, documentation};

/// Width of the text, in columns.
const COLUMNS: usize = 80;

/// Columns before the texts about a finding.
const INDENT: usize = 12;

/// Explains every finding: its condition, its severity, what looks like it, and what to do.
pub fn long(thresholds: &Thresholds) -> String {
    let mut out = String::new();
    let paragraph = |out: &mut String, text: &str| {
        wrap(out, text, 0);
        out.push('\n');
    };
    paragraph(
        &mut out,
        "What sockwatch finds wrong, on the screen Findings and with `sockwatch diagnose`, live and in recordings. Each \
         finding names whom it is about, since when, the numbers that prove it, and what to do.",
    );
    let lifecycle = format!(
        "Something is told once it has held for {} s, in two samples at least, and goes once it has been well for {} s. \
         What only follows from something graver is left to that. Info: worth knowing, nothing fails by it. Warning: \
         something suffers by it, or soon will. Critical: connections or data are refused or lost.",
        thresholds.hold_s, thresholds.clear_s
    );
    paragraph(&mut out, &lifecycle);
    paragraph(
        &mut out,
        "The numbers below are those in force. They are set in ~/.config/sockwatch/config.toml or \
         /etc/sockwatch/config.toml, or in the file that --config or SOCKWATCH_CONFIG names; assets/config.toml has \
         all of them, with their reasons. There a finding can be switched off (disable), and processes left out \
         (ignore_processes).",
    );
    for entry in documentation(thresholds) {
        out.push_str(entry.kind.id());
        if thresholds.disable.contains(&entry.kind) {
            out.push_str(" (switched off)");
        }
        out.push_str("\n  ");
        out.push_str(entry.kind.title());
        out.push('\n');
        let parts = [
            ("told if", entry.reported_when.as_str()),
            ("severity", &entry.severity),
            ("apart", &entry.look_alikes),
            ("remedy", &entry.remedy),
        ];
        for (name, text) in parts {
            let _ = write!(out, "  {name:<width$}", width = INDENT - 2);
            wrap(&mut out, text, INDENT);
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// Appends a text that begins after `indent` columns, wrapped and indented.
fn wrap(out: &mut String, text: &str, indent: usize) {
    let mut used = indent;
    for (at, word) in text.split(' ').enumerate() {
        let length = word.chars().count();
        if at > 0 && used + 1 + length > COLUMNS {
            let _ = write!(out, "\n{:indent$}", "");
            used = indent;
        } else if at > 0 {
            out.push(' ');
            used += 1;
        }
        // A number and its unit are held together by a space that does not break.
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
            let head = format!("\n{}\n  {}\n  told if   ", kind.id(), kind.title());
            assert_eq!(text.matches(&head).count(), 1, "{}", kind.id());
        }
        assert!(text.contains("at least 5 connections in CLOSE-WAIT, each for 5 s"));
        thresholds.close_wait_leak.connections = 77;
        thresholds.disable = vec![finding_by_id("orphans").unwrap()];
        let text = long(&thresholds);
        assert!(text.contains("at least 77 connections in CLOSE-WAIT"));
        assert!(text.contains("\norphans (switched off)\n"));
    }
}

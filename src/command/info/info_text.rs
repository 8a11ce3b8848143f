//! What is told of a recording, to read.
//!
//! ```text
//! session.swr      a recording of format 1, by sockwatch 0.1.0
//!
//!   host           web-3 · Linux 6.18.44
//!   span           2026-11-20 19:10:00 to 2026-11-20 19:19:59 (10 min)
//!   …
//!
//!   COLUMN                  UNPACKED   SHARE
//!   tcp_info                 90.0 MB    64 %
//! ```

use std::fmt::{Display, Write as _};

use jiff::tz::TimeZone;

use super::recording_info::Facts;
use crate::column::format;
use crate::column::when;
use crate::command::shared::recording_input::{describe_loss, span};
use crate::recording::Archive;

/// Columns that are told of; the others are summed.
const COLUMNS: usize = 20;

/// Capabilities that show owners of other users' sockets, and firewall marks.
const TELLING: [&str; 3] = ["CAP_DAC_READ_SEARCH", "CAP_NET_ADMIN", "CAP_SYS_PTRACE"];

/// Gaps that are told of one by one.
const GAPS: usize = 10;

/// Writes it; times are those of `zone`.
pub(super) fn write(facts: &Facts, archive: &dyn Archive, zone: &TimeZone) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{}: a recording of format {}, by sockwatch {}\n",
        facts.file,
        facts.format_version,
        harmless(&facts.program)
    );
    let mut line = |name: &str, value: &dyn Display| {
        let _ = writeln!(out, "  {name:<13}{value}");
    };
    let host = harmless(&facts.host.hostname);
    let kernel = harmless(&facts.host.kernel);
    line("host", &format_args!("{host} · Linux {kernel}"));
    if facts.samples > 0 {
        let span = when::show_span(span(archive), zone);
        line("span", &format_args!("{span} ({})", duration(facts.span_s)));
    }
    line("interval", &duration(facts.interval_s));
    line("samples", &samples(facts));
    if let (Some(least), Some(most)) = (facts.sockets.least, facts.sockets.most) {
        let (fewest, largest) = (count(least.into()), count(most.into()));
        if least == most {
            line("sockets", &format_args!("{largest} in each sample"));
        } else {
            line(
                "sockets",
                &format_args!("{fewest} to {largest} in a sample"),
            );
        }
    }
    let filter = facts.filter.as_deref().map(harmless);
    line("recorded", &filter.as_deref().unwrap_or("every socket"));
    if facts.redacted {
        line("redacted", &"addresses, paths, names and command lines");
    }
    line("capabilities", &capabilities(facts));
    line("size", &size(facts));
    line("state", &state(facts));
    gaps(&mut out, facts, zone);
    if !archive.losses().is_empty() {
        out.push_str("\n  DAMAGE\n");
        for loss in archive.losses() {
            let _ = writeln!(out, "  {}", describe_loss(loss, archive, zone));
        }
    }
    columns(&mut out, facts);
    out
}

fn samples(facts: &Facts) -> String {
    let mut text = count(facts.samples as u64);
    if facts.dropped_samples > 0 {
        let _ = write!(
            text,
            "; {} more could not be written",
            count(facts.dropped_samples)
        );
    }
    text
}

/// Capabilities that decide what was seen by name, the others by their number.
fn capabilities(facts: &Facts) -> String {
    let all = &facts.capabilities;
    let (telling, others): (Vec<&String>, Vec<&String>) = all
        .iter()
        .partition(|name| TELLING.contains(&name.as_str()));
    let mut text = telling
        .into_iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(" ");
    match (text.is_empty(), others.len()) {
        (true, 0) => text.push_str("none: owners of other users' sockets may be unknown"),
        (true, number) => {
            let _ = write!(text, "{number}, none of which shows other users' owners");
        }
        (false, 0) => {}
        (false, number) => {
            let _ = write!(text, " and {number} more");
        }
    }
    text
}

fn size(facts: &Facts) -> String {
    let mut text = bytes(facts.bytes);
    if let Some(each) = facts.bytes_per_socket_and_sample {
        let _ = write!(text, ", {each:.2} bytes per socket and sample");
    }
    text
}

fn state(facts: &Facts) -> &'static str {
    match (facts.losses.is_empty(), facts.closed) {
        (true, true) => "whole, closed in order",
        (true, false) => {
            "not closed in order: its end may be missing, or it is still being written"
        }
        (false, true) => "damaged, closed in order",
        (false, false) => "damaged, and not closed in order: its end may be missing",
    }
}

/// Times without Samples, the first of them.
fn gaps(out: &mut String, facts: &Facts, zone: &TimeZone) {
    if facts.gaps.is_empty() {
        return;
    }
    out.push_str("\n  GAPS\n");
    for gap in facts.gaps.iter().take(GAPS) {
        let why = match gap.dropped_samples {
            0 => "no sample was taken".to_owned(),
            1 => "1 sample could not be written".to_owned(),
            dropped => format!("{dropped} samples could not be written"),
        };
        let at = when::show(gap.from_us, zone);
        let _ = writeln!(out, "  {at}  {:>8}  {why}", duration(gap.seconds));
    }
    if facts.gaps.len() > GAPS {
        let _ = writeln!(out, "  and {} more", facts.gaps.len() - GAPS);
    }
}

/// How much each column takes of what is packed.
fn columns(out: &mut String, facts: &Facts) {
    let all: u64 = facts
        .columns
        .iter()
        .map(|column| column.unpacked_bytes)
        .sum();
    if all == 0 {
        return;
    }
    let _ = writeln!(out, "\n  {:<28}{:>9}{:>9}", "COLUMN", "UNPACKED", "SHARE");
    let mut row = |name: &str, unpacked: u64| {
        let mut share = String::new();
        format::share(&mut share, unpacked as f64 / all as f64);
        let _ = writeln!(out, "  {name:<28}{:>9}{share:>9}", bytes(unpacked));
    };
    for column in facts.columns.iter().take(COLUMNS) {
        row(&harmless(&column.name), column.unpacked_bytes);
    }
    let rest = facts.columns.iter().skip(COLUMNS);
    let rest: u64 = rest.map(|column| column.unpacked_bytes).sum();
    if rest > 0 {
        row("others", rest);
    }
    row("all", all);
}

fn bytes(value: u64) -> String {
    let mut text = String::new();
    format::bytes(&mut text, value as f64);
    text
}

fn count(value: u64) -> String {
    let mut text = String::new();
    format::count(&mut text, value);
    text
}

/// Seconds in words.
fn duration(seconds: f64) -> String {
    let mut text = String::new();
    format::short_duration_us(&mut text, seconds * 1e6);
    text
}

/// A text of the file, which may have been made by anybody.
fn harmless(text: &str) -> String {
    let mut out = String::new();
    format::harmless(&mut out, text.as_bytes());
    out
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::recording_info::tests::{inspection, outline};
    use super::*;

    #[test]
    fn it_reads_well() {
        let mut archive = outline();
        archive.losses = vec![crate::recording::Loss {
            after: Some(9),
            offset: 4096,
            bytes: 812,
            why: "its checksum is wrong".into(),
        }];
        archive.metadata.filter = "-t dport = :443".into();
        archive.metadata.capabilities.clear();
        let facts = Facts::new(Path::new("session.swr"), &archive, &inspection());
        let text = write(&facts, &archive, &TimeZone::UTC);
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "../../../tests/snapshots" }, {
            insta::assert_snapshot!("info", text);
        });
    }

    #[test]
    fn a_text_of_the_file_cannot_steer_the_terminal() {
        let mut archive = outline();
        archive.metadata.host.hostname = "\u{1b}[2Jgone".into();
        archive.metadata.filter = "a\nb".into();
        let facts = Facts::new(Path::new("x.swr"), &archive, &inspection());
        let text = write(&facts, &archive, &TimeZone::UTC);
        assert!(!text.contains('\u{1b}') && !text.contains("a\nb"), "{text}");
    }
}

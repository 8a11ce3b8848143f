//! Formats the facts of a recording as text.
//!
//! ```text
//! session.swr: recording, format 1, by sockwatch 0.1.0
//!
//!   host         web-3 · Linux 6.18.44
//!   time range   2026-11-20 19:10:00 to 2026-11-20 19:19:59 (10 min)
//!   …
//!
//!   STREAM                  UNPACKED   SHARE
//!   tcp_info                 90.0 MB    64 %
//! ```

use std::fmt::{Display, Write as _};

use jiff::tz::TimeZone;

use super::recording_info::RecordingInfo;
use crate::column::describe_change;
use crate::column::format;
use crate::column::when;
use crate::command::shared::recording_input::{NOT_CLOSED, describe_loss};
use crate::printable::sanitized;
use crate::recording::{Archive, Entry};

/// Maximum number of streams that are listed; the others are summed.
const MAX_STREAMS: usize = 20;

/// Capabilities that reveal owners of other users' sockets and firewall marks.
const RELEVANT_CAPABILITIES: [&str; 3] = ["CAP_DAC_READ_SEARCH", "CAP_NET_ADMIN", "CAP_SYS_PTRACE"];

/// Multiple of the interval from which a measured one is noticeably longer.
const NOTICEABLY_LONGER: f64 = 1.2;

/// Maximum number of gaps and of clock steps that are listed; the others are counted.
const MAX_GAPS: usize = 10;

/// Returns the text, with times in `zone`.
pub(super) fn format_info(info: &RecordingInfo, archive: &dyn Archive, zone: &TimeZone) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{}: recording in format {} by sockwatch {}\n",
        sanitized(&info.file),
        info.format_version,
        sanitized(&info.program)
    );
    let mut line = |name: &str, value: &dyn Display| {
        let _ = writeln!(out, "  {name:<13}{value}");
    };
    let host = sanitized(&info.host.hostname);
    let kernel = sanitized(&info.host.kernel);
    line("host", &format_args!("{host} · Linux {kernel}"));
    if info.samples > 0 {
        line("time range", &time_range(info, archive, zone));
    }
    line("interval", &interval(info));
    line("samples", &samples(info));
    if let (Some(min), Some(max)) = (info.sockets.min, info.sockets.max) {
        let (fewest, largest) = (count(min.into()), count(max.into()));
        if min == max {
            line("sockets", &format_args!("{largest} per sample"));
        } else {
            line("sockets", &format_args!("{fewest} to {largest} per sample"));
        }
    }
    let filter = info.filter.as_deref().map(sanitized);
    line("filter", &filter.as_deref().unwrap_or("none, all sockets"));
    if info.redacted {
        line("redacted", &"addresses, paths, names and command lines");
    }
    line("capabilities", &capabilities(info));
    line("size", &size(info));
    line("state", &state(info));
    clock_steps(&mut out, info, zone);
    gaps(&mut out, info, zone);
    if !archive.losses().is_empty() {
        out.push_str("\n  DAMAGE\n");
        for loss in archive.losses() {
            let _ = writeln!(out, "  {}", describe_loss(loss, archive, zone));
        }
    }
    streams(&mut out, info);
    out
}

/// Returns the configured interval, and the measured one if it is noticeably longer: Samples took longer, or were dropped.
fn interval(info: &RecordingInfo) -> String {
    let configured = duration(info.interval_s);
    let is_longer = |measured: &f64| *measured > info.interval_s * NOTICEABLY_LONGER;
    match info.measured_interval_s.filter(is_longer) {
        Some(measured) => format!(
            "{configured}; a sample every {} (median)",
            duration(measured)
        ),
        None => configured,
    }
}

fn time_range(info: &RecordingInfo, archive: &dyn Archive, zone: &TimeZone) -> String {
    let entries = archive.entries();
    let show = |entry: Option<&Entry>| {
        entry.map_or_else(String::new, |entry| when::show(entry.time.wall_us, zone))
    };
    let (first, last) = (show(entries.first()), show(entries.last()));
    let mut text = format!("{first} to {last} ({}", duration(info.span_s));
    if let Some(seconds) = info.suspended_s.filter(|seconds| *seconds > 0.0) {
        let _ = write!(text, ", and suspended for {}", duration(seconds));
    }
    match info.clock_steps.len() {
        0 => {}
        1 => text.push_str("; the clock was set in between"),
        steps => {
            let _ = write!(text, "; the clock was set {steps} times in between");
        }
    }
    text.push(')');
    text
}

fn samples(info: &RecordingInfo) -> String {
    let mut text = count(info.samples as u64);
    if info.dropped_samples > 0 {
        let _ = write!(text, "; {} more not written", count(info.dropped_samples));
    }
    text
}

/// Names the relevant capabilities and counts the others.
fn capabilities(info: &RecordingInfo) -> String {
    let all = &info.capabilities;
    let (relevant, others): (Vec<&String>, Vec<&String>) = all
        .iter()
        .partition(|name| RELEVANT_CAPABILITIES.contains(&name.as_str()));
    let mut text = relevant
        .into_iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(" ");
    match (text.is_empty(), others.len()) {
        (true, 0) => text.push_str("none: owners of other users' sockets may be unknown"),
        (true, number) => {
            let _ = write!(text, "{number}, which do not show owners of other users");
        }
        (false, 0) => {}
        (false, number) => {
            let _ = write!(text, " and {number} more");
        }
    }
    text
}

fn size(info: &RecordingInfo) -> String {
    let mut text = bytes(info.bytes);
    if let Some(each) = info.bytes_per_socket_and_sample {
        let _ = write!(text, ", {each:.2} bytes per socket and sample");
    }
    text
}

fn state(info: &RecordingInfo) -> &'static str {
    match (info.losses.is_empty(), info.closed) {
        (true, true) => "complete",
        (true, false) => NOT_CLOSED,
        (false, true) => "corrupt, closed",
        (false, false) => "corrupt and not closed: its end may be missing",
    }
}

/// Appends the list of steps of the wall clock.
fn clock_steps(out: &mut String, info: &RecordingInfo, zone: &TimeZone) {
    if info.clock_steps.is_empty() {
        return;
    }
    out.push_str("\n  CLOCK STEPS\n");
    for step in info.clock_steps.iter().take(MAX_GAPS) {
        let at = when::show(step.from_us, zone);
        let _ = writeln!(out, "  {at}  {}", describe_change(step.change));
    }
    if info.clock_steps.len() > MAX_GAPS {
        let _ = writeln!(out, "  and {} more", info.clock_steps.len() - MAX_GAPS);
    }
}

/// Appends the list of gaps.
fn gaps(out: &mut String, info: &RecordingInfo, zone: &TimeZone) {
    if info.gaps.is_empty() {
        return;
    }
    out.push_str("\n  GAPS\n");
    for gap in info.gaps.iter().take(MAX_GAPS) {
        let mut why = match gap.dropped_samples {
            0 => "no sample taken".to_owned(),
            1 => "1 sample not written".to_owned(),
            dropped => format!("{dropped} samples not written"),
        };
        if let Some(seconds) = gap.suspended_s.filter(|seconds| *seconds > 0.0) {
            let _ = write!(why, ": the system was suspended for {}", duration(seconds));
        }
        let at = when::show(gap.from_us, zone);
        let _ = writeln!(out, "  {at}  {:>8}  {why}", duration(gap.seconds));
    }
    if info.gaps.len() > MAX_GAPS {
        let _ = writeln!(out, "  and {} more", info.gaps.len() - MAX_GAPS);
    }
}

/// Appends the unpacked size of each stream.
fn streams(out: &mut String, info: &RecordingInfo) {
    let all: u64 = info
        .streams
        .iter()
        .map(|stream| stream.unpacked_bytes)
        .sum();
    if all == 0 {
        return;
    }
    let _ = writeln!(out, "\n  {:<28}{:>9}{:>9}", "STREAM", "UNPACKED", "SHARE");
    let mut row = |name: &str, unpacked: u64| {
        let mut share = String::new();
        format::share(&mut share, unpacked as f64 / all as f64);
        let _ = writeln!(out, "  {name:<28}{:>9}{share:>9}", bytes(unpacked));
    };
    for stream in info.streams.iter().take(MAX_STREAMS) {
        row(&sanitized(&stream.name), stream.unpacked_bytes);
    }
    let rest = info.streams.iter().skip(MAX_STREAMS);
    let rest: u64 = rest.map(|stream| stream.unpacked_bytes).sum();
    if rest > 0 {
        row("other", rest);
    }
    row("total", all);
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

/// Formats a number of seconds with a unit.
fn duration(seconds: f64) -> String {
    let mut text = String::new();
    format::short_duration_us(&mut text, seconds * 1e6);
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::test_archive::{archive_with_gaps, inspection};
    use super::*;

    #[test]
    fn the_text_of_a_damaged_recording() {
        let mut archive = archive_with_gaps();
        archive.losses = vec![crate::recording::Loss {
            after: Some(9),
            offset: 4096,
            bytes: 812,
            why: "its checksum is wrong".into(),
            loses_samples: true,
        }];
        archive.metadata.filter = "-t dport = :443".into();
        archive.metadata.capabilities.clear();
        let info = RecordingInfo::new(Path::new("session.swr"), &archive, &inspection());
        let text = format_info(&info, &archive, &TimeZone::UTC);
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "../../../tests/screens/snapshots" }, {
            insta::assert_snapshot!("info", text);
        });
    }

    #[test]
    fn control_characters_of_the_file_are_escaped() {
        let mut archive = archive_with_gaps();
        archive.metadata.host.hostname = "\u{1b}[2Jgone".into();
        archive.metadata.filter = "a\nb".into();
        let info = RecordingInfo::new(Path::new("x.swr"), &archive, &inspection());
        let text = format_info(&info, &archive, &TimeZone::UTC);
        assert!(!text.contains('\u{1b}') && !text.contains("a\nb"), "{text}");
    }
}

//! Contents and integrity of a recording, in the shape of the JSON document of `info --json`.

use std::path::Path;

use serde::Serialize;

use crate::model::{ClockChange, TimeAxis};
use crate::recording::{Archive, Entry, Inspection};

/// Version of the document.
const VERSION: u32 = 1;

/// Contents and integrity of a recording.
#[derive(Debug, Serialize)]
pub(super) struct RecordingInfo {
    version: u32,
    pub(super) file: String,
    /// Version of the file's format.
    pub(super) format_version: u16,
    /// Version of the program that wrote it.
    pub(super) program: String,
    pub(super) host: Host,
    /// Start of the recording. All times are RFC 3339; those of Samples are null without any.
    begun_at: Option<String>,
    first_sample_at: Option<String>,
    last_sample_at: Option<String>,
    /// From the first to the last Sample on the monotonic clock, s: without steps of the wall clock and suspension.
    pub(super) span_s: f64,
    /// Time in suspension, s; null if it was not recorded.
    pub(super) suspended_s: Option<f64>,
    pub(super) interval_s: f64,
    /// Median time between two Samples, s; null with fewer than two. It is longer than the interval if Samples took longer or were dropped.
    pub(super) measured_interval_s: Option<f64>,
    pub(super) samples: usize,
    pub(super) sockets: Sockets,
    /// Samples that were taken and could not be written.
    pub(super) dropped_samples: u64,
    /// Steps of the wall clock.
    pub(super) clock_steps: Vec<ClockStep>,
    pub(super) gaps: Vec<Gap>,
    pub(super) losses: Vec<Loss>,
    /// True if nothing is corrupt and the file was closed.
    #[serde(rename = "whole")]
    pub(super) is_complete: bool,
    pub(super) closed: bool,
    pub(super) capabilities: Vec<String>,
    /// Filter of the recorded sockets; null if all were recorded.
    pub(super) filter: Option<String>,
    pub(super) redacted: bool,
    pub(super) bytes: u64,
    pub(super) unpacked_bytes: u64,
    pub(super) key_frames: u64,
    /// Null without a socket.
    pub(super) bytes_per_socket_and_sample: Option<f64>,
    /// Sizes of the streams, largest first.
    pub(super) streams: Vec<StreamSize>,
}

#[derive(Debug, Serialize)]
pub(super) struct Host {
    pub(super) hostname: String,
    pub(super) kernel: String,
    boot_id: String,
}

/// Smallest and largest number of sockets in a Sample; null without Samples.
#[derive(Debug, Serialize)]
pub(super) struct Sockets {
    #[serde(rename = "least")]
    pub(super) min: Option<u32>,
    #[serde(rename = "most")]
    pub(super) max: Option<u32>,
}

/// A step of the wall clock.
#[derive(Debug, Serialize, PartialEq)]
pub(super) struct ClockStep {
    /// Times of the Samples before and after it.
    from: Option<String>,
    to: Option<String>,
    /// Forward, or back if negative.
    pub(super) seconds: f64,
    /// True if the system may have been suspended instead.
    may_be_suspension: bool,
    #[serde(skip)]
    pub(super) from_us: i64,
    #[serde(skip)]
    pub(super) change: ClockChange,
}

/// A period without Samples.
#[derive(Debug, Serialize, PartialEq)]
pub(super) struct Gap {
    from: Option<String>,
    to: Option<String>,
    /// Its length, with the time in suspension.
    pub(super) seconds: f64,
    /// Time of it for which the system was suspended, s; null if it was not recorded.
    pub(super) suspended_s: Option<f64>,
    /// Samples taken in this period that could not be written.
    pub(super) dropped_samples: u32,
    #[serde(skip)]
    pub(super) from_us: i64,
}

/// A damaged part of the file.
#[derive(Debug, Serialize)]
pub(super) struct Loss {
    /// Times of the Samples before and after it; null if there is none.
    after: Option<String>,
    before: Option<String>,
    offset: u64,
    bytes: u64,
    why: String,
}

/// Unpacked size of a stream.
#[derive(Debug, Serialize)]
pub(super) struct StreamSize {
    pub(super) name: String,
    pub(super) unpacked_bytes: u64,
}

impl RecordingInfo {
    /// Collects the facts from an archive and the inspection of its file.
    pub(super) fn new(
        path: &Path,
        archive: &dyn Archive,
        inspection: &Inspection,
    ) -> RecordingInfo {
        let (metadata, entries) = (archive.metadata(), archive.entries());
        let axis = archive.time_axis();
        let time = |entry: Option<&Entry>| timestamp(entry?.time.wall_us);
        let losses: Vec<Loss> = archive
            .losses()
            .iter()
            .map(|loss| Loss {
                after: loss.after.and_then(|after| time(entries.get(after))),
                before: time(entries.get(loss.after.map_or(0, |after| after + 1))),
                offset: loss.offset,
                bytes: loss.bytes,
                why: loss.why.clone(),
            })
            .collect();
        let is_readable = |(at, _): &(usize, &Entry)| !inspection.unreadable.contains(at);
        let readable = || entries.iter().enumerate().filter(is_readable);
        let readable = || readable().map(|(_, entry)| entry);
        let sockets: u64 = readable().map(|entry| u64::from(entry.sockets)).sum();
        let (first, last) = (entries.first(), entries.last());
        RecordingInfo {
            version: VERSION,
            file: path.display().to_string(),
            format_version: inspection.version,
            program: metadata.program.clone(),
            host: Host {
                hostname: metadata.host.hostname.clone(),
                kernel: metadata.host.kernel.clone(),
                boot_id: metadata.host.boot_id.clone(),
            },
            begun_at: timestamp(metadata.begun_at_us),
            first_sample_at: time(first),
            last_sample_at: time(last),
            span_s: seconds(axis.span_us()),
            suspended_s: suspended_s(&axis),
            interval_s: metadata.interval.as_secs_f64(),
            measured_interval_s: axis.median_pause_us().map(seconds),
            samples: readable().count(),
            sockets: Sockets {
                min: readable().map(|entry| entry.sockets).min(),
                max: readable().map(|entry| entry.sockets).max(),
            },
            dropped_samples: entries.iter().map(|entry| u64::from(entry.dropped)).sum(),
            clock_steps: clock_steps(&axis),
            gaps: gaps(archive, &axis),
            is_complete: losses.is_empty() && inspection.closed,
            closed: inspection.closed,
            losses,
            capabilities: metadata.capabilities.clone(),
            filter: Some(metadata.filter.clone()).filter(|filter| !filter.is_empty()),
            redacted: metadata.redacted,
            bytes: inspection.file_bytes,
            unpacked_bytes: inspection.unpacked_bytes,
            key_frames: inspection.chunks,
            bytes_per_socket_and_sample: (sockets > 0)
                .then(|| inspection.file_bytes as f64 / sockets as f64),
            streams: inspection
                .streams
                .iter()
                .map(|(name, bytes)| StreamSize {
                    name: name.clone(),
                    unpacked_bytes: *bytes,
                })
                .collect(),
        }
    }
}

fn seconds(us: i64) -> f64 {
    us as f64 / 1e6
}

/// Formats a time as RFC 3339; `None` if it is out of range.
fn timestamp(us: i64) -> Option<String> {
    let time = jiff::Timestamp::from_microsecond(us).ok()?;
    Some(format!("{time:.6}"))
}

/// Returns the steps of the wall clock.
fn clock_steps(axis: &TimeAxis) -> Vec<ClockStep> {
    let step = |&(at, change): &(usize, ClockChange)| {
        let (before, after) = (axis.wall_us(at.checked_sub(1)?)?, axis.wall_us(at)?);
        let (by_us, may_be_suspension) = match change {
            ClockChange::Stepped(by_us) => (by_us, false),
            ClockChange::SteppedOrSuspended(by_us) => (by_us, true),
            ClockChange::Suspended(_) => return None,
        };
        Some(ClockStep {
            from: timestamp(before),
            to: timestamp(after),
            seconds: seconds(by_us),
            may_be_suspension,
            from_us: before,
            change,
        })
    };
    axis.changes().iter().filter_map(step).collect()
}

/// Returns the time in suspension before a Sample, s; `None` if it was not recorded.
fn suspended_before(axis: &TimeAxis, at: usize) -> Option<f64> {
    axis.get(at)?.suspended_s?;
    axis.get(at.checked_sub(1)?)?.suspended_s?;
    let seconds = axis.changes_before(at).map(|change| match change {
        ClockChange::Suspended(seconds) => f64::from(seconds),
        _ => 0.0,
    });
    Some(seconds.sum())
}

/// Returns the time in suspension during the recording, s; `None` if it was not recorded.
fn suspended_s(axis: &TimeAxis) -> Option<f64> {
    (1..axis.len()).map(|at| suspended_before(axis, at)).sum()
}

/// Returns the periods in which Samples were dropped, or none was taken for several intervals, or the system was
/// suspended.
fn gaps(archive: &dyn Archive, axis: &TimeAxis) -> Vec<Gap> {
    let interval = i64::try_from(archive.metadata().interval.as_micros()).unwrap_or(i64::MAX);
    let entries = archive.entries().iter().enumerate().skip(1);
    let gaps = entries.filter_map(|(at, entry)| {
        let pause = axis.pause_us(at - 1)?;
        let suspended_s = suspended_before(axis, at);
        let is_gap = entry.dropped > 0 || axis.is_gap(at - 1, interval) || suspended_s > Some(0.0);
        let before = axis.wall_us(at - 1)?;
        is_gap.then(|| Gap {
            from: timestamp(before),
            to: timestamp(entry.time.wall_us),
            seconds: seconds(pause),
            suspended_s,
            dropped_samples: entry.dropped,
            from_us: before,
        })
    });
    gaps.collect()
}

#[cfg(test)]
mod tests {
    use super::super::test_archive::{ArchiveOutline, archive_with_gaps, inspection};
    use super::*;
    use crate::recording::Metadata;

    #[test]
    fn gaps_are_dropped_samples_and_long_pauses() {
        let archive = archive_with_gaps();
        let gaps = gaps(&archive, &archive.time_axis());
        let short: Vec<_> = gaps
            .iter()
            .map(|gap| (gap.seconds, gap.dropped_samples))
            .collect();
        assert_eq!(short, [(3.0, 2), (11.0, 0)]);
    }

    #[test]
    fn the_document_has_a_version_and_nulls() {
        let empty = ArchiveOutline {
            metadata: Metadata::default(),
            entries: Vec::new(),
            losses: Vec::new(),
        };
        let info = RecordingInfo::new(Path::new("x.swr"), &empty, &Inspection::default());
        let json = serde_json::to_value(&info).unwrap();
        assert_eq!(json["version"], 1);
        for null in ["first_sample_at", "filter", "bytes_per_socket_and_sample"] {
            assert!(json[null].is_null(), "{null}");
        }
        assert_eq!(json["whole"], false, "it was not closed");

        let info = RecordingInfo::new(Path::new("x.swr"), &archive_with_gaps(), &inspection());
        let json = serde_json::to_value(&info).unwrap();
        assert_eq!(json["whole"], true);
        assert_eq!(json["samples"], 588);
        assert_eq!(json["span_s"], 599.0);
        assert_eq!(json["dropped_samples"], 2);
        assert_eq!(json["sockets"]["most"], 12_599);
        assert_eq!(json["streams"][0]["name"], "tcp_info");
        assert_eq!(json["gaps"][0]["dropped_samples"], 2);
    }
}

//! Recordings as the input of commands: opening, choosing a moment, reporting damage.

use std::cell::RefCell;
use std::path::Path;

use anyhow::anyhow;
use jiff::tz::TimeZone;

use super::usage_error::UsageError;
use crate::aggregate::Moment;
use crate::app::environment;
use crate::column::when;
use crate::export::message::report;
use crate::recording::{Archive, Loss, Reader, RecordingError};
use crate::replay::{Depth, Replayer};

/// Time after the last Sample that still selects it, µs, beyond one interval: times are typed in whole seconds.
const SLACK_US: i64 = 1_000_000;

/// Note on a recording that its recorder did not close.
pub(in crate::command) const NOT_CLOSED: &str =
    "not closed: its end may be missing, or it is still being written";

/// Opens a recording for replay, and reports on standard error if it is damaged or was not closed.
///
/// # Errors
/// If the file cannot be read or has no Samples.
pub(in crate::command) fn open(path: &Path) -> anyhow::Result<Replayer> {
    let reader = open_reader(path)?;
    report_losses(&reader, path);
    Ok(Replayer::new(Box::new(reader)))
}

/// Opens a recording without reporting its damage.
///
/// # Errors
/// If the file cannot be read or has no Samples; then the damage is the reason.
pub(in crate::command) fn open_reader(path: &Path) -> anyhow::Result<Reader> {
    let reader = Reader::open(path)?;
    if !reader.entries().is_empty() {
        return Ok(reader);
    }
    let zone = TimeZone::system();
    let losses = reader.losses().iter();
    let mut why: Vec<String> = losses
        .map(|loss| describe_loss(loss, &reader, &zone))
        .collect();
    if !reader.is_closed() {
        why.push(NOT_CLOSED.to_owned());
    }
    let path = path.display();
    Err(match why.as_slice() {
        [] => anyhow!("{path}: contains no samples"),
        why => anyhow!("{path}: contains no readable samples: {}", why.join("; ")),
    })
}

/// Reads the last moment of a recording at or before a time, or the last one. If its Sample is damaged, reads the one
/// before and says so on standard error.
///
/// # Errors
/// If the file cannot be read, the time is invalid or outside of the recording, or no Sample up to there can be read.
pub(in crate::command) fn read_moment(
    path: &Path,
    at: Option<&str>,
    moment: &mut Moment,
) -> anyhow::Result<()> {
    let mut replayer = open(path)?;
    let index = sample_index(replayer.archive(), at, &environment::time_zone(), |note| {
        report!("sockwatch: {}: {note}", path.display());
    })?;
    let path = path.display();
    let time = |replayer: &Replayer, at: usize| {
        let entry = replayer.archive().entries().get(at);
        entry.map_or_else(String::new, |entry| {
            when::show(entry.time.wall_us, &TimeZone::system())
        })
    };
    let mut first_why = None;
    for at in (0..=index).rev() {
        match replayer.show(at, Depth::Rates, moment) {
            Ok(()) => {
                if let Some(why) = first_why {
                    report!(
                        "sockwatch: {path}: the sample at {} cannot be read ({why}); this is the one at {}",
                        time(&replayer, index),
                        time(&replayer, at)
                    );
                }
                return Ok(());
            }
            Err(RecordingError::Damaged(why)) => first_why = first_why.or(Some(why)),
            Err(error) => return Err(error.into()),
        }
    }
    Err(anyhow!(
        "{path}: no sample up to {} can be read: {}",
        time(&replayer, index),
        first_why.unwrap_or_default()
    ))
}

/// Returns the index of the last Sample at or before a time; of the last one without a time. Reports a time that the wall
/// clock showed twice, or skipped, with `note`.
fn sample_index(
    archive: &dyn Archive,
    at: Option<&str>,
    zone: &TimeZone,
    note: impl FnOnce(&str),
) -> anyhow::Result<usize> {
    let axis = archive.time_axis();
    let Some(text) = at else {
        return Ok(axis.len().saturating_sub(1));
    };
    let interval = i64::try_from(archive.metadata().interval.as_micros()).unwrap_or(i64::MAX);
    let tail_us = interval.saturating_add(SLACK_US);
    let found = when::find(text, &axis, tail_us, zone).map_err(|error| invalid_time(&error))?;
    if !found.is_within {
        let span = when::show_covered(&axis, zone);
        return Err(anyhow!(
            "nothing was recorded at {text}; the recording covers {span}"
        ));
    }
    if let Some(text) = &found.note {
        note(text);
    }
    Ok(found.at)
}

/// Converts an invalid time on the command line to a usage error.
pub(in crate::command) fn invalid_time(error: &when::WhenError) -> anyhow::Error {
    UsageError::new(error.to_string()).into()
}

/// Reports each damaged part on standard error, in one line, and whether the end may be missing.
fn report_losses(archive: &dyn Archive, path: &Path) {
    let zone = environment::time_zone();
    for loss in archive.losses() {
        report!(
            "sockwatch: {}: {}",
            path.display(),
            describe_loss(loss, archive, &zone)
        );
    }
    if !archive.is_closed() {
        report!("sockwatch: {}: {NOT_CLOSED}", path.display());
    }
}

/// Reports Samples that cannot be read on standard error, once for a run of the same reason.
#[derive(Debug)]
pub(in crate::command) struct DamageReporter<'a> {
    path: &'a Path,
    last: RefCell<String>,
}

impl<'a> DamageReporter<'a> {
    /// Creates a reporter for a recording.
    pub(in crate::command) fn new(path: &'a Path) -> DamageReporter<'a> {
        DamageReporter {
            path,
            last: RefCell::default(),
        }
    }

    /// Reports why the next Sample cannot be read.
    pub(in crate::command) fn report(&self, error: &dyn std::fmt::Display) {
        let reason = error.to_string();
        if *self.last.borrow() != reason {
            report!("sockwatch: {}: {reason}", self.path.display());
            self.last.replace(reason);
        }
    }
}

/// Describes a damaged part: its position, size and reason.
pub(in crate::command) fn describe_loss(
    loss: &Loss,
    archive: &dyn Archive,
    zone: &TimeZone,
) -> String {
    let time = |at: usize| {
        let entry = archive.entries().get(at)?;
        Some(when::show(entry.time.wall_us, zone))
    };
    let next = time(loss.after.map_or(0, |after| after + 1));
    let position = match (loss.after.and_then(time), next) {
        (Some(before), Some(next)) => format!("between the samples at {before} and {next}"),
        (Some(before), None) => format!("after the sample at {before}"),
        (None, _) => "before the first sample".to_owned(),
    };
    format!(
        "corrupt {position}: {} bytes at byte {}: {}",
        loss.bytes, loss.offset, loss.why
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::Sample;
    use crate::recording::{Metadata, SampleArchive};

    /// Ten Samples, one per second, beginning 1000.5 s after 1970 UTC.
    fn archive() -> SampleArchive {
        let metadata = Metadata {
            interval: Duration::from_secs(1),
            ..Metadata::default()
        };
        let samples = (0..10).map(|at| Sample {
            taken_at_us: (1000 + at) * 1_000_000 + 500_000,
            monotonic_ns: (7 + at.unsigned_abs()) * 1_000_000_000,
            ..Sample::default()
        });
        SampleArchive::new(metadata, samples.collect())
    }

    fn index_at(text: &str) -> Result<usize, String> {
        sample_index(&archive(), Some(text), &TimeZone::UTC, |note| {
            panic!("{note}")
        })
        .map_err(|error| error.to_string())
    }

    #[test]
    fn the_moment_is_the_last_one_at_or_before_the_time() {
        let last = sample_index(&archive(), None, &TimeZone::UTC, |_| {});
        assert_eq!(last.unwrap(), 9);
        assert_eq!(index_at("00:16:40.5"), Ok(0));
        assert_eq!(
            index_at("00:16:40"),
            Ok(0),
            "the second in which it was taken"
        );
        assert_eq!(index_at("00:16:44.499999"), Ok(3));
        assert_eq!(index_at("00:16:44"), Ok(4));
        assert_eq!(index_at("-3s"), Ok(6));
        assert_eq!(index_at("+2500ms"), Ok(2));
        assert_eq!(index_at("-0s"), Ok(9));
        assert_eq!(
            index_at("00:16:50"),
            Ok(9),
            "less than one interval after the last"
        );
    }

    #[test]
    fn a_time_outside_is_refused_with_the_span() {
        for text in ["00:16:39", "+1h", "-1h", "1970-01-01T00:16:53Z"] {
            let said = index_at(text).unwrap_err();
            assert!(
                said.contains("1970-01-01 00:16:40 to 1970-01-01 00:16:49"),
                "{said}"
            );
        }
        assert!(index_at("soon").unwrap_err().contains("invalid time"));
    }
}

//! Finds Samples by time: RFC 3339, times of day, and relative times.
//!
//! Relative times are measured by the monotonic clock. Other times are what the wall clock showed. Where it was set, it
//! may have shown a time twice, or skipped it: both are noted.

mod occurrence;
mod text;
mod typed;

use std::ops::Range;

use jiff::tz::TimeZone;

use self::occurrence::Search;
use self::text::shortened;
pub use self::text::{show, show_covered};
use self::typed::{ParseError, TypedTime};
use super::clock_change::describe_change;
use crate::model::TimeAxis;

/// Reason why a text is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhenError {
    /// The text is not a time.
    #[error(
        "invalid time '{text}': use 2026-11-20T20:14:07Z, '2026-11-20 20:14:07', 20:14:07, -5m (before the end) or \
         +30s (after the start); the recording covers {span}"
    )]
    NotUnderstood {
        /// The text as typed.
        text: String,
        /// The first and the last Sample.
        span: String,
    },
    /// The time is outside the representable range.
    #[error("time '{text}' is out of range; the recording covers {span}")]
    OutOfReach {
        /// The text as typed.
        text: String,
        /// The first and the last Sample.
        span: String,
    },
}

/// A Sample found by time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundSample {
    /// Its index.
    pub at: usize,
    /// False if the time is before the first Sample or after the last one, and this is the nearest one.
    pub is_within: bool,
    /// A sentence for the user if the wall clock showed the time twice, or skipped it.
    pub note: Option<String>,
}

/// The Samples found in a time range.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundRange {
    /// Their indices.
    pub range: Range<usize>,
    /// A sentence for the user about each end of the range that the wall clock showed twice.
    pub notes: Vec<String>,
}

/// Finds the last Sample at or before a time. A whole second means its end, so that it includes Samples taken in that
/// second. The last Sample is found up to `tail_us` µs after it.
///
/// Accepts RFC 3339 (`2026-11-20T20:14:07.5Z`), a date with a time (`2026-11-20 20:14:07`) in `zone`, a time of day
/// (`20:14:07`) in `zone`, and times before the last Sample (`-5m`) or after the first (`+30s`). A time of day belongs to
/// the last day on which it falls within the recording, including a second that is partly within; if there is none, to
/// the nearest day.
///
/// If the wall clock showed the time twice, the later Sample is found; if it skipped the time, the nearest.
///
/// # Errors
/// If the text is not a time.
pub fn find(
    text: &str,
    axis: &TimeAxis,
    tail_us: i64,
    zone: &TimeZone,
) -> Result<FoundSample, WhenError> {
    let typed = parse(text, axis, zone)?;
    let found = |at, is_within| FoundSample {
        at,
        is_within,
        note: None,
    };
    if let Some(us) = elapsed_us(typed, axis) {
        let is_within = (0..=axis.span_us().saturating_add(tail_us)).contains(&us);
        return Ok(found(axis.at_elapsed(us), is_within));
    }
    let search = Search { typed, axis, zone };
    let occurrences = search.occurrences();
    if let Some(last) = occurrences.last() {
        return Ok(FoundSample {
            note: search.note_repeated(text, &occurrences, false),
            ..found(last.last, true)
        });
    }
    if let Some(at) = search.in_tails(tail_us).last() {
        return Ok(found(*at, true));
    }
    if let Some((step, at)) = search.skipped() {
        let change = axis.step_before(step).map(describe_change);
        let before = axis.wall_us(step - 1).unwrap_or(0);
        let note = format!(
            "{} was skipped: {} after {}; showing the nearest sample, of {}",
            shortened(text.trim()),
            change.unwrap_or_default(),
            show(before, zone),
            show(axis.wall_us(at).unwrap_or(0), zone),
        );
        return Ok(FoundSample {
            note: Some(note),
            ..found(at, true)
        });
    }
    Ok(found(search.nearest(), false))
}

/// Finds the Samples from one time to another, both included; see [`find`] for times. If the wall clock showed an end
/// twice, the range is the longer one.
///
/// # Errors
/// If a text is not a time.
pub fn find_range(
    from: Option<&str>,
    to: Option<&str>,
    axis: &TimeAxis,
    zone: &TimeZone,
) -> Result<FoundRange, WhenError> {
    let mut notes = Vec::new();
    let mut end_of = |text: &str, is_start: bool| -> Result<usize, WhenError> {
        let typed = parse(text, axis, zone)?;
        if let Some(us) = elapsed_us(typed, axis) {
            return Ok(axis.count_until(|elapsed| elapsed < us || (elapsed == us && !is_start)));
        }
        let search = Search { typed, axis, zone };
        let occurrences = search.occurrences();
        notes.extend(search.note_repeated(text, &occurrences, is_start));
        Ok(if is_start {
            search.range_start(&occurrences)
        } else {
            search.range_end(&occurrences)
        })
    };
    let start = from.map_or(Ok(0), |text| end_of(text, true))?;
    let end = to.map_or(Ok(axis.len()), |text| end_of(text, false))?;
    Ok(FoundRange {
        range: start..end,
        notes,
    })
}

/// Returns the time after the first Sample that a relative time means, µs; `None` for others.
fn elapsed_us(typed: TypedTime, axis: &TimeAxis) -> Option<i64> {
    match typed {
        TypedTime::AfterStart(us) => Some(us),
        TypedTime::BeforeEnd(us) => Some(axis.span_us().saturating_sub(us)),
        TypedTime::Instant(..) | TypedTime::TimeOfDay(..) => None,
    }
}

fn parse(text: &str, axis: &TimeAxis, zone: &TimeZone) -> Result<TypedTime, WhenError> {
    let text = text.trim();
    TypedTime::parse(text, zone).map_err(|error| {
        let (text, span) = (shortened(text), show_covered(axis, zone));
        match error {
            ParseError::Malformed => WhenError::NotUnderstood { text, span },
            ParseError::OutOfRange => WhenError::OutOfReach { text, span },
        }
    })
}

#[cfg(test)]
mod tests;

//! Builds the track of a time line from an archive: the times of its Samples and its gaps.

use std::time::Duration;

use crate::model::TimeAxis;
use crate::recording::Archive;
use crate::tui::timeline::{Gap, GapKind, Track};

/// Intervals between two Samples above which the pause is a gap.
const GAP_INTERVALS: i64 = 3;

/// Returns the times of an archive's Samples and the gaps between them.
pub(super) fn track_of(archive: &dyn Archive, times: &TimeAxis) -> Track {
    let entries = archive.entries();
    let elapsed = |index: usize| times.elapsed_us(index);
    let interval = interval_us(archive.metadata().interval, times);
    let pauses = entries
        .iter()
        .enumerate()
        .skip(1)
        .filter_map(|(at, entry)| {
            let is_long = times.pause_us(at - 1)? > interval.saturating_mul(GAP_INTERVALS);
            (entry.dropped > 0 || is_long).then_some(Gap {
                from_us: elapsed(at - 1)?,
                to_us: elapsed(at)?,
                kind: GapKind::Missing,
            })
        });
    let damaged = archive.losses().iter().filter_map(|loss| {
        let from = elapsed(loss.after.unwrap_or(0))?;
        let to = loss.after.map_or(Some(0), |after| after.checked_add(1));
        Some(Gap {
            from_us: from,
            to_us: to.and_then(elapsed).unwrap_or(from),
            kind: GapKind::Damaged,
        })
    });
    let mut gaps: Vec<Gap> = pauses.chain(damaged).collect();
    gaps.sort_by_key(|gap| (gap.from_us, gap.kind));
    Track {
        times: times.clone(),
        gaps,
    }
}

/// Returns the interval of a recording, µs: the one in its header, or the median.
fn interval_us(configured: Duration, times: &TimeAxis) -> i64 {
    if let Ok(us @ 1..) = i64::try_from(configured.as_micros()) {
        return us;
    }
    let mut lengths: Vec<i64> = (0..times.len())
        .filter_map(|at| times.pause_us(at))
        .collect();
    lengths.sort_unstable();
    lengths.get(lengths.len() / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Sample;
    use crate::recording::{Metadata, SampleArchive};

    #[test]
    fn a_pause_of_more_than_three_intervals_is_a_gap() {
        let at = |second: i64| Sample {
            // The wall clock is set again and again.
            taken_at_us: second % 3 * 3_600_000_000,
            monotonic_ns: (7 + second.unsigned_abs()) * 1_000_000_000,
            ..Sample::default()
        };
        let seconds = [0, 1, 2, 5, 9, 10];
        for configured in [Duration::ZERO, Duration::from_secs(1)] {
            let metadata = Metadata {
                interval: configured,
                ..Metadata::default()
            };
            let archive = SampleArchive::new(metadata, seconds.map(at).into());
            let track = track_of(&archive, &archive.time_axis());
            assert_eq!(track.span_us(), Some(10_000_000));
            let gap = Gap {
                from_us: 5_000_000,
                to_us: 9_000_000,
                kind: GapKind::Missing,
            };
            assert_eq!(track.gaps, [gap]);
        }
    }
}

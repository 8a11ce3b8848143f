//! Builds the track of a time line from an archive: the times of its Samples and its gaps.

use crate::model::TimeAxis;
use crate::recording::Archive;
use crate::tui::timeline::{Gap, GapKind, Track};

/// Returns the times of an archive's Samples and the gaps between them.
pub(super) fn track_of(archive: &dyn Archive, times: &TimeAxis) -> Track {
    let entries = archive.entries();
    let elapsed = |index: usize| times.elapsed_us(index);
    let interval = i64::try_from(archive.metadata().interval.as_micros()).unwrap_or(i64::MAX);
    let pauses = entries
        .iter()
        .enumerate()
        .skip(1)
        .filter_map(|(at, entry)| {
            (entry.dropped > 0 || times.is_gap(at - 1, interval)).then_some(Gap {
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::Sample;
    use crate::recording::{Metadata, SampleArchive};

    #[test]
    fn samples_that_take_longer_than_the_interval_are_no_gaps() {
        let second = |s: u64| s * 1_000_000_000;
        // A sample every 4 s, with one pause of a minute.
        let times = [0, 4, 8, 12, 16, 76, 80, 84, 88].map(second);
        let samples = times.map(|monotonic_ns| Sample {
            monotonic_ns,
            ..Sample::default()
        });
        let metadata = Metadata {
            interval: Duration::from_secs(1),
            ..Metadata::default()
        };
        let archive = SampleArchive::new(metadata, samples.into());
        let track = track_of(&archive, &archive.time_axis());
        let gap = Gap {
            from_us: 16_000_000,
            to_us: 76_000_000,
            kind: GapKind::Missing,
        };
        assert_eq!(track.gaps, [gap]);
    }

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

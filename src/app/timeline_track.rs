//! Builds the track of a time line from an archive: the times of its Samples and its gaps.

use std::time::Duration;

use crate::recording::{Archive, Entry};
use crate::tui::timeline::{Gap, GapKind, Track};

/// Intervals between two Samples above which the pause is a gap.
const GAP_INTERVALS: i64 = 3;

/// Returns the times of an archive's Samples and the gaps between them.
pub(super) fn track_of(archive: &dyn Archive) -> Track {
    let entries = archive.entries();
    let interval = interval_us(archive.metadata().interval, entries);
    let pauses = entries.windows(2).filter_map(|pair| {
        let length = pair[1].taken_at_us.saturating_sub(pair[0].taken_at_us);
        let missing = pair[1].dropped > 0 || length > interval.saturating_mul(GAP_INTERVALS);
        missing.then_some(Gap {
            from_us: pair[0].taken_at_us,
            to_us: pair[1].taken_at_us,
            kind: GapKind::Missing,
        })
    });
    let time = |index: usize| entries.get(index).map(|entry| entry.taken_at_us);
    let damaged = archive.losses().iter().filter_map(|loss| {
        let from = loss.after.map_or_else(|| time(0), time)?;
        let to = loss.after.map_or(Some(0), |after| after.checked_add(1));
        Some(Gap {
            from_us: from,
            to_us: to.and_then(time).unwrap_or(from),
            kind: GapKind::Damaged,
        })
    });
    let mut gaps: Vec<Gap> = pauses.chain(damaged).collect();
    gaps.sort_by_key(|gap| (gap.from_us, gap.kind));
    Track {
        times: entries.iter().map(|entry| entry.taken_at_us).collect(),
        gaps,
    }
}

/// Returns the interval of a recording, µs: the one in its header, or the median.
fn interval_us(configured: Duration, entries: &[Entry]) -> i64 {
    if let Ok(us @ 1..) = i64::try_from(configured.as_micros()) {
        return us;
    }
    let times = entries.windows(2);
    let mut lengths: Vec<i64> = times
        .map(|pair| pair[1].taken_at_us.saturating_sub(pair[0].taken_at_us))
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
            taken_at_us: second * 1_000_000,
            ..Sample::default()
        };
        let seconds = [0, 1, 2, 5, 9, 10];
        for configured in [Duration::ZERO, Duration::from_secs(1)] {
            let metadata = Metadata {
                interval: configured,
                ..Metadata::default()
            };
            let track = track_of(&SampleArchive::new(metadata, seconds.map(at).into()));
            assert_eq!(track.span(), Some((0, 10_000_000)));
            let gap = Gap {
                from_us: 5_000_000,
                to_us: 9_000_000,
                kind: GapKind::Missing,
            };
            assert_eq!(track.gaps, [gap]);
        }
    }
}

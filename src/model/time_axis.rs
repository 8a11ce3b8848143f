//! The times of successive Samples: their order and distances on the monotonic clock, and what the wall clock showed.
//!
//! The monotonic clock orders Samples and measures the time between them. The wall clock only labels them: it can be
//! set, so it may show a time twice, or skip one.

use std::ops::Range;

/// Difference between the advance of the wall clock and of the monotonic clock up to which the wall clock counts as
/// slewed, µs: more than the scheduler delays a process between reading the two.
const MAX_SLEW_US: i64 = 1_000_000;

/// The same as a share of the time between two Samples: one in ten. Kernel: `adjtimex` speeds the clock up or slows it
/// down by at most 10 % (`ADJ_TICK`).
const SLEW_SHARE: i64 = 10;

/// Number of seconds after which [`SampleTime::suspended_s`] begins at 0 again.
pub const SUSPENDED_MODULUS: u32 = (1 << 24) - 1;

/// Multiple of the usual pause between two Samples above which some are missing. Shorter pauses occur on a busy machine.
const GAP_PAUSES: i64 = 3;

/// Pauses before and after another one that show what is usual.
const PAUSES_AROUND: usize = 5;

/// The clocks at one Sample.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SampleTime {
    /// Wall clock, µs since 1970 UTC.
    pub wall_us: i64,
    /// Monotonic clock, ns. It stops while the system is suspended.
    pub monotonic_ns: u64,
    /// Seconds that the system has been suspended since it booted, rounded, modulo [`SUSPENDED_MODULUS`]; `None` if
    /// unknown.
    pub suspended_s: Option<u32>,
}

/// What happened to the clocks between two Samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockChange {
    /// The wall clock was set: forward by µs, or back if negative.
    Stepped(i64),
    /// The system was suspended for this many seconds.
    Suspended(u32),
    /// The wall clock was set forward by µs, or the system was suspended for as long: the recording does not show which.
    SteppedOrSuspended(i64),
}

impl ClockChange {
    /// Iterates over what happened between two successive Samples.
    pub fn between(before: SampleTime, after: SampleTime) -> impl Iterator<Item = ClockChange> {
        let wall_us = after.wall_us.saturating_sub(before.wall_us);
        let elapsed_us = elapsed_us(before, after);
        let suspended_s = before.suspended_s.zip(after.suspended_s);
        let suspended_s = suspended_s.map(|(from, to)| {
            let from = from % SUSPENDED_MODULUS;
            (to % SUSPENDED_MODULUS + (SUSPENDED_MODULUS - from)) % SUSPENDED_MODULUS
        });
        let mut slew_us = MAX_SLEW_US.max(elapsed_us / SLEW_SHARE);
        let mut step_us = wall_us.saturating_sub(elapsed_us);
        if let Some(seconds @ 1..) = suspended_s {
            step_us = step_us.saturating_sub(i64::from(seconds) * 1_000_000);
            // It is rounded to seconds.
            slew_us = slew_us.saturating_add(1_000_000);
        }
        let step = match suspended_s {
            _ if step_us.saturating_abs() <= slew_us => None,
            None if step_us > 0 => Some(ClockChange::SteppedOrSuspended(step_us)),
            _ => Some(ClockChange::Stepped(step_us)),
        };
        let suspended = suspended_s.filter(|seconds| *seconds > 0);
        suspended
            .map(ClockChange::Suspended)
            .into_iter()
            .chain(step)
    }

    /// Reports whether the wall clock may not have shown every time between the two Samples exactly once.
    fn is_step(self) -> bool {
        !matches!(self, ClockChange::Suspended(_))
    }
}

/// Returns the time between two Samples on the monotonic clock, µs.
fn elapsed_us(before: SampleTime, after: SampleTime) -> i64 {
    let ns = after.monotonic_ns.saturating_sub(before.monotonic_ns);
    (ns / 1000).cast_signed()
}

/// The times of Samples, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TimeAxis {
    times: Vec<SampleTime>,
    /// What happened to the clocks before the Sample at an index.
    changes: Vec<(usize, ClockChange)>,
}

impl FromIterator<SampleTime> for TimeAxis {
    fn from_iter<I: IntoIterator<Item = SampleTime>>(times: I) -> TimeAxis {
        let times: Vec<SampleTime> = times.into_iter().collect();
        let pairs = times.windows(2).enumerate();
        let changes = pairs
            .flat_map(|(at, pair)| {
                ClockChange::between(pair[0], pair[1]).map(move |change| (at + 1, change))
            })
            .collect();
        TimeAxis { times, changes }
    }
}

impl TimeAxis {
    /// Returns the number of Samples.
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Reports whether there are no Samples.
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Returns the clocks at a Sample.
    pub fn get(&self, at: usize) -> Option<SampleTime> {
        self.times.get(at).copied()
    }

    /// Returns what the wall clock showed at a Sample, µs since 1970 UTC.
    pub fn wall_us(&self, at: usize) -> Option<i64> {
        self.times.get(at).map(|time| time.wall_us)
    }

    /// Returns the time from the first Sample to another on the monotonic clock, µs.
    pub fn elapsed_us(&self, at: usize) -> Option<i64> {
        let first = *self.times.first()?;
        Some(elapsed_us(first, self.get(at)?))
    }

    /// Returns the time from the first Sample to the last on the monotonic clock, µs.
    pub fn span_us(&self) -> i64 {
        self.elapsed_us(self.len().saturating_sub(1)).unwrap_or(0)
    }

    /// Returns the time from a Sample to the next one, µs: on the monotonic clock and in suspension.
    pub fn pause_us(&self, at: usize) -> Option<i64> {
        let (before, after) = (self.get(at)?, self.get(at + 1)?);
        let suspended = self.changes_before(at + 1).map(|change| match change {
            ClockChange::Suspended(seconds) => i64::from(seconds) * 1_000_000,
            _ => 0,
        });
        Some(elapsed_us(before, after).saturating_add(suspended.sum()))
    }

    /// Returns the usual time between two Samples around the one from a Sample to the next, µs: the configured interval,
    /// or the median of the pauses around it if Samples took longer than that.
    pub fn pace_us(&self, at: usize, configured_us: i64) -> i64 {
        let around = at.saturating_sub(PAUSES_AROUND)..at.saturating_add(PAUSES_AROUND + 1);
        let others = around.filter(|&other| other != at);
        let mut pauses: Vec<i64> = others.filter_map(|other| self.pause_us(other)).collect();
        pauses.sort_unstable();
        let median = pauses.get(pauses.len() / 2);
        median.map_or(configured_us, |&median| median.max(configured_us))
    }

    /// Reports whether Samples are missing between a Sample and the next one: the pause is several times as long as
    /// usual. Samples of very many sockets take longer than the configured interval, and none is missing between them.
    pub fn is_gap(&self, at: usize, configured_us: i64) -> bool {
        let Some(pause) = self.pause_us(at) else {
            return false;
        };
        let is_longer = |usual: i64| pause > usual.saturating_mul(GAP_PAUSES);
        // The first comparison decides nearly always.
        is_longer(configured_us) && {
            let usual = self.pace_us(at, configured_us);
            usual > 0 && is_longer(usual)
        }
    }

    /// Returns the median time between two Samples, µs; `None` if there is only one.
    pub fn median_pause_us(&self) -> Option<i64> {
        let mut pauses: Vec<i64> = (0..self.len()).filter_map(|at| self.pause_us(at)).collect();
        let middle = pauses.len() / 2;
        if pauses.is_empty() {
            return None;
        }
        Some(*pauses.select_nth_unstable(middle).1)
    }

    /// Returns the last Sample at most this long after the first on the monotonic clock, µs; the first one if there is
    /// none.
    pub fn at_elapsed(&self, us: i64) -> usize {
        self.count_until(|elapsed_us| elapsed_us <= us)
            .saturating_sub(1)
    }

    /// Returns the number of Samples at the start whose time since the first, µs, satisfies `is_before`.
    pub fn count_until(&self, is_before: impl Fn(i64) -> bool) -> usize {
        let Some(&first) = self.times.first() else {
            return 0;
        };
        self.times
            .partition_point(|time| is_before(elapsed_us(first, *time)))
    }

    /// Returns the last Sample at or before an instant of the monotonic clock, ns; the first one if there is none.
    pub fn at_monotonic(&self, ns: u64) -> usize {
        self.times
            .partition_point(|time| time.monotonic_ns <= ns)
            .saturating_sub(1)
    }

    /// Returns what happened to the clocks, each with the first Sample after it.
    pub fn changes(&self) -> &[(usize, ClockChange)] {
        &self.changes
    }

    /// Iterates over what happened to the clocks between a Sample and the one before it.
    pub fn changes_before(&self, at: usize) -> impl Iterator<Item = ClockChange> {
        let first = self.changes.partition_point(|(index, _)| *index < at);
        self.changes[first..]
            .iter()
            .take_while(move |(index, _)| *index == at)
            .map(|(_, change)| *change)
    }

    /// Returns the step of the wall clock between a Sample and the one before it, if there was one.
    pub fn step_before(&self, at: usize) -> Option<ClockChange> {
        self.changes_before(at).find(|change| change.is_step())
    }

    /// Iterates over the longest runs of Samples without a step of the wall clock.
    pub fn runs(&self) -> impl Iterator<Item = Range<usize>> {
        let steps = self.changes.iter().filter(|(_, change)| change.is_step());
        let ends = steps
            .map(|(at, _)| *at)
            .chain((!self.is_empty()).then_some(self.len()));
        ends.scan(0, |from, end| Some(std::mem::replace(from, end)..end))
    }

    /// Returns what the wall clock showed at the first and at the last Sample of a run, µs since 1970 UTC.
    pub fn wall_span(&self, run: &Range<usize>) -> (i64, i64) {
        let wall = |at| self.wall_us(at).unwrap_or(0);
        (wall(run.start), wall(run.end.saturating_sub(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000;

    /// Returns the clocks at a wall time, a monotonic time and a suspended time, s.
    fn time(wall: f64, monotonic: f64, suspended_s: Option<u32>) -> SampleTime {
        SampleTime {
            wall_us: (wall * 1e6) as i64,
            monotonic_ns: (monotonic * 1e9) as u64,
            suspended_s,
        }
    }

    fn changes(before: SampleTime, after: SampleTime) -> Vec<ClockChange> {
        ClockChange::between(before, after).collect()
    }

    #[test]
    fn a_step_is_a_difference_that_slewing_cannot_make() {
        let after = |wall, monotonic| {
            changes(
                time(1000.0, 10.0, Some(0)),
                time(1000.0 + wall, 10.0 + monotonic, Some(0)),
            )
        };
        assert_eq!(after(1.0, 1.0), []);
        assert_eq!(
            after(1.9, 1.0),
            [],
            "the scheduler delayed one of the reads"
        );
        assert_eq!(after(0.1, 1.0), []);
        assert_eq!(after(3.0, 1.0), [ClockChange::Stepped(2 * S)]);
        assert_eq!(after(-1.0, 1.0), [ClockChange::Stepped(-2 * S)]);
        assert_eq!(after(3601.0, 1.0), [ClockChange::Stepped(3600 * S)]);
        assert_eq!(after(12.0, 10.0), [ClockChange::Stepped(2 * S)]);
        assert_eq!(after(65.0, 60.0), [], "slewed by 8 %");
        assert_eq!(after(-3540.0, 60.0), [ClockChange::Stepped(-3600 * S)]);
    }

    #[test]
    fn suspension_is_no_step_and_is_told_apart_if_it_was_recorded() {
        let from = |suspended| time(1000.0, 10.0, suspended);
        let slept = |wall, suspended| changes(from(Some(5)), time(wall, 11.0, Some(suspended)));
        assert_eq!(slept(1601.0, 605), [ClockChange::Suspended(600)]);
        assert_eq!(slept(1601.9, 605), [ClockChange::Suspended(600)]);
        assert_eq!(
            slept(5201.0, 605),
            [ClockChange::Suspended(600), ClockChange::Stepped(3600 * S)]
        );
        let wrapped = time(1601.0, 11.0, Some(4));
        let before = time(1000.0, 10.0, Some(SUSPENDED_MODULUS - 596));
        assert_eq!(changes(before, wrapped), [ClockChange::Suspended(600)]);
        // Recorded without the time in suspension.
        assert_eq!(
            changes(from(None), time(1601.0, 11.0, None)),
            [ClockChange::SteppedOrSuspended(600 * S)]
        );
        assert_eq!(
            changes(from(None), time(401.0, 11.0, None)),
            [ClockChange::Stepped(-600 * S)]
        );
    }

    #[test]
    fn an_axis_is_split_at_steps_and_measured_by_the_monotonic_clock() {
        let walls = [100.0, 101.0, 102.0, 50.0, 51.0, 4000.0];
        let axis: TimeAxis = walls
            .into_iter()
            .enumerate()
            .map(|(at, wall)| time(wall, at as f64, Some(0)))
            .collect();
        assert_eq!(axis.runs().collect::<Vec<_>>(), [0..3, 3..5, 5..6]);
        assert_eq!(axis.step_before(3), Some(ClockChange::Stepped(-53 * S)));
        assert_eq!(axis.step_before(4), None);
        assert_eq!(axis.span_us(), 5 * S);
        assert_eq!(axis.pause_us(2), Some(S));
        assert_eq!(axis.at_elapsed(2 * S + 1), 2);
        assert_eq!(axis.at_elapsed(-1), 0);
        assert_eq!(axis.at_elapsed(i64::MAX), 5);
        assert_eq!(axis.at_monotonic(3_500_000_000), 3);
        assert_eq!(axis.wall_span(&(3..5)), (50 * S, 51 * S));
        assert_eq!(TimeAxis::default().runs().count(), 0);
    }

    #[test]
    fn no_times_are_too_extreme() {
        let extreme = |wall_us, monotonic_ns, suspended_s| SampleTime {
            wall_us,
            monotonic_ns,
            suspended_s,
        };
        let axis: TimeAxis = [
            extreme(i64::MAX, u64::MAX, Some(u32::MAX)),
            extreme(i64::MIN, 0, Some(0)),
            extreme(i64::MAX, u64::MAX, None),
            extreme(0, 5, Some(7)),
        ]
        .into_iter()
        .collect();
        assert!(axis.runs().count() >= 1);
        assert_eq!(axis.elapsed_us(1), Some(0));
        let _ = (axis.pause_us(0), axis.at_elapsed(0), axis.span_us());
    }

    /// Returns an axis of Samples at these times, s.
    fn axis(seconds: &[u32]) -> TimeAxis {
        let times = seconds.iter().map(|&s| time(s.into(), s.into(), Some(0)));
        times.collect()
    }

    fn gaps(axis: &TimeAxis, interval: i64) -> Vec<usize> {
        let all = 0..axis.len();
        all.filter(|&at| axis.is_gap(at, interval)).collect()
    }

    #[test]
    fn a_gap_is_longer_than_the_pauses_around_it() {
        assert_eq!(gaps(&axis(&[0, 1, 2, 5, 9, 10]), S), [3]);
        assert_eq!(gaps(&axis(&[0, 4, 8, 12, 72, 76, 80]), S), [3]);
        // A single pause has nothing around it.
        assert_eq!(gaps(&axis(&[0, 60]), S), [0]);
        assert_eq!(gaps(&axis(&[0, 1, 61]), S), [1]);
        // It became slower, and faster again.
        let changing = [0, 1, 2, 3, 4, 8, 12, 16, 20, 24, 28, 29, 30, 31, 32];
        assert_eq!(gaps(&axis(&changing), S), [] as [usize; 0]);
        // Suspended every other second.
        assert_eq!(
            gaps(&axis(&[0, 1, 61, 62, 122, 123, 183, 184]), S),
            [1, 3, 5]
        );
        assert_eq!(axis(&changing).pace_us(7, S), 4 * S);
    }

    #[test]
    fn without_an_interval_the_pauses_show_what_is_usual() {
        assert_eq!(gaps(&axis(&[0, 60]), 0), [] as [usize; 0]);
        assert_eq!(gaps(&axis(&[0, 2, 4, 6, 13, 15]), 0), [3]);
        assert_eq!(axis(&[0, 2, 4, 11]).median_pause_us(), Some(2 * S));
        assert_eq!(axis(&[0]).median_pause_us(), None);
    }
}

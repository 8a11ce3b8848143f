//! When Samples are due: at a fixed interval, or less often while they take longer than that.

use std::time::{Duration, Instant};

/// Shortest interval.
const SHORTEST: Duration = Duration::from_millis(10);

/// Samples that take longer than the interval are followed by a pause of this share of their time, at most of one
/// interval: the program leaves a part of a processor to others.
const PAUSE_SHARE: u32 = 4;

/// The times at which Samples are due.
///
/// Samples that keep to the interval begin at multiples of it. After one that takes longer, the next one begins a short
/// pause later, and not at the next multiple, so that their pace is as high as the machine allows.
#[derive(Debug, Clone)]
pub struct Schedule {
    interval: Duration,
    due: Instant,
    begun: Instant,
    /// Time between the last two Samples, if both took longer than the interval.
    stretched: Option<Duration>,
    last_was_slow: bool,
}

impl Schedule {
    /// Creates a schedule whose first Sample is due now.
    pub fn new(interval: Duration, now: Instant) -> Schedule {
        Schedule {
            interval: interval.max(SHORTEST),
            due: now,
            begun: now,
            stretched: None,
            last_was_slow: false,
        }
    }

    /// Begins a Sample.
    pub fn begin(&mut self, now: Instant) {
        self.begun = now;
    }

    /// Ends a Sample, with everything that is derived from it and written. Returns when the next one is due.
    pub fn end(&mut self, now: Instant) -> Instant {
        let took = now.saturating_duration_since(self.begun);
        let is_slow = took > self.interval;
        if is_slow {
            self.due = now + (took / PAUSE_SHARE).min(self.interval);
        } else {
            while self.due <= now {
                self.due += self.interval;
            }
        }
        // One slow Sample, as the first one is, does not make a pace.
        let pace = self.due.saturating_duration_since(self.begun);
        self.stretched = (is_slow && self.last_was_slow).then_some(pace);
        self.last_was_slow = is_slow;
        self.due
    }

    /// Returns the time from one Sample to the next while Samples take longer than the interval; `None` while they keep
    /// to it.
    pub fn stretched(&self) -> Option<Duration> {
        self.stretched
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Takes Samples of these durations, ms; returns when each began, ms, and the stretched interval after each.
    fn run(interval: Duration, took_ms: &[u64]) -> Vec<(u64, Option<u64>)> {
        let start = Instant::now();
        let mut schedule = Schedule::new(interval, start);
        let mut now = start;
        let mut began = Vec::new();
        for &ms in took_ms {
            schedule.begin(now);
            let begun_ms = now.duration_since(start).as_millis() as u64;
            now = schedule.end(now + Duration::from_millis(ms));
            let stretched = schedule.stretched().map(|pace| pace.as_millis() as u64);
            began.push((begun_ms, stretched));
        }
        began
    }

    #[test]
    fn samples_in_time_begin_at_multiples_of_the_interval() {
        let began = run(SECOND, &[14, 999, 1000, 14]);
        assert_eq!(began, [(0, None), (1000, None), (2000, None), (4000, None)]);
    }

    #[test]
    fn slow_samples_stretch_the_interval_by_a_fourth_of_their_time() {
        // The first one reads all processes.
        let began = run(SECOND, &[2000, 14, 2000, 2000, 1200, 14, 14]);
        assert_eq!(
            began,
            [
                (0, None),
                (2500, None),
                (3500, None),
                (6000, Some(2500)),
                (8500, Some(1500)),
                (10_000, None),
                (11_000, None)
            ]
        );
    }

    #[test]
    fn the_pause_is_at_most_one_interval() {
        let began = run(Duration::from_millis(100), &[300, 60_000, 300]);
        assert_eq!(began, [(0, None), (375, Some(60_100)), (60_475, Some(375))]);
    }

    #[test]
    fn a_program_that_was_stopped_while_it_waited_does_not_make_up_for_missed_samples() {
        let start = Instant::now();
        let mut schedule = Schedule::new(SECOND, start);
        schedule.begin(start);
        schedule.end(start);
        let late = start + Duration::from_secs(3600);
        schedule.begin(late);
        assert_eq!(schedule.end(late), late + SECOND);
        assert_eq!(schedule.stretched(), None);
    }

    #[test]
    fn an_interval_of_zero_is_not_a_busy_loop() {
        let began = run(Duration::ZERO, &[0, 0, 0]);
        assert_eq!(began, [(0, None), (10, None), (20, None)]);
    }
}

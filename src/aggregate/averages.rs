//! Averages of what moves: the bytes of the last ten seconds and of the last minute, and a steady rate to order tables by.
//!
//! Bytes are summed in steps of about a second, and of about ten, which begin at the same Samples for everything: whatever
//! differs between two averages has moved. Only what has moved within the last minute has steps; the rest takes no memory.

use std::collections::VecDeque;

/// Length of a short and of a long step, ns. A step ends with the first Sample that is not much earlier.
const SHORT_NS: u64 = 1_000_000_000;
const LONG_NS: u64 = 10_000_000_000;

/// Number of steps of each length.
const SHORT_STEPS: usize = 10;
const LONG_STEPS: usize = 6;

/// Share of its length at which a step may end: Samples are not exactly in time.
const EARLY: f64 = 0.95;

/// Factor by which the average has to differ from the steady rate to replace it.
const STEADY: f32 = 1.4;

/// Received and sent bytes together, per second.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct AverageRates {
    /// Average of the last ten seconds, or of the time since the first Sample if that is shorter.
    pub ten_seconds: f32,
    /// Average of the last minute, or of the time since the first Sample.
    pub minute: f32,
    /// The average of ten seconds to two digits, held until it differs by 40 %: rows that are ordered by it keep still.
    pub steady: f32,
}

impl AverageRates {
    /// Adds the averages of a member of a group.
    pub(crate) fn add(&mut self, other: &AverageRates) {
        self.ten_seconds += other.ten_seconds;
        self.minute += other.minute;
        self.steady = two_digits(self.ten_seconds);
    }
}

/// Steps of one length.
#[derive(Debug)]
struct Steps {
    length_ns: u64,
    count: usize,
    /// Number of the current step.
    number: u32,
    /// Times at which the last steps began, ns of the monotonic clock, the current one last.
    begun_ns: VecDeque<u64>,
}

impl Steps {
    fn new(length_ns: u64, count: usize) -> Steps {
        Steps {
            length_ns,
            count,
            number: 0,
            begun_ns: VecDeque::with_capacity(count),
        }
    }

    /// Begins another step if the current one had ended by the previous Sample.
    fn advance(&mut self, before_ns: u64) {
        let ends =
            |begun: &u64| before_ns.saturating_sub(*begun) as f64 >= self.length_ns as f64 * EARLY;
        if self.begun_ns.back().is_none_or(ends) {
            self.number = self.number.wrapping_add(1);
            if self.begun_ns.len() == self.count {
                self.begun_ns.pop_front();
            }
            self.begun_ns.push_back(before_ns);
        }
    }

    /// Returns the number of steps that have begun within the time that all of them span, and that time, s.
    fn window(&self, now_ns: u64) -> (usize, f32) {
        let span = self.length_ns.saturating_mul(self.count as u64 + 1);
        let begun = self.begun_ns.iter().rev();
        let within = begun.take_while(|begun| now_ns.saturating_sub(**begun) < span);
        let steps = within.clone().count().max(1);
        let since = within.last().or(self.begun_ns.back());
        let ns = since.map_or(0, |since| now_ns.saturating_sub(*since));
        (steps, ns as f32 / 1e9)
    }
}

/// The steps that everything shares.
#[derive(Debug)]
pub(super) struct AverageClock {
    short: Steps,
    long: Steps,
    /// Steps of the windows that end now, and their lengths, s.
    short_window: (usize, f32),
    long_window: (usize, f32),
}

impl Default for AverageClock {
    fn default() -> AverageClock {
        AverageClock {
            short: Steps::new(SHORT_NS, SHORT_STEPS),
            long: Steps::new(LONG_NS, LONG_STEPS),
            short_window: (1, 0.0),
            long_window: (1, 0.0),
        }
    }
}

impl AverageClock {
    /// Advances to a Sample, given the time of the one before, ns of the monotonic clock.
    pub(super) fn advance(&mut self, before_ns: u64, now_ns: u64) {
        self.short.advance(before_ns);
        self.long.advance(before_ns);
        self.short_window = self.short.window(now_ns);
        self.long_window = self.long.window(now_ns);
    }
}

/// Bytes of the last steps of one length.
#[derive(Debug, Clone, Copy)]
struct StepSums<const COUNT: usize> {
    sums: [f32; COUNT],
    /// The step that was current last.
    number: u32,
}

impl<const COUNT: usize> Default for StepSums<COUNT> {
    fn default() -> Self {
        StepSums {
            sums: [0.0; COUNT],
            number: 0,
        }
    }
}

impl<const COUNT: usize> StepSums<COUNT> {
    /// Adds bytes to the current step. Those that have begun since the last call are empty.
    fn add(&mut self, number: u32, bytes: f32) {
        let passed = number.wrapping_sub(self.number) as usize;
        for step in 0..passed.min(COUNT) {
            self.sums[number.wrapping_sub(step as u32) as usize % COUNT] = 0.0;
        }
        self.number = number;
        self.sums[number as usize % COUNT] += bytes;
    }

    /// Sums up the last steps.
    fn last(&self, steps: usize) -> f32 {
        let places = (0..steps.min(COUNT)).map(|step| self.number.wrapping_sub(step as u32));
        places.map(|at| self.sums[at as usize % COUNT]).sum()
    }
}

/// Bytes of something that moves.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Average {
    short: StepSums<SHORT_STEPS>,
    long: StepSums<LONG_STEPS>,
    steady: f32,
}

impl Average {
    /// Adds the bytes of the interval that ends now, and returns the averages.
    pub(super) fn add(&mut self, clock: &AverageClock, bytes: u64) -> AverageRates {
        self.short.add(clock.short.number, bytes as f32);
        self.long.add(clock.long.number, bytes as f32);
        let rate = |sum: f32, seconds: f32| if seconds > 0.0 { sum / seconds } else { 0.0 };
        let (steps, seconds) = clock.short_window;
        let ten_seconds = rate(self.short.last(steps), seconds);
        let (steps, seconds) = clock.long_window;
        let minute = rate(self.long.last(steps), seconds);
        let is_near = ten_seconds < self.steady * STEADY && ten_seconds > self.steady / STEADY;
        if !is_near {
            self.steady = two_digits(ten_seconds);
        }
        AverageRates {
            ten_seconds,
            minute,
            steady: self.steady,
        }
    }

    /// The same at a Sample at which no bytes were added.
    pub(super) fn is_idle_at(&mut self, clock: &AverageClock) -> bool {
        self.long.add(clock.long.number, 0.0);
        self.is_idle()
    }

    /// Reports whether nothing has moved within the longest time.
    pub(super) fn is_idle(&self) -> bool {
        self.long.last(LONG_STEPS) <= 0.0
    }
}

/// The averages of what moves, by number.
#[derive(Debug, Default)]
pub(super) struct Averages {
    places: Vec<Average>,
    free: Vec<u32>,
}

/// The place of something among [`Averages`]; none while it does not move.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct AveragePlace(u32);

impl Averages {
    /// Adds the bytes of the interval that ends now. It has a place from its first byte until it is idle.
    #[inline]
    pub(super) fn add(
        &mut self,
        place: &mut AveragePlace,
        clock: &AverageClock,
        bytes: u64,
    ) -> AverageRates {
        if place.0 == 0 {
            if bytes == 0 {
                return AverageRates::default();
            }
            *place = AveragePlace(self.free.pop().unwrap_or_else(|| {
                self.places.push(Average::default());
                self.places.len() as u32
            }));
        }
        let Some(average) = self.places.get_mut(place.0 as usize - 1) else {
            return AverageRates::default();
        };
        let rates = average.add(clock, bytes);
        if average.is_idle() {
            self.release(place);
        }
        rates
    }

    /// Releases a place.
    pub(super) fn release(&mut self, place: &mut AveragePlace) {
        let released = std::mem::take(place);
        if let Some(at) = (released.0 as usize).checked_sub(1)
            && let Some(average) = self.places.get_mut(at)
        {
            *average = Average::default();
            self.free.push(released.0);
        }
        // Nothing moves: the memory of a burst returns.
        if self.free.len() == self.places.len() {
            *self = Averages::default();
        }
    }
}

/// Rounds a rate to two digits.
fn two_digits(rate: f32) -> f32 {
    if rate <= 0.0 || !rate.is_finite() {
        return 0.0;
    }
    let unit = 10f32.powi(rate.log10().floor() as i32 - 1);
    (rate / unit).round() * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    /// The averages after Samples at an interval, each with so many bytes.
    fn averages(interval_ns: u64, bytes: impl Iterator<Item = u64>) -> Vec<AverageRates> {
        let mut clock = AverageClock::default();
        let (mut all, mut place) = (Averages::default(), AveragePlace::default());
        let mut now = 7 * SECOND;
        bytes
            .map(|bytes| {
                clock.advance(now, now + interval_ns);
                now += interval_ns;
                all.add(&mut place, &clock, bytes)
            })
            .collect()
    }

    #[test]
    fn a_constant_rate_is_its_own_average_at_any_interval() {
        for interval_ms in [100, 250, 1000, 1003, 3000, 10_000] {
            let interval = interval_ms * 1_000_000;
            let rates = averages(interval, (0..200).map(|_| interval_ms));
            for rates in rates {
                let expected = 1000.0;
                assert!(
                    (rates.ten_seconds - expected).abs() < 5.0,
                    "{interval_ms}: {rates:?}"
                );
                assert!(
                    (rates.minute - expected).abs() < 5.0,
                    "{interval_ms}: {rates:?}"
                );
                assert!(
                    (rates.steady - expected).abs() < 1.0,
                    "{interval_ms}: {rates:?}"
                );
            }
        }
    }

    #[test]
    fn a_burst_counts_for_its_window_and_no_longer() {
        let burst = |at: u64| u64::from(at == 100) * 1_000_000;
        let rates = averages(SECOND, (0..200).map(burst));
        assert_eq!(rates[99], AverageRates::default());
        let after = |seconds: usize| {
            (
                rates[100 + seconds].ten_seconds,
                rates[100 + seconds].minute,
            )
        };
        assert_eq!(after(0).0, 100_000.0);
        assert_eq!(after(9).0, 100_000.0);
        assert_eq!(after(10).0, 0.0);
        assert!((after(40).1 - 16_667.0).abs() < 3_500.0, "{:?}", after(40));
        assert_eq!(after(61).1, 0.0);
    }

    #[test]
    fn the_steady_rate_ignores_noise_and_follows_a_change() {
        let noisy = |at: u64| if at < 60 { 900 + at * 37 % 200 } else { 5000 };
        let rates = averages(SECOND, (0..90).map(noisy));
        let steady: Vec<f32> = rates[10..60].iter().map(|rates| rates.steady).collect();
        assert!(steady.iter().all(|rate| *rate == steady[0]), "{steady:?}");
        assert!(
            (rates[89].steady - 5000.0).abs() <= 100.0,
            "{:?}",
            rates[89]
        );
    }

    #[test]
    fn what_is_idle_has_no_place() {
        let (mut all, clock) = (Averages::default(), AverageClock::default());
        let mut places = [AveragePlace::default(); 3];
        for place in &mut places {
            all.add(place, &clock, 0);
        }
        assert!(all.places.is_empty());
        for place in &mut places {
            all.add(place, &clock, 9);
        }
        assert_eq!(all.places.len(), 3);
        all.release(&mut places[1]);
        all.add(&mut places[1], &clock, 9);
        assert_eq!(all.places.len(), 3, "places are used again");
        for place in &mut places {
            all.release(place);
            all.release(place);
        }
        assert!(all.places.is_empty() && all.free.is_empty());
    }

    #[test]
    fn rates_are_rounded_to_two_digits() {
        let rounded = [0.0, 7.0, 164.0, 1_650.0, 123_456.0, f32::NAN].map(two_digits);
        for (rounded, expected) in rounded
            .iter()
            .zip([0.0, 7.0, 160.0, 1_700.0, 120_000.0, 0.0])
        {
            assert!(
                (rounded - expected).abs() <= expected * 1e-5,
                "{rounded} {expected}"
            );
        }
    }
}

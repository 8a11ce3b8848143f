//! Reads the system's clocks.

use rustix::time::{ClockId, clock_gettime};

/// Returns the monotonic clock, in ns since boot without suspended time.
pub(super) fn monotonic_ns() -> u64 {
    ns(ClockId::Monotonic)
}

/// Returns the wall clock, in µs since 1970 UTC.
pub(super) fn realtime_us() -> i64 {
    us(ClockId::Realtime)
}

/// Attempts to read two clocks without being interrupted.
const ATTEMPTS: usize = 3;

/// Difference between two readings of the time in suspension that the scheduler can cause, ns.
const JITTER_NS: u64 = 100_000_000;

/// Reads for how long the system has been suspended since it booted.
#[derive(Debug, Default)]
pub(super) struct SuspensionClock {
    /// The last reading, ns: repeated until the system is suspended again, so that it does not waver.
    last_ns: Option<u64>,
}

impl SuspensionClock {
    /// Returns the time in suspension since the boot, ns: the boot-time clock less the monotonic one.
    pub(super) fn read(&mut self) -> u64 {
        let attempts = (0..ATTEMPTS).map(|_| {
            let before = monotonic_ns();
            let boottime = ns(ClockId::Boottime);
            let after = monotonic_ns();
            let took = after.saturating_sub(before);
            (took, boottime.saturating_sub(before + took / 2))
        });
        let best = attempts.min_by_key(|(took, _)| *took);
        self.update(best.map_or(0, |(_, suspended_ns)| suspended_ns))
    }

    fn update(&mut self, read_ns: u64) -> u64 {
        let same = |last: &u64| read_ns.abs_diff(*last) < JITTER_NS;
        *self
            .last_ns
            .insert(self.last_ns.filter(same).unwrap_or(read_ns))
    }
}

/// Returns the time of the boot, in µs since 1970 UTC. Kernel: `btime` in `/proc/stat`, which `procfs::boot_time_secs`
/// reads, has whole seconds only, but start times of processes have hundredths.
pub(super) fn booted_at_us() -> i64 {
    us(ClockId::Realtime) - us(ClockId::Boottime)
}

fn us(clock: ClockId) -> i64 {
    let time = clock_gettime(clock);
    time.tv_sec * 1_000_000 + time.tv_nsec / 1000
}

fn ns(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_in_suspension_changes_only_by_suspension() {
        let mut clock = SuspensionClock::default();
        let readings = [20, 90, 0, 600_000_000_020, 599_999_999_990];
        assert_eq!(
            readings.map(|read| clock.update(read)),
            [20, 20, 20, 600_000_000_020, 600_000_000_020]
        );
        let first = clock.read();
        assert_eq!(clock.read(), first);
    }
}

//! Reads the system's clocks.

use rustix::time::{ClockId, clock_gettime};

/// Returns the monotonic clock, in ns since boot without suspended time.
pub(super) fn monotonic_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// Returns the wall clock, in µs since 1970 UTC.
pub(super) fn realtime_us() -> i64 {
    us(ClockId::Realtime)
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

//! Reads the system's clocks.

use rustix::time::{ClockId, clock_gettime};

/// The monotonic clock, ns since boot without the time asleep.
pub(super) fn monotonic_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// The wall clock, µs since 1970 UTC.
pub(super) fn realtime_us() -> i64 {
    us(ClockId::Realtime)
}

/// The boot of the machine, µs since 1970 UTC. Kernel: `btime` in `/proc/stat`, which `procfs::boot_time_secs` reads, has
/// whole seconds only; start times of processes have hundredths.
pub(super) fn booted_at_us() -> i64 {
    us(ClockId::Realtime) - us(ClockId::Boottime)
}

fn us(clock: ClockId) -> i64 {
    let time = clock_gettime(clock);
    time.tv_sec * 1_000_000 + time.tv_nsec / 1000
}

//! Reads how much a process has run, to know that it cannot have changed its descriptors.

use std::os::fd::AsFd;

use super::ProcessReader;

/// `/proc/PID/schedstat` has three numbers.
const SCHEDSTAT_BYTES: usize = 128;

/// How much a process has run. It has not run between two equal values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source::procfs) struct RunCount {
    /// Time on a processor, ns. Kernel: `se.sum_exec_runtime`.
    time_ns: u64,
    /// Times that it was given a processor. Kernel: `sched_info.pcount`.
    times: u64,
}

impl ProcessReader {
    /// Reads how much a process has run; `None` if it has several threads, or the kernel does not count it
    /// (`CONFIG_SCHED_INFO`).
    pub(in crate::source::procfs) fn read_run_count(
        &mut self,
        process: impl AsFd,
    ) -> Option<RunCount> {
        let text = self.read(process.as_fd(), c"schedstat", SCHEDSTAT_BYTES);
        let count = parse_schedstat(text.ok()?)?;
        // Afterwards: a thread that is started later makes its first thread run.
        let stat = self.read_stat(process).ok()?;
        (stat.threads == 1).then_some(count)
    }
}

/// Parses `/proc/PID/schedstat`; `None` if it counts nothing.
fn parse_schedstat(text: &[u8]) -> Option<RunCount> {
    let mut numbers = str::from_utf8(text).ok()?.split_ascii_whitespace();
    let time_ns = numbers.next()?.parse().ok()?;
    let times = numbers.nth(1)?.parse().ok().filter(|&times| times > 0)?;
    Some(RunCount { time_ns, times })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_third_number_are_parsed() {
        let expected = RunCount {
            time_ns: 59_850,
            times: 7,
        };
        assert_eq!(parse_schedstat(b"59850 12 7\n"), Some(expected));
        for text in ["", "1 2", "0 0 0\n", "1 x -3\n", "1 2 99999999999999999999"] {
            assert_eq!(parse_schedstat(text.as_bytes()), None, "{text}");
        }
    }
}

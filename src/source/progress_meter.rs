//! Counts how far a Sample has come, on all threads that take it, and reports it while it takes long.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::clock;
use crate::model::SampleProgress;

/// Time after which the progress of a first Sample is reported: nothing else can be shown.
const FIRST_REPORT_OF_FIRST: Duration = Duration::from_millis(100);

/// Time after which the progress of any later Sample is reported.
const FIRST_REPORT: Duration = Duration::from_secs(1);

/// Time between two reports.
const REPORT_INTERVAL: Duration = Duration::from_millis(100);

/// Receives the progress of a Sample that takes long. It is called by the threads that take it, between two datagrams
/// of the kernel or two processes, and must not block.
pub trait ProgressObserver: Send + Sync + fmt::Debug {
    /// Reports the progress. The Sample is complete when no report follows.
    fn report(&self, progress: SampleProgress);
}

/// Stands for an unknown number of sockets.
const UNKNOWN: u64 = u64::MAX;

/// Counts of one Sample after the other.
#[derive(Debug, Default)]
pub(in crate::source) struct ProgressMeter {
    observer: Option<Arc<dyn ProgressObserver>>,
    /// When the next report is due, ns of the monotonic clock.
    due_ns: AtomicU64,
    sockets: AtomicU64,
    expected_sockets: AtomicU64,
    all_dumped: AtomicBool,
    processes: AtomicU64,
    expected_processes: AtomicU64,
}

impl ProgressMeter {
    /// Creates a meter that reports to an observer.
    pub(in crate::source) fn new(observer: Arc<dyn ProgressObserver>) -> ProgressMeter {
        ProgressMeter {
            observer: Some(observer),
            ..ProgressMeter::default()
        }
    }

    /// Begins a Sample. `expected` is the approximate number of sockets.
    pub(in crate::source) fn begin(&self, is_first: bool, expected: Option<u64>) {
        let after = if is_first {
            FIRST_REPORT_OF_FIRST
        } else {
            FIRST_REPORT
        };
        self.sockets.store(0, Relaxed);
        self.expected_sockets
            .store(expected.unwrap_or(UNKNOWN), Relaxed);
        self.all_dumped.store(false, Relaxed);
        self.processes.store(0, Relaxed);
        self.expected_processes.store(0, Relaxed);
        self.due_ns
            .store(clock::monotonic_ns() + ns(after), Relaxed);
    }

    /// Counts sockets of a datagram.
    pub(in crate::source) fn add_sockets(&self, sockets: usize) {
        self.sockets.fetch_add(sockets as u64, Relaxed);
        self.report_if_due();
    }

    /// All tables have been dumped.
    pub(in crate::source) fn finish_sockets(&self) {
        self.all_dumped.store(true, Relaxed);
        self.report_if_due();
    }

    /// Announces processes to be read.
    pub(in crate::source) fn expect_processes(&self, processes: usize) {
        self.expected_processes.fetch_add(processes as u64, Relaxed);
    }

    /// Counts a process whose descriptors have been read.
    pub(in crate::source) fn add_process(&self) {
        self.processes.fetch_add(1, Relaxed);
        self.report_if_due();
    }

    /// Returns the progress of the Sample.
    fn progress(&self) -> SampleProgress {
        let read = self.processes.load(Relaxed);
        let expected = self.expected_processes.load(Relaxed);
        if !self.all_dumped.load(Relaxed) {
            let expected = self.expected_sockets.load(Relaxed);
            SampleProgress::Sockets {
                read: self.sockets.load(Relaxed),
                expected: (expected != UNKNOWN).then_some(expected),
            }
        } else if read < expected {
            SampleProgress::Owners { read, expected }
        } else {
            SampleProgress::Attribution
        }
    }

    /// Reports the progress if that is due, on one of the threads that find it due.
    fn report_if_due(&self) {
        let Some(observer) = &self.observer else {
            return;
        };
        let (due, now) = (self.due_ns.load(Relaxed), clock::monotonic_ns());
        let next = now + ns(REPORT_INTERVAL);
        let is_due = now >= due;
        if is_due
            && self
                .due_ns
                .compare_exchange(due, next, Relaxed, Relaxed)
                .is_ok()
        {
            observer.report(self.progress());
        }
    }
}

fn ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Keeps all reports.
    #[derive(Debug, Default)]
    struct Reports(Mutex<Vec<SampleProgress>>);

    impl ProgressObserver for Reports {
        fn report(&self, progress: SampleProgress) {
            self.0.lock().unwrap().push(progress);
        }
    }

    /// A meter whose next report is due at once, with its reports.
    fn overdue(expected: Option<u64>) -> (ProgressMeter, Arc<Reports>) {
        let reports = Arc::new(Reports::default());
        let meter = ProgressMeter::new(Arc::clone(&reports) as _);
        meter.begin(true, expected);
        meter.due_ns.store(0, Relaxed);
        (meter, reports)
    }

    #[test]
    fn sockets_are_reported_before_processes_although_both_are_read_at_once() {
        let (meter, reports) = overdue(Some(801_000));
        meter.expect_processes(2);
        let due = || meter.due_ns.store(0, Relaxed);
        meter.add_process();
        due();
        meter.add_sockets(312_000);
        due();
        meter.finish_sockets();
        due();
        meter.add_process();
        let expected = Some(801_000);
        assert_eq!(
            *reports.0.lock().unwrap(),
            [
                SampleProgress::Sockets { read: 0, expected },
                SampleProgress::Sockets {
                    read: 312_000,
                    expected
                },
                SampleProgress::Owners {
                    read: 1,
                    expected: 2
                },
                SampleProgress::Attribution,
            ]
        );
    }

    #[test]
    fn a_report_is_followed_by_a_pause_and_a_sample_in_time_has_none() {
        let (meter, reports) = overdue(None);
        for _ in 0..1000 {
            meter.add_sockets(1);
        }
        let reported = reports.0.lock().unwrap().clone();
        let progress = SampleProgress::Sockets {
            read: 1,
            expected: None,
        };
        assert_eq!(reported.first(), Some(&progress));
        assert!(reported.len() < 1000, "{} reports", reported.len());

        // Not due within the age of the universe.
        meter.due_ns.store(u64::MAX, Relaxed);
        let before = reports.0.lock().unwrap().len();
        meter.add_sockets(1);
        meter.finish_sockets();
        assert_eq!(reports.0.lock().unwrap().len(), before);
    }
}

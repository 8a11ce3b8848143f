//! Reads processes that were not known before, and adds them to the map.

use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::io::Errno;

use super::super::process_reader::{
    Descriptor, ProcessReader, ProcessStat, Via, is_denied, is_gone, open_process, process_user,
};
use super::entry::{Access, Entry, NewProcess, count_kinds};
use super::map::Owners;
use super::read_at::ReadAt;
use crate::model::{DescriptorKind, ProcessKey};
use crate::source::progress_meter::ProgressMeter;

/// Time for which a process is young, ns: it may be about to exec, or to change its user or name.
const YOUTH: u64 = 3_000_000_000;
/// The same, s.
const YOUTH_SECONDS: u64 = YOUTH / 1_000_000_000;
/// Number of descriptors above which a first scan uses two threads.
pub(super) const PARALLEL_DESCRIPTORS: u64 = 20_000;
/// Assumed number of descriptors of a process where the kernel does not report it.
const ASSUMED_DESCRIPTORS: u64 = 256;

/// Result of reading a process for the first time.
#[derive(Debug)]
pub(super) struct FirstRead {
    pub(super) stat: ProcessStat,
    pub(super) uid: u32,
    /// The thread through which the descriptors were read.
    pub(super) via: Via,
    pub(super) descriptors: Result<Vec<Descriptor>, Errno>,
}

impl FirstRead {
    /// Returns the result for a process of which not even `stat` is readable (mount option `hidepid=1`).
    fn denied() -> FirstRead {
        FirstRead {
            stat: ProcessStat {
                comm: String::new(),
                parent: 0,
                start_time: 0,
                kernel_thread: false,
                exiting: false,
                threads: 1,
                activity: None,
            },
            uid: 0,
            via: Via::Leader,
            descriptors: Err(Errno::ACCESS),
        }
    }
}

impl Owners {
    /// Counts the processes that are read for the first time.
    pub(in crate::source) fn count_with(&mut self, meter: &Arc<ProgressMeter>) {
        self.meter = Arc::clone(meter);
    }

    /// Reads new processes, in two threads if they have many descriptors, and inserts them. `first_time` if all processes are
    /// new to the map.
    pub(super) fn scan_new(
        &mut self,
        root: BorrowedFd<'_>,
        new: &[NewProcess],
        now_ns: u64,
        first_time: bool,
    ) {
        let descriptors: u64 = new
            .iter()
            .map(|process| process.count.map_or(ASSUMED_DESCRIPTORS, u64::from))
            .sum();
        self.meter.expect_processes(new.len());
        if descriptors <= PARALLEL_DESCRIPTORS {
            for process in new {
                let first = read_first(&mut self.reader, root, process.pid, process.count);
                self.insert(*process, first, now_ns);
                self.meter.add_process();
            }
        } else {
            let mut order: Vec<NewProcess> = new.to_vec();
            order.sort_by_key(|process| std::cmp::Reverse(process.count));
            let read = read_in_parallel(&mut self.reader, root, &order, &self.meter);
            let sockets = read.iter().filter_map(|(_, first)| {
                let descriptors = first.as_ref().ok()?.descriptors.as_ref().ok()?;
                Some(count_kinds(descriptors)[DescriptorKind::Socket as usize] as usize)
            });
            self.holders.reserve(sockets.sum());
            for (at, first) in read {
                self.insert(order[at], first, now_ns);
            }
        }
        if first_time {
            // All are new to the map; those are young that started at about the same time as the newest.
            let entries = || self.slots.iter().flatten();
            let newest = entries().map(|entry| entry.key.start_time).max();
            let young = newest
                .unwrap_or(0)
                .saturating_sub(YOUTH_SECONDS * procfs::ticks_per_second());
            for entry in self.slots.iter_mut().flatten() {
                if entry.key.start_time < young {
                    entry.young_until = 0;
                }
            }
        }
    }

    /// Inserts a process with the result of reading it, unless it has ended.
    pub(super) fn insert(
        &mut self,
        process: NewProcess,
        first: Result<FirstRead, Errno>,
        now_ns: u64,
    ) {
        let pid = process.pid;
        let (first, denied) = match first {
            Ok(first) => (first, false),
            Err(error) if is_gone(error) => return,
            Err(error) if is_denied(error) => (FirstRead::denied(), true),
            Err(error) => {
                self.fail_at(pid, error);
                return;
            }
        };
        let mut entry = Entry {
            key: ProcessKey {
                pid,
                start_time: first.stat.start_time,
            },
            process: None,
            via: first.via,
            directory: process.directory,
            parent: first.stat.parent,
            uid: first.uid,
            access: Access::Readable,
            count: process.count,
            retry: false,
            young_until: now_ns.saturating_add(YOUTH),
            seen: self.tick,
            read: self.tick,
            read_fully: self.tick,
            doubted_in: 0,
            read_at: ReadAt::default(),
            row_read_ns: 0,
            descriptors: Vec::new(),
            kinds: [0; DescriptorKind::ALL.len()],
            comm: first.stat.comm,
            row: None,
        };
        match first.descriptors {
            Ok(descriptors) => {
                entry.kinds = count_kinds(&descriptors);
                entry.descriptors = descriptors;
            }
            Err(error) if is_gone(error) => return,
            Err(error) if is_denied(error) => entry.access = Access::Denied,
            Err(error) => {
                entry.retry = true;
                self.fail_at(pid, error);
            }
        }
        if first.stat.kernel_thread {
            entry.access = Access::KernelThread;
        }
        if denied
            && let Ok(uid) =
                rustix::fs::stat(self.root.join(pid.to_string())).map(|directory| directory.st_uid)
        {
            entry.uid = uid;
        }
        self.insert_entry(entry);
    }

    /// Reads and inserts the process that has reused the pid of an ended one, if any.
    pub(super) fn scan_successor(&mut self, root: BorrowedFd<'_>, pid: u32, now_ns: u64) {
        let first = read_first(&mut self.reader, root, pid, None);
        let process = NewProcess {
            pid,
            directory: 0,
            count: None,
        };
        self.insert(process, first, now_ns);
    }
}

/// Reads the identity of a process and all its descriptors, of which there are `count` if that is known.
fn read_first(
    reader: &mut ProcessReader,
    root: BorrowedFd<'_>,
    pid: u32,
    count: Option<u32>,
) -> Result<FirstRead, Errno> {
    let process = open_process(root, pid)?;
    let stat = reader.read_stat(&process)?;
    let uid = process_user(root, pid)?;
    let via = reader.living_thread(&process, &stat, Via::Leader);
    let descriptors = if stat.kernel_thread {
        Ok(Vec::new())
    } else {
        reader
            .list_new_descriptors(&process, via, count)
            .map(|()| reader.found.clone())
    };
    Ok(FirstRead {
        stat,
        uid,
        via,
        descriptors,
    })
}

/// Reads many processes in this thread and, if it can be started, in another. Each thread reads the next process as
/// soon as it has finished one, so the largest should come first. Returns the results with the indices of the
/// processes.
fn read_in_parallel(
    reader: &mut ProcessReader,
    root: BorrowedFd<'_>,
    new: &[NewProcess],
    meter: &ProgressMeter,
) -> Vec<(usize, Result<FirstRead, Errno>)> {
    let (next, round) = (AtomicUsize::new(0), reader.round);
    let work = |reader: &mut ProcessReader| {
        let mut read = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(process) = new.get(at) else {
                return read;
            };
            read.push((at, read_first(reader, root, process.pid, process.count)));
            meter.add_process();
        }
    };
    std::thread::scope(|scope| {
        let helper = std::thread::Builder::new()
            .name("owners".into())
            .spawn_scoped(scope, || {
                let mut helper = ProcessReader::new();
                helper.round = round;
                work(&mut helper)
            });
        let mut read = work(reader);
        if let Ok(more) = helper.map(std::thread::ScopedJoinHandle::join) {
            read.extend(more.unwrap_or_default());
        }
        read
    })
}

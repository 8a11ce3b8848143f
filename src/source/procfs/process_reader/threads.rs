//! Reads the threads of a process. Each may have a table of descriptors of its own (`unshare(CLONE_FILES)`), and the
//! first one may exit before the others, which leaves `/proc/PID/fd` empty.

use std::os::fd::AsFd;

use rustix::fs::{Mode, OFlags, RawDir};
use rustix::io::Errno;

use super::parse::{number, parse_stat};
use super::via::Via;
use super::{ProcessReader, ProcessStat, TEXT_BYTES};

/// Maximum number of threads that are read to find one that has not exited.
const MAX_EXITED: usize = 64;

impl ProcessReader {
    /// Lists the threads of a process.
    pub(in crate::source::procfs) fn list_threads(
        &mut self,
        process: impl AsFd,
    ) -> Result<Vec<u32>, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = rustix::fs::openat(process, c"task", flags, Mode::empty())?;
        let mut threads = Vec::new();
        let mut entries = RawDir::new(&directory, self.entries.spare_capacity_mut());
        while let Some(entry) = entries.next() {
            threads.extend(number(entry?.file_name().to_bytes()));
        }
        Ok(threads)
    }

    /// Reads `stat` of a thread, in which only state, start time and CPU time are its own.
    pub(in crate::source::procfs) fn read_thread_stat(
        &mut self,
        process: impl AsFd,
        via: Via,
    ) -> Result<ProcessStat, Errno> {
        let path = via.path("stat");
        parse_stat(self.read(process, path.as_c_str(), TEXT_BYTES)?).ok_or(Errno::INVAL)
    }

    /// Returns the thread through which the descriptors of a process can be read: the first one, or another one if it
    /// has exited. `last` was the result of an earlier call, and is kept while that thread exists.
    pub(in crate::source::procfs) fn living_thread(
        &mut self,
        process: impl AsFd,
        stat: &ProcessStat,
        last: Via,
    ) -> Via {
        if !stat.exiting || stat.threads <= 1 {
            return Via::Leader;
        }
        let mut lives = |via| {
            let stat = self.read_thread_stat(process.as_fd(), via);
            stat.is_ok_and(|stat| !stat.exiting)
        };
        if last != Via::Leader && lives(last) {
            return last;
        }
        let threads = self.list_threads(process.as_fd()).unwrap_or_default();
        let mut others = threads.into_iter().take(MAX_EXITED).map(Via::Thread);
        let mut lives = |via: &Via| {
            let stat = self.read_thread_stat(process.as_fd(), *via);
            stat.is_ok_and(|stat| !stat.exiting)
        };
        others.find(|via| lives(via)).unwrap_or(Via::Leader)
    }
}

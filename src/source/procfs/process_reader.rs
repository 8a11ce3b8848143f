//! Reads a process: its identity, its descriptors and its displayed details. Keeps only buffers.
//!
//! Directories and descriptors are read here, not by [`procfs::process::Process`], which is too expensive for each
//! process or descriptor: `Process::fd` needs four system calls per descriptor instead of one (2.2 times as long for 18
//! 000 sockets), `Process::fd_count` needs the process to be opened first, and `Process::namespaces` reads all
//! namespaces instead of four (3.6 times as long). The crate parses files; see [`parse`].

mod details;
mod parse;
mod run_count;
mod threads;
mod via;
mod waiting;

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use procfs::process::Process;
use rustix::fs::{AtFlags, Mode, OFlags, RawDir};
use rustix::io::Errno;
use rustix::path::DecInt;

use self::parse::parse_stat;
use crate::model::DescriptorKind;

pub(super) use self::parse::{ProcessStat, descriptor_target, number};
pub(super) use self::run_count::RunCount;
pub(super) use self::via::{TaskPath, Via, may_have_threads};
pub(in crate::source) use self::waiting::Waiting;

/// Bytes read by `getdents64` at once; an entry of `/proc/PID/fd` takes 24.
const ENTRIES_BYTES: usize = 32 * 1024;
/// Number of descriptors from which they are read by number rather than listed.
const MANY_DESCRIPTORS: u32 = 64;
/// Large enough for `PID/stat` (about 350 bytes) and for a cgroup path of `PATH_MAX` in each of several hierarchies.
const TEXT_BYTES: usize = 64 * 1024;

/// One descriptor of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Descriptor {
    pub(super) fd: u32,
    /// Inode of the socket; 0 if it is something else.
    pub(super) inode: u32,
    /// Kind of its target.
    pub(super) kind: DescriptorKind,
    /// Value of [`ProcessReader::round`] when its target was last read.
    pub(super) read_in: u32,
}

impl Descriptor {
    /// Reports whether the target is still the same.
    pub(super) fn has_target(&self, (inode, kind): (u32, DescriptorKind)) -> bool {
        self.inode == inode && self.kind == kind
    }
}

/// Returns true if the error means that the process has ended. Kernel: ENOENT where a name is looked up, ESRCH where an
/// open file is read.
pub(super) fn is_gone(error: Errno) -> bool {
    matches!(error, Errno::NOENT | Errno::SRCH)
}

/// Returns true if the error means that this user cannot read the process. Kernel: `ptrace_may_access` or the
/// directory's mode.
pub(super) fn is_denied(error: Errno) -> bool {
    matches!(error, Errno::ACCESS | Errno::PERM)
}

/// Returns true if the error means that this program's descriptors or the memory are exhausted, so that it may succeed
/// later.
pub(super) fn is_exhausted(error: Errno) -> bool {
    matches!(error, Errno::MFILE | Errno::NFILE | Errno::NOMEM)
}

/// Reads the target of the descriptor `name`: a socket's inode (0 for anything else) and the kind; `None` if it is
/// closed.
pub(super) fn read_target(
    descriptors: impl AsFd,
    name: &CStr,
) -> Result<Option<(u32, DescriptorKind)>, Errno> {
    // Longer targets are truncated, but a socket's target never is.
    let mut buffer = [MaybeUninit::<u8>::uninit(); 32];
    match rustix::fs::readlinkat_raw(descriptors, name, &mut buffer) {
        Ok((target, _)) => Ok(Some(descriptor_target(target))),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Opens the directory `/proc/PID`. Everything read through it belongs to that process, and not to a later one with the
/// same pid.
pub(super) fn open_process(root: BorrowedFd<'_>, pid: u32) -> Result<OwnedFd, Errno> {
    rustix::fs::openat(
        root,
        DecInt::new(pid),
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )
}

/// Returns the effective user of a process. Kernel: the owner of `/proc/PID`, which, unlike that of its contents, is
/// never root only because the process is not dumpable.
pub(super) fn process_user(root: BorrowedFd<'_>, pid: u32) -> Result<u32, Errno> {
    rustix::fs::statat(root, DecInt::new(pid), AtFlags::SYMLINK_NOFOLLOW).map(|stat| stat.st_uid)
}

/// Reads the number of open descriptors of a process with one system call. Kernel: size of `/proc/PID/fd`, since 6.2; 0
/// before.
pub(super) fn descriptor_count(root: BorrowedFd<'_>, pid: u32, via: Via) -> Result<u32, Errno> {
    let path = match via {
        Via::Leader => TaskPath::new(format_args!("{pid}/fd")),
        Via::Thread(tid) => TaskPath::new(format_args!("{pid}/task/{tid}/fd")),
    };
    let stat = rustix::fs::statat(root, path.as_c_str(), AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(u32::try_from(stat.st_size).unwrap_or(u32::MAX))
}

/// Reads processes with its own buffers. Each reading thread has one.
#[derive(Debug)]
pub(super) struct ProcessReader {
    entries: Vec<u8>,
    text: Vec<u8>,
    /// Number of the current round, stored with each descriptor whose target is read.
    pub(super) round: u32,
    /// Result of [`Self::list_descriptors`] and [`Self::recheck_descriptors`], ordered by number.
    pub(super) found: Vec<Descriptor>,
}

impl ProcessReader {
    pub(super) fn new() -> Self {
        ProcessReader {
            entries: Vec::with_capacity(ENTRIES_BYTES),
            text: Vec::new(),
            round: 0,
            found: Vec::new(),
        }
    }

    /// Lists the pids in `root` with the inodes of their directories.
    pub(super) fn list_processes(
        &mut self,
        root: BorrowedFd<'_>,
        into: &mut Vec<(u32, u64)>,
    ) -> Result<(), Errno> {
        into.clear();
        let mut entries = RawDir::new(root, self.entries.spare_capacity_mut());
        while let Some(entry) = entries.next() {
            let entry = entry?;
            if let Some(pid) = number(entry.file_name().to_bytes()) {
                into.push((pid, entry.ino()));
            }
        }
        Ok(())
    }

    /// Lists the descriptors of a process into [`Self::found`]. Those in `known` (ordered by number) that `keep`
    /// accepts are kept unchanged; the targets of the others are read. An exiting process has none.
    pub(super) fn list_descriptors(
        &mut self,
        process: impl AsFd,
        via: Via,
        known: &[Descriptor],
        keep: impl FnMut(Descriptor) -> bool,
    ) -> Result<(), Errno> {
        let result = self.try_list_descriptors(process.as_fd(), via, known, keep);
        self.unless_exiting(process, via, result)
    }

    /// Lists the descriptors of a process that was not known before into [`Self::found`]. `count` is their number, if the
    /// kernel reports it.
    pub(super) fn list_new_descriptors(
        &mut self,
        process: impl AsFd,
        via: Via,
        count: Option<u32>,
    ) -> Result<(), Errno> {
        let result = match count.filter(|&count| count >= MANY_DESCRIPTORS) {
            Some(count) => self.try_read_by_number(process.as_fd(), via, count),
            None => self.try_list_descriptors(process.as_fd(), via, &[], |_| false),
        };
        self.unless_exiting(process, via, result)
    }

    /// Reads the targets of `count` descriptors by their numbers, which usually have few gaps: to list the numbers costs the
    /// kernel a quarter as much as to read the targets. Those that are not found so are listed.
    fn try_read_by_number(
        &mut self,
        process: impl AsFd,
        via: Via,
        count: u32,
    ) -> Result<(), Errno> {
        let directory = open_descriptors(&process, via)?;
        self.found.clear();
        let wanted = count as usize;
        let mut gaps = 0;
        for fd in 0.. {
            if self.found.len() == wanted || gaps > count / 8 {
                break;
            }
            match read_target(&directory, DecInt::new(fd).as_c_str())? {
                Some((inode, kind)) => self.found.push(Descriptor {
                    fd,
                    inode,
                    kind,
                    read_in: self.round,
                }),
                None => gaps += 1,
            }
        }
        let is_all = self.found.len() == wanted
            && rustix::fs::fstat(&directory)?.st_size == i64::from(count);
        if is_all {
            return Ok(());
        }
        let known = std::mem::take(&mut self.found);
        self.try_list_descriptors(process, via, &known, |_| true)
    }

    fn try_list_descriptors(
        &mut self,
        process: impl AsFd,
        via: Via,
        known: &[Descriptor],
        mut keep: impl FnMut(Descriptor) -> bool,
    ) -> Result<(), Errno> {
        let directory = open_descriptors(process, via)?;
        self.found.clear();
        let mut rest = known;
        let mut ordered = true;
        let mut entries = RawDir::new(&directory, self.entries.spare_capacity_mut());
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = entry.file_name();
            let Some(fd) = number(name.to_bytes()) else {
                continue;
            };
            if self.found.last().is_some_and(|last| last.fd > fd) {
                ordered = false;
            }
            // The kernel lists them in order, so both lists are merged.
            if !ordered {
                rest = &known[known.partition_point(|descriptor| descriptor.fd < fd)..];
            }
            while let [first, after @ ..] = rest
                && first.fd < fd
            {
                rest = after;
            }
            let kept = rest
                .first()
                .filter(|first| first.fd == fd && keep(**first))
                .copied();
            let descriptor = match kept {
                Some(known) => known,
                None => match read_target(&directory, name)? {
                    Some((inode, kind)) => Descriptor {
                        fd,
                        inode,
                        kind,
                        read_in: self.round,
                    },
                    None => continue,
                },
            };
            self.found.push(descriptor);
        }
        if !ordered {
            self.found.sort_unstable_by_key(|descriptor| descriptor.fd);
            self.found.dedup_by_key(|descriptor| descriptor.fd);
        }
        Ok(())
    }

    /// Reads the targets of those descriptors in `known` again that `select` accepts; [`Self::found`] is then `known`
    /// with the changes. Returns true if any of them was closed, which means that others may be new.
    pub(super) fn recheck_descriptors(
        &mut self,
        process: impl AsFd,
        via: Via,
        known: &[Descriptor],
        select: impl FnMut(Descriptor) -> bool,
    ) -> Result<bool, Errno> {
        let result = self.try_recheck_descriptors(process.as_fd(), via, known, select);
        self.unless_exiting(process, via, result)
    }

    fn try_recheck_descriptors(
        &mut self,
        process: impl AsFd,
        via: Via,
        known: &[Descriptor],
        mut select: impl FnMut(Descriptor) -> bool,
    ) -> Result<bool, Errno> {
        let directory = open_descriptors(process, via)?;
        self.found.clear();
        let mut closed = false;
        for &descriptor in known {
            if select(descriptor) {
                match read_target(&directory, DecInt::new(descriptor.fd).as_c_str())? {
                    Some((inode, kind)) => self.found.push(Descriptor {
                        inode,
                        kind,
                        read_in: self.round,
                        ..descriptor
                    }),
                    None => closed = true,
                }
            } else {
                self.found.push(descriptor);
            }
        }
        Ok(closed)
    }

    /// Distinguishes an unreadable process from one that ended meanwhile. Kernel: `proc_pid_readlink` also fails with
    /// `EACCES` if the process no longer exists.
    fn unless_exiting<T: Default>(
        &mut self,
        process: impl AsFd,
        via: Via,
        result: Result<T, Errno>,
    ) -> Result<T, Errno> {
        let Err(error) = result else {
            return result;
        };
        if !is_denied(error) {
            return Err(error);
        }
        match self.read_thread_stat(process, via) {
            Ok(stat) if stat.exiting => {
                self.found.clear();
                Ok(T::default())
            }
            Err(gone) if is_gone(gone) => Err(gone),
            _ => Err(error),
        }
    }

    /// Reads at most `limit` bytes of a file of a process.
    fn read(&mut self, process: impl AsFd, name: &CStr, limit: usize) -> Result<&[u8], Errno> {
        let file = rustix::fs::openat(
            process,
            name,
            OFlags::RDONLY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        self.text.clear();
        while self.text.len() < limit {
            let room = (limit - self.text.len()).min(4096);
            self.text.reserve(room);
            match rustix::io::read(&file, rustix::buffer::spare_capacity(&mut self.text)) {
                Ok(0) => break,
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
        self.text.truncate(limit);
        Ok(&self.text)
    }

    /// Reads `/proc/PID/stat`. Fails with `INVAL` if it cannot be parsed.
    pub(super) fn read_stat(&mut self, process: impl AsFd) -> Result<ProcessStat, Errno> {
        parse_stat(self.read(process, c"stat", TEXT_BYTES)?).ok_or(Errno::INVAL)
    }
}

/// Opens the directory with the descriptors of a process, `/proc/PID/fd` or that of a thread.
pub(super) fn open_descriptors(process: impl AsFd, via: Via) -> Result<OwnedFd, Errno> {
    rustix::fs::openat(
        process,
        via.path("fd").as_c_str(),
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )
}

/// Returns the start time of the current process with this pid, clock ticks since boot; `None` if there is none.
/// Kernel: field 22 of `/proc/PID/stat`.
pub fn process_start_time(pid: u32) -> Option<u64> {
    let process = Process::new(i32::try_from(pid).ok()?).ok()?;
    Some(process.stat().ok()?.starttime)
}

#[cfg(test)]
mod tests;

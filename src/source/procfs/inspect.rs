//! Reading one process: who it is and which of its descriptors are sockets. Remembers nothing but its buffers.

mod text;

use std::ffi::CStr;
use std::io::Write as _;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, Mode, OFlags, RawDir};
use rustix::io::Errno;
use rustix::path::DecInt;

pub(super) use self::text::{Identity, number};
use self::text::{command_line, open_files_limit, parse_stat, target_of, text_of, unified_cgroup};
use crate::model::{DescriptorKind, Namespaces};

/// Bytes asked of `getdents64` at once; an entry of `/proc/PID/fd` takes 24.
const ENTRIES_BYTES: usize = 32 * 1024;
/// How much of a command line is kept, bytes. The kernel allows megabytes.
const COMMAND_LINE_BYTES: usize = 4096;
/// Enough for `PID/stat` (about 350 bytes) and for a cgroup path of `PATH_MAX` on each of some hierarchies.
const TEXT_BYTES: usize = 64 * 1024;
/// One descriptor of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Descriptor {
    pub(super) fd: u32,
    /// Inode of the socket; 0 if it is something else.
    pub(super) inode: u32,
    /// What it is.
    pub(super) kind: DescriptorKind,
}

/// What is shown of a process beside its identity.
#[derive(Debug)]
pub(super) struct Details {
    pub(super) comm: Option<String>,
    pub(super) command_line: String,
    pub(super) cgroup: Option<String>,
    pub(super) descriptor_limit: Option<u64>,
    pub(super) namespaces: Namespaces,
}

/// Whether the process is no more. Kernel: ENOENT where a name is looked up, ESRCH where an open file is read.
pub(super) fn is_gone(error: Errno) -> bool {
    matches!(error, Errno::NOENT | Errno::SRCH)
}

/// Whether this user may not look. Kernel: `ptrace_may_access` or the directory's mode.
pub(super) fn is_denied(error: Errno) -> bool {
    matches!(error, Errno::ACCESS | Errno::PERM)
}

/// What the descriptor called `name` refers to: a socket's inode (0 for anything else) and its kind, `None` if it is
/// closed.
pub(super) fn target(
    descriptors: impl AsFd,
    name: &CStr,
) -> Result<Option<(u32, DescriptorKind)>, Errno> {
    // Targets that are longer are cut off, and no socket's is.
    let mut buffer = [MaybeUninit::<u8>::uninit(); 32];
    match rustix::fs::readlinkat_raw(descriptors, name, &mut buffer) {
        Ok((target, _)) => Ok(Some(target_of(target))),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Opens `/proc/PID` as a place to look things up from: whatever is reached through it is that very process, and not
/// another with the same number.
pub(super) fn open_process(root: BorrowedFd<'_>, pid: u32) -> Result<OwnedFd, Errno> {
    rustix::fs::openat(
        root,
        DecInt::new(pid),
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )
}

/// The effective user of a process. Kernel: the owner of `/proc/PID`, which unlike what is in it never falls to root
/// when the process may not be dumped.
pub(super) fn owner(root: BorrowedFd<'_>, pid: u32) -> Result<u32, Errno> {
    rustix::fs::statat(root, DecInt::new(pid), AtFlags::SYMLINK_NOFOLLOW).map(|stat| stat.st_uid)
}

/// How many descriptors a process has open, where the kernel tells (6.2 and later).
pub(super) fn descriptor_count(root: BorrowedFd<'_>, pid: u32) -> Result<u32, Errno> {
    let mut path = [0u8; 24];
    // Ten digits, `/fd` and the end fit.
    let _ = write!(&mut path[..], "{pid}/fd\0");
    let path = CStr::from_bytes_until_nul(&path).map_err(|_| Errno::NAMETOOLONG)?;
    let stat = rustix::fs::statat(root, path, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(u32::try_from(stat.st_size).unwrap_or(u32::MAX))
}

/// Reads processes; one for each thread that does.
#[derive(Debug)]
pub(super) struct Inspector {
    entries: Vec<u8>,
    text: Vec<u8>,
    /// Result of [`Self::list`] and [`Self::check`], ordered by number.
    pub(super) found: Vec<Descriptor>,
}

impl Inspector {
    pub(super) fn new() -> Self {
        Inspector {
            entries: Vec::with_capacity(ENTRIES_BYTES),
            text: Vec::new(),
            found: Vec::new(),
        }
    }

    /// The processes in `root` with the inodes of their directories.
    pub(super) fn processes(
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

    /// Lists the descriptors of a process into [`Self::found`]. Those in `known` (ordered by number) for which `keep`
    /// says so are taken as they are; what the others refer to is asked. A process that is ending has none.
    pub(super) fn list(
        &mut self,
        process: impl AsFd,
        known: &[Descriptor],
        keep: impl FnMut(Descriptor) -> bool,
    ) -> Result<(), Errno> {
        let result = self.try_list(process.as_fd(), known, keep);
        self.unless_exiting(process, result)
    }

    fn try_list(
        &mut self,
        process: impl AsFd,
        known: &[Descriptor],
        mut keep: impl FnMut(Descriptor) -> bool,
    ) -> Result<(), Errno> {
        let directory = open_descriptors(process)?;
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
            // The kernel lists them in order, so that both lists are walked side by side.
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
                .map(|first| (first.inode, first.kind));
            let (inode, kind) = match kept {
                Some(known) => known,
                None => match target(&directory, name)? {
                    Some(target) => target,
                    None => continue,
                },
            };
            self.found.push(Descriptor { fd, inode, kind });
        }
        if !ordered {
            self.found.sort_unstable_by_key(|descriptor| descriptor.fd);
            self.found.dedup_by_key(|descriptor| descriptor.fd);
        }
        Ok(())
    }

    /// Asks anew what those descriptors refer to for which `ask` says so; all of `known`, so corrected, is then in
    /// [`Self::found`]. Tells whether any of them was closed, which means that others may be new.
    pub(super) fn check(
        &mut self,
        process: impl AsFd,
        known: &[Descriptor],
        ask: impl FnMut(Descriptor) -> bool,
    ) -> Result<bool, Errno> {
        let result = self.try_check(process.as_fd(), known, ask);
        self.unless_exiting(process, result)
    }

    fn try_check(
        &mut self,
        process: impl AsFd,
        known: &[Descriptor],
        mut ask: impl FnMut(Descriptor) -> bool,
    ) -> Result<bool, Errno> {
        let directory = open_descriptors(process)?;
        self.found.clear();
        let mut closed = false;
        for &descriptor in known {
            if ask(descriptor) {
                match target(&directory, DecInt::new(descriptor.fd).as_c_str())? {
                    Some((inode, kind)) => self.found.push(Descriptor {
                        inode,
                        kind,
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

    /// Tells a process that may not be looked into from one that ended meanwhile. Kernel: `proc_pid_readlink` answers
    /// `EACCES` if there is no process any more.
    fn unless_exiting<T: Default>(
        &mut self,
        process: impl AsFd,
        result: Result<T, Errno>,
    ) -> Result<T, Errno> {
        let Err(error) = result else {
            return result;
        };
        if !is_denied(error) {
            return Err(error);
        }
        match self.identify(process) {
            Ok(identity) if identity.exiting => {
                self.found.clear();
                Ok(T::default())
            }
            Err(gone) if is_gone(gone) => Err(gone),
            _ => Err(error),
        }
    }

    /// Reads a file of a process, at most `limit` bytes of it.
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

    /// Who a process is. `INVAL` if the kernel's line cannot be understood.
    pub(super) fn identify(&mut self, process: impl AsFd) -> Result<Identity, Errno> {
        parse_stat(self.read(process, c"stat", TEXT_BYTES)?).ok_or(Errno::INVAL)
    }

    /// What is to be shown of a process. What cannot be read is absent, unless descriptors have run out.
    pub(super) fn details(&mut self, process: impl AsFd) -> Result<Details, Errno> {
        let exhausted = |error| matches!(error, Errno::MFILE | Errno::NFILE | Errno::NOMEM);
        let comm = match self.read(process.as_fd(), c"comm", TEXT_BYTES) {
            Ok(text) => Some(text_of(text.strip_suffix(b"\n").unwrap_or(text))),
            Err(error) if exhausted(error) => return Err(error),
            Err(_) => None,
        };
        let command_line = match self.read(process.as_fd(), c"cmdline", COMMAND_LINE_BYTES) {
            Ok(text) => command_line(text),
            Err(error) if exhausted(error) => return Err(error),
            Err(_) => String::new(),
        };
        let cgroup = match self.read(process.as_fd(), c"cgroup", TEXT_BYTES) {
            Ok(text) => unified_cgroup(text),
            Err(error) if exhausted(error) => return Err(error),
            Err(_) => None,
        };
        let descriptor_limit = match self.read(process.as_fd(), c"limits", TEXT_BYTES) {
            Ok(text) => open_files_limit(text),
            Err(error) if exhausted(error) => return Err(error),
            Err(_) => None,
        };
        let namespace = |name| namespace(process.as_fd(), name);
        Ok(Details {
            comm,
            command_line,
            cgroup,
            descriptor_limit,
            namespaces: Namespaces {
                net: namespace(c"ns/net"),
                pid: namespace(c"ns/pid"),
                mnt: namespace(c"ns/mnt"),
                user: namespace(c"ns/user"),
            },
        })
    }
}

/// The inode of one of a process's namespaces, where it may be read.
fn namespace(process: BorrowedFd<'_>, name: &CStr) -> Option<u32> {
    let stat = rustix::fs::statat(process, name, AtFlags::empty()).ok()?;
    u32::try_from(stat.st_ino).ok()
}

pub(super) fn open_descriptors(process: impl AsFd) -> Result<OwnedFd, Errno> {
    rustix::fs::openat(
        process,
        c"fd",
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )
}

#[cfg(test)]
mod tests {
    use rustix::process::{WaitId, WaitIdOptions};

    use super::*;

    #[test]
    fn a_process_that_ends_while_it_is_read_is_gone_and_not_out_of_reach() {
        use std::process::{Command, Stdio};
        let root = rustix::fs::open("/proc", OFlags::PATH, Mode::empty()).expect("/proc");
        let known = [Descriptor {
            fd: 0,
            inode: 0,
            kind: DescriptorKind::Pipe,
        }];
        for waited_for in [true, false] {
            let mut child = Command::new("cat")
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .spawn()
                .expect("cat");
            let process = open_process(root.as_fd(), child.id()).expect("its directory");
            let mut inspector = Inspector::new();
            inspector
                .list(&process, &[], |_| false)
                .expect("its descriptors");
            assert!(inspector.found.len() >= 3, "{:?}", inspector.found);
            // It ends between the opening of its list and the first question about what is in it.
            let mut end = |_| {
                drop(child.stdin.take());
                let pid = rustix::process::Pid::from_child(&child);
                let leave_it = if waited_for {
                    WaitIdOptions::empty()
                } else {
                    WaitIdOptions::NOWAIT
                };
                rustix::process::waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | leave_it)
                    .expect("its end");
                true
            };
            let checked = inspector.check(&process, &known, &mut end);
            match checked {
                Ok(_) => assert_eq!(inspector.found, [], "nothing is left of it"),
                Err(error) => assert!(is_gone(error), "{error}"),
            }
            let listed = inspector.list(&process, &known, |_| false);
            if waited_for {
                assert!(listed.is_err_and(is_gone), "{listed:?}");
            } else {
                assert_eq!(listed, Ok(()));
                assert_eq!(inspector.found, []);
            }
            let _ = child.wait();
        }
    }
}

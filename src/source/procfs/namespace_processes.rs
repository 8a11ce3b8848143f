//! The network namespaces of processes.

use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::process_reader::{ProcessReader, TaskPath, is_denied};
use crate::model::{SeededMap, SeededSet};
use crate::privilege::{self, READ_PROCESSES};

/// Interval for reading the namespace of every process again: a process can enter another one.
const REREAD_NS: u64 = 10_000_000_000;

/// The network namespace of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Membership {
    /// Its inode. Kernel: `/proc/PID/ns/net`, which needs the right to trace the process.
    Known(u32),
    /// A number that processes in the same namespace have in common; it is not the inode of the namespace. Kernel: inode of
    /// `/proc/PID/net/sockstat`, which needs no right.
    Unreadable(u64),
    /// It has none: it is exiting.
    None,
}

#[derive(Debug, Clone, Copy)]
struct KnownProcess {
    /// Inode of `/proc/PID`. If it differs, the pid may have been reused.
    directory: u64,
    membership: Membership,
    /// Listing in which it was last seen.
    seen: u32,
}

/// The processes with their network namespaces. A process is read when it is new, and again every 10 s.
#[derive(Debug)]
pub(in crate::source) struct NamespaceProcesses {
    root: PathBuf,
    reader: ProcessReader,
    listing: Vec<(u32, u64)>,
    known: SeededMap<u32, KnownProcess>,
    round: u32,
    reread_ns: u64,
    /// True if all are read again at the next refresh.
    rereads_next: bool,
    /// Our own namespace, and the number that its processes have in common.
    own: u32,
    own_number: Option<u64>,
    /// True if a process has appeared, ended or moved since the last call.
    has_changed: bool,
}

impl NamespaceProcesses {
    /// Creates it without reading anything. `root` is the mount point of procfs, `own` the inode of our own namespace.
    pub(in crate::source) fn new(root: &Path, own: u32) -> NamespaceProcesses {
        NamespaceProcesses {
            root: root.to_owned(),
            reader: ProcessReader::new(),
            listing: Vec::new(),
            known: SeededMap::default(),
            round: 0,
            reread_ns: 0,
            rereads_next: false,
            own,
            own_number: None,
            has_changed: false,
        }
    }

    /// Reads the namespaces of all processes at the next refresh.
    pub(in crate::source) fn reread_next(&mut self) {
        self.rereads_next = true;
    }

    /// Lists the processes and reads the namespaces of new ones. Returns true if anything may have changed.
    pub(in crate::source) fn refresh(&mut self, now_ns: u64) -> bool {
        self.round = self.round.wrapping_add(1);
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let Ok(root) = rustix::fs::open(&self.root, flags, Mode::empty()) else {
            return false;
        };
        let mut listing = std::mem::take(&mut self.listing);
        let listed = self.reader.list_processes(root.as_fd(), &mut listing);
        self.own_number = common_number(root.as_fd(), "thread-self");
        let rereads = std::mem::take(&mut self.rereads_next)
            || now_ns.saturating_sub(self.reread_ns) >= REREAD_NS;
        if rereads {
            self.reread_ns = now_ns;
        }
        self.has_changed = false;
        if listed.is_ok() {
            let _raised = privilege::raise(READ_PROCESSES);
            for &(pid, directory) in &listing {
                self.visit(root.as_fd(), pid, directory, rereads);
            }
            let (round, before) = (self.round, self.known.len());
            self.known.retain(|_, process| process.seen == round);
            self.has_changed |= self.known.len() != before;
        }
        self.listing = listing;
        self.has_changed
    }

    fn visit(&mut self, root: BorrowedFd<'_>, pid: u32, directory: u64, rereads: bool) {
        let round = self.round;
        let known = self.known.get_mut(&pid);
        let before = known.filter(|known| known.directory == directory);
        if let Some(known) = before {
            known.seen = round;
            if !rereads {
                return;
            }
        }
        let process = KnownProcess {
            directory,
            membership: self.membership(root, pid),
            seen: round,
        };
        let before = self.known.insert(pid, process);
        self.has_changed |= before.is_none_or(|before| before.membership != process.membership);
    }

    /// Reads the network namespace of a process.
    fn membership(&self, root: BorrowedFd<'_>, pid: u32) -> Membership {
        let path = TaskPath::new(format_args!("{pid}/ns/net"));
        match rustix::fs::statat(root, path.as_c_str(), AtFlags::empty()) {
            Ok(stat) => u32::try_from(stat.st_ino).map_or(Membership::None, Membership::Known),
            Err(error) if is_denied(error) => match common_number(root, pid) {
                number if number.is_some() && number == self.own_number => {
                    Membership::Known(self.own)
                }
                Some(number) => Membership::Unreadable(number),
                None => Membership::None,
            },
            Err(_) => Membership::None,
        }
    }

    /// Iterates over the processes whose namespace is known, as pid and inode, in no order.
    pub(in crate::source) fn iter(&self) -> impl Iterator<Item = (u32, u32)> {
        self.known
            .iter()
            .filter_map(|(&pid, process)| match process.membership {
                Membership::Known(inode) => Some((pid, inode)),
                Membership::Unreadable(_) | Membership::None => None,
            })
    }

    /// Returns the number of namespaces in which only processes are that this user may not trace, without those visited.
    pub(in crate::source) fn unreadable(&self, visited: &SeededSet<u64>) -> u32 {
        let numbers = self
            .known
            .values()
            .filter_map(|process| match process.membership {
                Membership::Unreadable(number) if !visited.contains(&number) => Some(number),
                _ => None,
            });
        let distinct: SeededSet<u64> = numbers.collect();
        u32::try_from(distinct.len()).unwrap_or(u32::MAX)
    }
}

/// Returns the number that the processes of a namespace have in common.
fn common_number(root: BorrowedFd<'_>, process: impl std::fmt::Display) -> Option<u64> {
    let path = TaskPath::new(format_args!("{process}/net/sockstat"));
    let stat: Result<_, Errno> = rustix::fs::statat(root, path.as_c_str(), AtFlags::empty());
    Some(stat.ok()?.st_ino)
}

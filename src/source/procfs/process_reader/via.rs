//! Paths of the files of a thread.

use std::ffi::CStr;
use std::fmt;
use std::os::fd::AsFd;

use rustix::fs::AtFlags;

/// The thread through which a table of descriptors is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source::procfs) enum Via {
    /// The first thread: `/proc/PID/fd`.
    Leader,
    /// Another one: `/proc/PID/task/TID/fd`.
    Thread(u32),
}

/// A path below `/proc/PID`, for the kernel.
pub(in crate::source::procfs) struct TaskPath {
    bytes: [u8; 64],
    len: usize,
}

impl TaskPath {
    /// Creates a path from formatted text. Longer text than any task has is cut, so that the kernel rejects it.
    pub(in crate::source::procfs) fn new(text: fmt::Arguments<'_>) -> TaskPath {
        let mut path = TaskPath {
            bytes: [0; 64],
            len: 0,
        };
        let _ = fmt::Write::write_fmt(&mut path, text);
        path
    }

    pub(in crate::source::procfs) fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.bytes).unwrap_or_default()
    }
}

impl fmt::Write for TaskPath {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // The last byte stays zero.
        let end = self.len + text.len();
        if end >= self.bytes.len() {
            return Err(fmt::Error);
        }
        self.bytes[self.len..end].copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

impl Via {
    /// Returns the path of the file `name` of the thread, below `/proc/PID`.
    pub(in crate::source::procfs) fn path(self, name: &str) -> TaskPath {
        match self {
            Via::Leader => TaskPath::new(format_args!("{name}")),
            Via::Thread(tid) => TaskPath::new(format_args!("task/{tid}/{name}")),
        }
    }
}

/// Reports whether a process may have several threads, without reading any. Kernel: `proc_task_getattr`, the links of
/// `/proc/PID/task` are two more than the threads.
pub(in crate::source::procfs) fn may_have_threads(process: impl AsFd) -> bool {
    let stat = rustix::fs::statat(process, c"task", AtFlags::empty());
    stat.is_ok_and(|stat| stat.st_nlink != 3)
}

//! Reads the displayed details of a process.

use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::AtFlags;
use rustix::io::Errno;

use super::parse::{command_line, control_group, lossy, open_files_limit};
use super::{ProcessReader, TEXT_BYTES, Via, is_exhausted};
use crate::model::Namespaces;

/// Maximum length of a stored command line, in bytes. The kernel allows megabytes.
const COMMAND_LINE_BYTES: usize = 4096;

/// Displayed details of a process, in addition to its identity.
#[derive(Debug)]
pub(in crate::source::procfs) struct ProcessDetails {
    pub(in crate::source::procfs) comm: Option<String>,
    pub(in crate::source::procfs) command_line: String,
    pub(in crate::source::procfs) cgroup: Option<String>,
    pub(in crate::source::procfs) descriptor_limit: Option<u64>,
    pub(in crate::source::procfs) namespaces: Namespaces,
}

impl ProcessReader {
    /// Reads the name and the command line of a process, each `None` if it is not readable. The name is that of the
    /// first thread, even after it has exited.
    pub(in crate::source::procfs) fn read_names(
        &mut self,
        process: impl AsFd,
        via: Via,
    ) -> Result<(Option<String>, Option<String>), Errno> {
        let comm = match self.read(process.as_fd(), c"comm", TEXT_BYTES) {
            Ok(text) => Some(lossy(text.strip_suffix(b"\n").unwrap_or(text))),
            Err(error) if is_exhausted(error) => return Err(error),
            Err(_) => None,
        };
        let path = via.path("cmdline");
        let command_line = match self.read(process, path.as_c_str(), COMMAND_LINE_BYTES) {
            Ok(text) => Some(command_line(text)),
            Err(error) if is_exhausted(error) => return Err(error),
            Err(_) => None,
        };
        Ok((comm, command_line))
    }

    /// Reads the details of a process. Unreadable details are absent, unless descriptors or memory are exhausted, which
    /// is an error.
    pub(in crate::source::procfs) fn read_details(
        &mut self,
        process: impl AsFd,
        via: Via,
    ) -> Result<ProcessDetails, Errno> {
        let (comm, command_line) = self.read_names(process.as_fd(), via)?;
        let path = via.path("cgroup");
        let cgroup = match self.read(process.as_fd(), path.as_c_str(), TEXT_BYTES) {
            Ok(text) => control_group(text),
            Err(error) if is_exhausted(error) => return Err(error),
            Err(_) => None,
        };
        let descriptor_limit = match self.read(process.as_fd(), c"limits", TEXT_BYTES) {
            Ok(text) => open_files_limit(text),
            Err(error) if is_exhausted(error) => return Err(error),
            Err(_) => None,
        };
        let namespace = |name| namespace(process.as_fd(), via.path(name).as_c_str());
        Ok(ProcessDetails {
            comm,
            command_line: command_line.unwrap_or_default(),
            cgroup,
            descriptor_limit,
            namespaces: Namespaces {
                net: namespace("ns/net"),
                pid: namespace("ns/pid"),
                mnt: namespace("ns/mnt"),
                user: namespace("ns/user"),
            },
        })
    }
}

/// Returns the inode of a namespace of a process; `None` if it is not readable.
fn namespace(process: BorrowedFd<'_>, name: &CStr) -> Option<u32> {
    let stat = rustix::fs::statat(process, name, AtFlags::empty()).ok()?;
    u32::try_from(stat.st_ino).ok()
}

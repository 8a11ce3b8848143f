//! Queries about the sockets that processes have open.

use std::mem::MaybeUninit;
use std::net::SocketAddr;

use rustix::net::{SocketType, getpeername, getsockname, sockopt};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

use super::super::process_reader::{Descriptor, read_target};
use super::entry::Access;
use super::map::Owners;
use crate::model::ProcessRow;

/// Longest name of a protocol. Kernel: `struct proto` has 32 bytes.
const MAX_PROTOCOL: usize = 32;

/// The sockets of a process, from its descriptors.
#[derive(Debug, Clone, Copy)]
pub struct HeldSockets<'a> {
    /// The process.
    pub row: &'a ProcessRow,
    descriptors: &'a [Descriptor],
    /// Number of descriptors that are sockets.
    pub sockets: u32,
}

impl HeldSockets<'_> {
    /// Iterates over the descriptors that are sockets: position among all descriptors, number and inode.
    pub fn iter(&self) -> impl Iterator<Item = (usize, u32, u32)> {
        let all = self.descriptors.iter().enumerate();
        all.filter(|(_, each)| each.inode != 0)
            .map(|(at, each)| (at, each.fd, each.inode))
    }

    /// Returns the number of descriptors of all kinds.
    pub fn descriptors(&self) -> usize {
        self.descriptors.len()
    }

    /// Returns the position of a descriptor, given its number.
    pub fn position(&self, fd: u32) -> Option<usize> {
        // Numbers are usually contiguous.
        let guess = fd.checked_sub(self.descriptors.first()?.fd)? as usize;
        if self
            .descriptors
            .get(guess)
            .is_some_and(|each| each.fd == fd)
        {
            return Some(guess);
        }
        self.descriptors
            .binary_search_by_key(&fd, |each| each.fd)
            .ok()
    }
}

impl Owners {
    /// Returns the number of slots, some of which may be free.
    pub fn slots(&self) -> u32 {
        self.slots.len() as u32
    }

    /// Returns the sockets of the process in a slot; `None` if it has none or they cannot be read.
    pub fn held_sockets(&self, slot: u32) -> Option<HeldSockets<'_>> {
        let entry = self.entry(slot)?;
        let is_known = entry.access == Access::Readable && !entry.retry && entry.sockets() > 0;
        Some(HeldSockets {
            row: entry.row.as_ref().filter(|_| is_known)?,
            descriptors: &entry.descriptors,
            sockets: entry.sockets(),
        })
    }

    /// Reports whether a socket that a process has open is in use, in whatever network namespace: it has a connection,
    /// listens or, for datagrams, has a local port. Returns `None` if that cannot be determined. Copies the descriptor for
    /// a few microseconds. Kernel: `pidfd_getfd(2)`, since 5.6.
    pub fn is_in_use(&self, pid: u32, fd: u32, inode: u32) -> Option<bool> {
        let process = Pid::from_raw(i32::try_from(pid).ok()?)?;
        let process = pidfd_open(process, PidfdFlags::empty()).ok()?;
        let fd = i32::try_from(fd).ok()?;
        let socket = pidfd_getfd(process, fd, PidfdGetfdFlags::empty()).ok()?;
        let is_same = rustix::fs::fstat(&socket).is_ok_and(|stat| stat.st_ino == u64::from(inode));
        if !is_same {
            return None;
        }
        if sockopt::socket_type(&socket).ok()? == SocketType::DGRAM {
            let local = SocketAddr::try_from(getsockname(&socket).ok()?).ok()?;
            return Some(local.port() != 0);
        }
        // The local port remains set after a reset.
        let has_peer = getpeername(&socket).is_ok();
        Some(has_peer || sockopt::socket_acceptconn(&socket).ok()?)
    }

    /// Reads the kernel's name of the protocol of a socket that a process has open; `None` if the descriptor no longer
    /// refers to it. Kernel: the extended attribute `system.sockprotoname`.
    pub fn socket_protocol(&self, pid: u32, fd: u32, inode: u32) -> Option<String> {
        let path = self.root.join(format!("{pid}/fd/{fd}"));
        let mut buffer = [MaybeUninit::<u8>::uninit(); MAX_PROTOCOL];
        let (name, _) = rustix::fs::getxattr(&path, "system.sockprotoname", &mut buffer).ok()?;
        let name = name.split(|&byte| byte == 0).next()?;
        let name = String::from_utf8_lossy(name).into_owned();
        // Afterwards, so that the name belongs to this socket.
        let path = std::ffi::CString::new(path.into_os_string().into_encoded_bytes()).ok()?;
        let target = read_target(rustix::fs::CWD, &path).ok()??;
        (target.0 == inode).then_some(name)
    }
}

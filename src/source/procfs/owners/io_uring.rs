//! Finds the sockets that are registered with an `io_uring`. A process may close the descriptors of registered files, and
//! the ring keeps them open.

use std::os::fd::OwnedFd;

use crate::model::SeededSet;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::super::process_reader::{Via, descriptor_target};
use super::map::Owners;

/// Maximum number of descriptors that are examined for being a ring, at about 2 µs each.
const MAX_EXAMINED: usize = 8192;
/// Maximum number of bytes read about one ring, which may have a million registered files.
const MAX_TEXT: usize = 1 << 20;
/// Target of the descriptor of a ring.
const RING: &[u8] = b"anon_inode:[io_uring]";

impl Owners {
    /// Returns the inodes of the sockets that are registered with a ring of a readable process. Kernel:
    /// `/proc/PID/fdinfo/FD` of the ring; kernels that list registered files without their inodes prove nothing.
    pub fn io_uring_sockets(&mut self) -> SeededSet<u32> {
        let mut sockets = SeededSet::default();
        self.examine_anonymous(MAX_EXAMINED, |file| {
            if is_ring(file.process, file.via, file.fd)
                && let Ok(text) = fdinfo(file.process, file.via, file.fd)
            {
                sockets.extend(registered_sockets(&text));
            }
        });
        sockets
    }
}

fn is_ring(process: &OwnedFd, via: Via, fd: u32) -> bool {
    let path = via.path(&format!("fd/{fd}"));
    let mut buffer = [std::mem::MaybeUninit::<u8>::uninit(); RING.len() + 1];
    rustix::fs::readlinkat_raw(process, path.as_c_str(), &mut buffer)
        .is_ok_and(|(target, _)| *target == *RING)
}

/// Reads `fdinfo` of a descriptor, at most [`MAX_TEXT`] bytes.
fn fdinfo(process: &OwnedFd, via: Via, fd: u32) -> Result<Vec<u8>, Errno> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let path = via.path(&format!("fdinfo/{fd}"));
    let file = rustix::fs::openat(process, path.as_c_str(), flags, Mode::empty())?;
    let mut text = Vec::new();
    while text.len() < MAX_TEXT {
        text.reserve(4096);
        match rustix::io::read(&file, rustix::buffer::spare_capacity(&mut text)) {
            Ok(0) => break,
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(text)
}

/// Returns the inodes of the sockets among the registered files, each in a line such as `    0: socket:[4711]` after
/// `UserFiles:`. Kernel: `io_uring/fdinfo.c`.
fn registered_sockets(fdinfo: &[u8]) -> impl Iterator<Item = u32> {
    let mut lines = fdinfo.split(|&byte| byte == b'\n');
    lines.by_ref().find(|line| line.starts_with(b"UserFiles:"));
    lines
        .map_while(|line| {
            let colon = line.iter().position(|&byte| byte == b':')?;
            let slot = line.get(..colon)?.trim_ascii();
            let is_slot = !slot.is_empty() && slot.iter().all(u8::is_ascii_digit);
            is_slot.then(|| line[colon + 1..].trim_ascii())
        })
        .map(|target| descriptor_target(target).0)
        .filter(|&inode| inode != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registered_sockets_are_found_among_registered_files() {
        let text = b"pos:\t0\nflags:\t02000002\nSqMask:\t0x7\nUserFiles:\t4\n    0: socket:[4711]\n    2: /dev/null\n\
                     \x20   3: socket:[12]\nUserBufs:\t1\n    0: 0x7f/4096\nPollList:\n";
        assert_eq!(registered_sockets(text).collect::<Vec<_>>(), [4711, 12]);
    }

    #[test]
    fn files_without_an_inode_and_other_texts_name_no_socket() {
        for text in [
            &b""[..],
            b"UserFiles:\t1\n    0: TCP\nUserBufs:\t0\n",
            b"    0: socket:[5]\n",
            b"UserFiles:\t1\n:\n    1: socket:[5]\n",
        ] {
            assert_eq!(registered_sockets(text).count(), 0, "{text:?}");
        }
    }
}

//! Determines whether a process waits for a socket, from the system calls in which its threads are blocked.
//!
//! `/proc/PID/task/TID/syscall` shows the call and its arguments to a user who may trace the process (root). For
//! `epoll_wait`, `/proc/PID/fdinfo` lists the descriptors that are waited for. Those of `poll` and `select` are in the
//! memory of the process, which is not read.

use std::os::fd::AsFd;

use nix::libc;
use rustix::io::Errno;

use super::{ProcessReader, TaskPath, Via};

/// Maximum number of threads that are examined.
const MAX_THREADS: usize = 16;
/// Maximum number of bytes read of `syscall`, which has nine numbers.
const CALL_BYTES: usize = 512;
/// Maximum number of bytes read of the `fdinfo` of an epoll descriptor: about 800 descriptors.
const EPOLL_BYTES: usize = 64 * 1024;

/// Whether a process waits for a socket at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) enum Waiting {
    /// A thread is blocked until something arrives on the socket.
    ForSocket,
    /// Every thread is blocked, and by something else that has nothing to do with descriptors.
    Elsewhere,
    /// It is running, or the system calls do not show it, or are not readable.
    Unknown,
}

/// What a blocked thread waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BlockedOn {
    /// A descriptor.
    Descriptor(u32),
    /// The descriptors of an epoll instance.
    Epoll(u32),
    /// A time, a signal or a child.
    NoDescriptor,
}

impl ProcessReader {
    /// Determines whether a process waits for the socket with this inode, which is its descriptor `fd`.
    pub(in crate::source::procfs) fn read_waiting(
        &mut self,
        process: impl AsFd,
        fd: u32,
        inode: u32,
    ) -> Waiting {
        let Ok(threads) = self.list_threads(process.as_fd()) else {
            return Waiting::Unknown;
        };
        let mut result = if threads.len() > MAX_THREADS {
            Waiting::Unknown
        } else {
            Waiting::Elsewhere
        };
        for tid in threads.into_iter().take(MAX_THREADS) {
            let via = Via::Thread(tid);
            match self.blocked_on(process.as_fd(), via) {
                Some(BlockedOn::Descriptor(on)) if on == fd => return Waiting::ForSocket,
                Some(BlockedOn::Epoll(epoll)) => {
                    let path = TaskPath::new(format_args!("task/{tid}/fdinfo/{epoll}"));
                    let text = self.read(process.as_fd(), path.as_c_str(), EPOLL_BYTES);
                    if text.is_ok_and(|text| has_epoll_target(text, fd, inode)) {
                        return Waiting::ForSocket;
                    }
                    // It may be in an epoll instance that this one waits for.
                    result = Waiting::Unknown;
                }
                Some(BlockedOn::NoDescriptor) => {}
                Some(BlockedOn::Descriptor(_)) | None => result = Waiting::Unknown,
            }
        }
        result
    }

    fn blocked_on(&mut self, process: impl AsFd, via: Via) -> Option<BlockedOn> {
        let path = via.path("syscall");
        let text: Result<&[u8], Errno> = self.read(process, path.as_c_str(), CALL_BYTES);
        parse_call(text.ok()?)
    }
}

/// Parses `/proc/PID/syscall`: the number of the call and its arguments in hexadecimal. `None` if the thread is running,
/// or waits for something that its arguments do not show.
fn parse_call(text: &[u8]) -> Option<BlockedOn> {
    let mut words = std::str::from_utf8(text).ok()?.split_ascii_whitespace();
    let number: libc::c_long = words.next()?.parse().ok()?;
    let argument = words.next()?.strip_prefix("0x")?;
    let argument = u64::from_str_radix(argument, 16).ok()?;
    let descriptor = || u32::try_from(argument).ok();
    match number {
        libc::SYS_accept4 | libc::SYS_recvfrom | libc::SYS_recvmsg | libc::SYS_recvmmsg => {
            descriptor().map(BlockedOn::Descriptor)
        }
        libc::SYS_read | libc::SYS_readv => descriptor().map(BlockedOn::Descriptor),
        libc::SYS_epoll_pwait | libc::SYS_epoll_pwait2 => descriptor().map(BlockedOn::Epoll),
        libc::SYS_nanosleep
        | libc::SYS_clock_nanosleep
        | libc::SYS_wait4
        | libc::SYS_waitid
        | libc::SYS_rt_sigsuspend
        | libc::SYS_rt_sigtimedwait => Some(BlockedOn::NoDescriptor),
        #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
        libc::SYS_accept => descriptor().map(BlockedOn::Descriptor),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_epoll_wait => descriptor().map(BlockedOn::Epoll),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_pause => Some(BlockedOn::NoDescriptor),
        _ => None,
    }
}

/// Reports whether `/proc/PID/fdinfo` of an epoll descriptor lists the descriptor `fd` with this inode. Kernel:
/// `ep_show_fdinfo`, a line `tfd: 5 events: 19 data: 5 pos:0 ino:a3f sdev:9` for each.
fn has_epoll_target(text: &[u8], fd: u32, inode: u32) -> bool {
    let text = String::from_utf8_lossy(text);
    text.lines().any(|line| {
        let mut words = line.split_ascii_whitespace();
        words.next() == Some("tfd:")
            && words.next().and_then(|word| word.parse().ok()) == Some(fd)
            && words
                .find_map(|word| word.strip_prefix("ino:"))
                .is_none_or(|ino| u32::from_str_radix(ino, 16) == Ok(inode))
    })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::fd::{AsFd as _, AsRawFd as _};

    use super::*;

    #[test]
    fn a_call_shows_what_a_thread_waits_for() {
        let call = |number: libc::c_long| {
            let text = format!("{number} 0x5 0x7ffe 0x0 0x0 0x0 0x0 0x7ffe 0x7f01\n");
            parse_call(text.as_bytes())
        };
        assert_eq!(call(libc::SYS_accept4), Some(BlockedOn::Descriptor(5)));
        assert_eq!(call(libc::SYS_epoll_pwait), Some(BlockedOn::Epoll(5)));
        assert_eq!(call(libc::SYS_wait4), Some(BlockedOn::NoDescriptor));
        assert_eq!(call(libc::SYS_ppoll), None, "its descriptors are in memory");
        for odd in [
            "running\n",
            "-1 0x7ffe 0x7f01\n",
            "",
            "288",
            "288 5",
            "x 0x5",
        ] {
            assert_eq!(parse_call(odd.as_bytes()), None, "{odd}");
        }
    }

    #[test]
    fn an_epoll_instance_lists_what_it_waits_for() {
        let text = b"pos:\t0\nflags:\t02\ntfd:        5 events:       19 data:   5  pos:0 ino:a3f sdev:9\n";
        assert!(has_epoll_target(text, 5, 0xa3f));
        assert!(!has_epoll_target(text, 5, 0xa40), "another socket");
        assert!(!has_epoll_target(text, 6, 0xa3f));
        assert!(
            has_epoll_target(b"tfd: 5 events: 19 data: 5\n", 5, 1),
            "before 5.2"
        );
    }

    #[test]
    fn a_thread_in_accept_waits_for_its_listener() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let inode = rustix::fs::fstat(&listener).expect("open").st_ino as u32;
        let address = listener.local_addr().expect("bound");
        let fd = listener.as_raw_fd().cast_unsigned();
        let thread = std::thread::spawn(move || listener.accept());
        let root = rustix::fs::open("/proc", rustix::fs::OFlags::PATH, rustix::fs::Mode::empty())
            .expect("/proc");
        let process = super::super::open_process(root.as_fd(), std::process::id()).expect("ours");
        let mut reader = ProcessReader::new();
        // Other tests may run in more threads than are examined, and the files may not be readable.
        let readable = reader.read(&process, c"syscall", CALL_BYTES).is_ok();
        let few = |reader: &mut ProcessReader| {
            let threads = reader.list_threads(&process).expect("ours");
            threads.len() <= MAX_THREADS
        };
        while readable
            && few(&mut reader)
            && reader.read_waiting(&process, fd, inode) != Waiting::ForSocket
        {
            std::thread::yield_now();
        }
        drop(std::net::TcpStream::connect(address).expect("it listens"));
        thread.join().expect("joined").expect("accepted");
    }
}

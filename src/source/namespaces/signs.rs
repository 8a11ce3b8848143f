//! Signs that the sockets of a network namespace may have changed, which cost less to read than its sockets.
//!
//! A socket that opens or closes changes the counts of `sockstat`, those of IPv6 the sum of all, and data that moves the counters
//! of a device, if only of the loopback device. A process that receives data, or accepts a connection, empties a queue without
//! either, so that namespaces in which one is not empty are dumped at each visit. What else changes without a sign (unix sockets
//! above all) shows with the next dump in turn.

use std::ffi::CStr;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

/// Words in `sockstat` whose number is that of all namespaces.
const OF_THE_HOST: [&str; 4] = ["orphan", "alloc", "mem", "memory"];

/// Reads the signs of the calling thread's namespace into `signs`; false if they cannot be read. Kernel:
/// `net/{sockstat,dev}`.
pub(super) fn read(root: &Path, text: &mut Vec<u8>, signs: &mut Vec<u8>) -> bool {
    signs.clear();
    // Opened once: each path takes as long as its file.
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let Ok(directory) = rustix::fs::open(root.join("thread-self/net"), flags, Mode::empty()) else {
        return false;
    };
    if !read_file(&directory, c"sockstat", text) {
        return false;
    }
    push_counts(&String::from_utf8_lossy(text), signs);
    if !read_file(&directory, c"dev", text) {
        return false;
    }
    signs.extend_from_slice(text);
    true
}

/// Reads a file of a directory; false if it cannot be read.
fn read_file(directory: &OwnedFd, name: &CStr, text: &mut Vec<u8>) -> bool {
    text.clear();
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let Ok(file) = rustix::fs::openat(directory, name, flags, Mode::empty()) else {
        return false;
    };
    loop {
        text.reserve(4096);
        match rustix::io::read(&file, rustix::buffer::spare_capacity(text)) {
            Ok(0) => return true,
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}

/// Appends the numbers of `sockstat` that are those of the namespace.
fn push_counts(sockstat: &str, signs: &mut Vec<u8>) {
    let mut words = sockstat.split_ascii_whitespace();
    while let Some(word) = words.next() {
        if OF_THE_HOST.contains(&word) {
            words.next();
        } else {
            signs.extend_from_slice(word.as_bytes());
            signs.push(b' ');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_all_namespaces_are_no_sign() {
        let signs = |text: &str| {
            let mut signs = Vec::new();
            push_counts(text, &mut signs);
            String::from_utf8(signs).expect("text")
        };
        let text = "sockets: used 5\nTCP: inuse 2 orphan 7 tw 3 alloc 9 mem 4\nUDP: inuse 1 mem 8\nFRAG: inuse 0 memory 0\n";
        assert_eq!(
            signs(text),
            "sockets: used 5 TCP: inuse 2 tw 3 UDP: inuse 1 FRAG: inuse 0 "
        );
    }

    #[test]
    fn this_namespace_has_signs() {
        let (mut text, mut signs) = (Vec::new(), Vec::new());
        assert!(read(Path::new("/proc"), &mut text, &mut signs));
        assert!(!read(Path::new("/nowhere"), &mut text, &mut signs));
    }
}

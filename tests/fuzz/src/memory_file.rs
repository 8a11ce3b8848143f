//! A file in memory, for code under test that opens a path.

use std::fs::File;
use std::io::{Seek, Write};
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use rustix::fs::{MemfdFlags, memfd_create};

/// Writes the contents of the file, which every call reuses, and returns its path.
pub fn with_contents(bytes: &[u8]) -> PathBuf {
    static FILE: Mutex<Option<File>> = Mutex::new(None);
    let mut slot = FILE.lock().unwrap_or_else(PoisonError::into_inner);
    let file = slot.get_or_insert_with(|| {
        let file = memfd_create("input", MemfdFlags::empty());
        file.expect("the kernel has memfd").into()
    });
    file.set_len(0).expect("it can be cut");
    file.rewind().expect("it can be sought");
    file.write_all(bytes).expect("there is memory");
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

//! Notices that another process changed a file while it is written.

use std::cmp::Ordering;
use std::fs::File;
use std::path::Path;

use rustix::fs::Stat;

/// Returns what another process did to a file of this length, so that writing on would lose what is written; `None` if
/// nothing. A file that was only renamed is still written.
pub fn interference(file: &File, path: &Path, length: u64) -> Option<&'static str> {
    let own = rustix::fs::fstat(file).ok()?;
    let is_own = |named: &Stat| (named.st_dev, named.st_ino) == (own.st_dev, own.st_ino);
    match rustix::fs::stat(path) {
        Ok(named) if !is_own(&named) => Some("another process replaced the file during recording"),
        _ if own.st_nlink == 0 => Some("the file was removed during recording"),
        _ => match u64::try_from(own.st_size).map(|size| size.cmp(&length)) {
            Ok(Ordering::Less) => Some("another process truncated the file during recording"),
            Ok(Ordering::Greater) => Some("another process wrote to the file during recording"),
            _ => None,
        },
    }
}

//! The time zone file that `TZ` names, checked before it is read: all of it is.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// Maximum size of a time zone file, bytes; those of the database have a few thousand.
const MAX_BYTES: u64 = 1 << 20;

/// Replaces a `TZ` that names a device, a pipe, or a very large file by UTC, as the C library does for a file that is not a
/// time zone. Returns the file. Must be called before there is another thread.
#[allow(unsafe_code, reason = "there is no safe interface")]
pub fn replace_unreadable() -> Option<PathBuf> {
    let path = unreadable(&std::env::var_os("TZ")?)?;
    // SAFETY: no other thread reads or writes the environment.
    unsafe { std::env::set_var("TZ", "UTC") };
    Some(path)
}

/// Returns the file that a value of `TZ` names, if it cannot be a time zone.
fn unreadable(value: &OsStr) -> Option<PathBuf> {
    let bytes = value.as_bytes();
    let path = Path::new(OsStr::from_bytes(bytes.strip_prefix(b":").unwrap_or(bytes)));
    // A name of the database, or a rule such as CET-1CEST, is no file here.
    let file = path.metadata().ok()?;
    (!file.is_file() || file.len() > MAX_BYTES).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_of_some_size_are_time_zones() {
        let is_bad = |value: &str| unreadable(OsStr::new(value)).is_some();
        assert!(is_bad(":/dev/zero") && is_bad("/dev/null") && is_bad(":/"));
        assert!(!is_bad("Europe/Berlin") && !is_bad("CET-1CEST") && !is_bad(""));
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("zone");
        let name = path.to_str().unwrap();
        std::fs::write(&path, "TZif2").unwrap();
        assert!(!is_bad(name));
        let file = std::fs::File::create(&path).unwrap();
        file.set_len(MAX_BYTES + 1).unwrap();
        assert!(is_bad(name));
    }
}

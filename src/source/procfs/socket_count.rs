//! The kernel's own count of sockets, which is known before any of them is dumped.

use std::path::Path;

use super::counters::read_file;

/// Returns the approximate number of sockets of the calling thread's network namespace; `None` if it cannot be read.
/// Kernel: `sockets: used` and `TCP: tw` of `net/sockstat`. A TIME-WAIT is not counted as used.
pub(in crate::source) fn approximate_socket_count(root: &Path) -> Option<u64> {
    let mut text = Vec::new();
    let text = read_file(root, "sockstat", &mut text).ok()?;
    let used = number(text, "sockets:", "used")?;
    Some(used.saturating_add(number(text, "TCP:", "tw").unwrap_or(0)))
}

/// Returns a number of the line that begins with a group.
fn number(text: &str, group: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(group))?;
    let mut words = line.split_ascii_whitespace();
    words.find(|word| *word == name)?;
    words.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn sockets_in_use_and_time_wait_are_counted() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(approximate_socket_count(root.path()), None);
        fs::create_dir(root.path().join("net")).unwrap();
        let write = |text: &str| fs::write(root.path().join("net/sockstat"), text).unwrap();
        write("sockets: used 800123\nTCP: inuse 800001 orphan 0 tw 877 alloc 800011 mem 3\n");
        assert_eq!(approximate_socket_count(root.path()), Some(801_000));
        write("sockets: used 7\n");
        assert_eq!(approximate_socket_count(root.path()), Some(7));
        write("sockets: used many\nTCP: inuse 1 tw");
        assert_eq!(approximate_socket_count(root.path()), None);
    }
}

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

/// Reports whether the calling thread's network namespace has no MPTCP socket; false if that is not known. Kernel: the
/// lines `MPTCP` and `MPTCPv6` of `net/protocols`, which count them since Linux 6.3.
pub(in crate::source) fn has_no_mptcp_socket(root: &Path, text: &mut Vec<u8>) -> bool {
    let Ok(text) = read_file(root, "protocols", text) else {
        return false;
    };
    let counts = text.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let is_mptcp = matches!(words.next(), Some("MPTCP" | "MPTCPv6"));
        is_mptcp.then(|| words.nth(1)?.parse::<u64>().ok())
    });
    let mut lines = 0;
    let all_zero = counts.inspect(|_| lines += 1).all(|count| count == Some(0));
    all_zero && lines > 0
}

/// Reports whether a kernel of this release counts MPTCP sockets.
pub(in crate::source) fn counts_mptcp_sockets(release: &str) -> bool {
    let mut numbers = release.split(|character: char| !character.is_ascii_digit());
    let mut number = || numbers.next()?.parse::<u32>().ok();
    number().zip(number()) >= Some((6, 3))
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
    fn mptcp_sockets_are_counted_where_the_kernel_does() {
        let root = tempfile::tempdir().unwrap();
        let mut text = Vec::new();
        assert!(!has_no_mptcp_socket(root.path(), &mut text));
        fs::create_dir(root.path().join("net")).unwrap();
        for (lines, expected) in [
            (
                "MPTCPv6 2064 0 124 no\nTCP 1 9 1\nMPTCP 1936 0 124 no\n",
                true,
            ),
            ("MPTCP 1936 0 124 no\n", true),
            ("MPTCPv6 2064 1 124 no\nMPTCP 1936 0 124 no\n", false),
            ("MPTCPv6 2064 0 124 no\nMPTCP 1936 -1 124 no\n", false),
            ("MPTCP 1936\n", false),
            ("TCP 1 9 1\n", false),
        ] {
            let text_of = format!("protocol  size sockets  memory press\n{lines}");
            fs::write(root.path().join("net/protocols"), text_of).unwrap();
            assert_eq!(
                has_no_mptcp_socket(root.path(), &mut text),
                expected,
                "{lines}"
            );
        }
        for (release, expected) in [
            ("6.3.0", true),
            ("6.18.44-rc1", true),
            ("7.0", true),
            ("6.2.9", false),
            ("5.10.0-30-amd64", false),
            ("6", false),
            ("unknown", false),
        ] {
            assert_eq!(counts_mptcp_sockets(release), expected, "{release}");
        }
    }

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

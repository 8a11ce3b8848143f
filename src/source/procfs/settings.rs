//! Limits that the kernel is set to.

use std::fs;
use std::path::Path;

use crate::model::SocketLimits;

/// Reads the limits of sockets below `root`, a procfs. Kernel: `sys/net/ipv4/*`.
pub fn socket_limits(root: &Path) -> SocketLimits {
    let number = |name: &str, place: usize| {
        let text = fs::read_to_string(root.join("sys/net/ipv4").join(name)).ok()?;
        text.split_whitespace().nth(place)?.parse().ok()
    };
    SocketLimits {
        page_bytes: Some(rustix::param::page_size() as u64),
        tcp_mem: number("tcp_mem", 2),
        udp_mem: number("udp_mem", 2),
        tcp_max_orphans: number("tcp_max_orphans", 0),
        tcp_max_tw_buckets: number("tcp_max_tw_buckets", 0),
        ipfrag_high_thresh: number("ipfrag_high_thresh", 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_and_may_be_missing() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("sys/net/ipv4");
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("tcp_mem"), "1\t2\t3\n").unwrap();
        fs::write(directory.join("tcp_max_orphans"), "nonsense\n").unwrap();
        let limits = socket_limits(root.path());
        assert_eq!(limits.tcp_mem, Some(3));
        assert_eq!(limits.tcp_max_orphans, None);
        assert_eq!(limits.udp_mem, None);
        assert!(limits.page_bytes >= Some(4096));
    }
}

//! Reads the number of messages that the kernel could not deliver to a netlink socket, from `/proc/net/netlink`, for
//! which `procfs` has no parser.

use std::fs;
use std::path::Path;

/// Returns the number of messages dropped since the netlink socket with this inode was opened; `None` if it is not
/// listed. `root` is the mount point of procfs. Kernel: `sk_drops`.
pub fn netlink_drops(root: &Path, inode: u64) -> Option<u64> {
    let text = fs::read_to_string(root.join("net/netlink")).ok()?;
    let mut lines = text.lines();
    let headings = lines.next()?;
    let position = |name: &str| headings.split_whitespace().position(|word| word == name);
    let (drops, inodes) = (position("Drops")?, position("Inode")?);
    lines.find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let matches = words.get(inodes)?.parse() == Ok(inode);
        matches.then(|| words.get(drops)?.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_are_those_of_the_socket() {
        let root = tempfile::tempdir().expect("a directory");
        fs::create_dir(root.path().join("net")).expect("a directory");
        let text = "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n\
                    000000006c15cbdd 0   0          00000000 0        0        0     2        0        4       \n\
                    00000000b21edbd7 4   9          0000000f 0        0        0     2        26871    1586    \n";
        fs::write(root.path().join("net/netlink"), text).expect("a file");
        assert_eq!(netlink_drops(root.path(), 1586), Some(26_871));
        assert_eq!(netlink_drops(root.path(), 4), Some(0));
        assert_eq!(netlink_drops(root.path(), 5), None);
        fs::write(root.path().join("net/netlink"), "nonsense").expect("a file");
        assert_eq!(netlink_drops(root.path(), 4), None);
    }
}

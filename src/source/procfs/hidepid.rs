//! Determines whether the mount options of procfs hide processes of other users.

use std::collections::HashMap;
use std::path::Path;

use procfs::FromRead as _;
use procfs::process::{MountInfo, Status};

/// `CAP_SYS_PTRACE` as a bit of `CapPrm`.
const CAP_SYS_PTRACE: u64 = 1 << 19;

/// The identity of this process as far as procfs checks it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Identity {
    groups: Vec<u32>,
    /// Permitted capabilities.
    capabilities: u64,
}

/// Reports whether `root`, a mount point of procfs, omits processes of other users from its listing for this user.
/// Kernel: mount options `hidepid` and `gid` in `self/mountinfo`; `has_pid_permissions`, `fs/proc/base.c`.
pub(super) fn hides_processes(root: &Path) -> bool {
    let Ok(mounts) = std::fs::read_to_string(root.join("self/mountinfo")) else {
        return false;
    };
    let identity = Status::from_file(root.join("self/status")).map(|status| Identity {
        groups: status.groups.into_iter().chain([status.egid]).collect(),
        capabilities: status.capprm,
    });
    options_of(&mounts, root)
        .is_some_and(|options| is_hidden_from(&options, &identity.unwrap_or_default()))
}

/// Returns the options of the topmost procfs that is mounted on `root`. Malformed lines are skipped.
fn options_of(mountinfo: &str, root: &Path) -> Option<HashMap<String, Option<String>>> {
    let mut mounts = mountinfo
        .lines()
        .filter_map(|line| MountInfo::from_line(line).ok());
    mounts
        .rfind(|mount| mount.fs_type == "proc" && mount.mount_point == root)
        .map(|mount| mount.super_options)
}

/// Reports whether processes of other users are omitted for this identity. `hidepid=1` (`noaccess`) lists all processes.
fn is_hidden_from(options: &HashMap<String, Option<String>>, identity: &Identity) -> bool {
    let value = |name: &str| options.get(name).and_then(Option::as_deref);
    if identity.capabilities & CAP_SYS_PTRACE != 0 {
        return false;
    }
    match value("hidepid") {
        Some("2" | "invisible") => {
            let group = value("gid").and_then(|gid| gid.parse().ok()).unwrap_or(0);
            !identity.groups.contains(&group)
        }
        Some("4" | "ptraceable") => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hides(options: &str, groups: &[u32], capabilities: u64) -> bool {
        let mountinfo = format!(
            "20 1 0:20 / /proc rw shared:1 - proc proc rw,hidepid=invisible\nmalformed\n\
             22 1 0:21 / /proc rw,relatime shared:2 - proc proc {options}\n"
        );
        let options = options_of(&mountinfo, Path::new("/proc")).expect("it is mounted");
        let groups = groups.to_vec();
        is_hidden_from(
            &options,
            &Identity {
                groups,
                capabilities,
            },
        )
    }

    #[test]
    fn processes_are_hidden_by_the_topmost_mount_from_users_without_an_exemption() {
        assert!(!hides("rw", &[100], 0));
        assert!(!hides("rw,hidepid=1", &[100], 0));
        assert!(!hides("rw,hidepid=noaccess", &[100], 0));
        assert!(hides("rw,hidepid=2", &[100], 0));
        assert!(hides("rw,hidepid=invisible", &[100], 0));
        assert!(!hides("rw,hidepid=invisible", &[100, 0], 0));
        assert!(!hides("rw,gid=100,hidepid=invisible", &[100], 0));
        assert!(hides("rw,gid=100,hidepid=ptraceable", &[100], 0));
        assert!(!hides("rw,hidepid=ptraceable", &[], CAP_SYS_PTRACE));
    }

    #[test]
    fn another_mount_point_says_nothing_about_this_one() {
        let mountinfo = "22 1 0:21 / /mnt/proc rw - proc proc rw,hidepid=2\n";
        assert_eq!(options_of(mountinfo, Path::new("/proc")), None);
    }
}

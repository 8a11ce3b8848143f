//! Parses the files in `/proc/PID`. Pure.
//!
//! Uses the parsers of `procfs` where one fits. Files that may contain any bytes, and should be kept as far as they are
//! readable, are parsed here: `comm` and `cmdline`, which the crate rejects unless they are UTF-8.

use procfs::process::{Stat, StatFlags};
use procfs::{FromBufRead as _, FromRead as _, ProcessCGroups};

use crate::model::{Activity, CgroupPath, DescriptorKind};

/// Parent of all kernel threads.
const KTHREADD: u32 = 2;

/// The used parts of `/proc/PID/stat`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source::procfs) struct ProcessStat {
    pub(in crate::source::procfs) comm: String,
    pub(in crate::source::procfs) parent: u32,
    /// Clock ticks since boot.
    pub(in crate::source::procfs) start_time: u64,
    pub(in crate::source::procfs) kernel_thread: bool,
    /// True if exiting or a zombie: its first thread no longer has descriptors.
    pub(in crate::source::procfs) exiting: bool,
    /// Number of threads that have not exited, and the first one if it has.
    pub(in crate::source::procfs) threads: u32,
    /// `None` if it is not readable.
    pub(in crate::source::procfs) activity: Option<Activity>,
}

/// Parses a decimal number; `None` if there are other characters, or it exceeds 32 bits.
pub(in crate::source::procfs) fn number(text: &[u8]) -> Option<u32> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u32, |value, &byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10)
            .then(|| value.checked_mul(10)?.checked_add(u32::from(digit)))
            .flatten()
    })
}

/// Parses the target of a descriptor: the inode in `socket:[12345]`, 0 for any other target, and the kind of target. The
/// target `/` counts as anonymous: apart from the root directory, it is a namespace that was unmounted.
pub(in super::super) fn descriptor_target(target: &[u8]) -> (u32, DescriptorKind) {
    let inode = target
        .strip_prefix(b"socket:[")
        .and_then(|rest| rest.strip_suffix(b"]"))
        .and_then(number)
        .unwrap_or(0);
    let kind = if inode != 0 {
        DescriptorKind::Socket
    } else if target.starts_with(b"pipe:[") {
        DescriptorKind::Pipe
    } else if target.len() > 1 && target.starts_with(b"/") && !target.starts_with(b"/memfd:") {
        DescriptorKind::File
    } else {
        DescriptorKind::Anonymous
    };
    (inode, kind)
}

/// Parses the soft limit of open files in `/proc/PID/limits`; `None` if there is no limit. The crate panics on lines that
/// are truncated or have fewer words.
pub(super) fn open_files_limit(text: &[u8]) -> Option<u64> {
    let mut lines = text.split(|&byte| byte == b'\n');
    let limits = lines.find_map(|line| line.strip_prefix(b"Max open files"))?;
    let soft = limits
        .split(u8::is_ascii_whitespace)
        .find(|word| !word.is_empty())?;
    str::from_utf8(soft).ok()?.parse().ok()
}

/// Decodes text of unknown encoding, replacing invalid UTF-8.
pub(super) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Joins the NUL-terminated arguments in `/proc/PID/cmdline` with spaces.
pub(super) fn command_line(text: &[u8]) -> String {
    let end = text
        .iter()
        .rposition(|&byte| byte != 0)
        .map_or(0, |at| at + 1);
    lossy(&text[..end]).replace('\0', " ")
}

/// Parses the path of the control group in `/proc/PID/cgroup`: that in the cgroup-2 hierarchy, `0::/path`. Where every process
/// is at the root of that hierarchy or it does not exist, systemd keeps its units in one of cgroup 1, `1:name=systemd:/path`.
/// Without systemd, a container is in those of the controllers, `4:memory:/docker/ID`.
pub(super) fn control_group(text: &[u8]) -> Option<String> {
    // A cgroup of another hierarchy whose name is not UTF-8 must not hide this one.
    let text = String::from_utf8_lossy(text);
    let groups = ProcessCGroups::from_buf_read(text.as_bytes()).ok()?;
    let path_in = |is_wanted: fn(&procfs::ProcessCGroup) -> bool| {
        let mut all = groups.0.iter();
        all.find(|group| is_wanted(group))
            .map(|group| group.pathname.clone())
    };
    let unified = path_in(|group| group.hierarchy == 0 && group.controllers.is_empty());
    let units = || path_in(|group| group.controllers.iter().any(|name| name == "name=systemd"));
    let container = || path_in(|group| !CgroupPath::parse(&group.pathname).containers.is_empty());
    match unified {
        Some(path) if path != "/" => Some(path),
        unified => match units() {
            Some(path) if path != "/" => Some(path),
            units => container().or(units).or(unified),
        },
    }
}

/// Parses `/proc/PID/stat`. The name in parentheses may contain anything, including parentheses and spaces.
pub(super) fn parse_stat(line: &[u8]) -> Option<ProcessStat> {
    if !has_fields_after_name(line) {
        return None;
    }
    let stat = Stat::from_read(line).ok()?;
    let parent = u32::try_from(stat.ppid).ok()?;
    let has = |flag: StatFlags| stat.flags & flag.bits() != 0;
    Some(ProcessStat {
        activity: Some(Activity {
            state: stat.state,
            cpu_ticks: stat.utime.saturating_add(stat.stime),
        }),
        parent,
        start_time: stat.starttime,
        kernel_thread: has(StatFlags::PF_KTHREAD) && matches!(parent, 0 | KTHREADD),
        exiting: has(StatFlags::PF_EXITING) || matches!(stat.state, 'Z' | 'X'),
        threads: u32::try_from(stat.num_threads).unwrap_or(0),
        comm: stat.comm,
    })
}

/// Returns true if a line of `/proc/PID/stat` has a number, a name and something after it. The crate panics on any
/// other line.
fn has_fields_after_name(line: &[u8]) -> bool {
    let open = line.iter().position(|&byte| byte == b'(');
    let close = line.iter().rposition(|&byte| byte == b')');
    let (Some(open), Some(close)) = (open, close) else {
        return false;
    };
    let number = line[..open].strip_suffix(b" ").and_then(number);
    let after = line[close + 1..].strip_prefix(b" ");
    number.is_some()
        && open < close
        && after.is_some_and(|after| after.first().is_some_and(u8::is_ascii_graphic))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Creates a line in the kernel's format, up to the last field of Linux 6.
    fn stat_line(start: &str) -> Vec<u8> {
        format!("{start}{}\n", " 0".repeat(30)).into_bytes()
    }

    #[test]
    fn a_name_with_parentheses_spaces_and_odd_bytes_does_not_shift_the_fields() {
        let start = "7 (a) S (b) R 5 7 7 0 -1 4194304 1 0 0 0 1 2 0 0 20 0 1 0 4711";
        let stat = parse_stat(&stat_line(start)).expect("a line of the kernel's form");
        assert_eq!(stat.comm, "a) S (b");
        assert_eq!((stat.parent, stat.start_time), (5, 4711));
        let (state, cpu_ticks) = ('R', 3);
        assert_eq!(stat.activity, Some(Activity { state, cpu_ticks }));
        assert!(!stat.kernel_thread && !stat.exiting);

        let mut line = stat_line(start);
        (line[3], line[4]) = (0xff, b'\n');
        let stat = parse_stat(&line).expect("bytes that are not UTF-8 are replaced");
        assert_eq!(stat.comm, "\u{fffd}\n S (b");
    }

    #[test]
    fn kernel_threads_and_zombies_are_recognized() {
        let line = stat_line("9 (kworker/0:1) I 2 0 0 0 -1 69238880 0 0 0 0 0 0 0 0 20 0 1 0 30");
        assert!(parse_stat(&line).expect("a line").kernel_thread);
        let line = stat_line("9 (sh) Z 1 0 0 0 -1 4228108 0 0 0 0 0 0 0 0 20 0 1 0 30");
        let stat = parse_stat(&line).expect("a line");
        assert!(stat.exiting && !stat.kernel_thread);
    }

    #[test]
    fn any_part_of_a_line_is_parsed_or_refused_without_a_panic() {
        let line = stat_line("7 (x) R 5 7 7 0 -1 4194304 1 0 0 0 1 2 0 0 20 0 1 0 4711");
        for end in 0..line.len() {
            for start in 0..end {
                let _ = parse_stat(&line[start..end]);
            }
        }
        for odd in [
            ")(",
            "7 (x)",
            "7 (x) ",
            "7 (x) \u{e9}",
            "(x) R 1",
            "\u{e9}(x) R 1",
            "7 (x)R 1",
        ] {
            assert_eq!(parse_stat(odd.as_bytes()), None, "{odd}");
        }
    }

    #[test]
    fn only_sockets_have_an_inode() {
        let socket = (u32::MAX, DescriptorKind::Socket);
        assert_eq!(descriptor_target(b"socket:[4294967295]"), socket);
        let other = (0, DescriptorKind::Anonymous);
        for target in ["socket:[4294967296]", "socket:[]", "socket:[12"] {
            assert_eq!(descriptor_target(target.as_bytes()), other, "{target}");
        }
        assert_eq!(descriptor_target(b"anon_inode:[eventpoll]"), other);
        assert_eq!(descriptor_target(b"/memfd:x (deleted)"), other);
        assert_eq!(descriptor_target(b"pipe:[12]"), (0, DescriptorKind::Pipe));
        let file = (0, DescriptorKind::File);
        assert_eq!(descriptor_target(b"/tmp/socket:[12]"), file);
    }

    #[test]
    fn the_soft_limit_of_open_files_is_parsed() {
        let own = std::fs::read_to_string("/proc/self/limits").expect("readable");
        let with = |limit: &str| {
            let mut lines: Vec<String> = own.lines().map(str::to_owned).collect();
            let line = lines.iter_mut().find(|line| line.starts_with("Max open"));
            *line.expect("a limit") =
                format!("Max open files            {limit:<20} 524288               files     ");
            lines.join("\n") + "\n"
        };
        assert_eq!(open_files_limit(with("1024").as_bytes()), Some(1024));
        assert_eq!(open_files_limit(with("unlimited").as_bytes()), None);
        for odd in [
            &b"\xff"[..],
            b"Max open files",
            b"Max open files \xff",
            b"unlimited\nunlimited\n",
        ] {
            assert_eq!(open_files_limit(odd), None);
        }
        for end in 0..own.len() {
            let _ = open_files_limit(&own.as_bytes()[..end]);
        }
    }

    #[test]
    fn arguments_are_joined_and_the_control_group_is_found() {
        assert_eq!(
            command_line(b"nginx\0-g\0daemon off;\0\0"),
            "nginx -g daemon off;"
        );
        assert_eq!(command_line(b""), "");
        let groups = b"12:cpu:/a\n1:name=systemd:/\xff\n0::/system.slice/x:y.service\n";
        assert_eq!(
            control_group(groups).as_deref(),
            Some("/system.slice/x:y.service")
        );
        assert_eq!(control_group(b"12:cpu:/a\n"), None);
        // Cgroup 1 alone; both, with units in cgroup 1; neither has a unit.
        let alone = b"4:memory:/other\n1:name=systemd:/system.slice/web.service\n";
        let both = [&alone[..], b"0::/\n"].concat();
        for groups in [&alone[..], &both] {
            assert_eq!(
                control_group(groups).as_deref(),
                Some("/system.slice/web.service")
            );
        }
        assert_eq!(control_group(b"4:memory:/a\n0::/\n").as_deref(), Some("/"));
        // Cgroup 1 without systemd.
        let container = format!("/docker/{}", "3f2a".repeat(16));
        let groups = format!("4:memory:{container}\n3:cpu:/\n");
        for groups in [groups.clone(), groups + "1:name=systemd:/\n0::/\n"] {
            let found = control_group(groups.as_bytes());
            assert_eq!(found.as_deref(), Some(container.as_str()));
        }
    }
}

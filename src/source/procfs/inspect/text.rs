//! What the texts in `/proc/PID` say. Pure.

use crate::model::{Activity, DescriptorKind};

/// Kernel: `include/linux/sched.h`, `PF_KTHREAD`.
const PF_KTHREAD: u32 = 0x0020_0000;
/// Kernel: the same file, `PF_EXITING`.
const PF_EXITING: u32 = 0x0000_0004;
/// Parent of all kernel threads.
const KTHREADD: u32 = 2;

/// What `/proc/PID/stat` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source::procfs) struct Identity {
    pub(in crate::source::procfs) comm: String,
    pub(in crate::source::procfs) parent: u32,
    pub(in crate::source::procfs) start_time: u64,
    pub(in crate::source::procfs) kernel_thread: bool,
    /// On its way out, or not yet waited for: there is nothing left in it to look at.
    pub(in crate::source::procfs) exiting: bool,
    /// What it does; `None` if that may not be read.
    pub(in crate::source::procfs) activity: Option<Activity>,
}

/// A decimal number and nothing else.
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

/// The inode in `socket:[12345]`, 0 for any other target; and what kind of target it is.
pub(super) fn target_of(target: &[u8]) -> (u32, DescriptorKind) {
    let inode = target
        .strip_prefix(b"socket:[")
        .and_then(|rest| rest.strip_suffix(b"]"))
        .and_then(number)
        .unwrap_or(0);
    let kind = if inode != 0 {
        DescriptorKind::Socket
    } else if target.starts_with(b"pipe:[") {
        DescriptorKind::Pipe
    } else if target.starts_with(b"/") && !target.starts_with(b"/memfd:") {
        DescriptorKind::File
    } else {
        DescriptorKind::Anonymous
    };
    (inode, kind)
}

/// The soft limit in the line `Max open files` of `/proc/PID/limits`; `None` if there is no limit.
pub(super) fn open_files_limit(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

pub(super) fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Arguments, each ended by a NUL, joined by spaces.
pub(super) fn command_line(text: &[u8]) -> String {
    let end = text
        .iter()
        .rposition(|&byte| byte != 0)
        .map_or(0, |at| at + 1);
    text_of(&text[..end]).replace('\0', " ")
}

/// The path in the line `0::/path` of `/proc/PID/cgroup`.
pub(super) fn unified_cgroup(text: &[u8]) -> Option<String> {
    text.split(|&byte| byte == b'\n')
        .find_map(|line| line.strip_prefix(b"0::"))
        .map(text_of)
}

/// Takes `/proc/PID/stat` apart. The name in parentheses may hold anything, parentheses and spaces as well.
pub(super) fn parse_stat(text: &[u8]) -> Option<Identity> {
    let open = text.iter().position(|&byte| byte == b'(')?;
    let close = text.iter().rposition(|&byte| byte == b')')?;
    let comm = text_of(text.get(open + 1..close)?);
    let rest = std::str::from_utf8(text.get(close + 1..)?).ok()?;
    let mut fields = rest.split_ascii_whitespace();
    // Fields are counted from 1 in proc(5); the first one after the name is 3.
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    let flags: u32 = fields.nth(9 - 5)?.parse().ok()?;
    let user_ticks: u64 = fields.nth(14 - 10)?.parse().ok()?;
    let system_ticks: u64 = fields.next()?.parse().ok()?;
    let start_time = fields.nth(22 - 16)?.parse().ok()?;
    Some(Identity {
        activity: Some(Activity {
            state: state.chars().next()?,
            cpu_ticks: user_ticks.saturating_add(system_ticks),
        }),
        comm,
        parent,
        start_time,
        kernel_thread: flags & PF_KTHREAD != 0 && matches!(parent, 0 | KTHREADD),
        exiting: flags & PF_EXITING != 0 || matches!(state, "Z" | "X"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_spaces_does_not_shift_the_fields() {
        let text = b"7 (a) S (b) R 5 7 7 0 -1 4194304 1 0 0 0 1 2 0 0 20 0 1 0 4711 1 1 1\n";
        let identity = parse_stat(text).expect("a line of the kernel's form");
        assert_eq!(identity.comm, "a) S (b");
        assert_eq!((identity.parent, identity.start_time), (5, 4711));
        let (state, cpu_ticks) = ('R', 3);
        assert_eq!(identity.activity, Some(Activity { state, cpu_ticks }));
        assert!(!identity.kernel_thread && !identity.exiting);
    }

    #[test]
    fn kernel_threads_and_zombies_are_told_apart() {
        let text = b"9 (kworker/0:1) I 2 0 0 0 -1 69238880 0 0 0 0 0 0 0 0 20 0 1 0 30 0 0";
        assert!(parse_stat(text).expect("a line").kernel_thread);
        let text = b"9 (sh) Z 1 0 0 0 -1 4228108 0 0 0 0 0 0 0 0 20 0 1 0 30 0 0";
        let identity = parse_stat(text).expect("a line");
        assert!(identity.exiting && !identity.kernel_thread);
    }

    #[test]
    fn any_part_of_a_line_is_refused_or_understood_and_nothing_panics() {
        let text = b"7 (x) R 5 7 7 0 -1 4194304 1 0 0 0 1 2 0 0 20 0 1 0 4711 1 1 1\n";
        for end in 0..text.len() {
            let _ = parse_stat(&text[..end]);
        }
        assert_eq!(parse_stat(b")("), None);
    }

    #[test]
    fn only_sockets_have_an_inode() {
        let socket = (u32::MAX, DescriptorKind::Socket);
        assert_eq!(target_of(b"socket:[4294967295]"), socket);
        let other = (0, DescriptorKind::Anonymous);
        for target in ["socket:[4294967296]", "socket:[]", "socket:[12"] {
            assert_eq!(target_of(target.as_bytes()), other, "{target}");
        }
        assert_eq!(target_of(b"anon_inode:[eventpoll]"), other);
        assert_eq!(target_of(b"/memfd:x (deleted)"), other);
        assert_eq!(target_of(b"pipe:[12]"), (0, DescriptorKind::Pipe));
        assert_eq!(target_of(b"/tmp/socket:[12]"), (0, DescriptorKind::File));
    }

    #[test]
    fn the_soft_limit_of_open_files_is_found() {
        let text =
            b"Limit                     Soft Limit           Hard Limit           Units     \n\
            Max open files            1024                 524288               files     \n";
        assert_eq!(open_files_limit(text), Some(1024));
        let none =
            b"Max open files            unlimited            unlimited            files     \n";
        assert_eq!(open_files_limit(none), None);
        assert_eq!(open_files_limit(b"\xff"), None);
    }

    #[test]
    fn arguments_are_joined_and_the_unified_group_is_found() {
        assert_eq!(
            command_line(b"nginx\0-g\0daemon off;\0\0"),
            "nginx -g daemon off;"
        );
        assert_eq!(command_line(b""), "");
        let groups = b"12:cpu:/a\n1:name=systemd:/b\n0::/system.slice/x.service\n";
        assert_eq!(
            unified_cgroup(groups).as_deref(),
            Some("/system.slice/x.service")
        );
        assert_eq!(unified_cgroup(b"12:cpu:/a\n"), None);
    }
}

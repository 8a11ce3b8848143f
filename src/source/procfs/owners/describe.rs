//! Who the processes are that hold sockets: what is shown of them beside their identity.

use std::os::fd::BorrowedFd;
use std::sync::Arc;

use rustix::io::Errno;

use super::super::inspect::{is_denied, is_gone, open_process, owner};
use super::Owners;
use super::process::Access;
use crate::model::{Process, ProcessRow};

/// Ticks of `start_time` in a second. Kernel: `USER_HZ`, 100 whatever `HZ` is.
const TICKS_PER_SECOND: u64 = 100;

impl Owners {
    /// Reads who the processes are that hold sockets, where that is not known; and, if the time is given, where it may
    /// have changed because they are young.
    pub(super) fn describe_owners(&mut self, root: BorrowedFd<'_>, now_ns: Option<u64>) {
        for slot in 0..self.slots.len() as u32 {
            let Some(entry) = self.entry_mut(slot) else {
                continue;
            };
            if entry.sockets() == 0 {
                continue;
            }
            if entry.row.is_none() || now_ns.is_some_and(|now| now < entry.young_until) {
                self.describe(root, slot);
            }
            self.complete(slot);
        }
    }

    /// Fills in what is known of a process that has been described.
    pub(super) fn complete(&mut self, slot: u32) {
        let Some(entry) = self.entry_mut(slot) else {
            return;
        };
        let Some(row) = &mut entry.row else {
            return;
        };
        row.descriptors = entry.count.or(u32::try_from(entry.descriptors.len()).ok());
        row.kinds = (entry.access == Access::Readable).then_some(entry.kinds);
        if row.process.user.is_none() {
            let uid = row.process.uid;
            let user = self.user_name(uid);
            let row = self.entry_mut(slot).and_then(|entry| entry.row.as_mut());
            if let (Some(_), Some(row)) = (&user, row) {
                Arc::make_mut(&mut row.process).user = user;
            }
        }
    }

    /// When a process started, µs since 1970 UTC, of its ticks since the boot.
    fn started_at_us(&self, ticks: u64) -> Option<i64> {
        let since_boot = i64::try_from(ticks.checked_mul(1_000_000 / TICKS_PER_SECOND)?).ok()?;
        self.booted_at_us.checked_add(since_boot)
    }

    /// Reads who the process in a slot is.
    pub(super) fn describe(&mut self, root: BorrowedFd<'_>, slot: u32) {
        let Some(entry) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) else {
            return;
        };
        let (key, inspector) = (entry.key, &mut self.inspector);
        let details = open_process(root, key.pid).and_then(|process| {
            // The parent changes when it exits; and these are the details of this very process, or none.
            let identity = inspector.identify(&process)?;
            if identity.start_time != key.start_time {
                return Err(Errno::SRCH);
            }
            entry.parent = identity.parent;
            entry.uid = owner(root, key.pid)?;
            inspector.details(&process)
        });
        let uid = entry.uid;
        let mut process = Process {
            parent: entry.parent,
            comm: entry.comm.clone(),
            uid,
            started_at_us: self.started_at_us(key.start_time),
            ..Process::new(key)
        };
        match details {
            Ok(details) => {
                process.comm = details.comm.unwrap_or(process.comm);
                process.command_line = details.command_line;
                process.cgroup = details.cgroup.map(Arc::from);
                process.descriptor_limit = details.descriptor_limit;
                process.namespaces = details.namespaces;
            }
            Err(error) => {
                if !is_gone(error) && !is_denied(error) {
                    self.fail_at(key.pid, error);
                }
                // It exits at this moment, or descriptors have run out: what is known of it is all there will be.
                if self.entry(slot).is_none_or(|entry| entry.row.is_some()) {
                    return;
                }
            }
        }
        process.user = self.user_name(uid);
        let Some(entry) = self.entry_mut(slot) else {
            return;
        };
        entry.comm.clone_from(&process.comm);
        match &mut entry.row {
            Some(row) if *row.process == process => {}
            Some(row) => row.process = Arc::new(process),
            None => {
                entry.row = Some(ProcessRow::new(Arc::new(process)));
            }
        }
    }
}

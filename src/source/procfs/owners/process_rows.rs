//! Creates the rows of the processes that own sockets: their identity and displayed details.

use std::os::fd::BorrowedFd;
use std::sync::Arc;

use rustix::io::Errno;

use super::super::process_reader::{is_denied, is_gone, open_process, process_user};
use super::entry::Access;
use super::map::Owners;
use crate::model::{Process, ProcessRow};

impl Owners {
    /// Creates the missing rows of processes that own sockets. If the time is given, also updates those of young
    /// processes, whose details may have changed.
    pub(super) fn update_rows(&mut self, root: BorrowedFd<'_>, now_ns: Option<u64>) {
        for slot in 0..self.slots.len() as u32 {
            let Some(entry) = self.entry_mut(slot) else {
                continue;
            };
            if entry.sockets() == 0 {
                continue;
            }
            let slot = self.process_slot(slot);
            let Some(entry) = self.entry(slot) else {
                continue;
            };
            if entry.row.is_none() || now_ns.is_some_and(|now| now < entry.young_until) {
                self.update_row(root, slot);
            }
            self.update_counts(slot);
        }
    }

    /// Updates the numbers of descriptors and the user's name in the row of a process, if it has one. The limit of
    /// descriptors applies to each table, so they are those of the largest one.
    pub(super) fn update_counts(&mut self, slot: u32) {
        let largest = self
            .tables_of_threads(slot)
            .filter_map(|thread| self.entry(thread))
            .max_by_key(|table| table.descriptors.len())
            .map(|table| (table.descriptors.len(), table.count, table.kinds));
        let Some(entry) = self.entry_mut(slot) else {
            return;
        };
        let Some(row) = &mut entry.row else {
            return;
        };
        row.descriptors = entry.count.or(u32::try_from(entry.descriptors.len()).ok());
        row.kinds = (entry.access == Access::Readable).then_some(entry.kinds);
        if let Some((len, count, kinds)) = largest
            && len > entry.descriptors.len()
        {
            row.descriptors = count.or(u32::try_from(len).ok());
            row.kinds = Some(kinds);
        }
        if row.process.user.is_none() {
            let uid = row.process.uid;
            let user = self.user_name(uid);
            let row = self.entry_mut(slot).and_then(|entry| entry.row.as_mut());
            if let (Some(_), Some(row)) = (&user, row) {
                Arc::make_mut(&mut row.process).user = user;
            }
        }
    }

    /// Reads the details of the process in a slot and creates its row.
    pub(super) fn update_row(&mut self, root: BorrowedFd<'_>, slot: u32) {
        let Some(entry) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) else {
            return;
        };
        let (key, reader) = (entry.key, &mut self.reader);
        let details = open_process(root, key.pid).and_then(|process| {
            // The parent changes when it exits. The details must not be those of another process with this pid.
            let stat = reader.read_stat(&process)?;
            if stat.start_time != key.start_time {
                return Err(Errno::SRCH);
            }
            entry.parent = stat.parent;
            entry.uid = process_user(root, key.pid)?;
            entry.via = reader.living_thread(&process, &stat, entry.via);
            reader.read_details(&process, entry.via)
        });
        let uid = entry.uid;
        let mut process = Process {
            parent: entry.parent,
            comm: entry.comm.clone(),
            uid,
            started_at_us: started_at_us(self.booted_at_us, key.start_time),
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
                // It is exiting, or descriptors are exhausted: no more details can be read.
                if self.entry(slot).is_none_or(|entry| entry.row.is_some()) {
                    return;
                }
            }
        }
        process.user = self.user_name(uid);
        let now_ns = self.now_ns;
        let Some(entry) = self.entry_mut(slot) else {
            return;
        };
        entry.comm.clone_from(&process.comm);
        entry.row_read_ns = now_ns;
        match &mut entry.row {
            Some(row) if *row.process == process => {}
            Some(row) => row.process = Arc::new(process),
            None => {
                entry.row = Some(ProcessRow::new(Arc::new(process)));
            }
        }
    }
}

/// Returns the start time of a process, µs since 1970 UTC, from its clock ticks since boot.
fn started_at_us(booted_at_us: i64, ticks: u64) -> Option<i64> {
    let since_boot = ticks.checked_mul(1_000_000)? / procfs::ticks_per_second().max(1);
    booted_at_us.checked_add(i64::try_from(since_boot).ok()?)
}

//! Notices processes that change their name (`prctl`, `/proc/PID/comm`), their arguments (`setproctitle`) or their
//! program (`execve`), none of which changes their identity.

use std::os::fd::BorrowedFd;

use super::super::process_reader::open_process;
use super::map::Owners;

/// Maximum number of processes whose names are read at one refresh; about 10 ms.
const MAX_READ: usize = 1024;

impl Owners {
    /// Reads the names of every second process that owns sockets, so that each is read within two refreshes, or within
    /// more if there are too many. Reads the other details again where the names have changed.
    pub(super) fn update_names(&mut self, root: BorrowedFd<'_>, now_ns: u64) {
        let owning = self.slots.iter().flatten();
        let owning = owning.filter(|entry| entry.row.is_some()).count();
        let mut left = owning.div_ceil(2).min(MAX_READ);
        for _ in 0..self.slots.len() {
            if left == 0 {
                return;
            }
            let slot = self.name_cursor % self.slots.len();
            self.name_cursor = slot + 1;
            let Some(entry) = self.slots.get(slot).and_then(Option::as_ref) else {
                continue;
            };
            let Some(row) = &entry.row else {
                continue;
            };
            left -= 1;
            if entry.row_read_ns == now_ns {
                continue;
            }
            let names = open_process(root, entry.key.pid)
                .and_then(|process| self.reader.read_names(process, entry.via));
            let Ok((comm, command_line)) = names else {
                // It has ended, or is read again later.
                continue;
            };
            let process = &row.process;
            if comm.is_some_and(|comm| comm != process.comm)
                || command_line.is_some_and(|line| line != process.command_line)
            {
                self.update_row(root, slot as u32);
            }
        }
    }
}

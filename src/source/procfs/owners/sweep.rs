//! Reads all descriptors again within a fixed period, some at each refresh, because closing one and opening another
//! does not change their number.

use std::os::fd::BorrowedFd;

use super::entry::{Access, Entry, RescanPolicy};
use super::map::Owners;

/// Period in which every descriptor is read again, ns.
const SWEEP_PERIOD: u64 = 15_000_000_000;
/// Cost of visiting a process, in descriptors read (about 2 µs each).
const VISIT_COST: u64 = 16;
/// Minimum cost of the visits at one refresh, in descriptors read: few of them are read again in a few Samples.
const MIN_CREDIT: u64 = 1024;

impl Owners {
    /// Reads as many descriptors again as are due since the last refresh.
    pub(super) fn sweep(&mut self, root: BorrowedFd<'_>, now_ns: u64, live: &dyn Fn(u32) -> bool) {
        let elapsed = now_ns.saturating_sub(self.last_ns.unwrap_or(now_ns));
        let total: u64 = self
            .slots
            .iter()
            .flatten()
            .map(|entry| VISIT_COST + entry.descriptors.len() as u64)
            .sum();
        let earned = (u128::from(total) * u128::from(elapsed)).div_ceil(u128::from(SWEEP_PERIOD));
        let earned = u64::try_from(earned).unwrap_or(total).max(MIN_CREDIT);
        let earned = earned.min(total);
        self.sweep.credit = (self.sweep.credit + earned.cast_signed()).min(total.cast_signed());
        // Each process is visited at most once, even if nothing costs anything.
        let mut steps = self.slots.len() + 1;
        while self.sweep.credit > 0 && steps > 0 {
            if self.sweep.slot >= self.slots.len() {
                self.sweep.slot = 0;
                self.sweep.fd = 0;
            }
            let slot = self.sweep.slot as u32;
            if self.entry(slot).is_none() || self.sweep_process(root, slot, now_ns, live) {
                self.sweep.slot += 1;
                self.sweep.fd = 0;
                steps -= 1;
            }
        }
    }

    /// Sweeps over a process as far as the credit allows. Returns true if the process is finished.
    fn sweep_process(
        &mut self,
        root: BorrowedFd<'_>,
        slot: u32,
        now_ns: u64,
        live: &dyn Fn(u32) -> bool,
    ) -> bool {
        if self.sweep.fd == 0 {
            self.sweep.credit -= VISIT_COST.cast_signed();
            if self.check_identity(root, slot) == Some(false) {
                let pid = self.entry(slot).filter(|entry| entry.process.is_none());
                let pid = pid.map(|entry| entry.key.pid);
                self.remove(slot);
                if let Some(pid) = pid {
                    self.scan_successor(root, pid, now_ns);
                }
                return true;
            }
            match self.entry(slot).map(|entry| entry.access) {
                Some(Access::Readable) => {}
                Some(Access::Denied) => {
                    self.rescan(root, slot, RescanPolicy::Full, live);
                    return true;
                }
                _ => return true,
            }
            let is_due = |entry: &Entry| {
                entry.row.is_some() && now_ns.saturating_sub(entry.row_read_ns) >= SWEEP_PERIOD
            };
            if self.entry(slot).is_some_and(is_due) {
                self.update_row(root, slot);
            }
            let count = self.run_count(root, slot);
            if self.has_same_descriptors(slot, count, now_ns) {
                // As if it had been read, so that the sweep does not become faster.
                let skipped = self.entry(slot).map_or(0, |entry| entry.descriptors.len());
                self.sweep.credit -= i64::try_from(skipped).unwrap_or(i64::MAX);
                return true;
            }
            self.sweep.run_count = count;
        }
        let Some(entry) = self.slots.get(slot as usize).and_then(Option::as_ref) else {
            return true;
        };
        let known = &entry.descriptors;
        let from = known.partition_point(|descriptor| descriptor.fd < self.sweep.fd);
        let to = known
            .len()
            .min(from.saturating_add(self.sweep.credit.max(1) as usize));
        let next = known.get(to).map(|descriptor| descriptor.fd);
        let range = known.get(from).map_or(0, |first| first.fd)..next.unwrap_or(u32::MAX);
        if from < to {
            self.sweep.credit -= i64::try_from(to - from).unwrap_or(i64::MAX);
            if !self.recheck(root, slot, live, |known| range.contains(&known.fd)) {
                return true;
            }
        }
        if let Some(fd) = next {
            self.sweep.fd = fd;
            return false;
        }
        let count = self.sweep.run_count.take();
        if let Some(entry) = self.entry_mut(slot) {
            entry.read_at.read_all(count, now_ns);
        }
        true
    }
}

//! All descriptors are asked anew in the course of some time, some at each refresh, because closing one and opening
//! another leaves their number as it was.

use std::os::fd::BorrowedFd;

use super::Owners;
use super::process::{Access, Trust};

/// In which every descriptor is asked anew, ns.
const SWEEP_PERIOD: u64 = 30_000_000_000;
/// What visiting a process costs in a sweep, in descriptors asked (about 2 µs each).
const VISIT: u64 = 16;

/// Where the sweep stands.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    slot: usize,
    /// The next descriptor number to ask; 0 before the process has been visited.
    fd: u32,
    /// Descriptors that may be asked; negative after a visit that took more.
    credit: i64,
}

impl Owners {
    /// Asks as many descriptors anew as are due since the last refresh.
    pub(super) fn sweep(&mut self, root: BorrowedFd<'_>, now_ns: u64, live: &dyn Fn(u32) -> bool) {
        let elapsed = now_ns.saturating_sub(self.last_ns.unwrap_or(now_ns));
        let total: u64 = self
            .slots
            .iter()
            .flatten()
            .map(|entry| VISIT + entry.descriptors.len() as u64)
            .sum();
        let earned = (u128::from(total) * u128::from(elapsed)).div_ceil(u128::from(SWEEP_PERIOD));
        let earned = u64::try_from(earned).unwrap_or(total).min(total);
        self.sweep.credit = (self.sweep.credit + earned.cast_signed()).min(total.cast_signed());
        // A guard against going round more than once, should nothing cost anything.
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

    /// Sweeps over a process as far as the credit goes. Tells whether it is done with it.
    fn sweep_process(
        &mut self,
        root: BorrowedFd<'_>,
        slot: u32,
        now_ns: u64,
        live: &dyn Fn(u32) -> bool,
    ) -> bool {
        if self.sweep.fd == 0 {
            self.sweep.credit -= VISIT.cast_signed();
            if self.verify(root, slot) == Some(false) {
                let pid = self.entry(slot).map(|entry| entry.key.pid);
                self.forget(slot);
                if let Some(pid) = pid {
                    self.meet_again(root, pid, now_ns);
                }
                return true;
            }
            match self.entry(slot).map(|entry| entry.access) {
                Some(Access::Readable) => {}
                Some(Access::Denied) => {
                    self.read(root, slot, Trust::Nothing, live);
                    return true;
                }
                _ => return true,
            }
            if self.entry(slot).is_some_and(|entry| entry.sockets() > 0) {
                self.describe(root, slot);
            }
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
        let asked = known.get(from).map_or(0, |first| first.fd)..next.unwrap_or(u32::MAX);
        if from < to {
            self.sweep.credit -= i64::try_from(to - from).unwrap_or(i64::MAX);
            if !self.check(root, slot, live, |known| asked.contains(&known.fd)) {
                return true;
            }
        }
        match next {
            Some(fd) => {
                self.sweep.fd = fd;
                false
            }
            None => true,
        }
    }
}

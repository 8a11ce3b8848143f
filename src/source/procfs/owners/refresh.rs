//! Updates the map, once per Sample.

use std::os::fd::AsFd as _;

use super::map::Owners;

impl Owners {
    /// Updates the map. May miss a descriptor that replaced another one of the same process, until [`Self::verify_owners`],
    /// [`Self::resolve`] or the sweep reads it.
    ///
    /// `now_ns` is monotonic time. `live` reports whether a socket with this inode exists; it is called for known
    /// descriptors. Must be called after the dump of the sockets, so that the owners of all of them are found.
    pub fn refresh(&mut self, now_ns: u64, live: &dyn Fn(u32) -> bool) {
        let Some(root) = self.open_root() else {
            return;
        };
        let root = root.as_fd();
        let first_time = self.last_ns.is_none();
        let Some(new) = self.scan_processes(root, now_ns, live) else {
            return;
        };
        for slot in 0..self.slots.len() as u32 {
            if self
                .entry(slot)
                .is_some_and(|entry| entry.seen != self.tick)
            {
                self.remove(slot);
            }
        }
        self.scan_new(root, &new, now_ns, first_time);
        self.sweep(root, now_ns, live);
        self.verify_all(root, live);
        self.update_rows(root, Some(now_ns));
        self.update_names(root, now_ns);
        self.update_denied();
        self.holders.shrink();
        self.unresolved.prune(now_ns);
        self.last_ns = Some(now_ns);
    }
}

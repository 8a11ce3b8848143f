//! What is remembered of a socket from one Sample to the next.

use std::sync::Arc;

use crate::model::{Ends, Process, State};
use crate::source::procfs::{Handle, Owners};

/// The owners that a socket had when it was last seen alive.
#[derive(Debug, Clone, Default)]
pub(super) enum Remembered {
    #[default]
    Nobody,
    One(Arc<Process>, u32),
    Many(Arc<Vec<(Arc<Process>, u32)>>),
}

impl Remembered {
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Arc<Process>, u32)> {
        let (one, many) = match self {
            Remembered::Nobody => (None, None),
            Remembered::One(process, fd) => (Some((process, *fd)), None),
            Remembered::Many(all) => (None, Some(all.iter().map(|(process, fd)| (process, *fd)))),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }

    pub(super) fn is_nobody(&self) -> bool {
        matches!(self, Remembered::Nobody)
    }
}

/// What is remembered of a socket.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) owners: Remembered,
    pub(super) first_seen_ns: u64,
    pub(super) cgroup_id: u64,
    pub(super) inode: u32,
    pub(super) uid: Option<u32>,
    /// Slot of the only owner in [`Owners`]; trusted while the generation is the one that it was found in.
    pub(super) slot: Option<u32>,
    pub(super) state: Option<State>,
    /// Where it was and whom it was connected to: the kernel has forgotten that of one that was aborted.
    pub(super) ends: Option<Ends>,
    /// Whether the kernel will tell its end, however long it is in no table: a process may hold one that was reset.
    pub(super) awaits_end: bool,
    pub(super) missed: u8,
    pub(super) closed: bool,
}

impl Memory {
    /// Remembers the present holders; nothing is allocated while they stay the same.
    pub(super) fn remember(&mut self, handles: &[Handle], owners: &Owners) {
        let process = |handle: &Handle| owners.process(handle.process).map(|row| &row.process);
        if let [only] = handles {
            self.slot = Some(only.process);
            let Some(process) = process(only) else { return };
            match &mut self.owners {
                Remembered::One(known, fd) if Arc::ptr_eq(known, process) => *fd = only.fd,
                other => *other = Remembered::One(Arc::clone(process), only.fd),
            }
            return;
        }
        self.slot = None;
        let unchanged = match &self.owners {
            Remembered::Many(known) => {
                known.len() == handles.len()
                    && known.iter().zip(handles).all(|((known, fd), handle)| {
                        *fd == handle.fd
                            && process(handle).is_some_and(|process| Arc::ptr_eq(known, process))
                    })
            }
            _ => false,
        };
        if !unchanged {
            let all = handles
                .iter()
                .filter_map(|handle| Some((Arc::clone(process(handle)?), handle.fd)))
                .collect();
            self.owners = Remembered::Many(Arc::new(all));
        }
    }
}

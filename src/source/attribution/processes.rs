//! The processes of a Sample.

use rustc_hash::FxHashMap;

use crate::model::{ClearForReuse, ProcessKey, ProcessRow, Sample};
use crate::source::procfs::Owners;

/// Stands for no index.
const NONE: u32 = u32::MAX;

/// Where processes stand in the Sample that is being made.
#[derive(Debug, Default)]
pub(super) struct Processes {
    /// By slot in [`Owners`]; `NONE` if it is not in there yet.
    by_slot: Vec<u32>,
    by_key: FxHashMap<ProcessKey, u32>,
}

impl Processes {
    pub(super) fn clear(&mut self) {
        self.by_slot.clear_for_reuse();
        self.by_key.clear_for_reuse();
    }

    /// Index of a process, adding it if it is not in there.
    pub(super) fn index(
        &mut self,
        key: ProcessKey,
        sample: &mut Sample,
        row: impl FnOnce() -> ProcessRow,
    ) -> u32 {
        *self.by_key.entry(key).or_insert_with(|| {
            sample.processes.push(row());
            (sample.processes.len() - 1) as u32
        })
    }

    /// The same for the process in a slot. `None` if the slot was given up meanwhile.
    #[inline]
    pub(super) fn in_slot(
        &mut self,
        slot: u32,
        owners: &Owners,
        sample: &mut Sample,
    ) -> Option<u32> {
        match self.by_slot.get(slot as usize) {
            Some(&index) if index != NONE => return Some(index),
            Some(_) => {}
            None => self.by_slot.resize(slot as usize + 1, NONE),
        }
        let row = owners.process(slot)?;
        let index = self.index(row.process.key, sample, || row.clone());
        self.by_slot[slot as usize] = index;
        Some(index)
    }
}

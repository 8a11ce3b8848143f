//! Adds processes to the Sample under construction, each once.

use crate::model::SeededMap;
use crate::model::{ClearForReuse, ProcessKey, ProcessRow, Sample};
use crate::source::procfs::Owners;

/// Index of a process that is not in the Sample.
const ABSENT: u32 = u32::MAX;

/// Indices of the processes in [`Sample::processes`].
#[derive(Debug, Default)]
pub(super) struct SampleProcesses {
    /// By slot in [`Owners`]; `ABSENT` if it is not in the Sample yet.
    by_slot: Vec<u32>,
    by_key: SeededMap<ProcessKey, u32>,
}

impl SampleProcesses {
    pub(super) fn clear(&mut self) {
        self.by_slot.clear_for_reuse();
        self.by_key.clear_for_reuse();
    }

    /// Returns the index of the process in a slot; `None` if it is not in the Sample.
    pub(super) fn known_in_slot(&self, slot: u32) -> Option<u32> {
        let index = self.by_slot.get(slot as usize).copied();
        index.filter(|&index| index != ABSENT)
    }

    /// Returns the index of a process, adding its row if it is not in the Sample.
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

    /// Returns the index of the process in a slot, adding its row if it is not in the Sample. Returns `None` if the
    /// slot was freed meanwhile.
    #[inline]
    pub(super) fn in_slot(
        &mut self,
        slot: u32,
        owners: &Owners,
        sample: &mut Sample,
    ) -> Option<u32> {
        match self.by_slot.get(slot as usize) {
            Some(&index) if index != ABSENT => return Some(index),
            Some(_) => {}
            None => self.by_slot.resize(slot as usize + 1, ABSENT),
        }
        let row = owners.process(slot)?;
        let index = self.index(row.process.key, sample, || row.clone());
        self.by_slot[slot as usize] = index;
        Some(index)
    }
}

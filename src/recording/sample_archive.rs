//! A recording of unencoded Samples.

use super::archive::{Archive, Entry, Loss};
use super::error::RecordingError;
use super::metadata::Metadata;
use crate::model::SeededMap;
use crate::model::{Sample, SocketKey};

/// Unencoded Samples in memory, for tests and for recordings that are too small to encode.
#[derive(Debug, Default)]
pub struct SampleArchive {
    metadata: Metadata,
    entries: Vec<Entry>,
    samples: Vec<Sample>,
    last_read: usize,
}

impl SampleArchive {
    /// Creates an archive of Samples in chronological order.
    pub fn new(metadata: Metadata, samples: Vec<Sample>) -> SampleArchive {
        let entry = |sample: &Sample| Entry {
            time: sample.time(),
            sockets: sample.sockets.len() as u32,
            dropped: 0,
        };
        SampleArchive {
            metadata,
            entries: samples.iter().map(entry).collect(),
            samples,
            last_read: 0,
        }
    }
}

impl Archive for SampleArchive {
    fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn losses(&self) -> &[Loss] {
        &[]
    }

    fn read_into(&mut self, at: usize, sample: &mut Sample) -> Result<(), RecordingError> {
        let found = self.samples.get(at);
        let found =
            found.ok_or_else(|| RecordingError::Damaged(format!("there is no Sample {at}")))?;
        sample.clone_from(found);
        self.last_read = at;
        Ok(())
    }

    fn first_seen(&self) -> Vec<(SocketKey, u64)> {
        let Some((first, rest)) = self.samples.split_first() else {
            return Vec::new();
        };
        let mut seen: SeededMap<SocketKey, Option<u64>> = SeededMap::default();
        seen.extend(first.sockets.iter().map(|row| (row.key(), None)));
        for sample in rest.iter().take(self.last_read) {
            for row in &sample.sockets {
                seen.entry(row.key()).or_insert(Some(sample.monotonic_ns));
            }
        }
        let keys = self.samples[self.last_read].sockets.iter();
        keys.filter_map(|row| Some((row.key(), (*seen.get(&row.key())?)?)))
            .collect()
    }
}

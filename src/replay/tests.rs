//! Damaged Samples are skipped without deriving others again.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::model::{Sample, SocketKey};
use crate::recording::{Entry, Loss, Metadata, SampleArchive};

/// An archive with damaged Samples that counts the attempts to read.
struct Damaged {
    archive: SampleArchive,
    unreadable: std::ops::Range<usize>,
    reads: Arc<AtomicUsize>,
}

impl Archive for Damaged {
    fn metadata(&self) -> &Metadata {
        self.archive.metadata()
    }

    fn entries(&self) -> &[Entry] {
        self.archive.entries()
    }

    fn losses(&self) -> &[Loss] {
        &[]
    }

    fn read_into(&mut self, at: usize, sample: &mut Sample) -> Result<(), RecordingError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        if self.unreadable.contains(&at) {
            return Err(RecordingError::Damaged("corrupt".to_owned()));
        }
        self.archive.read_into(at, sample)
    }

    fn first_seen(&self) -> Vec<(SocketKey, u64)> {
        self.archive.first_seen()
    }
}

/// Samples of 800 seconds.
fn archive() -> SampleArchive {
    let samples = (0..800u64).map(|second| Sample {
        monotonic_ns: (second + 1) * 1_000_000_000,
        taken_at_us: second as i64 * 1_000_000,
        ..Sample::default()
    });
    SampleArchive::new(Metadata::default(), samples.collect())
}

#[test]
fn every_sample_is_read_once_also_after_damaged_ones() {
    for damaged in [0..1, 0..700, 100..101, 100..400, 300..800] {
        let reads = Arc::new(AtomicUsize::new(0));
        let mut replayer = Replayer::new(Box::new(Damaged {
            archive: archive(),
            unreadable: damaged.clone(),
            reads: Arc::clone(&reads),
        }));
        let mut moment = Moment::default();
        for at in 0..800 {
            let shown = replayer.show(at, Depth::Full, &mut moment);
            assert_eq!(shown.is_err(), damaged.contains(&at), "{at} of {damaged:?}");
        }
        assert_eq!(reads.load(Ordering::Relaxed), 800, "{damaged:?}");
    }
}

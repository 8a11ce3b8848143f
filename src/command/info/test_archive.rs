//! An archive for tests of this command.

use std::time::Duration;

use crate::model::{Sample, SampleTime};
use crate::recording::{Archive, Entry, Inspection, Metadata, RecordingError};

/// An archive with entries and without Samples.
#[derive(Debug)]
pub(super) struct ArchiveOutline {
    pub(super) metadata: Metadata,
    pub(super) entries: Vec<Entry>,
    pub(super) losses: Vec<crate::recording::Loss>,
}

impl Archive for ArchiveOutline {
    fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn losses(&self) -> &[crate::recording::Loss] {
        &self.losses
    }

    fn read_into(&mut self, _: usize, _: &mut Sample) -> Result<(), RecordingError> {
        Err(RecordingError::Damaged("an outline".to_owned()))
    }

    fn first_seen(&self) -> Vec<(crate::model::SocketKey, u64)> {
        Vec::new()
    }
}

/// Returns a recording of ten minutes at 1 s with a drop and a pause.
pub(super) fn archive_with_gaps() -> ArchiveOutline {
    let start = 1_795_203_000_000_000;
    let entry = |at: i64, dropped| Entry {
        time: SampleTime {
            wall_us: start + at * 1_000_000,
            monotonic_ns: 5_000_000_000 + at as u64 * 1_000_000_000,
            suspended_s: Some(0),
        },
        sockets: 12_000 + at as u32,
        dropped,
    };
    let mut entries: Vec<Entry> = (0..600).map(|at| entry(at, 0)).collect();
    entries[100].dropped = 2;
    entries.drain(98..100);
    entries.drain(300..310);
    ArchiveOutline {
        metadata: Metadata {
            host: crate::model::Host {
                hostname: "web-3".into(),
                kernel: "6.18.44".into(),
                boot_id: "b".into(),
            },
            program: "0.1.0".into(),
            begun_at_us: start - 5000,
            interval: Duration::from_secs(1),
            capabilities: vec!["CAP_NET_ADMIN".into(), "CAP_SYS_PTRACE".into()],
            filter: String::new(),
            tables: Some(vec!["tcp".to_owned()]),
            restricted: true,
            redacted: false,
        },
        entries,
        losses: Vec::new(),
    }
}

/// Returns the inspection of its file.
pub(super) fn inspection() -> Inspection {
    Inspection {
        version: 1,
        file_bytes: 16_400_000,
        chunks: 60,
        unpacked_bytes: 140_000_000,
        streams: vec![("tcp_info".into(), 90_000_000), ("ends".into(), 20_000_000)],
        closed: true,
        ..Inspection::default()
    }
}

//! Saves a range of a recording to a new file.

use std::ops::Range;

use super::archive::Archive;
use super::encode::Encoder;
use super::error::RecordingError;
use super::options::RecorderOptions;
use super::progress::Progress;
use super::writer::FileWriter;
use crate::model::Sample;

/// Writes a range of [`Archive::entries`] to a file. Damaged Samples are counted as dropped.
///
/// # Errors
/// If the file cannot be written.
pub fn save(
    archive: &mut dyn Archive,
    range: Range<usize>,
    options: RecorderOptions,
) -> Result<Progress, RecordingError> {
    let entries: Vec<_> = archive.entries().get(range.clone()).unwrap_or(&[]).to_vec();
    let mut writer = FileWriter::create(options, archive.metadata().clone())?;
    let mut encoder = Encoder::new();
    let mut sample = Sample::default();
    let mut progress = Progress::default();
    let mut dropped = 0u32;
    for (at, entry) in range.zip(&entries) {
        dropped = dropped.saturating_add(entry.dropped);
        if archive.read_into(at, &mut sample).is_err() {
            dropped = dropped.saturating_add(1);
            continue;
        }
        let written = encoder
            .encode(&sample)
            .and_then(|frame| writer.write(&frame, std::mem::take(&mut dropped), 0));
        written.map_err(|error| writer.write_error(error))?;
        progress.samples += 1;
        progress.sockets = entry.sockets;
        progress.dropped += u64::from(entry.dropped);
    }
    writer.close().map_err(|error| writer.write_error(error))?;
    progress.bytes = writer.bytes;
    progress.files = writer.files;
    Ok(progress)
}

//! Rows of a moment as JSON objects, formatted on two threads.

use std::io::{self, Write};
use std::sync::mpsc;

use super::socket::SocketWriter;
use crate::aggregate::{Moment, PeerIndex};
use crate::export::row::Row;

/// Rows formatted at a time, about 1 MB of text: large enough to amortize the handover, small enough for a cache.
const CHUNK: usize = 512;

/// Number of formatting threads.
const WORKERS: usize = 2;

/// Formats rows of a moment.
struct Formatter<'a> {
    moment: &'a Moment,
    peers: &'a PeerIndex,
    /// Time of the moment, if every object includes it.
    taken_at: Option<&'a str>,
    /// Bytes between two objects.
    separator: &'a [u8],
}

impl Formatter<'_> {
    /// Replaces the contents of a buffer by some objects.
    fn format(&self, rows: &[u32], buffer: &mut Vec<u8>) -> io::Result<()> {
        buffer.clear();
        let mut writer = SocketWriter::default();
        for (at, &row) in rows.iter().enumerate() {
            if at > 0 {
                buffer.extend_from_slice(self.separator);
            }
            if let Some(row) = Row::of_moment(self.moment, self.peers, row as usize) {
                writer.append(&row, self.taken_at, buffer)?;
            }
        }
        Ok(())
    }
}

/// Writes the objects of `rows` with `separator` between them, each with `taken_at` if given. Two threads format
/// alternate chunks while this one writes the chunks in order: a hundred thousand sockets are about 200 MB.
///
/// # Errors
/// If the writer fails.
pub(super) fn write_rows(
    moment: &Moment,
    rows: &[u32],
    taken_at: Option<&str>,
    separator: &[u8],
    out: &mut impl Write,
) -> io::Result<()> {
    let formatter = &Formatter {
        moment,
        peers: moment.peers(),
        taken_at,
        separator,
    };
    let chunks: &Vec<&[u32]> = &rows.chunks(CHUNK).collect();
    std::thread::scope(|scope| {
        // If a worker cannot be started or is not worthwhile, this thread formats.
        let workers: [_; WORKERS] = std::array::from_fn(|worker| {
            let (formatted_sender, formatted) = mpsc::sync_channel(1);
            let (reusable, reusable_receiver) = mpsc::channel::<Vec<u8>>();
            let work = move || {
                for rows in chunks.iter().skip(worker).step_by(WORKERS) {
                    let mut buffer = reusable_receiver.try_recv().unwrap_or_default();
                    let result = formatter.format(rows, &mut buffer).map(|()| buffer);
                    // The writer has failed and receives nothing more.
                    if formatted_sender.send(result).is_err() {
                        return;
                    }
                }
            };
            let thread = std::thread::Builder::new().name("format".into());
            let started = chunks.len() > 1 && thread.spawn_scoped(scope, work).is_ok();
            started.then_some((formatted, reusable))
        });
        let mut own_buffer = Vec::new();
        for (at, rows) in chunks.iter().enumerate() {
            if at > 0 {
                out.write_all(separator)?;
            }
            if let Some((formatted, reusable)) = &workers[at % WORKERS] {
                let buffer = formatted.recv().map_err(io::Error::other)??;
                out.write_all(&buffer)?;
                // A worker that has finished needs no buffer.
                let _ = reusable.send(buffer);
            } else {
                formatter.format(rows, &mut own_buffer)?;
                out.write_all(&own_buffer)?;
            }
        }
        Ok(())
    })
}

//! Sockets as JSON: the object that `list --json`, `--jsonl` and later `events` and `export` share.
//!
//! Field names and meanings are an interface that scripts rely on; what is not known is `null`.

mod event;
mod socket;
mod summary;

use std::io::{self, Write};
use std::sync::mpsc;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

pub use self::event::{write_count, write_event};
use self::socket::JsonSocket;
pub use self::summary::write_summary;
use super::timestamp;
use crate::aggregate::{Moment, PeerIndex};
use crate::model::Unowned;

/// Version of the document.
const VERSION: u32 = 1;

/// Rows formatted at a time, about 1 MB of text: enough to be worth handing over, small enough for a cache.
const CHUNK: usize = 512;

/// Threads that format.
const WORKERS: usize = 2;

/// Writes the whole document of `list --json` over the sockets in `rows`.
///
/// # Errors
/// What the writer says.
pub fn write_document(moment: &Moment, rows: &[u32], out: &mut impl Write) -> io::Result<()> {
    let sample = &moment.sample;
    let (mut owned, mut unowned) = (0, [0u32; Unowned::ALL.len()]);
    for socket in rows
        .iter()
        .filter_map(|&row| sample.sockets.rows.get(row as usize))
    {
        match socket.attribution.unowned() {
            None => owned += 1,
            Some(why) => unowned[why as usize] += 1,
        }
    }
    let head = Head {
        version: VERSION,
        taken_at: timestamp(sample.taken_at_us),
        monotonic_ns: sample.monotonic_ns,
        host: HostOut {
            hostname: &sample.host.hostname,
            kernel: &sample.host.kernel,
            boot_id: &sample.host.boot_id,
        },
        coverage: Coverage {
            sockets: rows.len(),
            owned,
            unowned: UnownedCounts(unowned),
        },
        faults: sample
            .faults
            .iter()
            .map(|fault| FaultOut {
                source: &fault.source,
                error: &fault.error,
                severity: fault.severity.name(),
            })
            .collect(),
    };
    let mut head = serde_json::to_vec(&head)?;
    // The head is an object; its sockets follow within it, row by row.
    head.pop();
    out.write_all(&head)?;
    out.write_all(b",\"sockets\":[")?;
    write_rows(moment, rows, b",\n", out)?;
    out.write_all(b"]}\n")
}

/// Writes one object a line.
///
/// # Errors
/// What the writer says.
pub fn write_lines(moment: &Moment, rows: &[u32], out: &mut impl Write) -> io::Result<()> {
    write_rows(moment, rows, b"\n", out)?;
    if rows.is_empty() {
        Ok(())
    } else {
        out.write_all(b"\n")
    }
}

/// Writes one object a line, each with the time of the moment in `taken_at`.
///
/// # Errors
/// What the writer says.
pub fn write_lines_with_time(
    moment: &Moment,
    rows: &[u32],
    out: &mut impl Write,
) -> io::Result<()> {
    #[derive(Serialize)]
    struct Timed<'a> {
        taken_at: &'a str,
        #[serde(flatten)]
        socket: JsonSocket<'a>,
    }
    let taken_at = timestamp(moment.sample.taken_at_us);
    let peers = moment.peers();
    for &row in rows {
        if let Some(socket) = JsonSocket::of(moment, peers, row as usize) {
            let timed = Timed {
                taken_at: &taken_at,
                socket,
            };
            serde_json::to_writer(&mut *out, &timed)?;
            out.write_all(b"\n")?;
        }
    }
    Ok(())
}

/// Writes the objects of `rows` with `between` between them. Two threads format, each every other chunk, while this
/// one writes the chunks in their order: a hundred thousand sockets are some 200 MB.
fn write_rows(
    moment: &Moment,
    rows: &[u32],
    between: &[u8],
    out: &mut impl Write,
) -> io::Result<()> {
    let peers = moment.peers();
    let chunks: Vec<&[u32]> = rows.chunks(CHUNK).collect();
    let format =
        |rows: &[u32], buffer: &mut Vec<u8>| format_rows(moment, peers, rows, between, buffer);
    std::thread::scope(|scope| {
        let (chunks, format) = (&chunks, &format);
        // A worker that cannot be started, or is not worth it, is done without.
        let workers: [_; WORKERS] = std::array::from_fn(|worker| {
            let (ready, formatted) = mpsc::sync_channel(1);
            let (empty, reused) = mpsc::channel::<Vec<u8>>();
            let work = move || {
                for rows in chunks.iter().skip(worker).step_by(WORKERS) {
                    let mut buffer = reused.try_recv().unwrap_or_default();
                    let result = format(rows, &mut buffer).map(|()| buffer);
                    // The writer has failed and nobody listens.
                    if ready.send(result).is_err() {
                        return;
                    }
                }
            };
            let thread = std::thread::Builder::new().name("format".into());
            let started = chunks.len() > 1 && thread.spawn_scoped(scope, work).is_ok();
            started.then_some((formatted, empty))
        });
        let mut own = Vec::new();
        for (at, rows) in chunks.iter().enumerate() {
            if at > 0 {
                out.write_all(between)?;
            }
            if let Some((formatted, empty)) = &workers[at % WORKERS] {
                let buffer = formatted.recv().map_err(io::Error::other)??;
                out.write_all(&buffer)?;
                // A worker that is done needs no buffer.
                let _ = empty.send(buffer);
            } else {
                format(rows, &mut own)?;
                out.write_all(&own)?;
            }
        }
        Ok(())
    })
}

fn format_rows(
    moment: &Moment,
    peers: &PeerIndex,
    rows: &[u32],
    between: &[u8],
    buffer: &mut Vec<u8>,
) -> io::Result<()> {
    buffer.clear();
    for (at, &row) in rows.iter().enumerate() {
        if at > 0 {
            buffer.extend_from_slice(between);
        }
        if let Some(object) = JsonSocket::of(moment, peers, row as usize) {
            serde_json::to_writer(&mut *buffer, &object)?;
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct Head<'a> {
    version: u32,
    taken_at: String,
    monotonic_ns: u64,
    host: HostOut<'a>,
    coverage: Coverage,
    faults: Vec<FaultOut<'a>>,
}

#[derive(Serialize)]
struct HostOut<'a> {
    hostname: &'a str,
    kernel: &'a str,
    boot_id: &'a str,
}

#[derive(Serialize)]
struct Coverage {
    sockets: usize,
    owned: usize,
    unowned: UnownedCounts,
}

struct UnownedCounts([u32; Unowned::ALL.len()]);

impl Serialize for UnownedCounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for why in Unowned::ALL {
            map.serialize_entry(why.name(), &self.0[why as usize])?;
        }
        map.end()
    }
}

#[derive(Serialize)]
struct FaultOut<'a> {
    source: &'a str,
    error: &'a str,
    severity: &'static str,
}

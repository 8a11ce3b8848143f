//! Opens bytes as a recording and reads everything in it.

use sockwatch::aggregate::{Aggregator, Moment};
use sockwatch::export::json;
use sockwatch::model::{Sample, Socket};
use sockwatch::recording::{Archive, Reader};
use sockwatch::replay::{Depth, Replayer};

use crate::extremes::{self, Session};
use crate::memory_file;

/// Maximum number of sockets of a Sample that are shown: that is slow, and the same for each.
const MAX_SHOWN: usize = 2000;

/// Maximum number of sockets of a Sample that is shown with variations, and the number of edits.
const MAX_VARIED: usize = 24;
const EDITS: u8 = 8;

/// Bytes that the sockets of a Sample may take, and for each byte of the file.
const MEMORY: usize = 128 << 20;
const MEMORY_EACH_BYTE: usize = 256;

/// Sockets that all Samples may have together, and for each byte of the file.
const SOCKETS: usize = 17_000_000;
const SOCKETS_EACH_BYTE: usize = 384;

/// Reads a recording. Whatever the bytes are, this must not panic, hang or take much memory.
pub fn read_all(bytes: &[u8]) {
    let Ok(mut reader) = Reader::open(&memory_file::with_contents(bytes)) else {
        return;
    };
    let mut sample = Sample::default();
    let entries = reader.entries().len();
    let claimed: usize = reader
        .entries()
        .iter()
        .map(|entry| entry.sockets as usize)
        .sum();
    assert!(
        claimed <= SOCKETS + SOCKETS_EACH_BYTE * bytes.len(),
        "{claimed} sockets"
    );
    // Forwards, and two seeks backwards.
    for at in (0..entries).chain([0, entries / 2]) {
        if reader.read_into(at, &mut sample).is_ok() {
            let taken: usize = [&sample.sockets, &sample.closed_sockets]
                .map(|table| table.len() * size_of::<Socket>() + table.parts_len())
                .iter()
                .sum();
            assert!(
                taken <= MEMORY + MEMORY_EACH_BYTE * bytes.len(),
                "{taken} bytes of sockets"
            );
            assert_eq!(sample.sockets.len(), reader.entries()[at].sockets as usize);
            follow_references(&sample);
            let _ = reader.first_seen();
        }
    }
    // Slow, and the same for most inputs: one in eight.
    let is_chosen = crc32c::crc32c(bytes) % 8 == 0;
    if is_chosen {
        let _ = reader.inspect();
    }
    let known = reader.losses().iter().all(|loss| {
        let end = loss.offset.checked_add(loss.bytes);
        end.is_some() && !loss.why.is_empty() && loss.after.is_none_or(|after| after < entries)
    });
    assert!(known, "{:?}", reader.losses());
    if is_chosen {
        show(reader);
    }
}

/// Follows every reference within a Sample.
pub fn follow_references(sample: &Sample) {
    let closed = sample.closed.iter();
    let closed = closed.filter_map(|closed| sample.closed_socket(closed));
    for socket in sample.iter().chain(closed).take(MAX_SHOWN) {
        let holders = socket
            .owners()
            .map(|(_, holders)| holders.len())
            .sum::<usize>();
        assert_eq!(holders, socket.holders().len(), "every owner is a process");
        assert_eq!(holders, usize::from(socket.socket.holders_len));
        let _ = (socket.tcp_info(), socket.mptcp_info(), socket.memory());
        let _ = (socket.congestion_fields(), socket.name(), socket.ulp());
    }
}

/// Derives what the dashboard shows, and exports it.
fn show(reader: Reader) {
    let entries = reader.entries();
    if entries.is_empty() {
        return;
    }
    let places = 0..entries.len().min(4);
    let mut replayer = Replayer::new(Box::new(reader));
    let mut moment = Moment::default();
    let mut session = Session::new(false);
    for at in places {
        if replayer.show(at, Depth::Rates, &mut moment).is_ok() {
            export(&moment);
            if moment.sample.sockets.len() <= MAX_VARIED {
                session.next(moment.sample.clone());
            }
        }
    }
    session.export(80, true);
    session.press(b"1237", (100, 20));
    // A fresh aggregator.
    moment.derive(&mut Aggregator::new());
}

/// Shows a Sample between variations of it; `bytes` choose the numbers that are edited.
pub fn show_sample(sample: &mut Sample, bytes: &[u8]) {
    sample.sockets.truncate(MAX_VARIED);
    let sum = crc32c::crc32c(bytes);
    let edits: Vec<u8> = (0..EDITS)
        .flat_map(|at| crc32c::crc32c_append(sum, &[at]).to_le_bytes())
        .collect();
    extremes::show_variations(sample, &edits);
}

fn export(moment: &Moment) {
    let rows = moment.sample.sockets.len();
    let rows: Vec<u32> = (0..rows.min(MAX_SHOWN) as u32).collect();
    json::write_lines(moment, &rows, &mut std::io::sink()).expect("a sink takes all");
}

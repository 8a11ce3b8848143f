//! Opens bytes as a recording and reads everything in it.

use std::fs::File;
use std::io::{Seek, Write};
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::Mutex;

use rustix::fs::{MemfdFlags, memfd_create};
use sockwatch::aggregate::{Aggregator, Moment};
use sockwatch::export::json;
use sockwatch::model::Sample;
use sockwatch::recording::{Archive, Reader};
use sockwatch::replay::{Depth, Replayer};

/// Maximum number of sockets of a Sample that are shown: that is slow, and the same for each.
const MAX_SHOWN: usize = 2000;

/// Reads a recording. Whatever the bytes are, this must not panic, hang or take much memory.
pub fn read_all(bytes: &[u8]) {
    // A file in memory that every call reuses.
    static FILE: Mutex<Option<File>> = Mutex::new(None);
    let mut slot = FILE.lock().unwrap_or_else(|error| error.into_inner());
    let file = slot.get_or_insert_with(|| {
        let file = memfd_create("recording", MemfdFlags::empty());
        file.expect("the kernel has memfd").into()
    });
    file.set_len(0).expect("it can be cut");
    file.rewind().expect("it can be sought");
    file.write_all(bytes).expect("there is memory");
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    let Ok(mut reader) = Reader::open(&path) else {
        return;
    };
    let mut sample = Sample::default();
    let entries = reader.entries().len();
    // Forwards, and two seeks backwards.
    for at in (0..entries).chain([0, entries / 2]) {
        if reader.read_into(at, &mut sample).is_ok() {
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
fn follow_references(sample: &Sample) {
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
    for at in places {
        if replayer.show(at, Depth::Rates, &mut moment).is_ok() {
            let rows = moment.sample.sockets.rows.len();
            let rows: Vec<u32> = (0..rows.min(MAX_SHOWN) as u32).collect();
            json::write_lines(&moment, &rows, &mut std::io::sink()).expect("a sink takes all");
        }
    }
    // A fresh aggregator.
    moment.derive(&mut Aggregator::new());
}

//! Opens bytes as a recording and asks for everything that is in it.

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

/// Samples with more sockets are read, and not shown as well: that is the same for each of them, and slow.
const SHOWN: usize = 2000;

/// Reads everything. Whatever the bytes are: this neither panics, nor hangs, nor takes much memory.
pub fn everything(bytes: &[u8]) {
    // A file without a disk below it, used again and again.
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
    // Forwards, and once back to where it begins.
    for at in (0..entries).chain([0, entries / 2]) {
        if reader.read_into(at, &mut sample).is_ok() {
            look_at(&sample);
            let _ = reader.first_seen();
        }
    }
    // Slower than all that, and the same for most inputs: for one in eight.
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
fn look_at(sample: &Sample) {
    let closed = sample.closed.iter();
    let closed = closed.filter_map(|closed| sample.closed_socket(closed));
    for socket in sample.iter().chain(closed).take(SHOWN) {
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

/// Derives what the dashboard shows, and writes it as it is exported.
fn show(reader: Reader) {
    let entries = reader.entries();
    if entries.is_empty() {
        return;
    }
    let places = 0..entries.len().min(4);
    let mut replayer = Replayer::new(Box::new(reader));
    let mut moment = Moment::default();
    for at in places {
        if replayer.show(at, Depth::Near, &mut moment).is_ok() {
            let rows = moment.sample.sockets.rows.len();
            let rows: Vec<u32> = (0..rows.min(SHOWN) as u32).collect();
            json::write_lines(&moment, &rows, &mut std::io::sink()).expect("a sink takes all");
        }
    }
    // An aggregator that has seen nothing yet.
    moment.derive(&mut Aggregator::new());
}

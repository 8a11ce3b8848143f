//! Bytes as a file of `ss -D`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sockwatch::model::Sample;
use sockwatch::source::read_raw_dump;
use sockwatch_fuzz::read_all::{follow_references, show_sample};
use sockwatch_fuzz::{memory_file, messages};

fuzz_target!(|bytes: &[u8]| {
    let mut sample = Sample::default();
    if let Err(error) = read_raw_dump(&memory_file::with_contents(bytes), &mut sample) {
        messages::check(&error);
    }
    follow_references(&sample);
    // Slow: one in eight.
    if crc32c::crc32c(bytes) % 8 == 0 && !sample.sockets.is_empty() {
        show_sample(&mut sample, bytes);
    }
});

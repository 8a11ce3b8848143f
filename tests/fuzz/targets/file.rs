//! Any bytes as a recording: as they are, and with all checksums corrected.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sockwatch_fuzz::{container, read_all::read_all};

fuzz_target!(|bytes: &[u8]| {
    read_all(bytes);
    let mut repaired = bytes.to_vec();
    container::repair(&mut repaired);
    if repaired != bytes {
        read_all(&repaired);
    }
});

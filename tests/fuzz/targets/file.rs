//! Any bytes as a recording: as they are, and once more with all check sums made right.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sockwatch_fuzz::{ask, whole};

fuzz_target!(|bytes: &[u8]| {
    ask::everything(bytes);
    let mut mended = bytes.to_vec();
    whole::mend(&mut mended);
    if mended != bytes {
        ask::everything(&mended);
    }
});

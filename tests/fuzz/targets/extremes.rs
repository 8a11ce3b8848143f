//! Numbers at the edges of their types in three Samples, see `extremes`.
//!
//! The first bytes choose the machine, the screen and two keys; then five bytes each are an edit of a number: the Samples
//! that it does not apply to, and what `edited_numbers` does.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sockwatch_fuzz::extremes;

fuzz_target!(|bytes: &[u8]| {
    if let Some((head, edits)) = bytes.split_first_chunk() {
        extremes::check(*head, edits);
    }
});

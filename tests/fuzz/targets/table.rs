//! Everything that is shown of a Sample whose names and numbers are hostile: tables, text, CSV for a terminal, JSON and
//! frames of the dashboard at odd sizes.
//!
//! The first bytes are the size, the widths and the screen; the rest are names, separated by 0xfe.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sockwatch_fuzz::shown;

fuzz_target!(|bytes: &[u8]| {
    let Some((head, rest)) = bytes.split_first_chunk::<8>() else {
        return;
    };
    let names: Vec<&[u8]> = rest.split(|byte| *byte == 0xfe).collect();
    shown::check(*head, &names);
});

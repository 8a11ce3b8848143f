//! Text as a filter: parsed, evaluated, lowered and completed. The first two bytes are the position of the cursor.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sockwatch_fuzz::filter_checks;

fuzz_target!(|bytes: &[u8]| {
    if let Some((cursor, text)) = bytes.split_first_chunk() {
        let text = String::from_utf8_lossy(text);
        let cursor = usize::from(u16::from_le_bytes(*cursor)) % (text.len() + 1);
        filter_checks::check(&text, cursor);
    }
});

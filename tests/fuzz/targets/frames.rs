//! Sections of frames in a file that is otherwise correct, see `sections`.

#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use sockwatch_fuzz::{read_all::read_all, sections};

fuzz_target!(|bytes: &[u8]| {
    read_all(&sections::to_file(&sections::parse_input(bytes)));
});

// Changes one section or the order of sections, so that the others stay what they were.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut records = sections::parse_input(&data[..size]);
    let seed = seed as usize;
    let choice = seed % 16;
    if records.is_empty() || choice == 0 {
        return fuzzer_mutate(data, size, max_size);
    }
    let (at, other) = ((seed >> 4) % records.len(), (seed >> 16) % records.len());
    match choice {
        1 => records.swap(at, other),
        2 => drop(records.remove(at)),
        3 => records.insert(other, records[at].clone()),
        4 => records[at].number = (seed >> 8) as u16 % 430,
        6 => {
            let record = &mut records[at];
            record.number ^= sections::REPEATED;
            let times = 1_u16 << (seed >> 20 & 15);
            record.bytes.splice(0..0, times.to_le_bytes());
        }
        5 => {
            let from = records.len().min(at.min(other));
            let copy = records[from..at.max(other)].to_vec();
            records.extend(copy);
        }
        _ => {
            let bytes = &mut records[at].bytes;
            let length = bytes.len();
            bytes.resize(length + 256, 0);
            let length = fuzzer_mutate(bytes, length, length + 256);
            bytes.truncate(length);
        }
    }
    let input = sections::to_input(&records);
    let length = input.len().min(max_size);
    data[..length].copy_from_slice(&input[..length]);
    length
});

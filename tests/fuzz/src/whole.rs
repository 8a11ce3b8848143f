//! Whole files: a head, and frames behind labels of 64 bytes.
//!
//! ```text
//!  head   "SOCKWTCH" version:2 oldest:2 length:4 CRC32C:4 │ JSON
//!  label  magic:4 kind:1 0:3 length:4 unpacked:4 time:8 clock:8 sockets:4 closed:4 dropped:4 lost:4 offset:8
//!         CRC32C of these 56 bytes:4 CRC32C of what follows:4
//! ```

/// Bytes of a head before its JSON, and of a label.
const HEAD: usize = 20;
pub const LABEL: usize = 64;

/// What a label begins with.
const LABEL_MAGIC: [u8; 4] = [0xf5, b'S', b'W', b'F'];

/// What a frame is.
pub const KEY: u8 = 1;
pub const DELTA: u8 = 2;

/// A frame in a file.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    pub kind: u8,
    pub unpacked: u32,
    pub payload: &'a [u8],
}

fn small(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// A head with nothing in it.
pub fn head() -> Vec<u8> {
    let json = br#"{"host":{"hostname":"web-3"},"interval_ns":1000000000}"#;
    let mut bytes = b"SOCKWTCH\x01\0\x01\0".to_vec();
    bytes.extend_from_slice(&(json.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(json);
    mend(&mut bytes);
    bytes
}

/// Appends a frame of so many sockets.
pub fn append(file: &mut Vec<u8>, frame: Frame<'_>, number: u64, sockets: u32) {
    let mut label = [0; LABEL];
    label[..4].copy_from_slice(&LABEL_MAGIC);
    label[4] = frame.kind;
    let mut at = 8;
    let mut add = |field: &[u8]| {
        label[at..at + field.len()].copy_from_slice(field);
        at += field.len();
    };
    add(&(frame.payload.len() as u32).to_le_bytes());
    add(&frame.unpacked.to_le_bytes());
    add(&(1_795_205_647_000_000 + number * 1_000_000).to_le_bytes());
    add(&(number * 1_000_000_000).to_le_bytes());
    add(&sockets.to_le_bytes());
    let at = file.len();
    file.extend_from_slice(&label);
    file.extend_from_slice(frame.payload);
    mend_label(file, at, frame.payload.len());
}

/// Makes the sums and the offset of a label right.
fn mend_label(file: &mut [u8], at: usize, length: usize) {
    let sum = crc32c::crc32c(&file[at + LABEL..at + LABEL + length]);
    file[at + 48..at + 56].copy_from_slice(&(at as u64).to_le_bytes());
    let own = crc32c::crc32c(&file[at..at + 56]);
    file[at + 56..at + 60].copy_from_slice(&own.to_le_bytes());
    file[at + 60..at + 64].copy_from_slice(&sum.to_le_bytes());
}

/// Makes all sums and offsets right, so that what lies behind them is reached.
pub fn mend(file: &mut [u8]) {
    let mut at = 0;
    if file.len() >= HEAD {
        file[..8].copy_from_slice(b"SOCKWTCH");
        let length = small(file, 12) as usize;
        if let Some(json) = file.get(HEAD..HEAD.saturating_add(length)) {
            let sum = crc32c::crc32c_append(crc32c::crc32c(&file[..16]), json);
            file[16..20].copy_from_slice(&sum.to_le_bytes());
            at = HEAD + length;
        }
    }
    while let Some(begin) = find_label(file, at) {
        let length = small(file, begin + 8) as usize;
        let end = (begin + LABEL).saturating_add(length).min(file.len());
        mend_label(file, begin, end - begin - LABEL);
        at = end;
    }
}

/// The next label, from a place on.
fn find_label(file: &[u8], from: usize) -> Option<usize> {
    let last = file.len().checked_sub(LABEL)?;
    (from..=last).find(|&at| file[at..at + 4] == LABEL_MAGIC)
}

/// The frames of a file whose labels are right.
pub fn frames(file: &[u8]) -> impl Iterator<Item = Frame<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let begin = find_label(file, at)?;
        let length = small(file, begin + 8) as usize;
        let payload = file.get(begin + LABEL..begin + LABEL + length)?;
        at = begin + LABEL + length;
        Some(Frame {
            kind: file[begin + 4],
            unpacked: small(file, begin + 12),
            payload,
        })
    })
}

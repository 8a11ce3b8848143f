//! Files: a header, and frames behind headers of 64 bytes.
//!
//! ```text
//!  file header   89 "SWR" 0d 0a 1a 0a version:2 oldest-reader:2 length:4 CRC32C:4 │ JSON
//!  frame header  magic:4 kind:1 0:3 length:4 unpacked:4 time:8 clock:8 sockets:4 closed:4 dropped:4 lost:4 offset:8
//!                CRC32C of these 56 bytes:4 CRC32C of the payload:4
//! ```

/// First bytes of a file.
const MAGIC: &[u8; 8] = b"\x89SWR\r\n\x1a\n";

/// Lengths of a file header without its JSON, and of a frame header.
const FILE_HEADER_LEN: usize = 20;
pub const FRAME_HEADER_LEN: usize = 64;

/// First bytes of a frame header.
const FRAME_MAGIC: [u8; 4] = [0xf5, b'f', b'r', b'm'];

/// Kinds of frames.
pub const KEY: u8 = 1;
pub const DELTA: u8 = 2;

/// A frame in a file.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    pub kind: u8,
    pub unpacked: u32,
    /// Sockets, and those that closed.
    pub sockets: u32,
    pub closed: u32,
    pub payload: &'a [u8],
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// Returns a file header with little in it.
pub fn file_header() -> Vec<u8> {
    let json = br#"{"host":{"hostname":"web-3"},"interval_ns":1000000000}"#;
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&[1, 0, 1, 0]);
    bytes.extend_from_slice(&(json.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(json);
    repair(&mut bytes);
    bytes
}

/// Appends a frame.
pub fn append(file: &mut Vec<u8>, frame: Frame<'_>, number: u64) {
    let mut header = [0; FRAME_HEADER_LEN];
    header[..4].copy_from_slice(&FRAME_MAGIC);
    header[4] = frame.kind;
    let mut at = 8;
    let mut add = |field: &[u8]| {
        header[at..at + field.len()].copy_from_slice(field);
        at += field.len();
    };
    add(&(frame.payload.len() as u32).to_le_bytes());
    add(&frame.unpacked.to_le_bytes());
    add(&(1_795_205_647_000_000 + number * 1_000_000).to_le_bytes());
    add(&(number * 1_000_000_000).to_le_bytes());
    add(&frame.sockets.to_le_bytes());
    add(&frame.closed.to_le_bytes());
    let at = file.len();
    file.extend_from_slice(&header);
    file.extend_from_slice(frame.payload);
    repair_frame_header(file, at, frame.payload.len());
}

/// Corrects the checksums and the offset of a frame header.
fn repair_frame_header(file: &mut [u8], at: usize, length: usize) {
    let sum = crc32c::crc32c(&file[at + FRAME_HEADER_LEN..at + FRAME_HEADER_LEN + length]);
    file[at + 48..at + 56].copy_from_slice(&(at as u64).to_le_bytes());
    let own = crc32c::crc32c(&file[at..at + 56]);
    file[at + 56..at + 60].copy_from_slice(&own.to_le_bytes());
    file[at + 60..at + 64].copy_from_slice(&sum.to_le_bytes());
}

/// Corrects all checksums and offsets, so that what follows them is reached.
pub fn repair(file: &mut [u8]) {
    let mut at = 0;
    if file.len() >= FILE_HEADER_LEN {
        file[..8].copy_from_slice(MAGIC);
        let length = u32_at(file, 12) as usize;
        if let Some(json) = file.get(FILE_HEADER_LEN..FILE_HEADER_LEN.saturating_add(length)) {
            let sum = crc32c::crc32c_append(crc32c::crc32c(&file[..16]), json);
            file[16..20].copy_from_slice(&sum.to_le_bytes());
            at = FILE_HEADER_LEN + length;
        }
    }
    while let Some(begin) = find_frame_header(file, at) {
        let length = u32_at(file, begin + 8) as usize;
        let end = (begin + FRAME_HEADER_LEN)
            .saturating_add(length)
            .min(file.len());
        repair_frame_header(file, begin, end - begin - FRAME_HEADER_LEN);
        at = end;
    }
}

/// Searches for the next frame header from an offset on.
fn find_frame_header(file: &[u8], from: usize) -> Option<usize> {
    let last = file.len().checked_sub(FRAME_HEADER_LEN)?;
    (from..=last).find(|&at| file[at..at + 4] == FRAME_MAGIC)
}

/// Iterates over the frames of a file that is not damaged.
pub fn frames(file: &[u8]) -> impl Iterator<Item = Frame<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let begin = find_frame_header(file, at)?;
        let length = u32_at(file, begin + 8) as usize;
        let payload = file.get(begin + FRAME_HEADER_LEN..begin + FRAME_HEADER_LEN + length)?;
        at = begin + FRAME_HEADER_LEN + length;
        Some(Frame {
            kind: file[begin + 4],
            unpacked: u32_at(file, begin + 12),
            sockets: u32_at(file, begin + 32),
            closed: u32_at(file, begin + 36),
            payload,
        })
    })
}

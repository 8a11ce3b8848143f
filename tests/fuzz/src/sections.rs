//! Frames as sections, in a form in which mutations reach far into the decoder: nothing is compressed, and no checksum or
//! length around a section has to be right.
//!
//! ```text
//!  record   number:2 length:2 bytes      a section of the current frame; the last record may be cut
//!           number + 0x4000              the first two bytes are how often the others are repeated
//!           0xffff                       a key frame begins
//!           0xfffe                       a delta frame begins
//! ```

use zstd::stream::raw::{CParameter, Decoder, Encoder, InBuffer, Operation as _, OutBuffer};

use super::container::{self, DELTA, Frame, KEY};

const BEGINS_KEY: u16 = 0xffff;
const BEGINS_DELTA: u16 = 0xfffe;

/// Marks a section that repeats its bytes: data that compresses well may be large without a large input.
pub const REPEATED: u16 = 0x4000;

/// Maximum bytes of all repetitions in a file.
const MAX_REPEATED: usize = 8 << 20;

/// Sections that begin with the number of sockets, and of those that closed. The frame header repeats them.
const ORDER: usize = 6;
const CLOSED: usize = 5;

/// A section, or the beginning of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub number: u16,
    pub bytes: Vec<u8>,
}

/// Parses an input, of which every one is valid.
pub fn parse_input(mut input: &[u8]) -> Vec<Record> {
    let mut records = Vec::new();
    while let Some((head, rest)) = input.split_first_chunk::<4>() {
        let number = u16::from_le_bytes([head[0], head[1]]);
        let length = usize::from(u16::from_le_bytes([head[2], head[3]]));
        let (bytes, rest) = rest.split_at(length.min(rest.len()));
        records.push(Record {
            number,
            bytes: bytes.to_vec(),
        });
        input = rest;
    }
    records
}

/// Encodes records as an input.
pub fn to_input(records: &[Record]) -> Vec<u8> {
    let mut out = Vec::new();
    for Record { number, bytes } in records {
        let bytes = &bytes[..bytes.len().min(0xffff)];
        out.extend_from_slice(&number.to_le_bytes());
        out.extend_from_slice(&(bytes.len() as u16).to_le_bytes());
        out.extend_from_slice(bytes);
    }
    out
}

fn put(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn number(bytes: &mut &[u8]) -> Option<usize> {
    let mut value = 0;
    for at in 0..5 {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= usize::from(byte & 0x7f) << (7 * at);
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

impl Record {
    /// Appends the section; `left` is how many bytes may still be repeated.
    fn encode(&self, left: &mut usize, raw: &mut Vec<u8>) {
        put(raw, usize::from(self.number & !REPEATED));
        match self.bytes.split_first_chunk::<2>() {
            Some((times, bytes)) if self.number & REPEATED != 0 => {
                let times = usize::from(u16::from_le_bytes(*times)).min(*left / bytes.len().max(1));
                *left -= times * bytes.len();
                put(raw, times * bytes.len());
                raw.extend(bytes.repeat(times));
            }
            _ => {
                put(raw, self.bytes.len());
                raw.extend_from_slice(&self.bytes);
            }
        }
    }
}

/// Encodes records as a file.
pub fn to_file(records: &[Record]) -> Vec<u8> {
    let mut file = container::file_header();
    // The fastest level: the size does not matter.
    let mut zstd = Encoder::new(-1).expect("there is memory");
    zstd.set_parameter(CParameter::WindowLog(20))
        .expect("it is allowed");
    let mut left = MAX_REPEATED;
    let mut made = 0;
    let mut at = 0;
    while at < records.len() {
        let is_key = records[at].number != BEGINS_DELTA;
        let mut raw = Vec::new();
        at += usize::from(records[at].number >= BEGINS_DELTA);
        while let Some(record) = records
            .get(at)
            .filter(|record| record.number < BEGINS_DELTA)
        {
            record.encode(&mut left, &mut raw);
            at += 1;
        }
        if is_key {
            zstd.reinit().expect("it can be used again");
        }
        let payload = pack(&mut zstd, &raw);
        let frame = Frame {
            kind: if is_key { KEY } else { DELTA },
            unpacked: raw.len() as u32,
            sockets: first_number(&raw, ORDER),
            closed: first_number(&raw, CLOSED),
            payload: &payload,
        };
        container::append(&mut file, frame, made);
        made += 1;
    }
    file
}

/// Returns the integer that a section of a frame begins with; 0 if there is none.
fn first_number(raw: &[u8], section: usize) -> u32 {
    let mut rest = raw;
    while let (Some(found), Some(length)) = (number(&mut rest), number(&mut rest)) {
        let Some((mut bytes, after)) = rest.split_at_checked(length) else {
            break;
        };
        if found == section {
            return number(&mut bytes)
                .and_then(|first| u32::try_from(first).ok())
                .unwrap_or(0);
        }
        rest = after;
    }
    0
}

fn pack(zstd: &mut Encoder<'_>, raw: &[u8]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(raw.len() + 1024);
    let mut input = InBuffer::around(raw);
    let mut is_left = true;
    while input.pos() < raw.len() || is_left {
        packed.reserve(1024);
        let at = packed.len();
        let mut output = OutBuffer::around_pos(&mut packed, at);
        if input.pos() < raw.len() {
            zstd.run(&mut input, &mut output).expect("it compresses");
        } else {
            is_left = zstd.flush(&mut output).expect("it compresses") > 0;
        }
    }
    packed
}

/// Section of stream 0, and the distance between the sections of a stream's planes.
const FIRST_STREAM: u16 = 64;
const PLANE_STEP: u16 = 4096;

/// Splits every stream into the first bytes of its integers, the second ones, and the others.
pub fn split_planes(records: &[Record]) -> Vec<Record> {
    let mut out = Vec::new();
    for record in records {
        if !(FIRST_STREAM..PLANE_STEP).contains(&record.number) {
            out.push(record.clone());
            continue;
        }
        let mut planes = [const { Vec::new() }; 3];
        let mut plane = 0;
        for &byte in &record.bytes {
            planes[plane].push(byte);
            plane = if byte < 0x80 { 0 } else { (plane + 1).min(2) };
        }
        for (plane, bytes) in (0..).zip(planes) {
            let number = record.number + plane * PLANE_STEP;
            out.push(Record { number, bytes });
        }
    }
    out
}

/// Parses the first frames of a file that is not damaged.
pub fn parse_file(file: &[u8], most: usize) -> Vec<Record> {
    let mut zstd = Decoder::new().expect("there is memory");
    let mut records = Vec::new();
    for frame in container::frames(file)
        .filter(|frame| frame.kind <= DELTA)
        .take(most)
    {
        let is_key = frame.kind == KEY;
        if is_key {
            zstd.reinit().expect("it can be used again");
        }
        let mut raw = Vec::with_capacity(frame.unpacked as usize + 1024);
        let mut packed = InBuffer::around(frame.payload);
        while packed.pos() < frame.payload.len() || raw.len() < frame.unpacked as usize {
            let at = raw.len();
            let mut output = OutBuffer::around_pos(&mut raw, at);
            zstd.run(&mut packed, &mut output)
                .expect("the file is not damaged");
        }
        records.push(Record {
            number: if is_key { BEGINS_KEY } else { BEGINS_DELTA },
            bytes: Vec::new(),
        });
        let mut rest = &raw[..];
        while let (Some(section), Some(length)) = (number(&mut rest), number(&mut rest)) {
            let (bytes, after) = rest.split_at(length);
            rest = after;
            records.push(Record {
                number: section as u16,
                bytes: bytes.to_vec(),
            });
        }
    }
    records
}

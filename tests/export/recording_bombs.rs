//! Small recordings that decode to very much: each is read or refused within half a gigabyte of memory.
//!
//! A reader needs several gigabytes if it trusts a count before it has read what is counted, or copies a long string for every
//! reference to it. Each recording is read by a process of its own whose memory is limited.

use std::path::Path;
use std::sync::Arc;

use libtest_mimic::{Failed, Trial};
use rustix::process::{Resource, Rlimit, setrlimit};
use sockwatch::model::{
    Ends, Family, Holder, Parts, Process, ProcessKey, ProcessRow, Protocol, Sample, Socket, State,
};
use sockwatch::recording::{Archive, Encoder, Metadata, Reader, Recorder, RecorderOptions};

#[allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "written for fuzzing"
)]
#[path = "../fuzz/src/container.rs"]
mod container;
#[allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "written for fuzzing"
)]
#[path = "../fuzz/src/sections.rs"]
mod sections;
use crate::support::helper_process::{self, HelperProcess};
use sections::Record;

/// Memory limit of the reading process, bytes.
const MEMORY: u64 = 512 << 20;

/// Number of items that a bomb claims to have.
const MANY: usize = 24 << 20;

/// Length of a string, bytes, and the number of references to it.
const LONG: usize = 1 << 20;
const OFTEN: usize = 20_000;

// Sections of a frame, by number.
const STRINGS: u16 = 1;
const CLOCK: u16 = 2;
const PROCESSES: u16 = 3;
const CLOSED: u16 = 5;
const ORDER: u16 = 6;
const STREAM_SETS: u16 = 10;
const NEW_STREAM_SETS: u16 = 11;
const COUNTERS: u16 = 13;
const NAMES: u16 = 16;
const FAULTS: u16 = 17;
const FIRST_STREAM: u16 = 64;

/// Sockets that the Samples of a file may have together, and for each of its bytes: those that stay cost least.
const KEPT_SOCKETS: (u64, u64) = (11_000_000, 400);

/// The same if each Sample has other sockets than the one before.
const NEW_SOCKETS: (u64, u64) = (2_200_000, 24);

/// Bytes that sockets of a Sample may have in their parts and names, and for each socket.
const PARTS: (usize, usize) = (8 << 20, 1024);

/// Text that a Sample may have, bytes.
const TEXT: usize = 16 << 20;

/// Records that begin a key frame and a delta frame.
const KEY: u16 = 0xffff;
const DELTA: u16 = 0xfffe;

/// Distance between the sections of a stream's planes.
const PLANE_STEP: u16 = 4096;

/// Sections of a frame: number and bytes.
type Sections = Vec<(u16, Vec<u8>)>;

/// Makes the sections of a bomb.
type Make = fn() -> Sections;

/// Makes the records of a file.
type MakeRecords = fn() -> Vec<Record>;

/// Runs the role that this process was started for, if any.
pub(crate) fn play_role() -> bool {
    let is_reader = helper_process::role().as_deref() == Some("read");
    if is_reader {
        read();
    }
    is_reader
}

pub(crate) fn trials() -> Vec<Trial> {
    let bombs: [(&str, Make); 9] = [
        ("devices", || vec![(COUNTERS, claimed(&[0, 0], MANY))]),
        ("sets of streams", || vec![(NEW_STREAM_SETS, vec![0; MANY])]),
        ("ended sockets", ended),
        ("sockets with the same long name", || {
            named_sockets(50_000, 60_000)
        }),
        ("faults with long strings", || referring(FAULTS, &[0, 1, 1])),
        ("names of devices", || referring(NAMES, &[0, 1])),
        ("names of counters", || {
            let mut parts = referring(COUNTERS, &[1]);
            parts[1].1.insert(0, 1);
            parts[1].1.extend([0, 0]);
            parts
        }),
        ("processes with long names", || {
            let process = [0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0];
            referring(PROCESSES, &process)
        }),
        ("processes told again and again", || {
            let mut bytes = Vec::new();
            put(&mut bytes, MANY / 2 + 1);
            bytes.extend([0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            bytes.extend([1, 0].repeat(MANY / 2));
            vec![(PROCESSES, bytes)]
        }),
    ];
    let of_sections = bombs.map(|(name, make_sections)| {
        Trial::test(
            format!("{name} are refused, or cost no more than their bytes"),
            move || {
                let records = frame(KEY, make_sections());
                is_read(KEPT_SOCKETS, |path| {
                    Ok(std::fs::write(path, sections::to_file(&records))?)
                })
            },
        )
    });
    let of_frames: [(&str, (u64, u64), MakeRecords); 6] = [
        ("a million equal sockets", NEW_SOCKETS, million_sockets),
        ("key frames that are repeated", NEW_SOCKETS, || {
            let key = frame(KEY, equal_sockets(40_000));
            std::iter::repeat_n(key, 300).flatten().collect()
        }),
        ("delta frames that replace all sockets", NEW_SOCKETS, || {
            let mut parts = equal_sockets(40_000);
            let key = frame(KEY, parts.clone());
            // The set of streams is known, and no socket continues.
            parts.retain(|(number, _)| *number != NEW_STREAM_SETS);
            let delta = frame(DELTA, parts);
            let chain = std::iter::repeat_n(delta, 250).flatten();
            key.into_iter().chain(chain).collect()
        }),
        ("delta frames without an end", KEPT_SOCKETS, || {
            let delta = frame(DELTA, vec![(ORDER, count(40_000))]);
            let chain = std::iter::repeat_n(delta, 5000).flatten();
            frame(KEY, equal_sockets(40_000))
                .into_iter()
                .chain(chain)
                .collect()
        }),
        ("planes of a stream that is repeated", KEPT_SOCKETS, || {
            let mut others = vec![0x80; LONG];
            others.push(0);
            let mut parts = vec![(FIRST_STREAM, vec![0x80]); OFTEN];
            parts.push((FIRST_STREAM + PLANE_STEP, vec![0x80]));
            parts.push((FIRST_STREAM + 2 * PLANE_STEP, others));
            frame(KEY, parts)
        }),
        ("strings that every frame repeats", KEPT_SOCKETS, || {
            let mut parts = referring(NAMES, &[0, 1]);
            let names = parts.pop();
            let delta = frame(DELTA, names.into_iter().collect());
            let chain = std::iter::repeat_n(delta, 200).flatten();
            frame(KEY, parts).into_iter().chain(chain).collect()
        }),
    ];
    let of_frames = of_frames.map(|(name, sockets, make)| {
        Trial::test(
            format!("{name} are refused, or cost no more than the file accounts for"),
            move || {
                is_read(sockets, |path| {
                    Ok(std::fs::write(path, sections::to_file(&make()))?)
                })
            },
        )
    });
    let alike = [
        ("names of the maximum length", (20_000, 4000, 0)),
        ("many owners", (4000, 0, u16::MAX)),
    ];
    let of_samples = alike.map(|(what, (sockets, name, holders))| {
        Trial::test(
            format!("sockets with the same {what} cost no more than their bytes"),
            move || {
                is_read(KEPT_SOCKETS, |path| {
                    record(path, &equal_sample(sockets, name, holders))
                })
            },
        )
    });
    of_sections
        .into_iter()
        .chain(of_frames)
        .chain(of_samples)
        .collect()
}

/// A frame with sections in addition to those that every frame has, or instead of them.
fn frame(kind: u16, parts: Sections) -> Vec<Record> {
    let every = [STRINGS, PROCESSES, ORDER].map(|number| (number, vec![0]));
    let every = every.into_iter().chain([(CLOCK, vec![0; 10])]);
    let others: Sections = every
        .filter(|(number, _)| parts.iter().all(|(part, _)| part != number))
        .collect();
    let mut all: Vec<Record> = [(kind, vec![])]
        .into_iter()
        .chain(others)
        .chain(parts)
        .map(|(number, bytes)| Record { number, bytes })
        .collect();
    // Strings are first.
    all[1..].sort_by_key(|record| record.number != STRINGS);
    all
}

/// A key frame of a million equal sockets, which takes some kilobytes.
pub(crate) fn million_sockets() -> Vec<Record> {
    frame(KEY, equal_sockets(1_000_000))
}

/// Appends a frame to a recording in place of its end; its header states `sockets` sockets, or as many as it has.
pub(crate) fn append_frame(file: &mut Vec<u8>, records: &[Record], sockets: Option<u32>) {
    let json = u32::from_le_bytes([file[12], file[13], file[14], file[15]]);
    let mut end = 20 + json as usize;
    while file[end + 4] <= container::DELTA {
        let length = &file[end + 8..end + 12];
        let length = u32::from_le_bytes(length.try_into().expect("four bytes"));
        end += container::FRAME_HEADER_LEN + length as usize;
    }
    file.truncate(end);
    let made = sections::to_file(records);
    let mut frame = container::frames(&made).next().expect("it has one");
    frame.sockets = sockets.unwrap_or(frame.sockets);
    container::append(file, frame, 200);
}

fn count(value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    put(&mut bytes, value);
    bytes
}

/// Unix sockets that exist, all alike and without a part of variable length.
fn equal_sockets(sockets: usize) -> Sections {
    let mut order = count(sockets);
    order.push(0);
    put(&mut order, sockets << 1 | 1);
    let mut parts = equal_cells(sockets);
    parts.push((ORDER, order));
    parts
}

fn put(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Unix sockets that exist, all alike and with one name of that length.
fn named_sockets(sockets: usize, name: usize) -> Sections {
    const NAME: (u16, u8) = (36, 1);
    let mut cells = CELLS.to_vec();
    cells.push(NAME);
    let mut order = count(sockets);
    order.push(0);
    put(&mut order, sockets << 1 | 1);
    let mut parts = vec![(STRINGS, one_string(name))];
    parts.extend(cells_of(sockets, &cells));
    parts.push((ORDER, order));
    parts
}

/// A count, and as many zeros.
fn claimed(before: &[u8], count: usize) -> Vec<u8> {
    let mut bytes = before.to_vec();
    put(&mut bytes, count);
    bytes.resize(bytes.len() + count, 0);
    bytes
}

/// Unix sockets that ended, all alike and without a part of variable length.
fn ended() -> Sections {
    let mut facts = claimed(&[], MANY / 4);
    // No two facts: each has a row, a time and flags of one byte.
    facts.resize(facts.len() + MANY / 2, 0);
    put(&mut facts, MANY / 4);
    facts.resize(facts.len() + MANY / 4, 0);
    let mut parts = equal_cells(MANY / 4);
    parts.push((CLOSED, facts));
    parts
}

/// Family, protocol, state, ends, attribution of a unix socket: streams and cells.
const CELLS: [(u16, u8); 5] = [(3, 3), (4, 7), (5, 7), (6, 2), (25, 1)];

/// The set of streams of equal unix sockets, and their cells.
fn equal_cells(sockets: usize) -> Sections {
    cells_of(sockets, &CELLS)
}

/// The set of streams of equal sockets, and their cells.
fn cells_of(sockets: usize, cells: &[(u16, u8)]) -> Sections {
    let mut pattern = vec![cells.len() as u8];
    let mut expected = 0;
    for (stream, _) in cells {
        pattern.push((stream - expected) as u8);
        expected = stream + 1;
    }
    let cells = cells.iter().map(|&(stream, cell)| {
        // Each as a difference from the one before, signs folded.
        let mut told = vec![0; sockets];
        told[0] = cell * 2;
        (FIRST_STREAM + stream, told)
    });
    let about = vec![(NEW_STREAM_SETS, pattern), (STREAM_SETS, vec![0; sockets])];
    about.into_iter().chain(cells).collect()
}

/// A long string, and much that refers to it.
fn referring(section: u16, each: &[u8]) -> Sections {
    let mut bytes = Vec::new();
    put(&mut bytes, OFTEN);
    bytes.extend(each.repeat(OFTEN));
    vec![(STRINGS, one_string(LONG)), (section, bytes)]
}

/// The section of strings with one string of that length.
fn one_string(length: usize) -> Vec<u8> {
    let mut strings = vec![1];
    put(&mut strings, length);
    strings.resize(strings.len() + length, b'x');
    strings
}

/// Returns a Sample of equal sockets, with names of that length and that many owners each.
fn equal_sample(sockets: u64, name: usize, holders: u16) -> Sample {
    let mut sample = Sample::default();
    let ends = Ends::Unix {
        peer_inode: None,
        vfs: None,
        pending: 0,
    };
    let (protocol, state) = (Protocol::Stream, State::Closed);
    let mut socket = Socket::new(1, 1, Family::Unix, protocol, state, ends);
    if holders > 0 {
        let process = Process::new(ProcessKey {
            pid: 1,
            start_time: 1,
        });
        sample.processes.push(ProcessRow {
            process: Arc::new(process),
            descriptors: None,
            kinds: None,
            activity: None,
            unlisted: None,
        });
        sample.holders = vec![Holder { process: 0, fd: 3 }; usize::from(holders)];
        socket.holders_len = holders;
    }
    let parts = Parts {
        name: &vec![b'x'; name],
        ..Parts::default()
    };
    // Each holder is stored in 8 bytes, so these need 2 GiB if they are not shared.
    for cookie in 0..sockets {
        socket.cookie = cookie;
        let pushed = sample.sockets.push(socket, parts);
        pushed.expect("the name is short enough");
    }
    sample
}

fn record(path: &Path, sample: &Sample) -> Result<(), Failed> {
    let options = RecorderOptions {
        path: path.to_owned(),
        ..RecorderOptions::default()
    };
    let mut recorder = Recorder::start(options, Metadata::default())?;
    assert!(recorder.offer(&Encoder::new().encode(sample)?));
    recorder.finish()?;
    Ok(())
}

/// Makes a file and lets a process with little memory read it. Its Samples may have that many sockets together, and for each
/// of its bytes.
fn is_read(
    sockets: (u64, u64),
    make: impl FnOnce(&Path) -> Result<(), Failed>,
) -> Result<(), Failed> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("bomb.swr");
    make(&path)?;
    let bytes = std::fs::metadata(&path)?.len();
    let mut command = helper_process::command("read");
    let most = sockets.0 + sockets.1 * bytes;
    command
        .env("RECORDING", &path)
        .env("MOST_SOCKETS", most.to_string())
        .env("RUST_BACKTRACE", "0");
    let (is_well, said) = HelperProcess::start(command).finish();
    if is_well {
        return Ok(());
    }
    Err(format!("{bytes} bytes took more than {MEMORY} to read {said}").into())
}

/// In a child: reads every Sample of a recording, or is refused.
fn read() {
    let limit = Rlimit {
        current: Some(MEMORY),
        maximum: Some(MEMORY),
    };
    setrlimit(Resource::As, limit).expect("it can be lowered");
    let path = std::env::var_os("RECORDING").expect("the parent says which");
    let mut reader = Reader::open(path.as_ref()).expect("it looks like a recording");
    let most = std::env::var("MOST_SOCKETS").expect("the parent says how many");
    let most: u64 = most.parse().expect("it is a number");
    let (mut sample, mut sockets) = (Sample::default(), 0);
    for at in 0..reader.entries().len() {
        match reader.read_into(at, &mut sample) {
            Ok(()) => sockets += sample.sockets.len() as u64,
            Err(error) => println!("{error}"),
        }
        // An incomplete Sample counts, too.
        let text = sample.interfaces.values().map(String::len);
        let text = text.sum::<usize>();
        assert!(text <= TEXT, "a Sample with {text} bytes of names");
        let rows = reader.entries()[at].sockets as usize;
        let parts = sample.sockets.parts_len();
        assert!(
            parts <= PARTS.0 + PARTS.1 * rows,
            "{rows} sockets with {parts} bytes"
        );
    }
    println!("{sockets} of {most} sockets; {:?}", reader.losses());
    assert!(sockets <= most, "{sockets} of {most} sockets");
}

//! Writes the seeds of every target to a directory of its name in the current directory, and the words of the filter
//! language to `filter.dict`.
//!
//! It does so when libFuzzer initializes it: all code is instrumented, and only programs of libFuzzer can be linked then.

#![no_main]

use std::io;
use std::path::{Path, PathBuf};

use libfuzzer_sys::fuzz_target;
use sockwatch::cli::filter_help;
use sockwatch::column::VOCABULARY;
use sockwatch::filter::{keywords, state_names};

use sockwatch::model::{Protocol, Sample};
use sockwatch::recording::{Encoder, Metadata, Recorder, RecorderOptions};
use sockwatch::source::Source;
use sockwatch::source::netlink::datagram::decode_datagram;
use sockwatch_fuzz::hostile_sample::NAMES;
use sockwatch_fuzz::machine::Machine;
use sockwatch_fuzz::{container, procfs_tree, read_all::read_all, sections};

#[allow(dead_code, reason = "not all of it is needed here")]
#[path = "../support/synthetic/mod.rs"]
mod synthetic;

use synthetic::{Load, Synthetic};

/// Dumps recorded from a real kernel.
const DUMPS: [(&str, &[u8]); 7] = [
    ("tcp", include_bytes!("../fixtures/tcp.dump")),
    ("tcp6", include_bytes!("../fixtures/tcp6.dump")),
    ("udp", include_bytes!("../fixtures/udp.dump")),
    ("udp6", include_bytes!("../fixtures/udp6.dump")),
    ("unix", include_bytes!("../fixtures/unix.dump")),
    ("netlink", include_bytes!("../fixtures/netlink.dump")),
    ("packet", include_bytes!("../fixtures/packet.dump")),
];

/// Answers of connection tracking, recorded from a real kernel.
const TRACKED: &[u8] = include_bytes!("../fixtures/conntrack.dump");

fuzz_target!(init: write_seeds().expect("the directory is writable"), |_bytes: &[u8]| {});

fn write_seeds() -> io::Result<()> {
    recordings()?;
    messages()?;
    tracked_connections()?;
    raw_dumps()?;
    extremes()?;
    filters()?;
    configurations()?;
    names()?;
    procfs()
}

/// Creates the directory of a target's seeds.
fn corpus(target: &str) -> io::Result<PathBuf> {
    let directory = PathBuf::from(target);
    std::fs::create_dir_all(&directory)?;
    Ok(directory)
}

/// Small recordings of the test machines, as files and taken apart.
fn recordings() -> io::Result<()> {
    let (files, frames) = (corpus("file")?, corpus("frames")?);
    let mut seeds: Vec<(String, Vec<Sample>)> = Vec::new();
    for (name, machine) in [
        ("machine", Machine::default()),
        (
            "faulty",
            Machine {
                faulty: true,
                unprivileged: true,
                client_exits_at: Some(1),
                ..Machine::default()
            },
        ),
    ] {
        seeds.push((name.to_owned(), samples(machine, 3)));
    }
    for sockets in [1, 3, 12] {
        let load = Load {
            replaced: 0.2,
            active: 0.5,
            ..Load::of(sockets)
        };
        seeds.push((format!("load-{sockets}"), samples(Synthetic::new(load), 4)));
    }
    // Many in a row are decompressed ahead.
    let load = Load {
        replaced: 0.2,
        active: 0.5,
        ..Load::of(3)
    };
    seeds.push(("long".to_owned(), samples(Synthetic::new(load), 16)));
    for (name, dump) in DUMPS {
        seeds.push((name.to_owned(), vec![real(name, dump)]));
    }
    for (name, samples) in seeds {
        let path = files.join(&name);
        record(&path, &samples);
        let file = std::fs::read(&path)?;
        let records = sections::parse_file(&file, usize::MAX);
        let input = sections::to_input(&records);
        assert_eq!(
            sections::parse_input(&input),
            records,
            "{name}: nothing is lost"
        );
        let again = sections::to_file(&records);
        assert_eq!(container::frames(&again).count(), samples.len(), "{name}");
        read_all(&again);
        std::fs::write(frames.join(&name), &input)?;
        // As if the streams were long.
        let split = sections::split_planes(&records);
        read_all(&sections::to_file(&split));
        std::fs::write(
            frames.join(format!("{name}-split")),
            sections::to_input(&split),
        )?;
        println!("{name}: {} bytes, {} taken apart", file.len(), input.len());
    }
    Ok(())
}

/// Splits the file of a dump into datagrams: each is preceded by its length.
fn datagrams(mut dump: &[u8]) -> Vec<&[u8]> {
    let mut datagrams = Vec::new();
    while let Some((length, after)) = dump.split_first_chunk::<4>() {
        let (datagram, after) = after.split_at(u32::from_le_bytes(*length) as usize);
        datagrams.push(datagram);
        dump = after;
    }
    datagrams
}

/// Returns the protocol of the request; `None` where the rows have theirs.
fn protocol(name: &str) -> Option<Protocol> {
    match name {
        "tcp" | "tcp6" => Some(Protocol::Tcp),
        "udp" | "udp6" => Some(Protocol::Udp),
        _ => None,
    }
}

/// Maximum number of messages of a seed.
const MESSAGES: usize = 4;

/// Type of the message that ends a dump.
const DONE: u16 = 3;

/// Splits a dump into messages with their headers.
fn split_messages(dump: &[u8]) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    for datagram in datagrams(dump) {
        let mut rest = datagram;
        while let Some((length, _)) = rest.split_first_chunk::<4>() {
            let length = u32::from_ne_bytes(*length) as usize;
            messages.push(rest[..length].to_vec());
            rest = rest.get(length.next_multiple_of(4)..).unwrap_or(&[]);
        }
    }
    messages
}

/// Messages of real kernels and of families that those do not have, together and one by one.
fn messages() -> io::Result<()> {
    let directory = corpus("netlink")?;
    for (name, dump) in DUMPS {
        let protocol = u8::from(name.starts_with("tcp")) | u8::from(name.starts_with("udp")) << 1;
        let messages = split_messages(dump);
        for (at, few) in messages.chunks(MESSAGES).enumerate().take(16) {
            let input = [&[protocol], few.concat().as_slice()].concat();
            std::fs::write(directory.join(format!("{name}-{at}")), input)?;
            let payload = [&[protocol | 0x80], &few[0][16..]].concat();
            std::fs::write(directory.join(format!("{name}-payload-{at}")), payload)?;
        }
    }
    for (name, first, payload) in made_messages() {
        std::fs::write(
            directory.join(name),
            [&[first], payload.as_slice()].concat(),
        )?;
    }
    // AF_TIPC, AF_VSOCK, AF_SMC, AF_XDP and one that does not exist.
    for family in [30, 40, 43, 44, 99] {
        let mut input = vec![0x80; 2];
        input[1] = family;
        input.extend(1..63);
        std::fs::write(directory.join(format!("family-{family}")), input)?;
    }
    Ok(())
}

/// Answers of a real kernel about a translated connection and about one that is not tracked, together and one by one.
fn tracked_connections() -> io::Result<()> {
    let directory = corpus("conntrack")?;
    let mut rest = TRACKED;
    std::fs::write(directory.join("all"), rest)?;
    while let Some((length, _)) = rest.split_first_chunk::<4>() {
        let length = u32::from_ne_bytes(*length) as usize;
        std::fs::write(directory.join(format!("{length}-bytes")), &rest[..length])?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or(&[]);
    }
    Ok(())
}

/// Appends an attribute.
fn attribute(kind: u16, value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(value.len() as u16 + 4).to_ne_bytes());
    out.extend_from_slice(&kind.to_ne_bytes());
    out.extend_from_slice(value);
    out.resize(out.len().next_multiple_of(4), 0);
}

/// Payloads of messages that the recorded kernels do not have, with the byte that chooses the protocol: TIPC, XDP, vsock,
/// SCTP and MPTCP. Numbers are 0, small, or as large as can be.
fn made_messages() -> Vec<(String, u8, Vec<u8>)> {
    let mut out = Vec::new();
    for (name, byte) in [("zero", 0), ("small", 1), ("large", 0xff)] {
        let word = [byte; 4];
        let long = [byte; 8];
        let mut statistics = Vec::new();
        for kind in 0..6 {
            attribute(kind, &word, &mut statistics);
        }
        let mut connection = Vec::new();
        (0..4).for_each(|kind| attribute(kind, &word, &mut connection));
        let mut socket = Vec::new();
        attribute(1, &word, &mut socket);
        attribute(2, &word, &mut socket);
        attribute(3, &connection, &mut socket);
        attribute(5, &statistics, &mut socket);
        attribute(6, &1_u32.to_ne_bytes(), &mut socket);
        attribute(7, &word, &mut socket);
        attribute(8, &word, &mut socket);
        attribute(9, &1_u32.to_ne_bytes(), &mut socket);
        attribute(10, &long, &mut socket);
        let mut tipc = Vec::new();
        attribute(2, &socket, &mut tipc);
        out.push((format!("made-tipc-{name}"), 0x80 | 9, tipc));
        // AF_XDP: information, user, memory.
        let mut xdp = vec![44, 3, 0, 0];
        xdp.extend_from_slice(&[byte; 12]);
        attribute(1, &long, &mut xdp);
        attribute(2, &word, &mut xdp);
        attribute(8, &[byte; 36], &mut xdp);
        out.push((format!("made-xdp-{name}"), 0x80, xdp));
        // AF_VSOCK: a stream that is established.
        let mut vsock = vec![40, 1, 1, 3];
        vsock.extend_from_slice(&[byte; 28]);
        out.push((format!("made-vsock-{name}"), 0x80, vsock));
        // AF_INET and AF_INET6, established: every attribute that there is.
        for family in [2, 10] {
            for (protocol, info) in [(1, 280), (2, 0), (3, 0), (4, 0), (5, 104), (6, 224), (7, 0)] {
                let mut inet = vec![family, 1, 1, byte];
                inet.extend_from_slice(&[byte; 68]);
                for kind in [
                    1, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 21, 22,
                ] {
                    let length = match kind {
                        1 => 16,
                        3 => 32,
                        7 => 36,
                        12 | 13 => 256,
                        14 => 100,
                        16 => 20,
                        _ => 8,
                    };
                    attribute(kind, &vec![byte; length], &mut inet);
                }
                attribute(2, &vec![byte; info], &mut inet);
                attribute(4, b"bbr\0", &mut inet);
                out.push((
                    format!("made-inet-{family}-{protocol}-{name}"),
                    0x80 | protocol,
                    inet,
                ));
            }
        }
    }
    out
}

/// Files of `ss -D`.
fn raw_dumps() -> io::Result<()> {
    let directory = corpus("raw_dump")?;
    for (name, dump) in DUMPS
        .into_iter()
        .filter(|(name, _)| name.starts_with("tcp"))
    {
        let messages = split_messages(dump);
        let is_done = |message: &&Vec<u8>| message[4..6] == DONE.to_ne_bytes();
        let done = messages.iter().find(is_done).expect("a dump has an end");
        for (at, few) in messages.chunks(MESSAGES).enumerate().take(16) {
            let mut input = [few.concat().as_slice(), done.as_slice()].concat();
            std::fs::write(directory.join(format!("{name}-{at}")), &input)?;
            // Everything behind the head of the first row: times and counters as large as can be.
            for value in [0xff, 0x7f] {
                let end = few[0].len();
                fill_attributes(input.get_mut(HEADER + ROW..end).unwrap_or_default(), value);
                std::fs::write(directory.join(format!("{name}-{at}-{value:x}")), &input)?;
            }
        }
    }
    Ok(())
}

/// Lengths of a message's header and of the row of `inet_diag` behind it.
const HEADER: usize = 16;
const ROW: usize = 72;

/// Fills the values of attributes.
fn fill_attributes(attributes: &mut [u8], value: u8) {
    let mut rest = attributes;
    while let Some(length) = rest.first_chunk().map(|length| u16::from_ne_bytes(*length)) {
        let length = usize::from(length).clamp(4, rest.len());
        let (attribute, after) = rest.split_at_mut(length);
        attribute[4..].fill(value);
        let padding = length.next_multiple_of(4) - length;
        rest = after.get_mut(padding..).unwrap_or_default();
    }
}

/// Edits of single numbers of every kind, and of many.
fn extremes() -> io::Result<()> {
    let directory = corpus("extremes")?;
    for kind in 0..13_u8 {
        for (at, value) in [0, 4, 12, 15, 17, 19].into_iter().enumerate() {
            let form = at as u8 % 3;
            let head = [
                kind.wrapping_mul(37) & 0x2f | 0x10 | form << 6,
                kind.wrapping_add(at as u8),
                b'\r',
                0,
            ];
            let edits = (0..48).map(|place| [place % 7, kind, place, value, 0]);
            let input = [head.as_slice(), &edits.collect::<Vec<_>>().concat()].concat();
            std::fs::write(directory.join(format!("{kind}-{at}")), input)?;
        }
    }
    Ok(())
}

/// Hostile names at several sizes.
fn names() -> io::Result<()> {
    let directory = corpus("table")?;
    for screen in 0..8_u8 {
        for (width, height) in [(79, 23), (139, 39), (19, 5)] {
            let kind = screen.wrapping_mul(37);
            // Each form on its own.
            for (at, without) in [0x60, 0xc0, 0xa0].into_iter().enumerate() {
                let number = kind & 0x1f | without;
                let head = [width, height, width, kind, screen, number, b'\r', b'/'];
                let input = [head.as_slice(), &NAMES.join(&0xfe)].concat();
                std::fs::write(directory.join(format!("{screen}-{width}-{at}")), input)?;
            }
        }
    }
    Ok(())
}

/// Filters from the manual of ss and from the help, and a dictionary of all words.
fn filters() -> io::Result<()> {
    let directory = corpus("filter")?;
    let of_manual = include_str!("../fixtures/filters.txt");
    let of_manual = of_manual.lines().filter(|line| !line.starts_with('#'));
    let of_manual = of_manual.map(|line| line.split_once(' ').map_or(line, |(_, filter)| filter));
    let of_help = filter_help::EXAMPLES.iter().map(|(example, _)| *example);
    for (at, filter) in of_manual.chain(of_help).enumerate() {
        let text = filter
            .replace("$L", "80")
            .replace("$C", "443")
            .replace("$U", "53");
        let cursor = (text.len() as u16).to_le_bytes();
        std::fs::write(
            directory.join(format!("{at}")),
            [&cursor, text.as_bytes()].concat(),
        )?;
    }
    let names = keywords().flat_map(|(name, others, _)| [&[name], others].concat());
    let states = state_names().into_iter().map(|(name, _)| name);
    let fields = VOCABULARY.fields().iter().map(|field| field.name);
    let signs = [
        "(",
        ")",
        "!",
        "&&",
        "||",
        "=~",
        "!~",
        ">=",
        "!=",
        "10.0.0.0/8",
        "[::1]:443",
        "100ms",
        "1%",
        "10MB/s",
    ];
    let words = names.chain(states).chain(fields).chain(signs);
    let dictionary: Vec<String> = words.map(|word| format!("\"{word}\"\n")).collect();
    std::fs::write(directory.with_extension("dict"), dictionary.concat())
}

/// The sample configuration, as it is and section by section, and the example.
fn configurations() -> io::Result<()> {
    let directory = corpus("configuration")?;
    let sample = include_str!("../../assets/config.toml");
    let files = [sample, include_str!("../../assets/config_example.toml")];
    let sections = sample.split("\n\n");
    for (at, text) in files.into_iter().chain(sections).enumerate() {
        std::fs::write(directory.join(format!("{at}")), text)?;
    }
    Ok(())
}

/// Files in `/proc`.
fn procfs() -> io::Result<()> {
    let directory = corpus("procfs")?;
    for (at, file) in procfs_tree::FILES.iter().enumerate() {
        let input = [&[at as u8], procfs_tree::fixture(file).as_slice()].concat();
        std::fs::write(directory.join(file.replace('/', "-")), input)?;
    }
    Ok(())
}

fn samples(mut source: impl Source, count: usize) -> Vec<Sample> {
    let next = |_| {
        let mut sample = Sample::default();
        source.next_into(&mut sample).expect("it always has one");
        sample
    };
    (0..count).map(next).collect()
}

/// Decodes the dump of a real kernel.
fn real(name: &str, dump: &[u8]) -> Sample {
    let mut sample = Sample::default();
    let protocol = protocol(name);
    for datagram in datagrams(dump) {
        decode_datagram(datagram, None, protocol, 1, &mut sample.sockets);
    }
    sample
}

/// Records Samples, with a second key frame among them.
fn record(path: &Path, samples: &[Sample]) {
    let options = RecorderOptions {
        path: path.to_owned(),
        force: true,
        ..RecorderOptions::default()
    };
    let mut recorder = Recorder::start(options, Metadata::default()).expect("it can be written");
    let mut encoder = Encoder::new();
    for (at, sample) in samples.iter().enumerate() {
        if at == 3 {
            encoder.restart();
        }
        let frame = encoder.encode(sample).expect("there is memory");
        assert!(recorder.offer(&frame), "it is taken");
    }
    recorder.finish().expect("it is written");
}

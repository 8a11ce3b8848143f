//! Writes small recordings of the test machines to `corpus/file`, and their sections to `corpus/frames`.

use std::path::Path;

use sockwatch::model::Sample;
use sockwatch::recording::{Encoder, Metadata, Recorder, RecorderOptions};
use sockwatch::source::Source;
use sockwatch::source::netlink::datagram::decode_datagram;
use sockwatch_fuzz::{container, read_all::read_all, sections};

#[allow(dead_code, reason = "not all of it is needed here")]
#[path = "../support/dumps.rs"]
mod dumps;
#[allow(dead_code, reason = "not all of it is needed here")]
#[path = "../support/machine.rs"]
mod machine;
#[allow(dead_code, reason = "not all of it is needed here")]
#[path = "../support/synthetic/mod.rs"]
mod synthetic;

use machine::Machine;
use synthetic::{Load, Synthetic};

/// Dumps recorded from a real kernel.
const DUMPS: [(&str, &[u8]); 6] = [
    ("tcp", include_bytes!("../fixtures/tcp.dump")),
    ("tcp6", include_bytes!("../fixtures/tcp6.dump")),
    ("udp", include_bytes!("../fixtures/udp.dump")),
    ("unix", include_bytes!("../fixtures/unix.dump")),
    ("netlink", include_bytes!("../fixtures/netlink.dump")),
    ("packet", include_bytes!("../fixtures/packet.dump")),
];

fn main() -> std::io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for target in ["file", "frames"] {
        std::fs::create_dir_all(corpus.join(target))?;
    }
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
        let path = corpus.join("file").join(&name);
        record(&path, &samples);
        let file = std::fs::read(&path)?;
        let records = sections::parse_file(&file, usize::MAX);
        let input = sections::to_input(&records);
        assert_eq!(sections::parse_input(&input), records, "{name}: nothing is lost");
        let again = sections::to_file(&records);
        assert_eq!(container::frames(&again).count(), samples.len(), "{name}");
        read_all(&again);
        std::fs::write(corpus.join("frames").join(&name), &input)?;
        // As if the streams were long.
        let split = sections::split_planes(&records);
        read_all(&sections::to_file(&split));
        std::fs::write(
            corpus.join("frames").join(format!("{name}-split")),
            sections::to_input(&split),
        )?;
        println!("{name}: {} bytes, {} taken apart", file.len(), input.len());
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
    let protocol = dumps::protocol(name);
    for datagram in dumps::datagrams(dump) {
        decode_datagram(&datagram, None, protocol, 1, &mut sample.sockets);
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

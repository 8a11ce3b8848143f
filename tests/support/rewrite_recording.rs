//! Makes recordings from others: reads, changes and writes each Sample.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sockwatch::model::{Host, Sample, Settings};
use sockwatch::recording::{Archive as _, Encoder, Reader, Recorder, RecorderOptions};

/// Writes a copy of a recording with every Sample changed and a neutral host.
pub(crate) fn rewrite_recording(
    from: &Path,
    to: &Path,
    mut change: impl FnMut(usize, &mut Sample),
) {
    let mut archive = Reader::open(from).unwrap_or_else(|error| panic!("{error}"));
    let host = Arc::new(Host {
        hostname: "web-3".to_owned(),
        kernel: "6.18.44".to_owned(),
        boot_id: "00000000-0000-0000-0000-000000000001".to_owned(),
    });
    let mut metadata = archive.metadata().clone();
    metadata.host = (*host).clone();
    let options = RecorderOptions {
        path: to.to_owned(),
        force: true,
        max_size: None,
        keep: 0,
    };
    let mut recorder = Recorder::start(options, metadata).expect("it can be written");
    let mut encoder = Encoder::new();
    let mut sample = Sample::default();
    for at in 0..archive.entries().len() {
        archive
            .read_into(at, &mut sample)
            .expect("it is not damaged");
        sample.host = Arc::clone(&host);
        change(at, &mut sample);
        if recorder.needs_key() {
            encoder.restart();
        }
        let frame = encoder.encode(&sample).expect("it can be encoded");
        assert!(recorder.offer(&frame), "it is taken");
        while recorder.progress().samples <= at as u64 {
            std::thread::yield_now();
        }
    }
    recorder.finish().expect("it is all there");
}

/// Removes the counters that no finding uses, and the arguments of command lines.
pub(crate) fn minimize(sample: &mut Sample) {
    let groups = ["sockstat.", "Tcp.", "TcpExt.", "Udp.", "net."];
    let protocols = &mut sample.counters.protocols;
    let known = protocols
        .names
        .iter()
        .cloned()
        .zip(protocols.values.iter().copied());
    let (names, values) = known
        .filter(|(name, _)| groups.iter().any(|group| name.starts_with(group)))
        .unzip();
    protocols.names = Arc::new(names);
    protocols.values = values;
    for row in &mut sample.processes {
        let mut process = (*row.process).clone();
        process.command_line.clone_from(&process.comm);
        row.process = Arc::new(process);
    }
}

/// Sets a counter; adds it if the kernel did not report it.
pub(crate) fn set_counter(sample: &mut Sample, name: &str, value: i64) {
    let protocols = &mut sample.counters.protocols;
    let known = protocols.names.iter().position(|known| known == name);
    if let Some(at) = known {
        protocols.values[at] = value;
    } else {
        let mut names = (*protocols.names).clone();
        names.push(name.to_owned());
        protocols.names = Arc::new(names);
        protocols.values.push(value);
    }
}

/// Sets a setting; adds it if the kernel did not report it.
pub(crate) fn set_setting(sample: &mut Sample, name: &str, value: &str) {
    let mut settings: Settings = (*sample.settings).clone();
    settings.values.retain(|(known, _)| known != name);
    settings.values.push((name.to_owned(), value.to_owned()));
    sample.settings = Arc::new(settings);
}

/// Returns the path of a fixture of a finding.
pub(crate) fn fixture(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/findings");
    folder.join(name).with_extension("swr")
}

//! Encodes Samples in sequence.

use std::io;

use zstd::stream::raw::{Encoder as Zstd, InBuffer, Operation as _, OutBuffer};

use super::sockets::SocketEncoder;
use crate::model::{ClearForReuse, Sample};
use crate::recording::archive::Entry;
use crate::recording::frame::Frame;
use crate::recording::records::{
    CounterEncoder, DeviceEncoder, FieldWriter, NamespaceEncoder, ProcessEncoder, SettingsEncoder,
    TranslationEncoder, encode_activity, encode_clock, encode_containers, encode_faults,
    encode_names, encode_suspended, encode_unlisted,
};
use crate::recording::section::{self, put_section};
use crate::recording::strings::StringInterner;

/// Maximum number of frames from one key frame to the next. Longer chunks take fewer bytes, shorter ones are read
/// faster: for 10 000 busy sockets, 40 frames take 7 % more bytes, and the last of them is read in 31 ms instead of 46
/// ms.
const CHUNK_FRAMES: u32 = 64;

/// Maximum time from one key frame to the next, ns: Samples of this time are lost to damage that cannot be repaired. It
/// is 10 s less a tolerance for an interval of 10 s that varies.
const CHUNK_NS: u64 = 9_500_000_000;

/// The same if key frames are larger than [`LARGE_KEY`]. For 10 000 busy sockets and a Sample a second, 30 s take 15 % more
/// bytes than 64 s, and 10 s would take 70 % more.
const LARGE_CHUNK_NS: u64 = 30_000_000_000;

/// Size above which key frames are large, bytes: about 3600 busy sockets. Smaller ones take at most 13 kB/s.
const LARGE_KEY: usize = 128 * 1024;

/// Compression level. Higher levels gain little: few sequences repeat, and most of the gain is entropy coding.
const LEVEL: i32 = 1;

/// The clocks of a Sample, on which those of the next one are based.
#[derive(Debug, Clone, Copy, Default)]
struct ClocksBefore {
    /// µs since 1970 UTC.
    wall_us: i64,
    monotonic_ns: u64,
    suspended_ns: Option<u64>,
}

/// Encodes Samples; keeps the state on which the next frame of the chunk is based.
#[derive(Default)]
pub struct Encoder {
    strings: StringInterner,
    processes: ProcessEncoder,
    counters: CounterEncoder,
    devices: DeviceEncoder,
    settings: SettingsEncoder,
    namespaces: NamespaceEncoder,
    translations: TranslationEncoder,
    sockets: SocketEncoder,
    /// The clocks of the previous Sample.
    before: Option<ClocksBefore>,
    /// Number of frames of the chunk so far.
    frames: u32,
    /// Time of its key frame, ns of the monotonic clock, and the size of that, bytes.
    key_ns: u64,
    key_bytes: usize,
    zstd: Option<Zstd<'static>>,
    /// Buffers: the section of the strings, the others except streams, and the data of one.
    texts: Vec<u8>,
    body: Vec<u8>,
    part: Vec<u8>,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder")
            .field("frames", &self.frames)
            .finish_non_exhaustive()
    }
}

impl Encoder {
    /// Creates an encoder whose first frame is a key frame.
    pub fn new() -> Encoder {
        Encoder::default()
    }

    /// Makes the next frame a key frame.
    pub fn restart(&mut self) {
        self.frames = 0;
    }

    /// Encodes the next Sample.
    ///
    /// # Errors
    /// If the compressor cannot allocate memory.
    pub fn encode(&mut self, sample: &Sample) -> io::Result<Frame> {
        // Everything in a Sample is encoded here, except the host, which is part of the file header.
        let Sample {
            taken_at_us,
            monotonic_ns,
            suspended_ns,
            host: _,
            sockets: _,
            closed: _,
            closed_sockets: _,
            lost_events: _,
            events_available: _,
            processes,
            holders: _,
            interfaces: _,
            cgroups: _,
            containers: _,
            users: _,
            visibility: _,
            counters,
            devices,
            settings,
            own_netns: _,
            own_netns_name: _,
            namespaces: _,
            omitted_namespaces: _,
            translations,
            faults,
            timings: _,
            preview: _,
        } = sample;
        let age_ns = monotonic_ns.saturating_sub(self.key_ns);
        let chunk_ns = if self.key_bytes > LARGE_KEY {
            LARGE_CHUNK_NS
        } else {
            CHUNK_NS
        };
        let is_key = self.frames == 0 || self.frames >= CHUNK_FRAMES || age_ns >= chunk_ns;
        if is_key {
            self.frames = 0;
            self.key_ns = *monotonic_ns;
            self.strings.clear();
            self.processes.clear();
            self.counters.clear();
            self.devices.clear();
            self.settings.clear();
            self.namespaces.clear();
            self.translations.clear();
            self.sockets.clear();
        }
        let before = self.before.filter(|_| !is_key).unwrap_or_default();
        let elapsed_ns = monotonic_ns.wrapping_sub(before.monotonic_ns);
        self.body.clear_for_reuse();
        self.section(section::CLOCK, |_, writer| {
            encode_clock(sample, before.wall_us, elapsed_ns, writer);
        });
        self.section(section::SUSPENDED, |_, writer| {
            encode_suspended(*suspended_ns, before.suspended_ns, writer.out);
        });
        self.section(section::PROCESSES, |own, writer| {
            own.processes.encode(processes, writer);
        });
        self.section(section::ACTIVITY, |_, writer| {
            encode_activity(processes, writer.out);
        });
        self.section(section::UNLISTED, |_, writer| {
            encode_unlisted(processes, writer);
        });
        self.sockets.encode(
            sample,
            &mut self.strings,
            &self.processes,
            elapsed_ns,
            is_key,
            &mut self.body,
        );
        self.section(section::COUNTERS, |own, writer| {
            own.counters.encode(counters, writer);
        });
        self.section(section::DEVICES, |own, writer| {
            own.devices.encode(devices.as_ref(), writer);
        });
        self.section(section::SETTINGS, |own, writer| {
            own.settings.encode(settings, writer);
        });
        self.section(section::NAMESPACES, |own, writer| {
            own.namespaces.encode(sample, writer);
        });
        self.section(section::TRANSLATIONS, |own, writer| {
            own.translations.encode(translations.as_ref(), writer);
        });
        self.section(section::NAMES, |_, writer| encode_names(sample, writer));
        self.section(section::CONTAINERS, |_, writer| {
            encode_containers(sample, writer);
        });
        self.section(section::FAULTS, |_, writer| encode_faults(faults, writer));
        // Known only now, but needed first.
        self.texts.clear_for_reuse();
        self.part.clear_for_reuse();
        self.strings.encode_pending(&mut self.part);
        put_section(&mut self.texts, section::STRINGS, &self.part);

        let payload = match self.compress(is_key) {
            Ok(payload) => payload,
            Err(error) => {
                // The next frame must not be based on this one.
                self.frames = 0;
                return Err(error);
            }
        };
        if is_key {
            self.key_bytes = payload.len();
        }
        self.frames += 1;
        self.before = Some(ClocksBefore {
            wall_us: *taken_at_us,
            monotonic_ns: *monotonic_ns,
            suspended_ns: *suspended_ns,
        });
        Ok(Frame {
            entry: Entry {
                time: sample.time(),
                sockets: sample.sockets.len() as u32,
                dropped: 0,
            },
            is_key,
            closed: sample.closed.len() as u32,
            unpacked: self.pieces().map(<[u8]>::len).sum::<usize>() as u32,
            payload: payload.into(),
        })
    }

    /// Appends a section to the body.
    fn section(&mut self, number: usize, encode: impl FnOnce(&mut Self, &mut FieldWriter<'_>)) {
        let mut part = std::mem::take(&mut self.part);
        let mut strings = std::mem::take(&mut self.strings);
        part.clear();
        let mut writer = FieldWriter {
            out: &mut part,
            strings: &mut strings,
        };
        encode(self, &mut writer);
        put_section(&mut self.body, number, &part);
        (self.part, self.strings) = (part, strings);
    }

    /// Returns the frame, in several pieces.
    fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let first = [&self.texts[..], &self.body[..]].into_iter();
        first.chain(self.sockets.pieces())
    }

    /// Compresses the frame and flushes, so that it can be decompressed without the next one.
    fn compress(&mut self, is_key: bool) -> io::Result<Vec<u8>> {
        let mut zstd = match self.zstd.take() {
            Some(zstd) => zstd,
            None => Zstd::new(LEVEL)?,
        };
        if is_key {
            zstd.reinit()?;
        }
        let bytes: usize = self.pieces().map(<[u8]>::len).sum();
        let mut packed = Vec::with_capacity(bytes / 4 + 256);
        let blocks = self.pieces().flat_map(|mut rest| {
            std::iter::from_fn(move || {
                let (block, behind) = rest.split_at(section::block_len(rest));
                rest = behind;
                (!block.is_empty()).then_some(block)
            })
        });
        for block in blocks {
            let mut input = InBuffer::around(block);
            while input.pos() < block.len() {
                packed.reserve(1024);
                let at = packed.len();
                let mut output = OutBuffer::around_pos(&mut packed, at);
                zstd.run(&mut input, &mut output)?;
            }
            loop {
                packed.reserve(1024);
                let at = packed.len();
                let mut output = OutBuffer::around_pos(&mut packed, at);
                if zstd.flush(&mut output)? == 0 {
                    break;
                }
            }
        }
        self.zstd = Some(zstd);
        Ok(packed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Fault, FaultSeverity};

    /// Returns a text that takes about `bytes` even when it is compressed.
    fn incompressible(bytes: usize) -> String {
        let mut state = 1u64;
        let letters = std::iter::repeat_with(|| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            char::from(b'a' + ((state >> 33) % 26) as u8)
        });
        letters.take(bytes * 2).collect()
    }

    #[test]
    fn a_key_frame_follows_within_ten_seconds_and_64_frames_or_thirty_seconds_if_it_is_large() {
        let small = [(100, 64), (1000, 10), (10_000, 1), (60_000, 1)];
        let large = [(100, 64), (1000, 30), (10_000, 3), (60_000, 1)];
        let small = small.map(|case| (0, case));
        let large = large.map(|case| (LARGE_KEY, case));
        for (text, (interval_ms, frames)) in small.into_iter().chain(large) {
            let mut encoder = Encoder::new();
            let fault = incompressible(text);
            let keys: Vec<usize> = (0..200)
                .filter(|at| {
                    let sample = Sample {
                        // The wall clock does not matter.
                        taken_at_us: -(*at as i64),
                        monotonic_ns: (7 + *at as u64 * interval_ms) * 1_000_000,
                        faults: vec![Fault::new(FaultSeverity::Note, "test", &fault)],
                        ..Sample::default()
                    };
                    encoder.encode(&sample).unwrap().is_key
                })
                .collect();
            let expected: Vec<usize> = (0..200).step_by(frames).collect();
            assert_eq!(keys, expected, "every {interval_ms} ms");
        }
    }
}

//! Decodes one decompressed frame after another, section by section. Its counterpart is
//! [`Encoder`](crate::recording::Encoder).
//!
//! [`FrameDecoder::decode`] reads the sections on which the next frame is based. Names, containers, faults and the activity of
//! processes are complete in every frame; only [`FrameDecoder::sample_into`] reads them, so that frames on the way to
//! another one cost less.

use std::sync::Arc;

use super::decompress::UnpackedFrame;
use super::sections::FrameSections;
use super::sockets::SocketDecoder;
use crate::model::{Host, Sample, SocketKey};
use crate::recording::alloc_budget::AllocBudget;
use crate::recording::error::Corrupt;
use crate::recording::records::{
    Clock, CounterDecoder, DeviceDecoder, FieldReader, NamespaceDecoder, ProcessDecoder,
    SettingsDecoder, TranslationDecoder, decode_activity, decode_containers, decode_faults,
    decode_names, decode_unlisted,
};
use crate::recording::section;
use crate::recording::strings::StringTable;
use crate::recording::varint::ByteReader;

/// Decodes frames; keeps the state of the chunk on which the next delta frame is based.
#[derive(Default)]
pub(in crate::recording) struct FrameDecoder {
    /// The host, from the file header; the same in every Sample.
    host: Arc<Host>,
    strings: StringTable,
    processes: ProcessDecoder,
    counters: CounterDecoder,
    devices: DeviceDecoder,
    settings: SettingsDecoder,
    namespaces: NamespaceDecoder,
    translations: TranslationDecoder,
    sockets: SocketDecoder,
    clock: Clock,
    /// The frame that was decoded last.
    frame: UnpackedFrame,
    /// The memory left for the Sample of that frame.
    budget: Option<AllocBudget>,
    /// True if a delta frame can follow.
    can_continue: bool,
}

impl std::fmt::Debug for FrameDecoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FrameDecoder").finish_non_exhaustive()
    }
}

impl FrameDecoder {
    /// Creates a decoder for the frames of a host.
    pub(in crate::recording) fn new(host: Host) -> FrameDecoder {
        FrameDecoder {
            host: Arc::new(host),
            ..FrameDecoder::default()
        }
    }

    /// Returns the sections of the last frame, with the streams joined; empty before the first.
    pub(in crate::recording) fn raw(&self) -> &[u8] {
        &self.frame.raw
    }

    /// Decodes a frame: a key frame, or the delta frame after the one that was decoded last. Leaves that one in
    /// `frame`, so that its memory can be reused.
    ///
    /// # Errors
    /// If the frame is corrupt, or is a delta frame without the frame before it. Only a key frame can follow then.
    pub(in crate::recording) fn decode(
        &mut self,
        frame: &mut UnpackedFrame,
    ) -> Result<(), Corrupt> {
        if !frame.is_key && !self.can_continue {
            return Err(Corrupt::NO_EARLIER_FRAME);
        }
        self.can_continue = false;
        self.budget = None;
        std::mem::swap(&mut self.frame, frame);
        if self.frame.is_key {
            self.strings.clear();
            self.processes.clear();
            self.counters.clear();
            self.devices.clear();
            self.settings.clear();
            self.namespaces.clear();
            self.translations.clear();
            self.sockets.clear();
            self.clock = Clock::default();
        }
        let raw = std::mem::take(&mut self.frame.raw);
        let decoded = self.decode_sections(&raw);
        self.frame.raw = raw;
        decoded?;
        self.can_continue = true;
        Ok(())
    }

    /// Decodes the sections that the next frame depends on. Strings come first, because the others refer to them; the
    /// clock and the processes come before the sockets, which are based on them.
    fn decode_sections(&mut self, raw: &[u8]) -> Result<(), Corrupt> {
        let UnpackedFrame {
            is_key,
            sockets: announced,
            memory,
            ..
        } = self.frame;
        let mut sections = FrameSections::find(raw)?;
        let kept = memory.bytes.checked_sub(self.heap_bytes());
        let left = kept.ok_or(memory.exceeded)?;
        let strings = sections.fixed[section::STRINGS].0.len();
        let sockets = announced.open.saturating_add(announced.closed);
        let mut budget = AllocBudget::new(left, memory.exceeded, raw.len(), strings, sockets);
        let budget = &mut budget;
        self.strings
            .decode(&mut sections.fixed[section::STRINGS], budget)?;
        let strings = &self.strings;
        let mut reader = field_reader(sections.fixed[section::CLOCK], strings, budget);
        let elapsed_ns = self.clock.decode(&mut reader)?;
        self.clock
            .decode_suspended(sections.fixed[section::SUSPENDED])?;
        let mut reader = field_reader(sections.fixed[section::PROCESSES], strings, budget);
        self.processes.decode(&mut reader)?;
        let now_ns = self.clock.monotonic_ns;
        self.sockets
            .decode(&mut sections, announced, elapsed_ns, now_ns, is_key, budget)?;
        let mut reader = field_reader(sections.fixed[section::COUNTERS], strings, budget);
        self.counters.decode(&mut reader)?;
        let mut reader = field_reader(sections.fixed[section::DEVICES], strings, budget);
        self.devices.decode(&mut reader)?;
        let mut reader = field_reader(sections.fixed[section::SETTINGS], strings, budget);
        self.settings.decode(&mut reader)?;
        let mut reader = field_reader(sections.fixed[section::NAMESPACES], strings, budget);
        self.namespaces.decode(now_ns, &mut reader)?;
        let mut reader = field_reader(sections.fixed[section::TRANSLATIONS], strings, budget);
        self.translations.decode(&mut reader)?;
        self.budget = Some(*budget);
        Ok(())
    }

    /// Returns the bytes of memory that are kept from frame to frame.
    fn heap_bytes(&self) -> usize {
        self.sockets.heap_bytes()
            + self.strings.heap_bytes()
            + self.processes.heap_bytes()
            + self.counters.heap_bytes()
            + self.devices.heap_bytes()
            + self.settings.heap_bytes()
            + self.namespaces.heap_bytes()
            + self.translations.heap_bytes()
    }

    /// Replaces `sample` by the Sample of the last frame, reusing its memory.
    ///
    /// # Errors
    /// If a section that [`Self::decode`] does not read is corrupt, a socket refers to a string that no frame defined,
    /// or the Sample would take too much memory. `sample` is incomplete then; the next frame can still be decoded.
    pub(in crate::recording) fn sample_into(&mut self, sample: &mut Sample) -> Result<(), Corrupt> {
        sample.clear();
        sample.host = Arc::clone(&self.host);
        self.clock.apply_to(sample);
        self.processes.append_to(sample);
        sample.settings = Arc::clone(self.settings.settings());
        // Rows and Sample share a budget; this is what the rows left of it.
        let mut budget = self.budget.ok_or(Corrupt::NO_EARLIER_FRAME)?;
        let budget = &mut budget;
        let strings = &self.strings;
        self.sockets
            .append_to(sample, strings, &self.processes, budget)?;
        self.counters.copy_to(&mut sample.counters);
        sample.devices = self.devices.devices().cloned();
        self.namespaces.copy_to(sample);
        sample.translations = self.translations.translations().cloned();
        let sections = FrameSections::find(&self.frame.raw)?;
        decode_activity(sections.fixed[section::ACTIVITY], &mut sample.processes)?;
        let mut reader = field_reader(sections.fixed[section::UNLISTED], strings, budget);
        decode_unlisted(&mut reader, &mut sample.processes)?;
        let mut reader = field_reader(sections.fixed[section::NAMES], strings, budget);
        decode_names(&mut reader, sample)?;
        let mut reader = field_reader(sections.fixed[section::CONTAINERS], strings, budget);
        decode_containers(&mut reader, sample)?;
        let mut reader = field_reader(sections.fixed[section::FAULTS], strings, budget);
        decode_faults(&mut reader, sample)
    }

    /// Returns when each socket of the last frame was first seen, ns of the monotonic clock. Omits the sockets that
    /// existed when the recording began.
    pub(in crate::recording) fn first_seen(&self) -> Vec<(SocketKey, u64)> {
        self.sockets.first_seen()
    }
}

fn field_reader<'a, 'b>(
    bytes: ByteReader<'a>,
    strings: &'b StringTable,
    budget: &'b mut AllocBudget,
) -> FieldReader<'a, 'b> {
    FieldReader {
        bytes,
        strings,
        budget,
    }
}

//! Frames to Samples. Whatever the bytes claim, they are refused rather than believed: no length is trusted beyond what was
//! read, no number beyond what was told.

mod at_hand;
mod beside;
mod plan;
mod rows;
mod streams;
mod table;
mod unpack;

use std::sync::Arc;

use super::column::COLUMNS;
use super::section::{self, sections};
use super::texts::Texts;
use super::varint::{Broken, Cursor, Room};
use crate::model::{Host, Sample, Settings, Visibility};

use beside::{CounterSums, Devices, Processes};
use rows::RowDecoder;

pub(super) use unpack::{Packed, Unpacked, Unpacker};

/// Takes one unpacked frame after another.
#[derive(Default)]
pub(super) struct Decoder {
    host: Arc<Host>,
    texts: Texts,
    processes: Processes,
    counters: CounterSums,
    devices: Devices,
    settings: Arc<Settings>,
    rows: RowDecoder,
    clock: Clock,
    /// The frame at hand.
    frame: Unpacked,
    /// Whether the next frame can go on from the last.
    is_whole: bool,
}

/// What a Sample says of its time.
#[derive(Debug, Clone, Copy, Default)]
struct Clock {
    taken_at_us: i64,
    monotonic_ns: u64,
    timings: crate::model::Timings,
    lost_events: u64,
    events_available: bool,
    visibility: Visibility,
}

/// Where the sections of a frame lie.
struct Sections<'a> {
    fixed: [Cursor<'a>; section::COLUMN],
    columns: Vec<Cursor<'a>>,
}

impl<'a> Sections<'a> {
    fn find(raw: &'a [u8]) -> Result<Sections<'a>, Broken> {
        let mut found = Sections {
            fixed: [Cursor(&[]); section::COLUMN],
            columns: vec![Cursor(&[]); COLUMNS],
        };
        for section in sections(raw) {
            let (number, bytes) = section?;
            let place = match number.checked_sub(section::COLUMN) {
                None => found.fixed.get_mut(number),
                Some(column) => found.columns.get_mut(column),
            };
            if let Some(place) = place {
                *place = Cursor(bytes);
            }
        }
        Ok(found)
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}

impl Decoder {
    /// A decoder for what this machine recorded.
    pub(super) fn new(host: Host) -> Decoder {
        Decoder {
            host: Arc::new(host),
            ..Decoder::default()
        }
    }

    /// The bytes of the last frame, unpacked.
    pub(super) fn raw(&self) -> &[u8] {
        &self.frame.raw
    }

    /// Takes the next frame: a key frame, or the one that follows the last. Leaves the last in its place, to be used again.
    ///
    /// # Errors
    /// If it is broken. Only a key frame can go on from there.
    pub(super) fn take(&mut self, frame: &mut Unpacked) -> Result<(), Broken> {
        if !frame.is_key && !self.is_whole {
            return Err(Broken("what it goes on from is missing"));
        }
        self.is_whole = false;
        std::mem::swap(&mut self.frame, frame);
        if self.frame.is_key {
            self.texts.clear();
            self.processes.clear();
            self.counters.clear();
            self.devices.clear();
            self.settings = Arc::default();
            self.rows.clear();
            self.clock = Clock::default();
        }
        let raw = std::mem::take(&mut self.frame.raw);
        let taken = self.take_sections(&raw);
        self.frame.raw = raw;
        taken?;
        self.is_whole = true;
        Ok(())
    }

    fn take_sections(&mut self, raw: &[u8]) -> Result<(), Broken> {
        let is_key = self.frame.is_key;
        let mut sections = Sections::find(raw)?;
        let most = self.frame.most.min(1 << 31);
        let mut room = Room(most.saturating_sub(self.weight()));
        let mut revision = sections.fixed[section::REVISION];
        if is_key {
            // The first one was not told.
            let told = (!revision.is_empty()).then(|| revision.varint());
            self.rows.revise(told.transpose()?.unwrap_or(1));
        }
        self.texts
            .hear(&mut sections.fixed[section::TEXTS], &mut room)?;
        let elapsed_ns = self.take_clock(sections.fixed[section::CLOCK])?;
        let told = sections.fixed[section::PROCESSES];
        self.processes.take(told, &self.texts, &mut room)?;
        self.rows.take(
            &mut sections,
            elapsed_ns,
            self.clock.monotonic_ns,
            is_key,
            &mut room,
        )?;
        let told = sections.fixed[section::COUNTERS];
        self.counters.take(told, &self.texts, &mut room)?;
        let told = sections.fixed[section::DEVICES];
        self.devices.take(told, &self.texts, &mut room)?;
        let told = sections.fixed[section::SETTINGS];
        if !told.is_empty() {
            self.settings = Arc::new(beside::take_settings(told, &self.texts, &mut room)?);
        }
        Ok(())
    }

    /// Bytes that are kept from frame to frame.
    fn weight(&self) -> usize {
        self.rows.weight() + self.texts.weight() + self.processes.weight() + self.devices.weight()
    }

    fn take_clock(&mut self, mut told: Cursor<'_>) -> Result<u64, Broken> {
        let clock = &mut self.clock;
        clock.taken_at_us = clock.taken_at_us.wrapping_add(told.signed()?);
        let elapsed_ns = told.signed()? as u64;
        clock.monotonic_ns = clock.monotonic_ns.wrapping_add(elapsed_ns);
        let timings = &mut clock.timings;
        for ns in [
            &mut timings.dump_ns,
            &mut timings.decode_ns,
            &mut timings.owners_ns,
            &mut timings.total_ns,
        ] {
            *ns = told.varint()?;
        }
        clock.lost_events = told.varint()?;
        let flags = told.varint()?;
        clock.events_available = flags & 1 != 0;
        clock.visibility = Visibility {
            root: flags & 2 != 0,
            processes: told.number()?,
            unreadable: told.number()?,
        };
        Ok(elapsed_ns)
    }

    /// Makes the Sample of the last frame.
    pub(super) fn sample_into(&mut self, sample: &mut Sample) -> Result<(), Broken> {
        sample.clear();
        sample.host = Arc::clone(&self.host);
        let clock = self.clock;
        sample.taken_at_us = clock.taken_at_us;
        sample.monotonic_ns = clock.monotonic_ns;
        sample.timings = clock.timings;
        sample.lost_events = clock.lost_events;
        sample.events_available = clock.events_available;
        sample.visibility = clock.visibility;
        self.processes.put_into(sample);
        sample.settings = Arc::clone(&self.settings);
        let mut room = Room(self.frame.most.min(1 << 31));
        self.rows
            .put_into(sample, &self.texts, &self.processes, &mut room)?;
        self.counters.put_into(&mut sample.counters);
        self.devices.put_into(sample);
        let sections = Sections::find(&self.frame.raw)?;
        let (names, faults) = (
            sections.fixed[section::NAMES],
            sections.fixed[section::FAULTS],
        );
        beside::take_activity(sections.fixed[section::ACTIVITY], &mut sample.processes)?;
        beside::take_names(names, &self.texts, sample, &mut room)?;
        beside::take_faults(faults, &self.texts, sample, &mut room)
    }

    /// When the sockets of the last frame were seen first.
    pub(super) fn first_seen(&self) -> Vec<(crate::model::SocketKey, u64)> {
        self.rows.first_seen()
    }
}

#[cfg(test)]
mod tests;

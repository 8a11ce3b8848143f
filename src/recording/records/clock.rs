//! Times, lost events and visibility of a Sample.

use super::field::{Field, FieldReader, FieldWriter, record};
use crate::model::{Sample, Timings, Visibility};
use crate::recording::error::Corrupt;
use crate::recording::varint::{ByteReader, put_signed, put_varint};

record!(Timings {
    dump_ns,
    decode_ns,
    owners_ns,
    total_ns,
});

// Bits of the flags.
const EVENTS_AVAILABLE: u64 = 1;
const ROOT: u64 = 2;

/// The clocks of a Sample, and facts about how it was taken.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::recording) struct Clock {
    taken_at_us: i64,
    pub(in crate::recording) monotonic_ns: u64,
    suspended_ns: Option<u64>,
    timings: Timings,
    lost_events: u64,
    events_available: bool,
    visibility: Visibility,
}

/// Encodes the clocks of a Sample as differences from the previous ones.
pub(in crate::recording) fn encode_clock(
    sample: &Sample,
    before_us: i64,
    elapsed_ns: u64,
    writer: &mut FieldWriter<'_>,
) {
    let Visibility {
        processes,
        unreadable,
        root,
    } = sample.visibility;
    put_signed(writer.out, sample.taken_at_us.wrapping_sub(before_us));
    put_signed(writer.out, elapsed_ns as i64);
    sample.timings.encode(writer);
    put_varint(writer.out, sample.lost_events);
    let mut flags = 0;
    if sample.events_available {
        flags |= EVENTS_AVAILABLE;
    }
    if root {
        flags |= ROOT;
    }
    put_varint(writer.out, flags);
    put_varint(writer.out, processes.into());
    put_varint(writer.out, unreadable.into());
}

/// Encodes the time in suspension, unless it is that of the frame before.
pub(in crate::recording) fn encode_suspended(
    suspended_ns: Option<u64>,
    before: Option<u64>,
    out: &mut Vec<u8>,
) {
    if suspended_ns != before {
        put_varint(out, suspended_ns.map_or(0, |ns| ns.saturating_add(1)));
    }
}

impl Clock {
    /// Decodes what [`encode_clock`] encoded; returns the time since the previous Sample, ns.
    pub(in crate::recording) fn decode(
        &mut self,
        reader: &mut FieldReader<'_, '_>,
    ) -> Result<u64, Corrupt> {
        self.taken_at_us = self.taken_at_us.wrapping_add(reader.bytes.signed()?);
        let elapsed_ns = reader.bytes.signed()? as u64;
        self.monotonic_ns = self.monotonic_ns.wrapping_add(elapsed_ns);
        self.timings = Timings::decode(reader)?;
        self.lost_events = reader.bytes.varint()?;
        let flags = reader.bytes.varint()?;
        self.events_available = flags & EVENTS_AVAILABLE != 0;
        self.visibility = Visibility {
            root: flags & ROOT != 0,
            processes: reader.bytes.number()?,
            unreadable: reader.bytes.number()?,
        };
        Ok(elapsed_ns)
    }

    /// Decodes the time in suspension that [`encode_suspended`] encoded, if it changed.
    pub(in crate::recording) fn decode_suspended(
        &mut self,
        mut bytes: ByteReader<'_>,
    ) -> Result<(), Corrupt> {
        if !bytes.is_empty() {
            self.suspended_ns = bytes.varint()?.checked_sub(1);
        }
        Ok(())
    }

    /// Copies the clocks to a Sample.
    pub(in crate::recording) fn apply_to(&self, sample: &mut Sample) {
        let Clock {
            taken_at_us,
            monotonic_ns,
            suspended_ns,
            timings,
            lost_events,
            events_available,
            visibility,
        } = *self;
        sample.taken_at_us = taken_at_us;
        sample.monotonic_ns = monotonic_ns;
        sample.suspended_ns = suspended_ns;
        sample.timings = timings;
        sample.lost_events = lost_events;
        sample.events_available = events_available;
        sample.visibility = visibility;
    }
}

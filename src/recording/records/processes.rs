//! Processes of a Sample. Each refers to facts that the chunk stores once.

use std::sync::Arc;

use super::field::{Field, FieldReader, FieldWriter, record};
use crate::model::SeededMap;
use crate::model::{Activity, DescriptorKind, Namespaces, Process, ProcessKey, ProcessRow, Sample};
use crate::recording::error::Corrupt;
use crate::recording::varint::{ByteReader, put_signed, put_varint};

record!(Process {
    key,
    parent,
    comm,
    command_line,
    uid,
    user,
    cgroup,
    started_at_us,
    descriptor_limit,
    namespaces,
});

record!(ProcessKey { pid, start_time });

record!(Namespaces {
    net,
    pid,
    mnt,
    user,
});

// Bits of the flags.
const IS_CHANGED: u64 = 1;
const HAS_DESCRIPTORS: u64 = 2;
const HAS_KINDS: u64 = 4;

/// A process as last encoded.
#[derive(Debug)]
struct Encoded {
    process: Arc<Process>,
    descriptors: u32,
    kinds: [u32; DescriptorKind::ALL.len()],
}

/// Encodes processes and assigns their numbers within a chunk, from 1 on.
#[derive(Debug, Default)]
pub(in crate::recording) struct ProcessEncoder {
    numbers: SeededMap<ProcessKey, u32>,
    encoded: Vec<Encoded>,
    /// Numbers of the Sample's processes.
    current: Vec<u32>,
}

impl ProcessEncoder {
    /// Starts a new chunk.
    pub(in crate::recording) fn clear(&mut self) {
        self.numbers.clear();
        self.encoded.clear();
    }

    /// Returns the number of a process by its index in the Sample; 0 if there is none.
    pub(in crate::recording) fn number_of(&self, index: u32) -> u32 {
        self.current.get(index as usize).copied().unwrap_or(0)
    }

    /// Encodes the processes of a Sample without their activity and unlisted sockets.
    pub(in crate::recording) fn encode(
        &mut self,
        rows: &[ProcessRow],
        writer: &mut FieldWriter<'_>,
    ) {
        self.current.clear();
        put_varint(writer.out, rows.len() as u64);
        let mut expected = 1;
        for row in rows {
            let ProcessRow {
                process,
                descriptors,
                kinds,
                activity: _,
                unlisted: _,
            } = row;
            let next = self.encoded.len() as u32 + 1;
            let number = *self.numbers.entry(process.key).or_insert(next);
            if number == next {
                self.encoded.push(Encoded {
                    process: Arc::clone(process),
                    descriptors: 0,
                    kinds: [0; DescriptorKind::ALL.len()],
                });
            }
            self.current.push(number);
            put_signed(writer.out, i64::from(number) - expected);
            expected = i64::from(number) + 1;

            let encoded = &mut self.encoded[number as usize - 1];
            let is_changed = number == next
                || (!Arc::ptr_eq(&encoded.process, process) && encoded.process != *process);
            let flag = |is_set: bool, flag: u64| if is_set { flag } else { 0 };
            put_varint(
                writer.out,
                flag(is_changed, IS_CHANGED)
                    | flag(descriptors.is_some(), HAS_DESCRIPTORS)
                    | flag(kinds.is_some(), HAS_KINDS),
            );
            if is_changed {
                process.encode(writer);
            }
            encoded.process = Arc::clone(process);
            if let Some(descriptors) = *descriptors {
                let change = i64::from(descriptors) - i64::from(encoded.descriptors);
                put_signed(writer.out, change);
                encoded.descriptors = descriptors;
            }
            for (kind, before) in kinds.iter().flatten().zip(&mut encoded.kinds) {
                put_signed(writer.out, i64::from(*kind) - i64::from(*before));
                *before = *kind;
            }
        }
    }
}

/// A process as last decoded.
#[derive(Debug)]
struct Decoded {
    process: Arc<Process>,
    descriptors: u32,
    kinds: [u32; DescriptorKind::ALL.len()],
    /// Index in the current Sample plus one; 0 if absent.
    place: u32,
}

/// Decodes processes; keeps those of the chunk by number, and those of the last frame.
#[derive(Debug, Default)]
pub(in crate::recording) struct ProcessDecoder {
    decoded: Vec<Decoded>,
    heap_bytes: usize,
    current: Vec<ProcessRow>,
}

impl ProcessDecoder {
    /// Starts a new chunk.
    pub(in crate::recording) fn clear(&mut self) {
        self.decoded.clear();
        self.heap_bytes = 0;
        self.current.clear();
    }

    /// Returns the bytes of memory in use.
    pub(in crate::recording) fn heap_bytes(&self) -> usize {
        self.heap_bytes
    }

    /// Returns the index in the Sample of the process with this number.
    pub(in crate::recording) fn index_of(&self, number: u32) -> Option<u32> {
        let decoded = self.decoded.get((number as usize).checked_sub(1)?)?;
        decoded.place.checked_sub(1)
    }

    /// Decodes the processes of a frame.
    pub(in crate::recording) fn decode(
        &mut self,
        reader: &mut FieldReader<'_, '_>,
    ) -> Result<(), Corrupt> {
        self.current.clear();
        self.decoded
            .iter_mut()
            .for_each(|decoded| decoded.place = 0);
        let mut expected = 1i64;
        for place in 0..reader.bytes.count()? {
            let number = expected.wrapping_add(reader.bytes.signed()?);
            expected = number.wrapping_add(1);
            let at = usize::try_from(number.wrapping_sub(1))
                .map_err(|_| Corrupt("a process has no number"))?;
            let flags = reader.bytes.varint()?;
            if flags & IS_CHANGED != 0 {
                self.decode_facts(at, reader)?;
            }
            let decoded = self.decoded.get_mut(at);
            let decoded = decoded.ok_or(Corrupt("undefined process"))?;
            if decoded.place != 0 {
                return Err(Corrupt("duplicate process"));
            }
            decoded.place = place as u32 + 1;
            let mut add = |count: &mut u32| -> Result<u32, Corrupt> {
                let sum = i64::from(*count).wrapping_add(reader.bytes.signed()?);
                *count =
                    u32::try_from(sum).map_err(|_| Corrupt("descriptor count out of range"))?;
                Ok(*count)
            };
            let descriptors = match flags & HAS_DESCRIPTORS {
                0 => None,
                _ => Some(add(&mut decoded.descriptors)?),
            };
            let kinds = if flags & HAS_KINDS == 0 {
                None
            } else {
                decoded
                    .kinds
                    .iter_mut()
                    .try_for_each(|kind| add(kind).map(drop))?;
                Some(decoded.kinds)
            };
            // Copied to the Sample.
            reader.budget.spend(2 * size_of::<ProcessRow>())?;
            self.current.push(ProcessRow {
                process: Arc::clone(&decoded.process),
                descriptors,
                kinds,
                activity: None,
                unlisted: None,
            });
        }
        Ok(())
    }

    /// Decodes the facts of the process at an index, which is known or the next one.
    fn decode_facts(&mut self, at: usize, reader: &mut FieldReader<'_, '_>) -> Result<(), Corrupt> {
        let before = reader.budget.left();
        reader
            .budget
            .spend(size_of::<Decoded>() + size_of::<Process>())?;
        let process = Arc::new(Process::decode(reader)?);
        self.heap_bytes += before - reader.budget.left();
        if at == self.decoded.len() {
            self.decoded.push(Decoded {
                process,
                descriptors: 0,
                kinds: [0; DescriptorKind::ALL.len()],
                place: 0,
            });
        } else if let Some(decoded) = self.decoded.get_mut(at) {
            decoded.process = process;
        }
        Ok(())
    }

    /// Appends the processes to a Sample.
    pub(in crate::recording) fn append_to(&self, sample: &mut Sample) {
        sample.processes.extend_from_slice(&self.current);
    }
}

/// Encodes the activity of the processes for which it is known, each after its distance in rows from the previous one.
pub(in crate::recording) fn encode_activity(rows: &[ProcessRow], out: &mut Vec<u8>) {
    let mut distance = 0;
    for row in rows {
        distance += 1;
        if let Some(Activity { state, cpu_ticks }) = row.activity {
            put_varint(out, distance);
            put_varint(out, u64::from(u32::from(state)));
            put_varint(out, cpu_ticks);
            distance = 0;
        }
    }
}

/// Decodes the activity of a frame into the processes of its Sample.
pub(in crate::recording) fn decode_activity(
    mut reader: ByteReader<'_>,
    rows: &mut [ProcessRow],
) -> Result<(), Corrupt> {
    let mut next = 0usize;
    while !reader.is_empty() {
        next = next.saturating_add(reader.number()?);
        let row = next.checked_sub(1).and_then(|at| rows.get_mut(at));
        let row = row.ok_or(Corrupt("activity of an unknown process"))?;
        let state = char::from_u32(reader.number()?);
        row.activity = Some(Activity {
            state: state.ok_or(Corrupt("invalid process state"))?,
            cpu_ticks: reader.varint()?,
        });
    }
    Ok(())
}

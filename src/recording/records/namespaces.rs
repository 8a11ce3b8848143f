//! Network namespaces: that of the source, the others with what the kernel keeps for each, and how many are left out.
//!
//! A namespace that was not checked again takes three bytes: nothing of it has changed. One that was checked and has not
//! changed takes the time of the check, too.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::counters::{CounterDecoder, encode_counters};
use super::devices::{DeviceDecoder, DeviceEncoder};
use super::field::{Field, FieldReader, FieldWriter, record};
use super::settings::{SettingsDecoder, SettingsEncoder};
use crate::model::{Counters, NamespaceHandle, NetNamespace, OmittedNamespaces, Sample, SeededMap};
use crate::recording::error::Corrupt;
use crate::recording::varint::{ByteReader, put_bytes, put_signed, put_varint};

record!(OmittedNamespaces {
    not_requested,
    not_permitted,
    unreadable,
    failed,
    may_be_more,
});

/// Encoded as 1 or 0.
impl Field for bool {
    fn encode(&self, writer: &mut FieldWriter<'_>) {
        put_varint(writer.out, u64::from(*self));
    }

    fn decode(reader: &mut FieldReader<'_, '_>) -> Result<Self, Corrupt> {
        Ok(reader.bytes.varint()? != 0)
    }
}

/// Encoded as a number for the kind, followed by the pid and descriptor.
impl Field for NamespaceHandle {
    fn encode(&self, writer: &mut FieldWriter<'_>) {
        let (kind, numbers): (u64, &[u32]) = match self {
            NamespaceHandle::Initial => (0, &[]),
            NamespaceHandle::Mount => (1, &[]),
            NamespaceHandle::Process { pid } => (2, &[*pid]),
            NamespaceHandle::Descriptor { pid, fd } => (3, &[*pid, *fd]),
        };
        put_varint(writer.out, kind);
        for number in numbers {
            number.encode(writer);
        }
    }

    fn decode(reader: &mut FieldReader<'_, '_>) -> Result<Self, Corrupt> {
        Ok(match reader.bytes.varint()? {
            0 => NamespaceHandle::Initial,
            1 => NamespaceHandle::Mount,
            2 => NamespaceHandle::Process {
                pid: Field::decode(reader)?,
            },
            3 => NamespaceHandle::Descriptor {
                pid: Field::decode(reader)?,
                fd: Field::decode(reader)?,
            },
            _ => return Err(Corrupt("unknown handle of a network namespace")),
        })
    }
}

/// How a namespace differs from that of the previous Sample: not at all, entirely, or only in the time of its last check.
const UNCHANGED: u64 = 0;
const CHANGED: u64 = 1;
const CHECKED: u64 = 2;

/// Encodes a time by its difference from that of the Sample.
fn encode_age(now_ns: u64, at_ns: u64, writer: &mut FieldWriter<'_>) {
    now_ns.wrapping_sub(at_ns).cast_signed().encode(writer);
}

fn decode_age(now_ns: u64, reader: &mut FieldReader<'_, '_>) -> Result<u64, Corrupt> {
    let age_ns: i64 = Field::decode(reader)?;
    Ok(now_ns.wrapping_sub(age_ns.cast_unsigned()))
}

/// Encodes namespaces; keeps those of the previous Sample.
#[derive(Debug, Default)]
pub(in crate::recording) struct NamespaceEncoder {
    before: SeededMap<u32, EncodedNamespace>,
    round: u64,
    part: Vec<u8>,
}

#[derive(Debug, Default)]
struct EncodedNamespace {
    namespace: Option<Arc<NetNamespace>>,
    devices: DeviceEncoder,
    settings: SettingsEncoder,
    round: u64,
}

impl NamespaceEncoder {
    /// Starts a new chunk.
    pub(in crate::recording) fn clear(&mut self) {
        self.before.clear();
    }

    /// Encodes the namespaces of a Sample; nothing if they were not examined.
    pub(in crate::recording) fn encode(&mut self, sample: &Sample, writer: &mut FieldWriter<'_>) {
        if sample.own_netns == 0 && sample.namespaces.is_empty() {
            return;
        }
        sample.own_netns.encode(writer);
        sample.own_netns_name.encode(writer);
        put_varint(writer.out, u64::from(sample.omitted_namespaces.is_some()));
        if let Some(omitted) = sample.omitted_namespaces {
            omitted.encode(writer);
        }
        put_varint(writer.out, sample.namespaces.len() as u64);
        self.round += 1;
        let mut last = 0u32;
        for namespace in &sample.namespaces {
            let difference = i64::from(namespace.inode) - i64::from(last);
            put_signed(writer.out, difference);
            last = namespace.inode;
            let before = self.before.entry(namespace.inode).or_default();
            before.round = self.round;
            let change = match &before.namespace {
                Some(known) if Arc::ptr_eq(known, namespace) => UNCHANGED,
                Some(known) if known.differs_only_in_check(namespace) => CHECKED,
                _ => CHANGED,
            };
            put_varint(writer.out, change);
            if change == CHECKED {
                encode_age(sample.monotonic_ns, namespace.checked_ns, writer);
                before.namespace = Some(Arc::clone(namespace));
            } else if change == CHANGED {
                before.encode(sample.monotonic_ns, namespace, &mut self.part, writer);
            }
        }
        let round = self.round;
        self.before.retain(|_, before| before.round == round);
    }
}

impl EncodedNamespace {
    fn encode(
        &mut self,
        now_ns: u64,
        namespace: &Arc<NetNamespace>,
        part: &mut Vec<u8>,
        writer: &mut FieldWriter<'_>,
    ) {
        let NetNamespace {
            inode: _,
            name,
            handle,
            since_ns,
            checked_ns,
            counters,
            devices,
            settings,
            interfaces,
        } = &**namespace;
        name.encode(writer);
        handle.encode(writer);
        encode_age(now_ns, *since_ns, writer);
        encode_age(now_ns, *checked_ns, writer);
        let interfaces = interfaces
            .iter()
            .map(|(index, name)| (*index, name.clone()));
        interfaces.collect::<Vec<(u32, String)>>().encode(writer);
        let mut in_part = |encode: &mut dyn FnMut(&mut FieldWriter<'_>)| {
            part.clear();
            let strings = &mut *writer.strings;
            encode(&mut FieldWriter { out: part, strings });
            put_bytes(writer.out, part);
        };
        let known = self.namespace.as_ref().map(|known| &*known.counters);
        in_part(&mut |writer| encode_counters(counters, known, writer));
        in_part(&mut |writer| self.devices.encode(devices.as_ref(), writer));
        in_part(&mut |writer| self.settings.encode(settings, writer));
        self.namespace = Some(Arc::clone(namespace));
    }
}

/// Decodes namespaces; keeps those of the last frame.
#[derive(Debug, Default)]
pub(in crate::recording) struct NamespaceDecoder {
    own: u32,
    own_name: Option<Arc<str>>,
    omitted: Option<OmittedNamespaces>,
    known: BTreeMap<u32, DecodedNamespace>,
}

#[derive(Debug, Default)]
struct DecodedNamespace {
    namespace: Option<Arc<NetNamespace>>,
    counters: CounterDecoder,
    devices: DeviceDecoder,
    settings: SettingsDecoder,
    /// Bytes of memory of the texts and counters of `namespace`.
    heap_bytes: usize,
}

impl NamespaceDecoder {
    /// Starts a new chunk.
    pub(in crate::recording) fn clear(&mut self) {
        *self = NamespaceDecoder::default();
    }

    /// Returns the bytes of memory in use.
    pub(in crate::recording) fn heap_bytes(&self) -> usize {
        let namespaces = self.known.values().map(|known| {
            let decoders = known.counters.heap_bytes()
                + known.devices.heap_bytes()
                + known.settings.heap_bytes();
            decoders + known.heap_bytes + size_of::<DecodedNamespace>()
        });
        namespaces.sum()
    }

    /// Decodes the namespaces of a frame, if it has any.
    pub(in crate::recording) fn decode(
        &mut self,
        now_ns: u64,
        reader: &mut FieldReader<'_, '_>,
    ) -> Result<(), Corrupt> {
        if reader.bytes.is_empty() {
            self.clear();
            return Ok(());
        }
        self.own = Field::decode(reader)?;
        self.own_name = Field::decode(reader)?;
        self.omitted = match reader.bytes.varint()? {
            0 => None,
            _ => Some(Field::decode(reader)?),
        };
        let mut before = std::mem::take(&mut self.known);
        let mut inode = 0u32;
        for _ in 0..reader.bytes.count()? {
            let difference = reader.bytes.signed()?;
            let next = i64::from(inode).checked_add(difference);
            let next = next.and_then(|next| u32::try_from(next).ok());
            inode = next.ok_or(Corrupt::INTEGER_TOO_LARGE)?;
            let mut known = before.remove(&inode).unwrap_or_default();
            let change = reader.bytes.varint()?;
            if change != CHANGED && known.namespace.is_none() {
                return Err(Corrupt("an unchanged network namespace is not known"));
            }
            // Listed in the Sample.
            reader.budget.spend(size_of::<Arc<NetNamespace>>())?;
            match change {
                UNCHANGED => {}
                CHANGED => {
                    reader.budget.spend(2 * size_of::<DecodedNamespace>())?;
                    known.decode(inode, now_ns, reader)?;
                }
                CHECKED => {
                    reader.budget.spend(size_of::<NetNamespace>())?;
                    let checked_ns = decode_age(now_ns, reader)?;
                    if let Some(namespace) = &mut known.namespace {
                        // Earlier Samples have it with another time.
                        Arc::make_mut(namespace).checked_ns = checked_ns;
                    }
                }
                _ => return Err(Corrupt("unknown change of a network namespace")),
            }
            self.known.insert(inode, known);
        }
        Ok(())
    }

    /// Copies the namespaces to a Sample.
    pub(in crate::recording) fn copy_to(&self, sample: &mut Sample) {
        sample.own_netns = self.own;
        sample.own_netns_name.clone_from(&self.own_name);
        sample.omitted_namespaces = self.omitted;
        let namespaces = self.known.values();
        let namespaces = namespaces.filter_map(|known| known.namespace.clone());
        sample.namespaces.extend(namespaces);
    }
}

impl DecodedNamespace {
    fn decode(
        &mut self,
        inode: u32,
        now_ns: u64,
        reader: &mut FieldReader<'_, '_>,
    ) -> Result<(), Corrupt> {
        let before = reader.budget.left();
        let name: Arc<str> = Field::decode(reader)?;
        let handle = Field::decode(reader)?;
        let since_ns = decode_age(now_ns, reader)?;
        let checked_ns = decode_age(now_ns, reader)?;
        let interfaces: Vec<(u32, String)> = Field::decode(reader)?;
        let mut in_part =
            |decode: &mut dyn FnMut(&mut FieldReader<'_, '_>) -> Result<(), Corrupt>| {
                let bytes = ByteReader(reader.bytes.bytes()?);
                decode(&mut FieldReader {
                    bytes,
                    strings: reader.strings,
                    budget: &mut *reader.budget,
                })
            };
        in_part(&mut |reader| self.counters.decode(reader))?;
        in_part(&mut |reader| self.devices.decode(reader))?;
        in_part(&mut |reader| self.settings.decode(reader))?;
        let mut counters = Counters::default();
        self.counters.copy_to(&mut counters);
        self.namespace = Some(Arc::new(NetNamespace {
            inode,
            name,
            handle,
            since_ns,
            checked_ns,
            counters: Arc::new(counters),
            devices: self.devices.devices().cloned(),
            settings: Arc::clone(self.settings.settings()),
            interfaces: Arc::new(interfaces.into_iter().collect()),
        }));
        self.heap_bytes = before.saturating_sub(reader.budget.left());
        Ok(())
    }
}

//! Protocol counters and traffic of network devices, as differences from the previous Sample.

use std::sync::Arc;

use super::field::{Field, FieldReader, FieldWriter};
use crate::model::{Counters, Interface};
use crate::recording::error::Corrupt;
use crate::recording::varint::{put_signed, put_varint};

/// Lists the counters of a network device. The list must be complete.
macro_rules! interface_counters {
    ($count:literal: $($counter:ident),+ $(,)?) => {
        fn interface_counters(interface: &Interface) -> [u64; $count] {
            let Interface { name: _, $($counter),+ } = interface;
            [$(*$counter),+]
        }

        fn interface_counters_mut(interface: &mut Interface) -> [&mut u64; $count] {
            let Interface { name: _, $($counter),+ } = interface;
            [$($counter),+]
        }
    };
}

interface_counters!(
    8: received_bytes,
    received_packets,
    received_errors,
    received_dropped,
    sent_bytes,
    sent_packets,
    sent_errors,
    sent_dropped,
);

/// Encodes counters; keeps those of the previous Sample.
#[derive(Debug, Default)]
pub(in crate::recording) struct CounterEncoder {
    before: Counters,
    is_known: bool,
}

impl CounterEncoder {
    /// Starts a new chunk.
    pub(in crate::recording) fn clear(&mut self) {
        self.is_known = false;
    }

    /// Encodes the counters of a Sample: the names if they changed, and the values.
    pub(in crate::recording) fn encode(&mut self, now: &Counters, writer: &mut FieldWriter<'_>) {
        encode_counters(now, self.is_known.then_some(&self.before), writer);
        let before = &mut self.before;
        before.protocols.names = Arc::clone(&now.protocols.names);
        (before.protocols.values).clone_from(&now.protocols.values);
        before.interfaces.clone_from(&now.interfaces);
        self.is_known = true;
    }
}

/// Encodes counters by their difference from those of the previous Sample; `None` at the start of a chunk.
pub(super) fn encode_counters(
    now: &Counters,
    before: Option<&Counters>,
    writer: &mut FieldWriter<'_>,
) {
    let Counters {
        protocols,
        interfaces,
    } = now;
    let known = before.map(|before| &before.protocols);
    let known = known.filter(|before| {
        Arc::ptr_eq(&protocols.names, &before.names) || protocols.names == before.names
    });
    put_varint(writer.out, u64::from(known.is_none()));
    if known.is_none() {
        protocols.names.encode(writer);
    }
    let known = known.map_or(&[][..], |before| &before.values);
    put_varint(writer.out, protocols.values.len() as u64);
    for (at, value) in protocols.values.iter().enumerate() {
        let before = known.get(at).copied().unwrap_or(0);
        put_signed(writer.out, value.wrapping_sub(before));
    }

    let known = before.map_or(&[][..], |before| &before.interfaces);
    put_varint(writer.out, interfaces.len() as u64);
    for (at, interface) in interfaces.iter().enumerate() {
        interface.name.encode(writer);
        let before = known.get(at).map(interface_counters).unwrap_or_default();
        for (value, before) in interface_counters(interface).into_iter().zip(before) {
            put_signed(writer.out, value.wrapping_sub(before) as i64);
        }
    }
}

/// Decodes counters; keeps those of the last frame.
#[derive(Debug, Default)]
pub(in crate::recording) struct CounterDecoder {
    counters: Counters,
    /// Bytes of memory of the names of protocol counters.
    heap_bytes: usize,
}

impl CounterDecoder {
    /// Starts a new chunk.
    pub(in crate::recording) fn clear(&mut self) {
        self.counters.protocols.values.clear();
        self.counters.interfaces.clear();
    }

    /// Returns the bytes of memory in use, without what every frame spends again.
    pub(in crate::recording) fn heap_bytes(&self) -> usize {
        self.heap_bytes
    }

    /// Decodes the counters of a frame.
    pub(in crate::recording) fn decode(
        &mut self,
        reader: &mut FieldReader<'_, '_>,
    ) -> Result<(), Corrupt> {
        let Counters {
            protocols,
            interfaces,
        } = &mut self.counters;
        if reader.bytes.is_empty() {
            return Ok(());
        }
        if reader.bytes.varint()? != 0 {
            let before = reader.budget.left();
            protocols.names = Arc::new(Field::decode(reader)?);
            self.heap_bytes = before - reader.budget.left();
            protocols.values.clear();
        }
        let count = reader.bytes.count()?;
        // Copied to the Sample.
        reader.budget.spend(2 * count * size_of::<i64>())?;
        protocols.values.resize(count, 0);
        for value in &mut protocols.values {
            *value = value.wrapping_add(reader.bytes.signed()?);
        }
        let count = reader.bytes.count()?;
        reader.budget.spend(2 * count * size_of::<Interface>())?;
        interfaces.resize_with(count, Interface::default);
        for interface in interfaces {
            let number = reader.bytes.number()?;
            let name = reader.strings.text(number, reader.budget)?;
            reader.budget.spend(name.len())?;
            if interface.name != name {
                interface.name = name.into_owned();
            }
            for counter in interface_counters_mut(interface) {
                *counter = counter.wrapping_add(reader.bytes.signed()? as u64);
            }
        }
        Ok(())
    }

    /// Copies the counters to those of a Sample.
    pub(in crate::recording) fn copy_to(&self, counters: &mut Counters) {
        counters.clone_from(&self.counters);
    }
}

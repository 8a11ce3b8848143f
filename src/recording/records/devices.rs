//! Configuration of network devices, in key frames and when it changed.

use std::sync::Arc;

use super::field::{Field, FieldReader, FieldWriter, record};
use crate::model::{Device, DeviceAddress};
use crate::recording::error::Corrupt;
use crate::recording::varint::put_varint;

record!(Device {
    index,
    name,
    mtu,
    flags,
    operstate,
    addresses,
});

record!(DeviceAddress { address, prefix });

/// Encodes devices; keeps those of the previous Sample.
#[derive(Debug, Default)]
pub(in crate::recording) struct DeviceEncoder {
    before: Option<Arc<Vec<Device>>>,
    is_known: bool,
}

impl DeviceEncoder {
    /// Starts a new chunk.
    pub(in crate::recording) fn clear(&mut self) {
        self.is_known = false;
    }

    /// Encodes the devices if they changed: whether they are known, and each device.
    pub(in crate::recording) fn encode(
        &mut self,
        now: Option<&Arc<Vec<Device>>>,
        writer: &mut FieldWriter<'_>,
    ) {
        let before = self.before.as_ref();
        let is_shared = |(now, before)| Arc::ptr_eq(now, before);
        if self.is_known && (now.zip(before).is_some_and(is_shared) || now == before) {
            return;
        }
        self.is_known = true;
        self.before = now.cloned();
        put_varint(writer.out, u64::from(now.is_some()));
        if let Some(devices) = now {
            devices.encode(writer);
        }
    }
}

/// Decodes devices; keeps those of the last frame.
#[derive(Debug, Default)]
pub(in crate::recording) struct DeviceDecoder {
    devices: Option<Arc<Vec<Device>>>,
    heap_bytes: usize,
}

impl DeviceDecoder {
    /// Starts a new chunk.
    pub(in crate::recording) fn clear(&mut self) {
        self.devices = None;
        self.heap_bytes = 0;
    }

    /// Returns the bytes of memory in use.
    pub(in crate::recording) fn heap_bytes(&self) -> usize {
        self.heap_bytes
    }

    /// Decodes the devices of a frame, if it has any.
    pub(in crate::recording) fn decode(
        &mut self,
        reader: &mut FieldReader<'_, '_>,
    ) -> Result<(), Corrupt> {
        if reader.bytes.is_empty() {
            return Ok(());
        }
        // The old devices are freed only after the new ones are decoded.
        let before = reader.budget.left();
        self.devices = match reader.bytes.varint()? {
            0 => None,
            _ => Some(Arc::new(Field::decode(reader)?)),
        };
        self.heap_bytes = before - reader.budget.left();
        Ok(())
    }

    /// Returns the devices of the last frame; `None` if they were not read.
    pub(in crate::recording) fn devices(&self) -> Option<&Arc<Vec<Device>>> {
        self.devices.as_ref()
    }
}

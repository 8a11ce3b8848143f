//! What a Sample has beside its sockets: processes, counters, names, faults.

use std::net::IpAddr;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::model::{
    Counters, DescriptorKind, Device, Fault, Process, ProcessKey, ProcessRow, Sample, Settings,
    Severity,
};
use crate::recording::texts::TextNumbers;
use crate::recording::varint::{put, put_bytes, put_signed};

/// A process as it was told last.
#[derive(Debug)]
struct Told {
    process: Arc<Process>,
    descriptors: u32,
    kinds: [u32; DescriptorKind::ALL.len()],
}

/// The numbers of processes within a chunk, from 1 on.
#[derive(Debug, Default)]
pub(super) struct ProcessNumbers {
    numbers: FxHashMap<ProcessKey, u32>,
    told: Vec<Told>,
    /// The numbers of the Sample's processes.
    at_hand: Vec<u32>,
}

impl ProcessNumbers {
    pub(super) fn clear(&mut self) {
        self.numbers.clear();
        self.told.clear();
    }

    /// The number of a Sample's process by its index; 0 if there is none.
    pub(super) fn of(&self, index: u32) -> u32 {
        self.at_hand.get(index as usize).copied().unwrap_or(0)
    }

    pub(super) fn tell(&mut self, rows: &[ProcessRow], texts: &mut TextNumbers, out: &mut Vec<u8>) {
        self.at_hand.clear();
        put(out, rows.len() as u64);
        let mut expected = 1;
        for row in rows {
            let fresh = self.told.len() as u32 + 1;
            let number = *self.numbers.entry(row.process.key).or_insert(fresh);
            if number == fresh {
                self.told.push(Told {
                    process: Arc::clone(&row.process),
                    descriptors: 0,
                    kinds: [0; DescriptorKind::ALL.len()],
                });
            }
            self.at_hand.push(number);
            put_signed(out, i64::from(number) - expected);
            expected = i64::from(number) + 1;

            let told = &mut self.told[number as usize - 1];
            let is_other = number == fresh
                || (!Arc::ptr_eq(&told.process, &row.process) && told.process != row.process);
            put(
                out,
                u64::from(is_other)
                    | u64::from(row.descriptors.is_some()) << 1
                    | u64::from(row.kinds.is_some()) << 2,
            );
            if is_other {
                tell_process(&row.process, texts, out);
            }
            told.process = Arc::clone(&row.process);
            if let Some(descriptors) = row.descriptors {
                put_signed(out, i64::from(descriptors) - i64::from(told.descriptors));
                told.descriptors = descriptors;
            }
            for (kind, before) in row.kinds.iter().flatten().zip(&mut told.kinds) {
                put_signed(out, i64::from(*kind) - i64::from(*before));
                *before = *kind;
            }
        }
    }
}

fn tell_process(process: &Process, texts: &mut TextNumbers, out: &mut Vec<u8>) {
    put(out, u64::from(process.key.pid));
    put(out, process.key.start_time);
    put(out, u64::from(process.parent));
    put(out, u64::from(texts.of(process.comm.as_bytes())));
    put(out, u64::from(texts.of(process.command_line.as_bytes())));
    put(out, u64::from(process.uid));
    for text in [&process.user, &process.cgroup] {
        let number = text.as_ref().map_or(0, |text| texts.of(text.as_bytes()));
        put(out, u64::from(number));
    }
    put(out, u64::from(process.started_at_us.is_some()));
    put_signed(out, process.started_at_us.unwrap_or(0));
    put(out, u64::from(process.descriptor_limit.is_some()));
    put(out, process.descriptor_limit.unwrap_or(0));
    let spaces = process.namespaces;
    for inode in [spaces.net, spaces.pid, spaces.mnt, spaces.user] {
        put(out, inode.map_or(0, |inode| u64::from(inode) + 1));
    }
}

/// What processes do, of those that were looked at: each by how many rows it stands behind the one told before.
pub(super) fn tell_activity(rows: &[ProcessRow], out: &mut Vec<u8>) {
    let mut behind = 0;
    for row in rows {
        behind += 1;
        if let Some(activity) = row.activity {
            put(out, behind);
            put(out, u64::from(u32::from(activity.state)));
            put(out, activity.cpu_ticks);
            behind = 0;
        }
    }
}

/// Names and values of settings.
pub(super) fn tell_settings(settings: &Settings, texts: &mut TextNumbers, out: &mut Vec<u8>) {
    put(out, settings.values.len() as u64);
    for (name, value) in &settings.values {
        put(out, u64::from(texts.of(name.as_bytes())));
        put(out, u64::from(texts.of(value.as_bytes())));
    }
}

/// The counters of the Sample before.
#[derive(Debug, Default)]
pub(super) struct CounterBase {
    counters: Counters,
    is_known: bool,
}

impl CounterBase {
    pub(super) fn clear(&mut self) {
        self.is_known = false;
    }

    pub(super) fn tell(&mut self, now: &Counters, texts: &mut TextNumbers, out: &mut Vec<u8>) {
        let base = &mut self.counters;
        let (protocols, before) = (&now.protocols, &mut base.protocols);
        let is_same = Arc::ptr_eq(&protocols.names, &before.names)
            || (protocols.names.len() == before.names.len() && protocols.names == before.names);
        let is_other = !self.is_known || !is_same;
        put(out, u64::from(is_other));
        if is_other {
            put(out, protocols.names.len() as u64);
            for name in protocols.names.iter() {
                put(out, u64::from(texts.of(name.as_bytes())));
            }
            before.values.clear();
            before.names = Arc::clone(&protocols.names);
        }
        put(out, protocols.values.len() as u64);
        for (at, value) in protocols.values.iter().enumerate() {
            let before = before.values.get(at).copied().unwrap_or(0);
            put_signed(out, value.wrapping_sub(before));
        }
        before.values.clone_from(&protocols.values);

        put(out, now.interfaces.len() as u64);
        if !self.is_known {
            base.interfaces.clear();
        }
        for (at, interface) in now.interfaces.iter().enumerate() {
            put(out, u64::from(texts.of(interface.name.as_bytes())));
            let before = base.interfaces.get(at).map(figures).unwrap_or_default();
            for (value, before) in figures(interface).into_iter().zip(before) {
                put_signed(out, value.wrapping_sub(before) as i64);
            }
        }
        base.interfaces.clone_from(&now.interfaces);
        self.is_known = true;
    }
}

/// The figures of a device.
fn figures(interface: &crate::model::Interface) -> [u64; 8] {
    [
        interface.received_bytes,
        interface.received_packets,
        interface.received_errors,
        interface.received_dropped,
        interface.sent_bytes,
        interface.sent_packets,
        interface.sent_errors,
        interface.sent_dropped,
    ]
}

/// The devices as they were told last.
#[derive(Debug, Default)]
pub(super) struct DeviceBase {
    devices: Option<Arc<Vec<Device>>>,
    is_known: bool,
}

impl DeviceBase {
    pub(super) fn clear(&mut self) {
        self.is_known = false;
    }

    /// Tells them if they are not as they were: whether there are any, then their number and each of them.
    pub(super) fn tell(
        &mut self,
        now: Option<&Arc<Vec<Device>>>,
        texts: &mut TextNumbers,
        out: &mut Vec<u8>,
    ) {
        let before = self.devices.as_ref();
        let is_shared = |(now, before)| Arc::ptr_eq(now, before);
        if self.is_known && (now.zip(before).is_some_and(is_shared) || now == before) {
            return;
        }
        self.is_known = true;
        self.devices = now.cloned();
        put(out, u64::from(now.is_some()));
        let Some(devices) = now else {
            return;
        };
        put(out, devices.len() as u64);
        for device in devices.iter() {
            put(out, u64::from(device.index));
            put(out, u64::from(texts.of(device.name.as_bytes())));
            put(out, device.mtu.map_or(0, |mtu| u64::from(mtu) + 1));
            put(out, u64::from(device.flags));
            put(
                out,
                device.operstate.map_or(0, |state| u64::from(state) + 1),
            );
            put(out, device.addresses.len() as u64);
            for own in &device.addresses {
                match own.address {
                    IpAddr::V4(address) => put_bytes(out, &address.octets()),
                    IpAddr::V6(address) => put_bytes(out, &address.octets()),
                }
                put(out, u64::from(own.prefix));
            }
        }
    }
}

/// Names of devices, cgroups and users by id.
pub(super) fn tell_names(sample: &Sample, texts: &mut TextNumbers, out: &mut Vec<u8>) {
    let mut table = |names: &mut dyn ExactSizeIterator<Item = (u64, &str)>| {
        put(out, names.len() as u64);
        let mut before = 0;
        for (id, name) in names {
            put_signed(out, id.wrapping_sub(before) as i64);
            before = id;
            put(out, u64::from(texts.of(name.as_bytes())));
        }
    };
    let interfaces = sample.interfaces.iter();
    table(&mut interfaces.map(|(id, name)| (u64::from(*id), name.as_str())));
    table(&mut sample.cgroups.iter().map(|(id, path)| (*id, path.as_ref())));
    let users = sample.users.iter();
    table(&mut users.map(|(id, name)| (u64::from(*id), name.as_ref())));
}

pub(super) fn tell_faults(faults: &[Fault], texts: &mut TextNumbers, out: &mut Vec<u8>) {
    put(out, faults.len() as u64);
    for fault in faults {
        put(
            out,
            match fault.severity {
                Severity::Note => 0,
                Severity::Degraded => 1,
                Severity::Incomplete => 2,
            },
        );
        put(out, u64::from(texts.of(fault.source.as_bytes())));
        put(out, u64::from(texts.of(fault.error.as_bytes())));
    }
}

//! What a Sample has beside its sockets.

use std::net::IpAddr;
use std::sync::Arc;

use crate::model::{
    Activity, Counters, DescriptorKind, Device, DeviceAddress, Fault, Interface, Namespaces,
    Process, ProcessKey, ProcessRow, Sample, Settings, Severity,
};
use crate::recording::texts::Texts;
use crate::recording::varint::{Broken, Cursor, Room};

/// A process as it was told last.
#[derive(Debug)]
struct Heard {
    process: Arc<Process>,
    descriptors: u32,
    kinds: [u32; DescriptorKind::ALL.len()],
    /// Its place in the Sample at hand, plus one.
    place: u32,
}

/// Processes by their number, and those of the Sample at hand.
#[derive(Debug, Default)]
pub(super) struct Processes {
    heard: Vec<Heard>,
    /// Bytes that they take.
    bytes: usize,
    at_hand: Vec<ProcessRow>,
}

impl Processes {
    pub(super) fn clear(&mut self) {
        self.heard.clear();
        self.bytes = 0;
        self.at_hand.clear();
    }

    pub(super) fn weight(&self) -> usize {
        self.bytes
    }

    /// The index of a process in the Sample at hand.
    pub(super) fn index_of(&self, number: u32) -> Option<u32> {
        let heard = self.heard.get((number as usize).checked_sub(1)?)?;
        heard.place.checked_sub(1)
    }

    pub(super) fn take(
        &mut self,
        mut told: Cursor<'_>,
        texts: &Texts,
        room: &mut Room,
    ) -> Result<(), Broken> {
        self.at_hand.clear();
        self.heard.iter_mut().for_each(|heard| heard.place = 0);
        let mut expected = 1i64;
        for place in 0..told.count()? {
            let number = expected.wrapping_add(told.signed()?);
            expected = number.wrapping_add(1);
            let at = usize::try_from(number.wrapping_sub(1))
                .map_err(|_| Broken("a process has no number"))?;
            let flags = told.varint()?;
            if flags & 1 != 0 {
                let before = room.0;
                room.take(size_of::<Heard>() + size_of::<Process>())?;
                let process = Arc::new(take_process(&mut told, texts, room)?);
                self.bytes += before - room.0;
                if at == self.heard.len() {
                    self.heard.push(Heard {
                        process,
                        descriptors: 0,
                        kinds: [0; DescriptorKind::ALL.len()],
                        place: 0,
                    });
                } else if let Some(heard) = self.heard.get_mut(at) {
                    heard.process = process;
                }
            }
            let heard = self.heard.get_mut(at);
            let heard = heard.ok_or(Broken("a process was never told"))?;
            if heard.place != 0 {
                return Err(Broken("a process is there twice"));
            }
            heard.place = place as u32 + 1;
            let mut add = |to: &mut u32| -> Result<u32, Broken> {
                let sum = i64::from(*to).wrapping_add(told.signed()?);
                *to =
                    u32::try_from(sum).map_err(|_| Broken("a number of descriptors is absurd"))?;
                Ok(*to)
            };
            let descriptors = match flags & 2 {
                0 => None,
                _ => Some(add(&mut heard.descriptors)?),
            };
            let kinds = if flags & 4 == 0 {
                None
            } else {
                heard
                    .kinds
                    .iter_mut()
                    .try_for_each(|kind| add(kind).map(drop))?;
                Some(heard.kinds)
            };
            self.at_hand.push(ProcessRow {
                process: Arc::clone(&heard.process),
                descriptors,
                kinds,
                activity: None,
            });
        }
        Ok(())
    }

    pub(super) fn put_into(&self, sample: &mut Sample) {
        sample.processes.extend_from_slice(&self.at_hand);
    }
}

/// What processes do, of those that were looked at.
pub(super) fn take_activity(mut told: Cursor<'_>, rows: &mut [ProcessRow]) -> Result<(), Broken> {
    let mut next = 0usize;
    while !told.is_empty() {
        next = next.saturating_add(told.number()?);
        let row = next.checked_sub(1).and_then(|at| rows.get_mut(at));
        let row = row.ok_or(Broken("a process is missing that does something"))?;
        let state = char::from_u32(told.number()?);
        row.activity = Some(Activity {
            state: state.ok_or(Broken("a process's state is no letter"))?,
            cpu_ticks: told.varint()?,
        });
    }
    Ok(())
}

/// What the kernel is set to.
pub(super) fn take_settings(
    mut told: Cursor<'_>,
    texts: &Texts,
    room: &mut Room,
) -> Result<Settings, Broken> {
    let count = told.count()?;
    room.take(count * size_of::<(String, String)>())?;
    let mut text = || Ok(texts.text(told.number()?, room)?.into_owned());
    let values: Result<_, Broken> = (0..count).map(|_| Ok((text()?, text()?))).collect();
    Ok(Settings { values: values? })
}

fn take_process(told: &mut Cursor<'_>, texts: &Texts, room: &mut Room) -> Result<Process, Broken> {
    let mut process = Process::new(ProcessKey {
        pid: told.number()?,
        start_time: told.varint()?,
    });
    process.parent = told.number()?;
    process.comm = texts.text(told.number()?, room)?.into_owned();
    process.command_line = texts.text(told.number()?, room)?.into_owned();
    process.uid = told.number()?;
    let mut shared = || -> Result<Option<Arc<str>>, Broken> {
        Ok(match told.number()? {
            0 => None,
            number => Some(texts.text(number, room)?.into()),
        })
    };
    process.user = shared()?;
    process.cgroup = shared()?;
    let is_there = told.varint()? != 0;
    process.started_at_us = Some(told.signed()?).filter(|_| is_there);
    let is_there = told.varint()? != 0;
    process.descriptor_limit = Some(told.varint()?).filter(|_| is_there);
    let mut inode = || -> Result<Option<u32>, Broken> {
        let inode = told.varint()?.checked_sub(1).map(u32::try_from);
        inode
            .transpose()
            .map_err(|_| Broken("an inode is too large"))
    };
    process.namespaces = Namespaces {
        net: inode()?,
        pid: inode()?,
        mnt: inode()?,
        user: inode()?,
    };
    Ok(process)
}

/// The counters so far.
#[derive(Debug, Default)]
pub(super) struct CounterSums(Counters);

impl CounterSums {
    pub(super) fn clear(&mut self) {
        self.0.protocols.values.clear();
        self.0.interfaces.clear();
    }

    pub(super) fn take(
        &mut self,
        mut told: Cursor<'_>,
        texts: &Texts,
        room: &mut Room,
    ) -> Result<(), Broken> {
        let Counters {
            protocols,
            interfaces,
        } = &mut self.0;
        if told.is_empty() {
            return Ok(());
        }
        if told.varint()? != 0 {
            let names: Result<Vec<String>, Broken> = (0..told.count()?)
                .map(|_| Ok(texts.text(told.number()?, room)?.into_owned()))
                .collect();
            protocols.names = Arc::new(names?);
            protocols.values.clear();
        }
        let count = told.count()?;
        room.take(count * size_of::<i64>())?;
        protocols.values.resize(count, 0);
        for value in &mut protocols.values {
            *value = value.wrapping_add(told.signed()?);
        }
        let count = told.count()?;
        room.take(count * size_of::<Interface>())?;
        interfaces.resize_with(count, Interface::default);
        for interface in interfaces {
            let name = texts.text(told.number()?, room)?;
            if interface.name != name {
                interface.name = name.into_owned();
            }
            for figure in [
                &mut interface.received_bytes,
                &mut interface.received_packets,
                &mut interface.received_errors,
                &mut interface.received_dropped,
                &mut interface.sent_bytes,
                &mut interface.sent_packets,
                &mut interface.sent_errors,
                &mut interface.sent_dropped,
            ] {
                *figure = figure.wrapping_add(told.signed()? as u64);
            }
        }
        Ok(())
    }

    pub(super) fn put_into(&self, counters: &mut Counters) {
        counters.clone_from(&self.0);
    }
}

/// The devices as they were told last.
#[derive(Debug, Default)]
pub(super) struct Devices {
    devices: Option<Arc<Vec<Device>>>,
    /// Bytes that they take.
    bytes: usize,
}

impl Devices {
    pub(super) fn clear(&mut self) {
        self.devices = None;
        self.bytes = 0;
    }

    pub(super) fn weight(&self) -> usize {
        self.bytes
    }

    pub(super) fn take(
        &mut self,
        mut told: Cursor<'_>,
        texts: &Texts,
        room: &mut Room,
    ) -> Result<(), Broken> {
        if told.is_empty() {
            return Ok(());
        }
        // What it takes the place of is free only then.
        let before = room.0;
        self.devices = if told.varint()? == 0 {
            None
        } else {
            let count = told.count()?;
            room.take(count * size_of::<Device>())?;
            let devices = (0..count).map(|_| take_device(&mut told, texts, room));
            Some(Arc::new(devices.collect::<Result<_, _>>()?))
        };
        self.bytes = before - room.0;
        Ok(())
    }

    pub(super) fn put_into(&self, sample: &mut Sample) {
        sample.devices.clone_from(&self.devices);
    }
}

fn take_device(told: &mut Cursor<'_>, texts: &Texts, room: &mut Room) -> Result<Device, Broken> {
    let index = told.number()?;
    let name = texts.text(told.number()?, room)?.into_owned();
    let mtu = told.varint()?.checked_sub(1).map(u32::try_from);
    let mtu = mtu.transpose().map_err(|_| Broken("an MTU is too large"))?;
    let flags = told.number()?;
    let operstate = told.varint()?.checked_sub(1).map(u8::try_from);
    let operstate = operstate
        .transpose()
        .map_err(|_| Broken("a device's state is too large"))?;
    let count = told.count()?;
    room.take(count * size_of::<DeviceAddress>())?;
    let mut addresses = Vec::with_capacity(count);
    for _ in 0..count {
        let bytes = told.bytes()?;
        let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
        let address = four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from));
        addresses.push(DeviceAddress {
            address: address.map_err(|_| Broken("an address has an absurd length"))?,
            prefix: told.number()?,
        });
    }
    Ok(Device {
        index,
        name,
        mtu,
        flags,
        operstate,
        addresses,
    })
}

pub(super) fn take_names(
    mut told: Cursor<'_>,
    texts: &Texts,
    sample: &mut Sample,
    room: &mut Room,
) -> Result<(), Broken> {
    if told.is_empty() {
        return Ok(());
    }
    let mut table = |add: &mut dyn FnMut(u64, &str) -> Result<(), Broken>| {
        let mut id = 0u64;
        for _ in 0..told.count()? {
            id = id.wrapping_add(told.signed()? as u64);
            add(id, &texts.text(told.number()?, room)?)?;
        }
        Ok(())
    };
    let small = |id: u64| u32::try_from(id).map_err(|_| Broken("an id is too large"));
    table(&mut |id, name| {
        sample.interfaces.push((small(id)?, name.to_owned()));
        Ok(())
    })?;
    table(&mut |id, path| {
        sample.cgroups.push((id, path.into()));
        Ok(())
    })?;
    table(&mut |id, name| {
        sample.users.push((small(id)?, name.into()));
        Ok(())
    })
}

pub(super) fn take_faults(
    mut told: Cursor<'_>,
    texts: &Texts,
    sample: &mut Sample,
    room: &mut Room,
) -> Result<(), Broken> {
    if told.is_empty() {
        return Ok(());
    }
    for _ in 0..told.count()? {
        let severity = match told.varint()? {
            0 => Severity::Note,
            1 => Severity::Degraded,
            _ => Severity::Incomplete,
        };
        room.take(size_of::<Fault>())?;
        let source = texts.text(told.number()?, room)?.into_owned();
        let error = texts.text(told.number()?, room)?;
        sample.faults.push(Fault::new(severity, source, error));
    }
    Ok(())
}

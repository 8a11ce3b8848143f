//! Numbers as large, as small or as contradictory as a kernel, a file or a clock can make them.

#![allow(dead_code, missing_docs, unreachable_pub)]

use std::sync::Arc;

use sockwatch::model::{
    Activity, Interface, Namespaces, ProcessRow, Sample, SocketTable, UnlistedSockets,
};

use super::edited_rows::edit_rows;

/// Values at the edges of the types that hold them, and between.
pub const EXTREMES: [u64; 20] = [
    0,
    1,
    2,
    0x7f,
    0x80,
    0xff,
    0x100,
    0xffff,
    0x1_0000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fffe,
    0xffff_ffff,
    0x1_0000_0000,
    0x0020_0000_0000_0001,
    0x7fff_ffff_ffff_fffe,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0xffff_ffff_ffff_fffe,
    0xffff_ffff_ffff_ffff,
];

/// Texts of settings.
const SETTINGS: [&str; 12] = [
    "",
    "0",
    "-1",
    "0\t0\t0",
    "18446744073709551615",
    "18446744073709551615\t18446744073709551615\t18446744073709551615",
    "9223372036854775807 9223372036854775807",
    "99999999999999999999999",
    "0\t65535",
    "65535\t0",
    "0-65535",
    "nan",
];

/// Length of an edit, bytes.
pub const EDIT: usize = 4;

/// Changes numbers of a Sample. An edit is four bytes: the kind of number, which one, a value of [`EXTREMES`], and
/// which of the things that have such a number.
pub fn apply(sample: &mut Sample, edits: &[u8]) {
    for edit in edits.as_chunks::<EDIT>().0 {
        apply_one(sample, *edit);
    }
}

fn apply_one(sample: &mut Sample, [kind, place, value, which]: [u8; EDIT]) {
    let text = SETTINGS[usize::from(value) % SETTINGS.len()];
    let value = EXTREMES[usize::from(value) % EXTREMES.len()];
    let place = usize::from(place);
    match kind % 13 {
        0 | 1 => set_parts(&mut sample.sockets, place, value, which),
        2 | 3 => set_cell(&mut sample.sockets, place, value, which),
        4 => set_parts(&mut sample.closed_sockets, place, value, which),
        5 => set_cell(&mut sample.closed_sockets, place, value, which),
        6 => set_clock(sample, place, value),
        7 => {
            let chosen = |at: &usize| which == 0 || (at / 8).is_multiple_of(which.into());
            let values = sample.counters.protocols.values.iter_mut().enumerate();
            let mut values = values.filter(|(at, _)| at % 8 == place % 8 && chosen(at));
            values
                .by_ref()
                .for_each(|(_, counter)| *counter = value.cast_signed());
        }
        8 => every(&mut sample.counters.interfaces, which, |interface| {
            set_interface(interface, place, value);
        }),
        9 => every(&mut sample.processes, which, |row| {
            set_process(row, place, value);
        }),
        10 => {
            let settings = &mut Arc::make_mut(&mut sample.settings).values;
            let count = settings.len().max(1);
            if let Some((_, setting)) = settings.get_mut(place % count) {
                text.clone_into(setting);
            }
        }
        11 => every(&mut sample.closed, which, |closed| match place % 2 {
            0 => closed.monotonic_ns = value,
            _ => closed.first_seen_ns = Some(value),
        }),
        _ => {
            for device in sample.devices.iter_mut().flat_map(Arc::make_mut) {
                device.mtu = Some(value as u32);
                device.flags = value as u32;
                device.operstate = Some(value as u8);
            }
        }
    }
}

/// Applies a change to all, or to some.
fn every<T>(all: &mut [T], which: u8, change: impl FnMut(&mut T)) {
    all.iter_mut().step_by(step(which)).for_each(change);
}

/// Returns the distance between those that are changed.
fn step(which: u8) -> usize {
    usize::from(which % 8) + 1
}

/// Writes an integer to the variable parts of some sockets.
fn set_parts(table: &mut SocketTable, place: usize, value: u64, which: u8) {
    let width = if which & 8 == 0 { 8 } else { 4 };
    let from = (place % 128) * 4;
    edit_rows(table, |at, _, parts| {
        if !at.is_multiple_of(step(which)) {
            return;
        }
        // It may begin in one part and end in the next.
        let bytes = parts.info.iter_mut().chain(&mut parts.memory);
        let bytes = bytes.chain(&mut parts.congestion_info);
        let field: Vec<&mut u8> = bytes.skip(from).take(width).collect();
        if field.len() == width {
            for (byte, value) in field.into_iter().zip(value.to_ne_bytes()) {
                *byte = value;
            }
        }
    });
}

/// Sets a stored integer of some sockets, if it is a valid one.
fn set_cell(table: &mut SocketTable, place: usize, value: u64, which: u8) {
    edit_rows(table, |at, socket, _| {
        if !at.is_multiple_of(step(which)) {
            return;
        }
        let mut cells = [0; 64];
        socket.store(&mut cells);
        let cell = &mut cells[place % 64];
        // The lower bits decide what something is: only large numbers and their neighbors.
        *cell = if which & 8 == 0 {
            value
        } else {
            cell.wrapping_add(value)
        };
        let before = *socket;
        if socket.load(&cells).is_err() {
            *socket = before;
        }
        // Where the descriptors are is not stored.
        socket.holders_len = before.holders_len;
    });
}

fn set_clock(sample: &mut Sample, place: usize, value: u64) {
    match place % 8 {
        0 => sample.taken_at_us = value.cast_signed(),
        1 => sample.monotonic_ns = value,
        2 => sample.suspended_ns = Some(value),
        3 => sample.monotonic_ns = sample.monotonic_ns.wrapping_add(value),
        4 => sample.lost_events = value,
        5 => sample.visibility.unreadable = value as u32,
        6 => sample.visibility.processes = value as u32,
        _ => {
            let timings = &mut sample.timings;
            (timings.dump_ns, timings.decode_ns) = (value, value);
            (timings.owners_ns, timings.total_ns) = (value, value);
        }
    }
}

fn set_interface(interface: &mut Interface, place: usize, value: u64) {
    match place % 9 {
        0 => interface.received_bytes = value,
        1 => interface.received_packets = value,
        2 => interface.received_errors = value,
        3 => interface.received_dropped = value,
        4 => interface.sent_bytes = value,
        5 => interface.sent_packets = value,
        6 => interface.sent_errors = value,
        7 => interface.sent_dropped = value,
        _ => {
            interface.received_dropped = value;
            (interface.sent_dropped, interface.sent_errors) = (value, value);
            interface.received_errors = value;
        }
    }
}

fn set_process(row: &mut ProcessRow, place: usize, value: u64) {
    let number = value as u32;
    let process = Arc::make_mut(&mut row.process);
    match place % 12 {
        0 => process.key.start_time = value,
        1 => process.started_at_us = Some(value.cast_signed()),
        2 => process.descriptor_limit = Some(value),
        3 => row.descriptors = Some(number),
        4 => row.kinds = Some([number; 4]),
        5 => row.kinds = Some([0, number, 0, 1]),
        6 => process.uid = number,
        7 => process.key.start_time = value.wrapping_add(process.key.pid.into()),
        8 => {
            let net = Some(number);
            process.namespaces = Namespaces {
                net,
                ..process.namespaces
            };
        }
        9 => {
            let unlisted = |protocol: &str| UnlistedSockets {
                protocol: protocol.into(),
                sockets: number,
                once_listed: number,
                inactive: number,
                elsewhere: number / 2,
            };
            row.unlisted = Some(["TCP", "TCPv6", "UDP"].map(unlisted).into());
        }
        10 => {
            row.descriptors = Some(number);
            process.descriptor_limit = Some(0);
        }
        _ => {
            let state = if value & 1 == 0 { 'T' } else { 'S' };
            row.activity = Some(Activity {
                state,
                cpu_ticks: value,
            });
        }
    }
}

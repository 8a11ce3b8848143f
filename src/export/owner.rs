//! Exported fields of a process that owns a socket.

use std::borrow::Cow;
use std::slice;

use crate::model::{Holder, ProcessRow, SocketRef};

/// A process that owns a socket, with its descriptors that refer to the socket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner<'a> {
    process: &'a ProcessRow,
    holders: &'a [Holder],
}

/// Iterates over the owners of a socket, each process once.
pub(super) fn owners<'a>(socket: &SocketRef<'a>) -> impl Iterator<Item = Owner<'a>> {
    let owners = socket.owners();
    owners.map(|(process, holders)| Owner { process, holders })
}

/// Descriptor numbers.
#[derive(Debug, Clone)]
pub(super) struct Descriptors<'a>(slice::Iter<'a, Holder>);

impl Iterator for Descriptors<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        self.0.next().map(|holder| holder.fd)
    }
}

/// A field of an owner. Every owner has all of them.
#[derive(Debug)]
pub(super) struct OwnerField {
    /// Name in JSON and Parquet. Its CSV column appends it to the column of the list.
    pub(super) name: &'static str,
    /// Meaning and source.
    pub(super) about: &'static str,
    /// Type, and how the value is read.
    pub(super) shape: OwnerShape,
}

/// Type of an owner's field, and how its value is read.
#[derive(Debug)]
pub(super) enum OwnerShape {
    /// Unsigned number of 32 bits.
    U32(fn(&Owner<'_>) -> u32),
    /// Unsigned number of 64 bits.
    U64(fn(&Owner<'_>) -> u64),
    /// Text.
    Text(for<'a> fn(&Owner<'a>) -> Cow<'a, str>),
    /// Unsigned numbers of 32 bits.
    List(for<'a> fn(&Owner<'a>) -> Descriptors<'a>),
}

/// Every field of an owner, in the order of JSON.
pub(super) const OWNER_FIELDS: [OwnerField; 5] = [
    OwnerField {
        name: "pid",
        about: "Process id.",
        shape: OwnerShape::U32(|owner| owner.process.process.key.pid),
    },
    OwnerField {
        name: "start_time",
        about: "Start of the process, clock ticks since boot; distinguishes processes with the same pid. Kernel: field 22 of /proc/PID/stat.",
        shape: OwnerShape::U64(|owner| owner.process.process.key.start_time),
    },
    OwnerField {
        name: "comm",
        about: "Name of the process, at most 15 bytes. Kernel: /proc/PID/comm.",
        shape: OwnerShape::Text(|owner| Cow::Borrowed(&owner.process.process.comm)),
    },
    OwnerField {
        name: "name",
        about: "Whole name of the process as far as it is known, with the script, module or jar that an interpreter runs. Kernel: /proc/PID/comm and cmdline.",
        shape: OwnerShape::Text(|owner| owner.process.process.program_name()),
    },
    OwnerField {
        name: "fds",
        about: "File descriptors of the process that refer to the socket.",
        shape: OwnerShape::List(|owner| Descriptors(owner.holders.iter())),
    },
];

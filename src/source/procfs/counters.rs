//! Reads the protocol counters and interfaces of a network namespace.
//!
//! `procfs` parses interfaces. Protocol counters are parsed here, because the crate has no parser for `netstat` and
//! `sockstat`, and its parsers for `snmp` and `snmp6` keep only counters that they know.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use procfs::FromBufRead as _;
use procfs::net::InterfaceDeviceStatus;

use crate::model::{Counters, Fault, FaultSeverity, Interface};

/// Layout of the names and values in a file.
#[derive(Debug, Clone, Copy)]
enum Layout {
    /// `TCP: inuse 5 orphan 0`; the names are prefixed with the file's name.
    Sockstat,
    /// A line of names and a line of values, both beginning with the group.
    Pairs,
    /// `Udp6InDatagrams 0`.
    Flat,
}

/// Files with protocol counters, in the order in which their names appear in [`Protocols`](crate::model::Protocols).
const FILES: [(&str, Layout); 5] = [
    ("sockstat", Layout::Sockstat),
    ("sockstat6", Layout::Sockstat),
    ("snmp", Layout::Pairs),
    ("snmp6", Layout::Flat),
    ("netstat", Layout::Pairs),
];

/// Files whose first number is a counter: open files of the whole system, tracked connections of the network namespace.
const NUMBERS: [(&str, &str); 2] = [
    ("fs.file-nr.allocated", "sys/fs/file-nr"),
    (
        "net.netfilter.nf_conntrack_count",
        "sys/net/netfilter/nf_conntrack_count",
    ),
];

/// Reads the counters of the calling thread's network namespace.
#[derive(Debug)]
pub struct CounterReader {
    root: PathBuf,
    names: Arc<Vec<String>>,
    text: Vec<u8>,
}

impl CounterReader {
    /// Creates a reader without reading anything. `root` is the mount point of procfs.
    pub fn new(root: &Path) -> CounterReader {
        CounterReader {
            root: root.to_owned(),
            names: Arc::default(),
            text: Vec::new(),
        }
    }

    /// Reads all counters into `into`, whose memory is reused. Kernel:
    /// `net/{sockstat,sockstat6,snmp,snmp6,netstat,dev}` of the calling thread.
    ///
    /// A file that cannot be read is one fault, and its counters are absent. Malformed lines and fields are skipped.
    /// Counters above `i64::MAX` wrap to negative values, so that differences stay correct.
    pub fn read(&mut self, into: &mut Counters, faults: &mut Vec<Fault>) {
        into.protocols.values.clear();
        let mut list = CounterList {
            known: &self.names,
            changed: None,
            values: &mut into.protocols.values,
        };
        for (file, layout) in FILES {
            let text = match read_file(&self.root, file, &mut self.text) {
                Ok(text) => text,
                Err(fault) => {
                    faults.push(fault);
                    continue;
                }
            };
            match layout {
                Layout::Sockstat => parse_sockstat(file, text, &mut list),
                Layout::Pairs => parse_pairs(text, &mut list),
                Layout::Flat => parse_flat(text, &mut list),
            }
        }
        for (name, path) in NUMBERS {
            // Not every kernel tracks connections.
            if let Ok(text) = read_text(&self.root.join(path), &mut self.text)
                && let Some(number) = text.split_ascii_whitespace().next().and_then(value)
            {
                list.push(&[name], number);
            }
        }
        if let Some(names) = list.finish() {
            self.names = Arc::new(names);
        }
        if !Arc::ptr_eq(&into.protocols.names, &self.names) {
            into.protocols.names = Arc::clone(&self.names);
        }
        match read_file(&self.root, "dev", &mut self.text) {
            Ok(text) => parse_dev(text, &mut into.interfaces),
            Err(fault) => {
                into.interfaces.clear();
                faults.push(fault);
            }
        }
    }
}

/// Reads a file below `net`. That directory follows the main thread's namespace, so the calling thread's own directory
/// is preferred.
pub(in crate::source) fn read_file<'a>(
    root: &Path,
    name: &str,
    text: &'a mut Vec<u8>,
) -> Result<&'a str, Fault> {
    let read = match read_text(&root.join("thread-self/net").join(name), text) {
        // A kernel before 3.17, or a tree of a test.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            read_text(&root.join("net").join(name), text).map(|_| ())
        }
        read => read.map(|_| ()),
    };
    match read {
        Ok(()) => Ok(str::from_utf8(text).unwrap_or_default()),
        Err(error) => {
            let severity = match error.kind() {
                // A kernel without IPv6, or without procfs at all.
                io::ErrorKind::NotFound => FaultSeverity::Note,
                _ => FaultSeverity::Degraded,
            };
            let shared = root.join("net").join(name);
            Err(Fault::new(severity, shared.display().to_string(), error))
        }
    }
}

fn read_text<'a>(path: &Path, text: &'a mut Vec<u8>) -> io::Result<&'a str> {
    text.clear();
    File::open(path)?.read_to_end(text)?;
    std::str::from_utf8(text).map_err(io::Error::other)
}

/// The names and values read so far. Names are compared with the previous ones, and copied only if they differ.
struct CounterList<'a> {
    known: &'a [String],
    /// All names so far, if one has changed.
    changed: Option<Vec<String>>,
    values: &'a mut Vec<i64>,
}

impl CounterList<'_> {
    /// Appends a value under the concatenation of `parts`.
    fn push(&mut self, parts: &[&str], value: i64) {
        let at = self.values.len();
        self.values.push(value);
        if let Some(changed) = &mut self.changed {
            changed.push(parts.concat());
        } else if !self
            .known
            .get(at)
            .is_some_and(|name| is_concatenation(name, parts))
        {
            let mut changed = self.known[..at.min(self.known.len())].to_vec();
            changed.push(parts.concat());
            self.changed = Some(changed);
        }
    }

    /// Returns the names if they differ from the known ones.
    fn finish(self) -> Option<Vec<String>> {
        let count = self.values.len();
        self.changed
            .or_else(|| (count < self.known.len()).then(|| self.known[..count].to_vec()))
    }
}

/// Returns true if `name` is the concatenation of `parts`.
fn is_concatenation(name: &str, parts: &[&str]) -> bool {
    let mut rest = name;
    for part in parts {
        match rest.strip_prefix(part) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    rest.is_empty()
}

/// Parses a value; counters of 64 bits wrap.
fn value(text: &str) -> Option<i64> {
    text.parse::<i64>()
        .ok()
        .or_else(|| text.parse::<u64>().ok().map(u64::cast_signed))
}

/// Parses lines of a group and pairs of name and value.
fn parse_sockstat(file: &str, text: &str, list: &mut CounterList<'_>) {
    for line in text.lines() {
        let Some((group, fields)) = line.split_once(':') else {
            continue;
        };
        let mut fields = fields.split_ascii_whitespace();
        while let (Some(field), Some(number)) = (fields.next(), fields.next()) {
            if let Some(number) = value(number) {
                list.push(&[file, ".", group, ".", field], number);
            }
        }
    }
}

/// Parses pairs of lines. Skips values without names, and names without values.
fn parse_pairs(text: &str, list: &mut CounterList<'_>) {
    let mut names: Option<(&str, &str)> = None;
    for line in text.lines() {
        let Some((group, fields)) = line.split_once(':') else {
            names = None;
            continue;
        };
        let are_values = fields
            .split_ascii_whitespace()
            .next()
            .is_some_and(|first| value(first).is_some());
        if !are_values {
            names = Some((group, fields));
            continue;
        }
        let Some((_, names)) = names.take().filter(|(of, _)| *of == group) else {
            continue;
        };
        for (field, number) in names
            .split_ascii_whitespace()
            .zip(fields.split_ascii_whitespace())
        {
            if let Some(number) = value(number) {
                list.push(&[group, ".", field], number);
            }
        }
    }
}

/// Parses lines of a name and a value.
fn parse_flat(text: &str, list: &mut CounterList<'_>) {
    for line in text.lines() {
        let mut fields = line.split_ascii_whitespace();
        let (Some(name), Some(number)) = (fields.next(), fields.next().and_then(value)) else {
            continue;
        };
        // `Ip6`, `Icmp6`, `Udp6`, `UdpLite6`: the group ends with its first 6.
        match name.split_once('6') {
            Some((group, field)) => list.push(&[group, "6.", field], number),
            None => list.push(&["snmp6.", name], number),
        }
    }
}

/// Parses `net/dev` into `interfaces`, in file order. Each line is parsed separately: the parser for the whole file
/// loses the order, and loses all interfaces if one line is malformed. Parsing takes 0.7 µs per interface, while the
/// kernel takes several µs to list it.
fn parse_dev(text: &str, interfaces: &mut Vec<Interface>) {
    /// Stands for the two header lines, which the parser skips.
    const HEADINGS: &[u8] = b"\n\n";
    let mut count = 0;
    for line in text.lines().skip(2) {
        let devices = InterfaceDeviceStatus::from_buf_read(HEADINGS.chain(line.as_bytes()));
        let Some(device) = devices.ok().and_then(|all| all.0.into_values().next()) else {
            continue;
        };
        let interface = Interface {
            name: device.name,
            received_bytes: device.recv_bytes,
            received_packets: device.recv_packets,
            received_errors: device.recv_errs,
            received_dropped: device.recv_drop,
            sent_bytes: device.sent_bytes,
            sent_packets: device.sent_packets,
            sent_errors: device.sent_errs,
            sent_dropped: device.sent_drop,
        };
        match interfaces.get_mut(count) {
            Some(place) => *place = interface,
            None => interfaces.push(interface),
        }
        count += 1;
    }
    interfaces.truncate(count);
}

#[cfg(test)]
mod tests;

//! The host's protocol counters and interfaces.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::model::{Counters, Fault, Interface, Severity};

/// How the names and values of a file are laid out.
#[derive(Debug, Clone, Copy)]
enum Layout {
    /// `TCP: inuse 5 orphan 0`; names begin with that of the file.
    Sockstat,
    /// A line of names, then one of values, both beginning with the group.
    Pairs,
    /// `Udp6InDatagrams 0`.
    Flat,
}

/// Files with protocol counters in the order in which their names appear in
/// [`Protocols`](crate::model::Protocols).
const FILES: [(&str, Layout); 5] = [
    ("sockstat", Layout::Sockstat),
    ("sockstat6", Layout::Sockstat),
    ("snmp", Layout::Pairs),
    ("snmp6", Layout::Flat),
    ("netstat", Layout::Pairs),
];

/// Numbers that stand alone in a file, or first in it: open files of the whole machine, tracked connections of the
/// network namespace.
const NUMBERS: [(&str, &str); 2] = [
    ("fs.file-nr.allocated", "sys/fs/file-nr"),
    (
        "net.netfilter.nf_conntrack_count",
        "sys/net/netfilter/nf_conntrack_count",
    ),
];

/// Reads the counters of the network namespace that the calling thread is in.
#[derive(Debug)]
pub struct CounterReader {
    root: PathBuf,
    names: Arc<Vec<String>>,
    text: Vec<u8>,
}

impl CounterReader {
    /// A reader of the procfs at `root`. Reads nothing yet.
    pub fn new(root: &Path) -> CounterReader {
        CounterReader {
            root: root.to_owned(),
            names: Arc::default(),
            text: Vec::new(),
        }
    }

    /// Reads all counters into `into`, whose memory is used again. Kernel: `net/{sockstat,sockstat6,snmp,snmp6,netstat,
    /// dev}` of the calling thread.
    ///
    /// A file that cannot be read is one fault, and its names are missing; a line or field of a form that this version
    /// does not know is skipped. Counters above `i64::MAX` wrap to negative values, so that differences stay right.
    pub fn read(&mut self, into: &mut Counters, faults: &mut Vec<Fault>) {
        into.protocols.values.clear();
        let mut list = List {
            known: &self.names,
            fresh: None,
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

/// A file below `net`. That directory follows the main thread's namespace, so the calling thread's own comes first.
fn read_file<'a>(root: &Path, name: &str, text: &'a mut Vec<u8>) -> Result<&'a str, Fault> {
    let own = root.join("thread-self/net").join(name);
    let shared = root.join("net").join(name);
    let path = if own.exists() { &own } else { &shared };
    read_text(path, text).map_err(|error| {
        let severity = match error.kind() {
            // A kernel without IPv6, or without procfs at all.
            io::ErrorKind::NotFound => Severity::Note,
            _ => Severity::Degraded,
        };
        Fault::new(severity, shared.display().to_string(), error)
    })
}

fn read_text<'a>(path: &Path, text: &'a mut Vec<u8>) -> io::Result<&'a str> {
    text.clear();
    File::open(path)?.read_to_end(text)?;
    std::str::from_utf8(text).map_err(io::Error::other)
}

/// The names and values read so far. Names are compared with those of the time before and copied only once they differ.
struct List<'a> {
    known: &'a [String],
    fresh: Option<Vec<String>>,
    values: &'a mut Vec<i64>,
}

impl List<'_> {
    /// Appends a value under the name that `parts` make together.
    fn push(&mut self, parts: &[&str], value: i64) {
        let at = self.values.len();
        self.values.push(value);
        if let Some(fresh) = &mut self.fresh {
            fresh.push(parts.concat());
        } else if !self
            .known
            .get(at)
            .is_some_and(|name| is_made_of(name, parts))
        {
            let mut fresh = self.known[..at.min(self.known.len())].to_vec();
            fresh.push(parts.concat());
            self.fresh = Some(fresh);
        }
    }

    /// The new names, if they are not the known ones.
    fn finish(self) -> Option<Vec<String>> {
        let count = self.values.len();
        self.fresh
            .or_else(|| (count < self.known.len()).then(|| self.known[..count].to_vec()))
    }
}

fn is_made_of(name: &str, parts: &[&str]) -> bool {
    let mut rest = name;
    for part in parts {
        match rest.strip_prefix(part) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    rest.is_empty()
}

/// A value; counters of 64 bits wrap.
fn value(text: &str) -> Option<i64> {
    text.parse::<i64>()
        .ok()
        .or_else(|| text.parse::<u64>().ok().map(u64::cast_signed))
}

fn parse_sockstat(file: &str, text: &str, list: &mut List<'_>) {
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

fn parse_pairs(text: &str, list: &mut List<'_>) {
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

fn parse_flat(text: &str, list: &mut List<'_>) {
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

fn parse_dev(text: &str, interfaces: &mut Vec<Interface>) {
    let mut count = 0;
    for line in text.lines() {
        // Values hold no colon, an alias' name may.
        let Some((name, fields)) = line.rsplit_once(':') else {
            continue;
        };
        let mut values = [0u64; 12];
        let mut read = 0;
        for (value, field) in values.iter_mut().zip(fields.split_ascii_whitespace()) {
            match field.parse() {
                Ok(number) => *value = number,
                Err(_) => break,
            }
            read += 1;
        }
        if read < values.len() {
            continue;
        }
        if interfaces.len() == count {
            interfaces.push(Interface::default());
        }
        let interface = &mut interfaces[count];
        count += 1;
        interface.name.clear();
        interface.name.push_str(name.trim());
        [
            interface.received_bytes,
            interface.received_packets,
            interface.received_errors,
            interface.received_dropped,
        ] = [values[0], values[1], values[2], values[3]];
        [
            interface.sent_bytes,
            interface.sent_packets,
            interface.sent_errors,
            interface.sent_dropped,
        ] = [values[8], values[9], values[10], values[11]];
    }
    interfaces.truncate(count);
}

#[cfg(test)]
mod tests;

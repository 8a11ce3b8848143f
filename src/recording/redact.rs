//! Redacts Samples, so that a recording can be given away.
//!
//! As long as a [`Redactor`] lives, the same original has the same replacement: the ends of connections can still be matched.
//! Replaced are
//!
//! - addresses, also those of devices, by others of the same class (private, public, link-local, multicast). Addresses that are
//!   the same everywhere stay: loopback, unspecified, broadcast, multicast within a link. A v4-mapped address is replaced like
//!   its IPv4 address;
//! - paths and abstract names of unix sockets. Names that the kernel made up are replaced by such names;
//! - the host's name and boot id, users except root, and control groups part by part, without the kind of unit;
//! - command lines. Of a process's name the first word stays, which is the program.
//!
//! Not replaced: numbers (ports, uids, pids, inodes, cookies), names of devices, the kernel's release, counters.

mod address;

use std::fmt::Write as _;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use self::address::Addresses;
use super::metadata::Metadata;
use crate::model::{Device, Ends, Host, Process, ProcessKey, Sample, SocketTable};

/// Parts of control groups' paths that are the same on every machine and stay.
const COMMON_GROUPS: [&str; 7] = [
    "system.slice",
    "user.slice",
    "machine.slice",
    "kubepods.slice",
    "init.scope",
    "kubepods",
    "docker",
];

/// Kinds of units: endings of a control group's name that stay.
const UNIT_SUFFIXES: [&str; 3] = [".service", ".scope", ".slice"];

/// Replaces the filter of a recording, which may contain addresses and names.
const FILTER: &str = "(redacted)";

/// Numbers of originals, in the order of their first use.
type Numbers<T> = FxHashMap<T, u32>;

/// A value that Samples share: the original and its replacement.
type Redacted<T> = Option<(Arc<T>, Arc<T>)>;

/// Replaces what identifies a machine and its users, consistently.
#[derive(Debug, Default)]
pub struct Redactor {
    addresses: Addresses,
    /// Names of unix sockets.
    names: Numbers<Box<[u8]>>,
    users: Numbers<Arc<str>>,
    commands: Numbers<String>,
    hosts: Numbers<String>,
    boots: Numbers<String>,
    /// Parts of control groups' paths.
    groups: Numbers<String>,
    paths: FxHashMap<Arc<str>, Arc<str>>,
    /// Processes of the Sample before: the originals and their replacements.
    processes: FxHashMap<ProcessKey, (Arc<Process>, Arc<Process>)>,
    /// The host of the Sample before.
    host: Redacted<Host>,
    /// The devices of the Sample before.
    devices: Redacted<Vec<Device>>,
}

/// Returns the number of an original, from 1.
fn number_of<T: std::hash::Hash + Eq + Clone>(numbers: &mut Numbers<T>, original: &T) -> u32 {
    if let Some(number) = numbers.get(original) {
        return *number;
    }
    let next = numbers.len() as u32 + 1;
    numbers.insert(original.clone(), next);
    next
}

impl Redactor {
    /// A redactor without any replacements.
    pub fn new() -> Redactor {
        Redactor::default()
    }

    /// Redacts the metadata of a recording.
    pub fn redact_metadata(&mut self, metadata: &mut Metadata) {
        metadata.host = self.redact_host(&metadata.host);
        if !metadata.filter.is_empty() {
            FILTER.clone_into(&mut metadata.filter);
        }
        metadata.redacted = true;
    }

    /// Redacts a Sample.
    pub fn redact(&mut self, sample: &mut Sample) {
        sample.host = match &self.host {
            Some((known, redacted)) if Arc::ptr_eq(known, &sample.host) => Arc::clone(redacted),
            _ => {
                let redacted = Arc::new(self.redact_host(&sample.host));
                self.host = Some((Arc::clone(&sample.host), Arc::clone(&redacted)));
                redacted
            }
        };
        self.redact_table(&mut sample.sockets);
        self.redact_table(&mut sample.closed_sockets);
        let mut processes = FxHashMap::default();
        for row in &mut sample.processes {
            let known = self.processes.remove(&row.process.key);
            let known = known.filter(|(process, _)| Arc::ptr_eq(process, &row.process));
            let pair = known.unwrap_or_else(|| {
                let redacted = Arc::new(self.redact_process(&row.process));
                (Arc::clone(&row.process), redacted)
            });
            row.process = Arc::clone(&pair.1);
            processes.insert(row.process.key, pair);
        }
        self.processes = processes;
        for (_, user) in &mut sample.users {
            *user = self.redact_user(user);
        }
        for (_, path) in &mut sample.cgroups {
            *path = self.redact_group(path);
        }
        self.redact_devices(sample);
    }

    /// Redacts the addresses of devices. Devices that Samples share stay shared.
    fn redact_devices(&mut self, sample: &mut Sample) {
        let Some(devices) = sample.devices.take() else {
            return;
        };
        if let Some((known, redacted)) = &self.devices
            && Arc::ptr_eq(known, &devices)
        {
            sample.devices = Some(Arc::clone(redacted));
            return;
        }
        let mut redacted = devices.as_ref().clone();
        for own in redacted.iter_mut().flat_map(|it| &mut it.addresses) {
            own.address = self.addresses.replace(own.address);
        }
        let redacted = Arc::new(redacted);
        sample.devices = Some(Arc::clone(&redacted));
        self.devices = Some((devices, redacted));
    }

    fn redact_host(&mut self, host: &Host) -> Host {
        let name = number_of(&mut self.hosts, &host.hostname);
        let boot = number_of(&mut self.boots, &host.boot_id);
        Host {
            hostname: format!("host-{name}"),
            kernel: host.kernel.clone(),
            boot_id: format!("00000000-0000-0000-0000-{boot:012}"),
        }
    }

    fn redact_table(&mut self, table: &mut SocketTable) {
        for socket in &mut table.rows {
            if let Ends::Inet { local, remote } = &mut socket.ends {
                local.address = self.addresses.replace(local.address);
                remote.address = self.addresses.replace(remote.address);
            }
        }
        table.replace_names(|socket, name| {
            matches!(socket.ends, Ends::Unix { .. }).then(|| self.redact_name(name))
        });
    }

    /// Replaces the name of a unix socket; an abstract name stays abstract.
    fn redact_name(&mut self, name: &[u8]) -> Vec<u8> {
        let number = number_of(&mut self.names, &name.into());
        match name {
            // Kernel: `unix_autobind` gives five hexadecimal digits.
            [0, digits @ ..] if digits.len() == 5 && digits.iter().all(u8::is_ascii_hexdigit) => {
                format!("\0{number:05x}").into_bytes()
            }
            [0, ..] => format!("\0name-{number}").into_bytes(),
            _ => format!("/path-{number}").into_bytes(),
        }
    }

    fn redact_process(&mut self, process: &Process) -> Process {
        let comm = process.comm.split_whitespace().next().unwrap_or("");
        let mut command_line = comm.to_owned();
        if process.command_line.is_empty() {
            command_line.clear();
        } else if process.command_line != comm {
            let number = number_of(&mut self.commands, &process.command_line);
            // Writing to a String does not fail.
            let _ = write!(command_line, " arguments-{number}");
        }
        Process {
            comm: comm.to_owned(),
            command_line,
            user: process.user.as_ref().map(|user| self.redact_user(user)),
            cgroup: process.cgroup.as_ref().map(|path| self.redact_group(path)),
            ..process.clone()
        }
    }

    fn redact_user(&mut self, user: &Arc<str>) -> Arc<str> {
        match user.as_ref() {
            "root" => Arc::clone(user),
            _ => format!("user-{}", number_of(&mut self.users, user)).into(),
        }
    }

    fn redact_group(&mut self, path: &Arc<str>) -> Arc<str> {
        if let Some(known) = self.paths.get(path) {
            return Arc::clone(known);
        }
        let parts = path.split('/').map(|part| {
            if part.is_empty() || COMMON_GROUPS.contains(&part) {
                return part.to_owned();
            }
            let unit = UNIT_SUFFIXES.into_iter().find(|unit| part.ends_with(unit));
            let number = number_of(&mut self.groups, &part.to_owned());
            format!("group-{number}{}", unit.unwrap_or(""))
        });
        let redacted: Arc<str> = parts.collect::<Vec<_>>().join("/").into();
        self.paths.insert(Arc::clone(path), Arc::clone(&redacted));
        redacted
    }
}

#[cfg(test)]
mod tests;

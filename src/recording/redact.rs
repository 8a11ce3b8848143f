//! Takes out of Samples what tells where they are from and whose they are, so that a recording can be given away.
//!
//! The same thing becomes the same replacement as long as a [`Redactor`] lives: who talks to whom, and which end belongs
//! to which, is still seen. Replaced are
//!
//! - addresses, also those of devices, by others of the same kind (private, public, link-local, multicast); those that are the same everywhere
//!   stay: loopback, unspecified, broadcast, multicast within a link. A v4-mapped address goes with its IPv4 address;
//! - paths and abstract names of unix sockets; names that the kernel made up stay such names;
//! - the host's name and boot id, users but root, control groups part by part (what kind of unit it is stays);
//! - command lines; of a process's own name the first word stays, as it says which program it is.
//!
//! What stays: numbers (ports, uids, pids, inodes, cookies), devices, the kernel's release, counters.

mod address;

use std::fmt::Write as _;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use self::address::Addresses;
use super::Head;
use crate::model::{Device, Ends, Host, Process, ProcessKey, Sample, SocketTable};

/// Parts of control groups' paths that are the same on all machines.
const COMMON_GROUPS: [&str; 7] = [
    "system.slice",
    "user.slice",
    "machine.slice",
    "kubepods.slice",
    "init.scope",
    "kubepods",
    "docker",
];

/// What kinds of units a group's name ends in.
const UNITS: [&str; 3] = [".service", ".scope", ".slice"];

/// What stands for the filter of a recording, in which there may be addresses and names.
const FILTER: &str = "(redacted)";

/// Things by their number, in the order in which they came up.
type Numbers<T> = FxHashMap<T, u32>;

/// What is shared between Samples, as it is and redacted.
type Redacted<T> = Option<(Arc<T>, Arc<T>)>;

/// Replaces what must not be given away, the same by the same.
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
    /// Processes of the Sample before: as they are, and redacted.
    processes: FxHashMap<ProcessKey, (Arc<Process>, Arc<Process>)>,
    /// The host of the Sample before, the same way.
    host: Redacted<Host>,
    /// The devices of the Sample before, the same way.
    devices: Redacted<Vec<Device>>,
}

/// The number of something, from 1.
fn number<T: std::hash::Hash + Eq + Clone>(numbers: &mut Numbers<T>, thing: &T) -> u32 {
    if let Some(number) = numbers.get(thing) {
        return *number;
    }
    let next = numbers.len() as u32 + 1;
    numbers.insert(thing.clone(), next);
    next
}

impl Redactor {
    /// Has seen nothing yet.
    pub fn new() -> Redactor {
        Redactor::default()
    }

    /// Redacts what a recording says of itself.
    pub fn redact_head(&mut self, head: &mut Head) {
        head.host = self.host(&head.host);
        if !head.filter.is_empty() {
            FILTER.clone_into(&mut head.filter);
        }
        head.redacted = true;
    }

    /// Redacts a Sample.
    pub fn redact(&mut self, sample: &mut Sample) {
        sample.host = match &self.host {
            Some((known, redacted)) if Arc::ptr_eq(known, &sample.host) => Arc::clone(redacted),
            _ => {
                let redacted = Arc::new(self.host(&sample.host));
                self.host = Some((Arc::clone(&sample.host), Arc::clone(&redacted)));
                redacted
            }
        };
        self.table(&mut sample.sockets);
        self.table(&mut sample.closed_sockets);
        let mut processes = FxHashMap::default();
        for row in &mut sample.processes {
            let known = self.processes.remove(&row.process.key);
            let known = known.filter(|(process, _)| Arc::ptr_eq(process, &row.process));
            let pair = known.unwrap_or_else(|| {
                let redacted = Arc::new(self.process(&row.process));
                (Arc::clone(&row.process), redacted)
            });
            row.process = Arc::clone(&pair.1);
            processes.insert(row.process.key, pair);
        }
        self.processes = processes;
        for (_, user) in &mut sample.users {
            *user = self.user(user);
        }
        for (_, path) in &mut sample.cgroups {
            *path = self.group(path);
        }
        self.devices(sample);
    }

    /// Redacts the addresses of devices. Those that were the same before stay shared.
    fn devices(&mut self, sample: &mut Sample) {
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

    fn host(&mut self, host: &Host) -> Host {
        let name = number(&mut self.hosts, &host.hostname);
        let boot = number(&mut self.boots, &host.boot_id);
        Host {
            hostname: format!("host-{name}"),
            kernel: host.kernel.clone(),
            boot_id: format!("00000000-0000-0000-0000-{boot:012}"),
        }
    }

    fn table(&mut self, table: &mut SocketTable) {
        for socket in &mut table.rows {
            if let Ends::Inet { local, remote } = &mut socket.ends {
                local.address = self.addresses.replace(local.address);
                remote.address = self.addresses.replace(remote.address);
            }
        }
        table.replace_names(|socket, name| {
            matches!(socket.ends, Ends::Unix { .. }).then(|| self.name(name))
        });
    }

    /// Another name for a unix socket: abstract if it is.
    fn name(&mut self, name: &[u8]) -> Vec<u8> {
        let number = number(&mut self.names, &name.into());
        match name {
            // Kernel: `unix_autobind` gives five hexadecimal digits.
            [0, digits @ ..] if digits.len() == 5 && digits.iter().all(u8::is_ascii_hexdigit) => {
                format!("\0{number:05x}").into_bytes()
            }
            [0, ..] => format!("\0name-{number}").into_bytes(),
            _ => format!("/path-{number}").into_bytes(),
        }
    }

    fn process(&mut self, process: &Process) -> Process {
        let comm = process.comm.split_whitespace().next().unwrap_or("");
        let mut command_line = comm.to_owned();
        if process.command_line.is_empty() {
            command_line.clear();
        } else if process.command_line != comm {
            let number = number(&mut self.commands, &process.command_line);
            // Writing to a String does not fail.
            let _ = write!(command_line, " arguments-{number}");
        }
        Process {
            comm: comm.to_owned(),
            command_line,
            user: process.user.as_ref().map(|user| self.user(user)),
            cgroup: process.cgroup.as_ref().map(|path| self.group(path)),
            ..process.clone()
        }
    }

    fn user(&mut self, user: &Arc<str>) -> Arc<str> {
        match user.as_ref() {
            "root" => Arc::clone(user),
            _ => format!("user-{}", number(&mut self.users, user)).into(),
        }
    }

    fn group(&mut self, path: &Arc<str>) -> Arc<str> {
        if let Some(known) = self.paths.get(path) {
            return Arc::clone(known);
        }
        let parts = path.split('/').map(|part| {
            if part.is_empty() || COMMON_GROUPS.contains(&part) {
                return part.to_owned();
            }
            let unit = UNITS.into_iter().find(|unit| part.ends_with(unit));
            let number = number(&mut self.groups, &part.to_owned());
            format!("group-{number}{}", unit.unwrap_or(""))
        });
        let redacted: Arc<str> = parts.collect::<Vec<_>>().join("/").into();
        self.paths.insert(Arc::clone(path), Arc::clone(&redacted));
        redacted
    }
}

#[cfg(test)]
mod tests;

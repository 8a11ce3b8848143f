//! Does what the screen asks of the outside: the terminal, sockets and processes that are to end, hosts that are to be
//! found.

use std::io;
use std::net::IpAddr;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::event_loop::{Job, Message};
use super::terminal::Guard;
use crate::filter::{Found, Names};
use crate::model::{ProcessKey, Socket};
use crate::source::System;
use crate::source::netlink::destroy::Destroyer;
use crate::source::procfs::start_time;

/// Names of this machine; hosts are looked up elsewhere, and known once that is done.
#[derive(Debug, Default)]
pub(super) struct HostNames {
    system: System,
    hosts: Mutex<FxHashMap<String, Found<Vec<IpAddr>>>>,
}

impl HostNames {
    fn known(&self) -> std::sync::MutexGuard<'_, FxHashMap<String, Found<Vec<IpAddr>>>> {
        // A map is whole at any time, so a panic elsewhere does not matter here.
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for the addresses of a host, which takes as long as the resolver does.
    fn look_up(&self, name: &str) {
        let found = self.system.hosts(name);
        self.known().insert(name.to_owned(), found);
    }
}

impl Names for HostNames {
    fn service(&self, name: &str, protocol: &str) -> Option<u16> {
        self.system.service(name, protocol)
    }

    fn hosts(&self, name: &str) -> Found<Vec<IpAddr>> {
        self.known().get(name).cloned().unwrap_or(Found::NotYet)
    }

    fn device(&self, name: &str) -> Option<u32> {
        self.system.device(name)
    }

    /// Groups are known by the paths that Samples have.
    fn cgroup(&self, _path: &str) -> Found<u64> {
        Found::NotYet
    }

    fn ephemeral_ports(&self) -> (u16, u16) {
        self.system.ephemeral_ports()
    }
}

/// Everything outside that the loop may ask for.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) terminal: Guard,
    pub(super) sender: Sender<Message>,
    pub(super) names: Arc<HostNames>,
}

impl Job for Desk {
    fn suspend(&mut self) -> io::Result<()> {
        self.terminal.suspend()
    }

    fn resume(&mut self) -> io::Result<()> {
        self.terminal.resume()
    }

    fn take_mouse(&mut self, take: bool) -> io::Result<()> {
        self.terminal.take_mouse(take)
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        self.terminal.copy(text)
    }

    fn destroy(&mut self, socket: &Socket) -> String {
        match Destroyer::new() {
            Ok(mut destroyer) => destroyer.destroy(socket).to_string(),
            Err(error) => format!("cannot open a netlink socket: {error}"),
        }
    }

    fn signal(&mut self, process: ProcessKey, number: i32, name: &str) -> String {
        match send_signal(process, number) {
            Ok(()) => format!("{name} was sent to process {}", process.pid),
            Err(error) => format!("process {}: {error}", process.pid),
        }
    }

    fn resolve(&mut self, hosts: Vec<String>) {
        let (names, sender) = (Arc::clone(&self.names), self.sender.clone());
        let work = move || {
            for host in &hosts {
                names.look_up(host);
            }
            // If nobody listens any more, the program is ending.
            let _ = sender.send(Message::Resolved);
        };
        // Without a thread the hosts stay unknown, and the filter matches none of them.
        let _ = std::thread::Builder::new().name("names".into()).spawn(work);
    }
}

/// Sends a signal to the process that was meant, and not to one that has its pid by now.
fn send_signal(process: ProcessKey, number: i32) -> io::Result<()> {
    let pid = i32::try_from(process.pid).ok().and_then(Pid::from_raw);
    let (Some(pid), Some(signal)) = (pid, Signal::from_named_raw(number)) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    // From here on the descriptor means one process, whatever becomes of its pid.
    let held = pidfd_open(pid, PidfdFlags::empty())?;
    if start_time(process.pid) != Some(process.start_time) {
        return Err(io::Error::other("it has ended already; nothing was sent"));
    }
    pidfd_send_signal(&held, signal)?;
    Ok(())
}

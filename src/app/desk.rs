//! Does what the screen asks of the outside: the terminal, sockets and processes that are to end, hosts that are to be
//! found, times that are to be gone to.

use std::io;
use std::net::IpAddr;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustc_hash::FxHashMap;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::event_loop::{Job, Message, Walk};
use super::exchange::Exchange;
use super::files::{self, Files};
use super::player::{self, Player};
use super::tape::Tape;
use super::terminal::Guard;
use crate::diagnose::Watch;
use crate::filter::{Found, Names};
use crate::model::{ProcessKey, Socket};
use crate::source::System;
use crate::source::netlink::destroy::Destroyer;
use crate::source::procfs::start_time;
use crate::tui::recording::Recording;
use crate::tui::timeline::Seek;

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
    /// Names that can be looked up; `None` in a replay, where nothing is.
    pub(super) names: Option<Arc<HostNames>>,
    /// What is kept of what is sampled; `None` in a replay.
    pub(super) tape: Option<Arc<Tape>>,
    /// Looks for what is wrong in what is gone through.
    pub(super) watch: Watch,
    /// What is being written to files.
    pub(super) files: Files,
    /// Whoever goes through a recording, or through what is kept.
    pub(super) player: Option<Sender<Seek>>,
}

impl Desk {
    /// Gives the terminal back; then finishes what is being written, and tells what nobody has heard.
    pub(super) fn leave(self, restored: impl FnOnce()) {
        drop(self.terminal);
        restored();
        let reel = self.tape.as_ref().and_then(|tape| tape.end());
        let finished = reel.map(files::finish);
        for said in finished.into_iter().chain(self.files.wait()) {
            eprintln!("sockwatch: {said}");
        }
    }
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
        let Some(names) = self.names.clone() else {
            let said = "hosts are not looked up in a replay; write their addresses".to_owned();
            // If nobody listens any more, the program is ending; the same below.
            let _ = self.sender.send(Message::Said(said));
            return;
        };
        let sender = self.sender.clone();
        let work = move || {
            for host in &hosts {
                names.look_up(host);
            }
            let _ = sender.send(Message::Resolved);
        };
        // Without a thread the hosts stay unknown, and the filter matches none of them.
        let _ = std::thread::Builder::new().name("names".into()).spawn(work);
    }

    fn walk(&mut self, at_us: i64) -> Result<Walk, String> {
        let tape = self.tape.as_ref().ok_or("this is a recording already")?;
        let memory = tape.snapshot()?;
        let marks = tape.marks(&memory);
        let exchange = Arc::new(Exchange::default());
        let player = Player::new(Box::new(memory), at_us).watching(self.watch.restarted());
        let track = Arc::new(player.track());
        let seeks = player::spawn(player, &exchange, &self.sender)
            .map_err(|error| format!("cannot go back: {error:#}"))?;
        self.player = Some(seeks);
        Ok(Walk {
            exchange,
            track,
            marks,
        })
    }

    fn seek(&mut self, seek: Seek) {
        if let Some(player) = &self.player {
            // A player that is gone has told why.
            let _ = player.send(seek);
        }
    }

    fn stop_walking(&mut self) {
        self.player = None;
    }

    fn record(&mut self) -> String {
        let Some(tape) = &self.tape else {
            return "this is a recording already".to_owned();
        };
        // One that has ended by itself has said so: the key begins another.
        let failed = tape.recording().is_some_and(|r| r.failed.is_some());
        if let Some(reel) = tape.end()
            && !failed
        {
            return match self.files.finish(&self.sender, reel) {
                Ok(()) => "the recording is being finished".to_owned(),
                Err(error) => format!("the recording is cut off: {error}"),
            };
        }
        let path = files::new_path();
        match tape.begin(path.clone()) {
            Ok(()) => format!("recording into {}", path.display()),
            Err(error) => format!("nothing is recorded: {error}"),
        }
    }

    fn recording(&self) -> Option<Recording> {
        self.tape.as_ref()?.recording()
    }

    fn save(&mut self, last: Option<Duration>) {
        let Some(tape) = &self.tape else { return };
        if let Err(error) = self.files.save(&self.sender, tape, last) {
            let said = format!("nothing is saved: {error}");
            let _ = self.sender.send(Message::Said(said));
        }
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

//! Carries out effects on the real terminal, kernel and file system.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::background_writer::{self, BackgroundWriter};
use super::effect_handler::{EffectHandler, Rewind};
use super::history_buffer::HistoryBuffer;
use super::host_names::HostNames;
use super::job_control::StopRequest;
use super::latest_slot::LatestSlot;
use super::message::Message;
use super::player::Player;
use super::player_thread;
use super::terminal::TerminalGuard;
use crate::diagnose::Watch;
use crate::export::message::report;
use crate::model::{NamespaceHandle, ProcessKey, Socket};
use crate::privilege::{self, SIGNAL_PROCESSES};
use crate::recording::Archive as _;
use crate::source::netlink::destroy::Destroyer;
use crate::source::procfs::process_start_time;
use crate::source::run_in_namespace;
use crate::tui::popup::save::IS_RECORDING;
use crate::tui::recording_progress::RecordingProgress;
use crate::tui::timeline::Seek;

/// Time to write the outcomes at the end.
const REPORT_TIMEOUT: Duration = Duration::from_millis(300);

/// The effect handler of the running program.
#[derive(Debug)]
pub(super) struct SystemEffects {
    pub(super) terminal: TerminalGuard,
    pub(super) sender: Sender<Message>,
    /// Resolver of host names; `None` in a replay, which resolves none.
    pub(super) names: Option<Arc<HostNames>>,
    /// History of the live Samples; `None` in a replay.
    pub(super) history: Option<Arc<HistoryBuffer>>,
    /// Configuration of the watches that derive findings in a rewind.
    pub(super) watch: Watch,
    pub(super) writer: BackgroundWriter,
    /// Channel to the player of the recording, or of the history during a rewind.
    pub(super) player: Option<Sender<Seek>>,
}

impl SystemEffects {
    /// Restores the terminal and calls `restored`; then finishes pending files and prints outcomes that were not shown.
    pub(super) fn shut_down(self, restored: impl FnOnce()) {
        drop(self.terminal);
        restored();
        let recording = self.history.as_ref();
        let recording = recording.and_then(|history| history.detach_recording());
        let finished = recording.map(background_writer::finish);
        let outcomes: Vec<String> = finished.into_iter().chain(self.writer.wait()).collect();
        if outcomes.is_empty() {
            return;
        }
        // On a thread: standard error may be a pipe that is not read.
        let (reporting, reported) = mpsc::channel::<()>();
        let _ = thread::Builder::new()
            .name("report".to_owned())
            .spawn(move || {
                for outcome in outcomes {
                    report!("sockwatch: {outcome}");
                }
                drop(reporting);
            });
        let _ = reported.recv_timeout(REPORT_TIMEOUT);
    }
}

impl EffectHandler for SystemEffects {
    fn suspend(&mut self, request: StopRequest) -> io::Result<()> {
        self.terminal.suspend(request)
    }

    fn resume(&mut self) -> io::Result<()> {
        self.terminal.resume()
    }

    fn capture_mouse(&mut self, capture: bool) -> io::Result<()> {
        self.terminal.capture_mouse(capture)
    }

    fn copy_to_clipboard(&mut self, text: &str) -> io::Result<()> {
        self.terminal.copy_to_clipboard(text)
    }

    fn destroy_socket(&mut self, socket: &Socket, namespace: Option<NamespaceHandle>) -> String {
        let destroy = || {
            let mut destroyer = Destroyer::new()?;
            Ok(destroyer.destroy(socket).to_string())
        };
        match run_in_namespace(Path::new("/proc"), socket.netns, namespace, destroy) {
            Ok(outcome) => outcome,
            Err(error) => format!("cannot close it: {error}"),
        }
    }

    fn signal_process(&mut self, process: ProcessKey, number: i32, name: &str) -> String {
        match send_signal(process, number) {
            Ok(()) => format!("sent {name} to process {}", process.pid),
            Err(error) => format!("process {}: {error}", process.pid),
        }
    }

    fn resolve_hosts(&mut self, hosts: Vec<String>) {
        let Some(names) = self.names.clone() else {
            let text = "a replay does not resolve host names; use addresses".to_owned();
            // A closed channel means that the program is ending; the same below.
            let _ = self.sender.send(Message::Notice(text));
            return;
        };
        let sender = self.sender.clone();
        let work = move || {
            for host in &hosts {
                names.resolve(host);
            }
            let _ = sender.send(Message::HostsResolved);
        };
        // Without a thread, the hosts remain unknown, and the filter matches none of them.
        let _ = thread::Builder::new().name("names".into()).spawn(work);
    }

    fn start_rewind(&mut self, at_ns: u64) -> Result<Rewind, String> {
        let history = self.history.as_ref();
        let history = history.ok_or(IS_RECORDING)?;
        let memory = history.snapshot()?;
        let marks = history.marks(&memory);
        let slot = Arc::new(LatestSlot::default());
        let at = memory.time_axis().at_monotonic(at_ns);
        let player = Player::new(Box::new(memory), at).with_watch(self.watch.restarted());
        let track = Arc::new(player.track());
        let seeks = player_thread::spawn(player, &slot, &self.sender)
            .map_err(|error| format!("cannot rewind: {error:#}"))?;
        self.player = Some(seeks);
        Ok(Rewind { slot, track, marks })
    }

    fn stop_rewind(&mut self) {
        self.player = None;
    }

    fn seek(&mut self, seek: Seek) {
        if let Some(player) = &self.player {
            // A player thread that has ended has reported why.
            let _ = player.send(seek);
        }
    }

    fn toggle_recording(&mut self) -> String {
        let Some(history) = &self.history else {
            return IS_RECORDING.to_owned();
        };
        // A failed recording has already been reported: the key starts a new one.
        let failed = history.recording().is_some_and(|r| r.failed.is_some());
        if let Some(recording) = history.detach_recording()
            && !failed
        {
            return match self.writer.finish(&self.sender, recording) {
                Ok(()) => "closing the recording".to_owned(),
                Err(error) => format!("the recording is incomplete: {error}"),
            };
        }
        let path = background_writer::new_path();
        match history.start_recording(path.clone()) {
            Ok(()) => format!("recording to {}", path.display()),
            Err(error) => format!("cannot record: {error}"),
        }
    }

    fn recording(&self) -> Option<RecordingProgress> {
        self.history.as_ref()?.recording()
    }

    fn save_history(&mut self, last: Option<Duration>) {
        let Some(history) = &self.history else {
            return;
        };
        if let Err(error) = self.writer.save(&self.sender, history, last) {
            let text = format!("cannot save: {error}");
            let _ = self.sender.send(Message::Notice(text));
        }
    }
}

/// Sends a signal to a process. Fails if its pid was reused by another process.
fn send_signal(process: ProcessKey, number: i32) -> io::Result<()> {
    let pid = i32::try_from(process.pid).ok().and_then(Pid::from_raw);
    let (Some(pid), Some(signal)) = (pid, Signal::from_named_raw(number)) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    // The descriptor refers to the same process even if its pid is reused.
    let descriptor = pidfd_open(pid, PidfdFlags::empty())?;
    if process_start_time(process.pid) != Some(process.start_time) {
        return Err(io::Error::other(
            "it has already exited; no signal was sent",
        ));
    }
    let _raised = privilege::raise(SIGNAL_PROCESSES);
    pidfd_send_signal(&descriptor, signal)?;
    Ok(())
}

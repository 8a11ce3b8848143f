//! A terminal that is acquired for the dashboard, with the event loop that draws on it.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};

use anyhow::Context;
use ratatui::Terminal;

use super::background_writer::BackgroundWriter;
use super::environment;
use super::event_loop::{EventLoop, ExitReason};
use super::history_buffer::HistoryBuffer;
use super::host_names::HostNames;
use super::latest_slot::LatestSlot;
use super::message::Message;
use super::screen_backend::ScreenBackend;
use super::signal_thread::RestoredFlag;
use super::system_effects::SystemEffects;
use super::terminal::{FrameWriter, TerminalGuard};
use super::view_worker::ViewWorker;
use super::{input_thread, signal_thread, threads};
use crate::diagnose::Watch;
use crate::tui::State;

/// The acquired terminal, the event loop, and the channel that threads send messages through.
pub(super) struct TerminalSession {
    event_loop: EventLoop<ScreenBackend>,
    effects: SystemEffects,
    slot: Arc<LatestSlot>,
    sender: Sender<Message>,
    inbox: Receiver<Message>,
    restored: Arc<RestoredFlag>,
}

impl TerminalSession {
    /// Acquires the terminal and installs signal handlers.
    ///
    /// # Errors
    /// If the terminal cannot be set or signal handlers cannot be installed.
    pub(super) fn enter(
        state: State,
        names: Option<Arc<HostNames>>,
        history: Option<Arc<HistoryBuffer>>,
        watch: Watch,
    ) -> anyhow::Result<TerminalSession> {
        let (sender, inbox) = mpsc::channel();
        let slot = Arc::new(LatestSlot::default());
        let restored = signal_thread::spawn(sender.clone(), history.clone())
            .context("cannot install signal handlers")?;
        let effects = SystemEffects {
            terminal: TerminalGuard::enter().context("cannot set up the terminal")?,
            sender: sender.clone(),
            names,
            history,
            watch,
            writer: BackgroundWriter::default(),
            player: None,
        };
        let backend = ScreenBackend::new(FrameWriter::new(environment::color_support()));
        let terminal = Terminal::new(backend).context("cannot set up the terminal")?;
        let worker = ViewWorker::spawn(&sender)?;
        Ok(TerminalSession {
            event_loop: EventLoop::new(terminal, state, Arc::clone(&slot))
                .with_worker(worker, ViewWorker::MIN_SOCKETS),
            effects,
            slot,
            sender,
            inbox,
            restored,
        })
    }

    /// Returns a channel whose sender is dropped when the first moment was drawn.
    pub(super) fn first_drawn(&mut self) -> Receiver<()> {
        self.event_loop.first_drawn()
    }

    /// Calls `start` to start the producer of moments, runs the loop until it ends, and restores the terminal.
    ///
    /// # Errors
    /// If a thread cannot be started, the terminal cannot be written to, or a thread failed.
    pub(super) fn run(
        mut self,
        start: impl FnOnce(&mut SystemEffects, &Arc<LatestSlot>, &Sender<Message>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        // The first frame is drawn before the first moment is ready.
        let outcome = self
            .event_loop
            .draw()
            .map_err(anyhow::Error::from)
            .and_then(|()| {
                let input = self.sender.clone();
                threads::spawn("input", &self.sender, move || input_thread::run(&input))?;
                start(&mut self.effects, &self.slot, &self.sender)?;
                Ok(self.event_loop.run(self.inbox, &mut self.effects))
            });
        let restored = self.restored;
        self.effects.shut_down(|| restored.set());
        match outcome? {
            ExitReason::Quit | ExitReason::TerminalLost | ExitReason::InboxClosed => Ok(()),
            ExitReason::Signal(signal) => {
                signal_hook::low_level::emulate_default_handler(signal)?;
                Ok(())
            }
            ExitReason::Failed(error) => Err(error),
        }
    }
}

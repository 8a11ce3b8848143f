//! A terminal that is acquired for the dashboard, with the event loop that draws on it.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};

use anyhow::Context;
use ratatui::Terminal;

use super::background_query::{self, AnswerFilter};
use super::background_writer::BackgroundWriter;
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
    /// Recognizes a late answer of the terminal about its background, if it was asked.
    filter: Option<AnswerFilter>,
}

impl TerminalSession {
    /// Acquires the terminal and installs signal handlers. With `asks`, the terminal is asked for its background color,
    /// which decides the theme.
    ///
    /// # Errors
    /// If the terminal cannot be set or signal handlers cannot be installed.
    pub(super) fn enter(
        state: State,
        asks: bool,
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
        let backend = ScreenBackend::new(FrameWriter::new(state.appearance.colors));
        let terminal = Terminal::new(backend).context("cannot set up the terminal")?;
        let worker = ViewWorker::spawn(&sender)?;
        let mut event_loop = EventLoop::new(terminal, state, Arc::clone(&slot))
            .with_worker(worker, ViewWorker::MIN_SOCKETS);
        let mut filter = None;
        if asks {
            let (answer, typed, late) =
                background_query::ask().context("cannot read the terminal")?;
            match answer {
                Some(rgb) => event_loop.set_background(rgb),
                None => filter = Some(late),
            }
            for event in typed {
                // The inbox exists until the loop ends.
                let _ = sender.send(Message::Input(event));
            }
        }
        Ok(TerminalSession {
            event_loop,
            effects,
            slot,
            sender,
            inbox,
            restored,
            filter,
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
                let (input, filter) = (self.sender.clone(), self.filter.take());
                threads::spawn("input", &self.sender, move || {
                    input_thread::run(&input, filter);
                })?;
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

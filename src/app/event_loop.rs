//! The single owner of the screen's state: processes all pending messages, then draws once if something changed.

mod views;

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyEventKind};
use ratatui::Terminal;
use ratatui::backend::Backend;

use super::effect_handler::EffectHandler;
use super::job_control::StopRequest;
use super::latest_slot::LatestSlot;
use super::message::{Inbox, Message};
use super::mouse::ClickTracker;
use super::view_worker::ViewWorker;
use crate::tui::theme::Theme;
use crate::tui::timeline::{Seek, Timeline};
use crate::tui::{self, DisplayMode, Effect, State, keymap};

/// Maximum time that messages are processed without drawing, so that the screen is updated under load.
const MAX_BATCH: Duration = Duration::from_millis(50);

/// Reason for the end of the loop.
#[derive(Debug)]
pub enum ExitReason {
    /// The user quit.
    Quit,
    /// A signal that ends the program.
    Signal(i32),
    /// The terminal is closed or cannot be written to.
    TerminalLost,
    /// All senders of messages are closed.
    InboxClosed,
    /// A thread failed; the program cannot continue.
    Failed(anyhow::Error),
}

/// The event loop over a terminal.
#[derive(Debug)]
pub struct EventLoop<B: Backend> {
    terminal: Terminal<B>,
    state: State,
    /// Moments of the sampler, or of the recording in a replay.
    slot: Arc<LatestSlot>,
    /// Moments of the history buffer during a rewind.
    rewind_slot: Option<Arc<LatestSlot>>,
    /// The thread that computes views of many sockets; without it they are computed here.
    worker: Option<ViewWorker>,
    /// True if the user waits for a view.
    is_awaited: bool,
    clicks: ClickTracker,
    /// True if the state changed since it was drawn.
    changed: bool,
    /// Dropped once a moment was drawn.
    undrawn: Option<Sender<()>>,
}

impl<B: Backend> EventLoop<B> {
    /// Creates a loop that has not drawn anything yet.
    pub fn new(terminal: Terminal<B>, state: State, slot: Arc<LatestSlot>) -> EventLoop<B> {
        EventLoop {
            terminal,
            state,
            slot,
            rewind_slot: None,
            worker: None,
            is_awaited: false,
            clicks: ClickTracker::default(),
            changed: true,
            undrawn: None,
        }
    }

    /// Computes views of at least `min_sockets` sockets on a thread of its own.
    #[must_use]
    pub fn with_worker(mut self, worker: ViewWorker, min_sockets: usize) -> EventLoop<B> {
        self.state.compute_elsewhere_from(min_sockets);
        self.worker = Some(worker);
        self
    }

    /// Returns a channel whose sender is dropped when the first moment was drawn.
    pub(super) fn first_drawn(&mut self) -> Receiver<()> {
        let (undrawn, drawn) = mpsc::channel();
        self.undrawn = Some(undrawn);
        drawn
    }

    /// Returns the screen's state.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Returns the backend that it draws on.
    pub fn backend(&self) -> &B {
        self.terminal.backend()
    }

    /// Returns the backend for a test to resize.
    pub fn backend_mut(&mut self) -> &mut B {
        self.terminal.backend_mut()
    }

    /// Draws the state if it changed since it was drawn.
    ///
    /// # Errors
    /// If the terminal cannot be written to.
    pub fn draw(&mut self) -> Result<(), B::Error> {
        if self.changed {
            tui::commit_input(&mut self.state);
        }
        self.compute_view();
        if std::mem::take(&mut self.changed) {
            let state = &mut self.state;
            self.terminal.draw(|frame| tui::render(frame, state))?;
            if self.state.moment.is_some() {
                self.undrawn = None;
            }
            // The pages and tables that came into view may need more.
            self.request_view();
        }
        Ok(())
    }

    /// Runs until a message, an effect or the terminal ends it.
    pub fn run(&mut self, mut inbox: impl Inbox, handler: &mut impl EffectHandler) -> ExitReason {
        loop {
            let Some(first) = inbox.wait() else {
                return ExitReason::InboxClosed;
            };
            let since = Instant::now();
            let mut next = Some(first);
            while let Some(message) = next {
                if let Some(reason) = self.process(message, handler) {
                    return reason;
                }
                let has_time = since.elapsed() < MAX_BATCH;
                next = has_time.then(|| inbox.poll()).flatten();
            }
            // A terminal that cannot be written to is lost.
            if self.draw().is_err() {
                return ExitReason::TerminalLost;
            }
        }
    }

    /// Processes one message; returns the reason if it ends the loop.
    fn process(
        &mut self,
        message: Message,
        handler: &mut impl EffectHandler,
    ) -> Option<ExitReason> {
        match message {
            Message::Input(event) => return self.process_input(event, handler),
            Message::Background(rgb) => {
                self.set_background(rgb);
                self.changed = true;
            }
            Message::Resized => self.changed = true,
            Message::MomentReady => self.fetch(handler),
            Message::ViewPrepared => self.install_view(),
            Message::FindingsScanned(found) => {
                self.state.add_marks(&found);
                self.changed = true;
            }
            Message::Notice(text) => {
                self.state.message = Some(text);
                self.changed = true;
            }
            Message::HostsResolved => {
                self.state.refresh_names();
                self.changed = true;
            }
            Message::Suspend => {
                return self.redraw_all(&handler.suspend(StopRequest::Signal));
            }
            Message::Resumed => return self.redraw_all(&handler.resume()),
            Message::Signal(signal) => return Some(ExitReason::Signal(signal)),
            Message::TerminalLost(_) => return Some(ExitReason::TerminalLost),
            Message::Failed(error) => return Some(ExitReason::Failed(error)),
        }
        None
    }

    /// Chooses the theme for the background color of the terminal: red, green and blue from 0 to 1.
    pub(super) fn set_background(&mut self, rgb: [f64; 3]) {
        let appearance = &mut self.state.appearance;
        appearance.theme = Theme::for_background_color(rgb).shown_with(appearance.colors);
    }

    /// Processes a key, a mouse event or pasted text; returns the reason if it ends the loop.
    fn process_input(
        &mut self,
        event: Event,
        handler: &mut impl EffectHandler,
    ) -> Option<ExitReason> {
        self.is_awaited = true;
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                for key in keymap::keys(&key) {
                    self.changed |= tui::is_bound(&self.state, &key);
                    let effect = tui::press(&mut self.state, &key);
                    let reason = effect.and_then(|effect| self.apply(effect, handler));
                    if reason.is_some() {
                        return reason;
                    }
                }
                None
            }
            Event::Mouse(mouse) => {
                let pointer = self.clicks.pointer(mouse)?;
                self.changed = true;
                let effect = tui::point(&mut self.state, pointer)?;
                self.apply(effect, handler)
            }
            Event::Paste(text) => {
                self.changed |= self.state.text_input.is_some() || self.state.popup.is_some();
                tui::paste(&mut self.state, &text);
                None
            }
            Event::Resize(..) => {
                self.changed = true;
                None
            }
            _ => None,
        }
    }

    /// Shows the latest moment, unless it was shown already.
    fn fetch(&mut self, handler: &impl EffectHandler) {
        let recording = handler.recording();
        self.changed |= recording != self.state.recording;
        self.state.recording = recording;
        if self.state.display == DisplayMode::Frozen {
            // Live moments stay in the slot: the sampler reuses their memory.
            let now_ns = self.slot.acknowledge();
            self.changed |= now_ns != self.state.now_ns;
            self.state.now_ns = now_ns;
            if let Some(slot) = self.rewind_slot.clone() {
                self.fetch_from(&slot);
            }
        } else {
            self.fetch_from(&Arc::clone(&self.slot));
        }
    }

    /// Shows the latest moment of a slot.
    fn fetch_from(&mut self, slot: &LatestSlot) {
        let fetched = slot.fetch();
        self.changed |= fetched.progress != self.state.progress;
        self.state.progress = fetched.progress;
        match (fetched.moment, fetched.status) {
            (Some(moment), status) => {
                self.state
                    .show_with_status(moment, fetched.findings, status);
                // Otherwise it is drawn once its view is computed.
                self.changed |= !self.state.is_computing();
            }
            (None, Some(status)) => {
                self.state.set_status(status);
                self.changed = true;
            }
            (None, None) => {}
        }
    }

    /// Seeks in the recording, or in the history buffer.
    fn seek(&mut self, seek: Seek, handler: &mut impl EffectHandler) {
        if self.ensure_rewind(handler) {
            if let Some(timeline) = &mut self.state.timeline {
                timeline.requested_mark = None;
            }
            handler.seek(seek);
        }
    }

    /// Seeks to the next finding, or to the previous one.
    fn seek_mark(&mut self, forward: bool, handler: &mut impl EffectHandler) {
        if self.ensure_rewind(handler)
            && let Some(at) = self.state.seek_mark(forward)
        {
            handler.seek(Seek::To(at));
        }
    }

    /// Starts playing the history buffer if the live display is frozen and no playback runs; returns true if there is a
    /// player to seek with.
    fn ensure_rewind(&mut self, handler: &mut impl EffectHandler) -> bool {
        if self.state.display == DisplayMode::Frozen && self.rewind_slot.is_none() {
            let shown = self.state.moment.as_ref();
            let at_ns = shown.map_or(u64::MAX, |moment| moment.sample.monotonic_ns);
            match handler.start_rewind(at_ns) {
                Ok(rewind) => {
                    self.rewind_slot = Some(rewind.slot);
                    let at = rewind.track.times.at_monotonic(at_ns);
                    let timeline = Timeline::new(rewind.track, at);
                    self.state.timeline = Some(timeline.with_marks(rewind.marks));
                }
                Err(why) => {
                    self.state.text_input = None;
                    self.state.message = Some(why);
                    return false;
                }
            }
        }
        true
    }

    /// Carries out an effect of a key or of the mouse; returns the reason if it ends the loop.
    fn apply(&mut self, effect: Effect, handler: &mut impl EffectHandler) -> Option<ExitReason> {
        let written = match effect {
            Effect::Quit => return Some(ExitReason::Quit),
            Effect::Suspend => {
                return self.redraw_all(&handler.suspend(StopRequest::Key));
            }
            Effect::Redraw => return self.redraw_all(&Ok(())),
            Effect::Thaw => {
                if self.rewind_slot.take().is_some() {
                    handler.stop_rewind();
                }
                self.fetch(handler);
                return None;
            }
            Effect::Record => {
                self.state.message = Some(handler.toggle_recording());
                self.state.recording = handler.recording();
                return None;
            }
            Effect::Save(last) => {
                handler.save_history(last);
                return None;
            }
            Effect::Seek(seek) => {
                self.seek(seek, handler);
                return None;
            }
            Effect::SeekMark(forward) => {
                self.seek_mark(forward, handler);
                return None;
            }
            Effect::Copy(text) => handler.copy_to_clipboard(&text),
            Effect::Mouse(capture) => handler.capture_mouse(capture),
            Effect::Destroy(socket, namespace, ends) => {
                let outcome = handler.destroy_socket(&socket, namespace);
                self.state.message = Some(format!("{ends}: {outcome}"));
                return None;
            }
            Effect::Signal(processes, number, name) => {
                let outcomes: Vec<String> = processes
                    .into_iter()
                    .map(|key| handler.signal_process(key, number, name))
                    .collect();
                self.state.message = Some(outcomes.join("; "));
                return None;
            }
            Effect::Resolve(hosts) => {
                handler.resolve_hosts(hosts);
                return None;
            }
        };
        written.is_err().then_some(ExitReason::TerminalLost)
    }

    /// Makes the next draw write every cell, once the terminal is ready.
    fn redraw_all(&mut self, ready: &io::Result<()>) -> Option<ExitReason> {
        self.changed = true;
        let cleared = ready.is_ok()
            && self
                .terminal
                .size()
                .and_then(|size| {
                    // Not Terminal::clear, which queries the cursor position and waits for the answer.
                    self.terminal
                        .resize(ratatui::layout::Rect::new(0, 0, size.width, size.height))
                })
                .is_ok();
        (!cleared).then_some(ExitReason::TerminalLost)
    }
}

//! The one owner of the state: takes the messages that there are, then draws once if something changed.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyEventKind};
use ratatui::Terminal;
use ratatui::backend::Backend;

use super::clicks::Clicks;
use super::exchange::Exchange;
use crate::diagnose::Findings;
use crate::model::{ProcessKey, Socket};
use crate::tui::recording::Recording;
use crate::tui::timeline::{Marks, Seek, Timeline, Track};
use crate::tui::{self, Display, Effect, State, keymap};

/// The longest that messages are taken for without drawing: while they keep coming, the screen stays alive.
const LONGEST_BATCH: Duration = Duration::from_millis(50);

/// What can happen.
#[derive(Debug)]
pub enum Message {
    /// Somebody pressed a key.
    Input(Event),
    /// A moment is in the exchange.
    Moment,
    /// What is wrong at the next Samples of the recording, one after the other.
    Surveyed(Vec<Arc<Findings>>),
    /// The terminal has another size.
    Resized,
    /// The addresses of hosts are known that were not.
    Resolved,
    /// Something that took its time has come to an end, and this is to be said of it.
    Said(String),
    /// Somebody wants the program to stop for a while.
    Suspend,
    /// The program goes on after it was stopped.
    Continued,
    /// A signal wants the program to end.
    Signal(i32),
    /// The terminal is gone.
    Lost(io::Error),
    /// The program cannot go on.
    Failed(anyhow::Error),
}

/// Where messages come from.
pub trait Inbox {
    /// Waits for a message; `None` if none can come any more.
    fn wait(&mut self) -> Option<Message>;
    /// A message that is there already.
    fn poll(&mut self) -> Option<Message>;
}

impl Inbox for Receiver<Message> {
    fn wait(&mut self) -> Option<Message> {
        self.recv().ok()
    }

    fn poll(&mut self) -> Option<Message> {
        self.try_recv().ok()
    }
}

/// What is asked of the outside beside drawing.
pub trait Job {
    /// Gives the terminal back, stops the program, and takes the terminal again once it goes on.
    ///
    /// # Errors
    /// When the terminal cannot be set.
    fn suspend(&mut self) -> io::Result<()>;
    /// Takes the terminal again after the program was stopped by others.
    ///
    /// # Errors
    /// When the terminal cannot be set.
    fn resume(&mut self) -> io::Result<()>;
    /// Takes clicks, or leaves them to the terminal.
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    fn take_mouse(&mut self, take: bool) -> io::Result<()>;
    /// Puts a text into the terminal's clipboard.
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    fn copy(&mut self, text: &str) -> io::Result<()>;
    /// Ends a socket; answers what became of it.
    fn destroy(&mut self, socket: &Socket) -> String;
    /// Sends a signal to a process, if it still is the same; answers what became of it.
    fn signal(&mut self, process: ProcessKey, number: i32, name: &str) -> String;
    /// Finds the addresses of hosts, and tells once they are known.
    fn resolve(&mut self, hosts: Vec<String>);
    /// Begins to go through what is kept of the last minutes, from a time on, µs since 1970 UTC; answers where its
    /// moments are to be fetched.
    ///
    /// # Errors
    /// Why nothing is kept, for the user.
    fn walk(&mut self, at_us: i64) -> Result<Walk, String>;
    /// Wants something of whoever goes through the recording, or through what is kept.
    fn seek(&mut self, seek: Seek);
    /// Ends what [`Self::walk`] has begun.
    fn stop_walking(&mut self);
    /// Begins to record what is sampled, or stops; answers what became of it.
    fn record(&mut self) -> String;
    /// The recording that is being made.
    fn recording(&self) -> Option<Recording>;
    /// Saves so much of what is kept to a file, or all of it, and tells once that is done.
    fn save(&mut self, last: Option<Duration>);
}

/// Where the moments of the last minutes come from.
#[derive(Debug, Clone)]
pub struct Walk {
    /// Where they are to be fetched.
    pub exchange: Arc<Exchange>,
    /// What there is.
    pub track: Arc<Track>,
    /// What has been told of findings there.
    pub marks: Marks,
}

/// Why the loop ended.
#[derive(Debug)]
pub enum Ended {
    /// Somebody quit.
    Quit,
    /// A signal asked for it.
    Signal(i32),
    /// The terminal is gone.
    Lost,
    /// No message can come any more.
    Idle,
    /// The program cannot go on.
    Failed(anyhow::Error),
}

/// The loop.
#[derive(Debug)]
pub struct EventLoop<B: Backend> {
    terminal: Terminal<B>,
    state: State,
    exchange: Arc<Exchange>,
    /// Where moments come from while one goes through the last minutes.
    past: Option<Arc<Exchange>>,
    clicks: Clicks,
    changed: bool,
}

impl<B: Backend> EventLoop<B> {
    /// A loop that has not drawn anything yet.
    pub fn new(terminal: Terminal<B>, state: State, exchange: Arc<Exchange>) -> EventLoop<B> {
        EventLoop {
            terminal,
            state,
            exchange,
            past: None,
            clicks: Clicks::default(),
            changed: true,
        }
    }

    /// What the screen remembers.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Where it draws.
    pub fn backend(&self) -> &B {
        self.terminal.backend()
    }

    /// Where it draws, to be resized by a test.
    pub fn backend_mut(&mut self) -> &mut B {
        self.terminal.backend_mut()
    }

    /// Draws the state if it changed since it was drawn.
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    pub fn draw(&mut self) -> Result<(), B::Error> {
        if std::mem::take(&mut self.changed) {
            let state = &mut self.state;
            tui::commit_input(state);
            self.terminal
                .draw(|frame| tui::view::render(frame, state))?;
        }
        Ok(())
    }

    /// Runs until something ends it.
    pub fn run(&mut self, mut inbox: impl Inbox, job: &mut impl Job) -> Ended {
        loop {
            let Some(first) = inbox.wait() else {
                return Ended::Idle;
            };
            let since = Instant::now();
            let mut next = Some(first);
            while let Some(message) = next {
                if let Some(ended) = self.take(message, job) {
                    return ended;
                }
                let goes_on = since.elapsed() < LONGEST_BATCH;
                next = goes_on.then(|| inbox.poll()).flatten();
            }
            // A terminal that cannot be written to is gone.
            if self.draw().is_err() {
                return Ended::Lost;
            }
        }
    }

    /// Takes one message; answers whether the loop ends by it.
    fn take(&mut self, message: Message, job: &mut impl Job) -> Option<Ended> {
        match message {
            Message::Input(Event::Key(key)) if key.kind != KeyEventKind::Release => {
                for key in keymap::keys(&key) {
                    self.changed |= tui::is_bound(&self.state, &key);
                    let effect = tui::press(&mut self.state, &key);
                    let ended = effect.and_then(|effect| self.carry_out(effect, job));
                    if ended.is_some() {
                        return ended;
                    }
                }
            }
            Message::Input(Event::Mouse(mouse)) => {
                if let Some(pointer) = self.clicks.pointer(mouse) {
                    self.changed = true;
                    let effect = tui::point(&mut self.state, pointer);
                    return effect.and_then(|effect| self.carry_out(effect, job));
                }
            }
            Message::Input(Event::Paste(text)) => {
                self.changed |= self.state.typing.is_some();
                tui::paste(&mut self.state, &text);
            }
            Message::Input(Event::Resize(..)) | Message::Resized => self.changed = true,
            Message::Input(_) => {}
            Message::Moment => self.fetch(job),
            Message::Surveyed(found) => {
                self.state.take_marks(&found);
                self.changed = true;
            }
            Message::Said(text) => {
                self.state.message = Some(text);
                self.changed = true;
            }
            Message::Resolved => {
                self.state.refresh_names();
                self.changed = true;
            }
            Message::Suspend => return self.again(&job.suspend()),
            Message::Continued => return self.again(&job.resume()),
            Message::Signal(signal) => return Some(Ended::Signal(signal)),
            Message::Lost(_) => return Some(Ended::Lost),
            Message::Failed(error) => return Some(Ended::Failed(error)),
        }
        None
    }

    /// Shows the latest moment, if there is one that was not shown yet.
    fn fetch(&mut self, job: &impl Job) {
        let recording = job.recording();
        self.changed |= recording != self.state.recording;
        self.state.recording = recording;
        if self.state.display == Display::Frozen {
            // Moments of now are left where they are: the sampler makes the next one of their memory.
            let now_us = self.exchange.look();
            self.changed |= now_us != self.state.now_us;
            self.state.now_us = now_us;
            if let Some(past) = self.past.clone() {
                self.fetch_from(&past);
            }
        } else {
            self.fetch_from(&Arc::clone(&self.exchange));
        }
    }

    /// Shows the latest moment of an exchange.
    fn fetch_from(&mut self, exchange: &Exchange) {
        let fetched = exchange.fetch();
        self.changed |= fetched.moment.is_some() || fetched.standing.is_some();
        if let Some(standing) = fetched.standing {
            self.state.stand(standing);
        }
        if let Some(moment) = fetched.moment {
            // First the old one goes back: the next one is made of its memory.
            if let Some(old) = self.state.release() {
                exchange.give_back(old);
            }
            self.state.show(moment, fetched.findings);
        }
    }

    /// Goes through the recording, or through what is kept of the last minutes.
    fn seek(&mut self, seek: Seek, job: &mut impl Job) {
        if self.can_walk(job) {
            if let Some(timeline) = &mut self.state.timeline {
                timeline.wanted = None;
            }
            job.seek(seek);
        }
    }

    /// Goes to the next finding there, or to the one before.
    fn seek_mark(&mut self, forward: bool, job: &mut impl Job) {
        if self.can_walk(job)
            && let Some(at_us) = self.state.seek_mark(forward)
        {
            job.seek(Seek::To(at_us));
        }
    }

    /// Begins to go through what is kept of the last minutes, if that is wanted and not begun yet; answers whether there
    /// is something to go through.
    fn can_walk(&mut self, job: &mut impl Job) -> bool {
        if self.state.display == Display::Frozen && self.past.is_none() {
            let shown = self.state.moment.as_ref();
            let at_us = shown.map_or(i64::MAX, |moment| moment.sample.taken_at_us);
            match job.walk(at_us) {
                Ok(walk) => {
                    self.past = Some(walk.exchange);
                    let timeline = Timeline::new(walk.track, at_us);
                    self.state.timeline = Some(timeline.with_marks(walk.marks));
                }
                Err(why) => {
                    self.state.typing = None;
                    self.state.message = Some(why);
                    return false;
                }
            }
        }
        true
    }

    /// Does what a key or the mouse asks of the outside; answers whether the loop ends by it.
    fn carry_out(&mut self, effect: Effect, job: &mut impl Job) -> Option<Ended> {
        let written = match effect {
            Effect::Quit => return Some(Ended::Quit),
            Effect::Suspend => return self.again(&job.suspend()),
            Effect::Redraw => return self.again(&Ok(())),
            Effect::Thaw => {
                if self.past.take().is_some() {
                    job.stop_walking();
                }
                self.fetch(job);
                return None;
            }
            Effect::Record => {
                self.state.message = Some(job.record());
                self.state.recording = job.recording();
                return None;
            }
            Effect::Save(last) => {
                job.save(last);
                return None;
            }
            Effect::Seek(seek) => {
                self.seek(seek, job);
                return None;
            }
            Effect::SeekMark(forward) => {
                self.seek_mark(forward, job);
                return None;
            }
            Effect::Copy(text) => job.copy(&text),
            Effect::Mouse(take) => job.take_mouse(take),
            Effect::Destroy(socket, ends) => {
                self.state.message = Some(format!("{ends}: {}", job.destroy(&socket)));
                return None;
            }
            Effect::Signal(processes, number, name) => {
                let said = processes.into_iter();
                let said: Vec<String> = said.map(|key| job.signal(key, number, name)).collect();
                self.state.message = Some(said.join("; "));
                return None;
            }
            Effect::Resolve(hosts) => {
                job.resolve(hosts);
                return None;
            }
        };
        written.is_err().then_some(Ended::Lost)
    }

    /// Draws every cell anew next time.
    fn again(&mut self, ready: &io::Result<()>) -> Option<Ended> {
        self.changed = true;
        let cleared = ready.is_ok()
            && self
                .terminal
                .size()
                .and_then(|size| {
                    // Not Terminal::clear: that asks the terminal for its cursor and waits for the answer.
                    self.terminal
                        .resize(ratatui::layout::Rect::new(0, 0, size.width, size.height))
                })
                .is_ok();
        (!cleared).then_some(Ended::Lost)
    }
}

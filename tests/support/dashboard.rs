//! The production event loop over a terminal in memory.

#![allow(dead_code, missing_docs, unreachable_pub)]

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use sockwatch::aggregate::{Aggregator, Moment};
use sockwatch::app::{
    EffectHandler, EventLoop, ExitReason, FindingsScan, Inbox, LatestSlot, Message, Player,
    PlayerStep, Rewind, StopRequest, ViewWorker, replay_state,
};
use sockwatch::diagnose::{Diagnosis, Findings, Thresholds, Watch};
use sockwatch::model::{NamespaceHandle, ProcessKey, Sample, SampleProgress, Socket};
use sockwatch::recording::{Archive, Metadata, SampleArchive};
use sockwatch::source::Source;
use sockwatch::tui::recording_progress::RecordingProgress;
use sockwatch::tui::theme::{ColorSupport, Theme};
use sockwatch::tui::timeline::{FindingMarks, Seek, Timeline};
use sockwatch::tui::{Appearance, State};

use super::Machine;

/// An inbox with a fixed list of messages.
struct Script(VecDeque<Message>);

impl Inbox for Script {
    fn wait(&mut self) -> Option<Message> {
        self.0.pop_front()
    }

    fn poll(&mut self) -> Option<Message> {
        self.0.pop_front()
    }
}

/// An effect handler that records effects and plays Samples without a thread.
#[derive(Default)]
pub struct TestEffects {
    /// How often the program was suspended.
    pub suspensions: usize,
    /// The text copied last.
    pub clipboard: Option<String>,
    /// Other effects, in order.
    pub log: Vec<String>,
    pub playback: Playback,
}

/// The history of Samples and its player.
#[derive(Default)]
pub struct Playback {
    /// Samples of the history; `None` without one.
    history: Option<Vec<Sample>>,
    /// Findings at each of them.
    findings: Vec<Arc<Findings>>,
    player: Option<Player>,
    slot: Option<Arc<LatestSlot>>,
    /// The recording that is being made.
    pub recording: Option<RecordingProgress>,
    /// The moment that the player is making.
    held: Option<Arc<Moment>>,
    /// The player's clock.
    pub now: Option<Instant>,
}

impl Playback {
    fn now(&mut self) -> Instant {
        *self.now.get_or_insert_with(Instant::now)
    }
}

impl EffectHandler for TestEffects {
    fn suspend(&mut self, _: StopRequest) -> std::io::Result<()> {
        self.suspensions += 1;
        Ok(())
    }

    fn resume(&mut self) -> std::io::Result<()> {
        Ok(())
    }

    fn capture_mouse(&mut self, _capture: bool) -> std::io::Result<()> {
        Ok(())
    }

    fn copy_to_clipboard(&mut self, text: &str) -> std::io::Result<()> {
        self.clipboard = Some(text.to_owned());
        Ok(())
    }

    fn destroy_socket(&mut self, socket: &Socket, _: Option<NamespaceHandle>) -> String {
        self.log.push(format!("destroy {}", socket.cookie));
        "destroyed".to_owned()
    }

    fn signal_process(&mut self, process: ProcessKey, _number: i32, name: &str) -> String {
        self.log.push(format!("{name} {}", process.pid));
        format!("sent {name} to process {}", process.pid)
    }

    fn resolve_hosts(&mut self, hosts: Vec<String>) {
        self.log
            .extend(hosts.into_iter().map(|host| format!("resolve {host}")));
    }

    fn start_rewind(&mut self, at_ns: u64) -> Result<Rewind, String> {
        let playback = &mut self.playback;
        let history = playback.history.clone().ok_or("nothing is kept")?;
        let slot = Arc::new(LatestSlot::default());
        let archive = SampleArchive::new(Metadata::default(), history);
        let at = archive.time_axis().at_monotonic(at_ns);
        let player = Player::new(Box::new(archive), at);
        let player = player.with_watch(watch());
        let mut marks = FindingMarks::default();
        for findings in &playback.findings {
            marks.push(findings);
        }
        let track = Arc::new(player.track());
        playback.player = Some(player);
        playback.slot = Some(Arc::clone(&slot));
        Ok(Rewind { slot, track, marks })
    }

    fn seek(&mut self, seek: Seek) {
        let now = self.playback.now();
        if let Some(player) = &mut self.playback.player {
            player.seek(seek, now);
        }
    }

    fn toggle_recording(&mut self) -> String {
        self.log.push("record".to_owned());
        let begun = self.playback.recording.take().is_none();
        self.playback.recording = begun.then(|| RecordingProgress {
            file: "sockwatch-20261120-201411.swr".to_owned(),
            length_us: 751_000_000,
            samples: 751,
            bytes: 4_100_000,
            ..RecordingProgress::default()
        });
        if begun { "recording" } else { "recorded" }.to_owned()
    }

    fn recording(&self) -> Option<RecordingProgress> {
        self.playback.recording.clone()
    }

    fn save_history(&mut self, last: Option<Duration>) {
        self.log.push(format!("save {last:?}"));
    }

    fn stop_rewind(&mut self) {
        let playback = &mut self.playback;
        (playback.player, playback.slot, playback.held) = (None, None, None);
    }
}

/// The dashboard over a simulated machine, or over any other source.
pub struct Dashboard<S = Machine> {
    pub event_loop: EventLoop<TestBackend>,
    pub machine: S,
    pub effects: TestEffects,
    slot: Arc<LatestSlot>,
    aggregator: Aggregator,
    watch: Watch,
    /// Messages of the thread that computes views, if there is one.
    views: Option<Receiver<Message>>,
}

/// A watch with default thresholds.
pub fn watch() -> Watch {
    Watch::new(Diagnosis::new(
        Thresholds::default(),
        jiff::tz::TimeZone::UTC,
    ))
}

/// Colours, UTF-8, UTC.
pub fn look() -> Appearance {
    Appearance {
        theme: Theme::Dark,
        colors: ColorSupport::Many,
        ascii: false,
        timezone: jiff::tz::TimeZone::UTC,
        keys: Arc::default(),
    }
}

/// A recording of a simulated machine: `samples` Samples, one every `seconds` seconds.
pub fn recorded(samples: usize, seconds: u64) -> SampleArchive {
    let mut machine = Machine::default();
    let samples = (0..samples).map(|_| {
        let mut sample = Sample::default();
        machine.next_into(&mut sample).unwrap();
        machine.tick += seconds - 1;
        sample
    });
    let metadata = Metadata {
        interval: Duration::from_secs(seconds),
        ..Metadata::default()
    };
    SampleArchive::new(metadata, samples.collect())
}

impl Dashboard<()> {
    /// A replay, at its start.
    pub fn replay(size: (u16, u16), archive: Box<dyn Archive>) -> Dashboard<()> {
        let mut state = replay_state(look(), &*archive);
        let player = Player::new(archive, 0).with_watch(watch());
        state.timeline = Some(Timeline::new(Arc::new(player.track()), 0));
        let mut dashboard = Dashboard::of_state(size, (), state);
        dashboard.effects.playback.player = Some(player);
        dashboard.effects.playback.slot = Some(Arc::clone(&dashboard.slot));
        dashboard.settle();
        dashboard
    }

    /// Scans the first Samples of the same recording for findings.
    pub fn scan_findings(&mut self, archive: Box<dyn Archive>, samples: usize) -> &mut Self {
        let found = FindingsScan::new(archive, watch()).take(samples).collect();
        self.send([Message::FindingsScanned(found)]);
        self
    }
}

impl<S: Source> Dashboard<S> {
    pub fn new(size: (u16, u16), machine: S) -> Dashboard<S> {
        Dashboard::with_look(size, machine, look())
    }

    pub fn with_look(size: (u16, u16), machine: S, look: Appearance) -> Dashboard<S> {
        let mut state = State::new(look, Duration::from_secs(1));
        state.may_destroy = true;
        Dashboard::of_state(size, machine, state)
    }

    /// Keeps a history of the Samples from now on.
    pub fn with_history(mut self) -> Self {
        self.effects.playback.history = Some(Vec::new());
        self
    }

    /// Makes the next Sample, a second after the one before, and what is derived from it.
    fn publish(&mut self) {
        let mut moment = self.slot.acquire();
        let making = Arc::get_mut(&mut moment).unwrap();
        self.machine.next_into(&mut making.sample).unwrap();
        making.derive(&mut self.aggregator);
        if let Some(history) = &mut self.effects.playback.history {
            history.push(making.sample.clone());
        }
        let findings = self.watch.update(making);
        if self.effects.playback.history.is_some() {
            self.effects.playback.findings.push(Arc::clone(&findings));
        }
        self.slot.publish(moment, findings);
    }

    /// The next Samples, one a second.
    pub fn ticks(&mut self, ticks: usize) -> &mut Self {
        for _ in 0..ticks {
            self.publish();
            let ended = self.send([Message::MomentReady]);
            assert!(matches!(ended, ExitReason::InboxClosed), "{ended:?}");
        }
        self
    }

    /// The next Sample; returns the time that the loop took for it, without making it.
    pub fn tick_timed(&mut self) -> std::time::Duration {
        self.publish();
        let script = Script([Message::MomentReady].into());
        let start = std::time::Instant::now();
        self.event_loop.run(script, &mut self.effects);
        start.elapsed()
    }
}

impl<S> Dashboard<S> {
    fn of_state(size: (u16, u16), machine: S, state: State) -> Dashboard<S> {
        let terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
        let slot = Arc::new(LatestSlot::default());
        let mut event_loop = EventLoop::new(terminal, state, Arc::clone(&slot));
        event_loop.draw().unwrap();
        Dashboard {
            event_loop,
            machine,
            effects: TestEffects::default(),
            slot,
            aggregator: Aggregator::new(),
            watch: watch(),
            views: None,
        }
    }

    /// Computes views on a thread of its own, however few sockets there are. They are waited for.
    pub fn with_worker(mut self) -> Self {
        let (wake, views) = mpsc::channel();
        let worker = ViewWorker::spawn(&wake).unwrap();
        self.event_loop = self.event_loop.with_worker(worker, 0);
        self.views = Some(views);
        self
    }

    /// Shows the views that are being computed.
    fn await_views(&mut self) {
        while let Some(views) = &self.views
            && self.event_loop.state().is_computing()
        {
            let message = views.recv_timeout(Duration::from_secs(60)).unwrap();
            let script = Script([message].into());
            self.event_loop.run(script, &mut self.effects);
        }
    }

    /// Shows a preview, as before the first Sample is complete.
    pub fn preview(&mut self, sample: Sample) -> &mut Self {
        let mut moment = self.slot.acquire_spare();
        let making = Arc::get_mut(&mut moment).unwrap();
        making.sample = sample;
        making.derive(&mut Aggregator::new());
        self.slot.publish_preview(moment);
        self.send([Message::MomentReady]);
        self
    }

    /// Shows the progress of the next Sample.
    pub fn progress(&mut self, progress: SampleProgress) -> &mut Self {
        self.slot.publish_progress(Some(progress));
        self.send([Message::MomentReady]);
        self
    }

    pub fn send(&mut self, messages: impl IntoIterator<Item = Message>) -> ExitReason {
        self.process(Script(messages.into_iter().collect()))
    }

    /// Steps the player until it is idle, showing each moment.
    pub fn settle(&mut self) -> ExitReason {
        while self.step_player() {
            let script = Script([Message::MomentReady].into());
            let ended = self.event_loop.run(script, &mut self.effects);
            if !matches!(ended, ExitReason::InboxClosed) {
                return ended;
            }
            self.await_views();
        }
        ExitReason::InboxClosed
    }

    /// Steps the player until there is something to fetch; returns false if it is idle first.
    fn step_player(&mut self) -> bool {
        let playback = &mut self.effects.playback;
        let now = playback.now();
        let (Some(player), Some(slot)) = (&mut playback.player, &playback.slot) else {
            return false;
        };
        let mut moment = playback.held.take().unwrap_or_else(|| slot.acquire_spare());
        loop {
            match player.step(Arc::get_mut(&mut moment).unwrap(), now) {
                PlayerStep::Show(status) => {
                    slot.publish_with_status(moment, player.findings(), status);
                    return true;
                }
                PlayerStep::Report(status) => {
                    playback.held = Some(moment);
                    slot.publish_status(status);
                    return true;
                }
                PlayerStep::Continue => {}
                PlayerStep::Wait(_) | PlayerStep::Idle => {
                    playback.held = Some(moment);
                    return false;
                }
            }
        }
    }

    /// Advances the player's clock, in small steps.
    pub fn advance(&mut self, time: Duration) -> &mut Self {
        const STEP: Duration = Duration::from_millis(10);
        let end = self.effects.playback.now() + time;
        while self.effects.playback.now() < end {
            self.effects.playback.now = Some(self.effects.playback.now() + STEP);
            self.settle();
        }
        self.send([]);
        self
    }

    /// Processes all messages of an inbox.
    pub fn process(&mut self, inbox: impl Inbox) -> ExitReason {
        let ended = self.event_loop.run(inbox, &mut self.effects);
        self.await_views();
        if matches!(ended, ExitReason::InboxClosed) {
            self.settle();
        }
        // Unlike a terminal, the one in memory keeps what was below the second half of a wide character: a full redraw
        // clears that.
        let script = Script([Message::Resumed].into());
        self.event_loop.run(script, &mut self.effects);
        ended
    }

    /// One key; returns the time until it is drawn.
    pub fn key_timed(&mut self, code: KeyCode) -> std::time::Duration {
        let key = KeyEvent::new(code, KeyModifiers::NONE);
        let script = Script([Message::Input(Event::Key(key))].into());
        let start = std::time::Instant::now();
        self.event_loop.run(script, &mut self.effects);
        start.elapsed()
    }

    /// One key, drawn afterwards.
    pub fn key(&mut self, code: KeyCode) -> &mut Self {
        let ended = self.press(KeyEvent::new(code, KeyModifiers::NONE));
        assert!(matches!(ended, ExitReason::InboxClosed), "{ended:?}");
        self
    }

    pub fn press(&mut self, key: KeyEvent) -> ExitReason {
        self.send([Message::Input(Event::Key(key))])
    }

    /// Keys that are characters, one after the other.
    pub fn keys(&mut self, keys: &str) -> &mut Self {
        for character in keys.chars() {
            self.key(KeyCode::Char(character));
        }
        self
    }

    /// Keys as they are typed: a carriage return is Enter, an escape Esc.
    pub fn type_in(&mut self, keys: &str) -> &mut Self {
        for character in keys.chars() {
            self.key(match character {
                '\r' => KeyCode::Enter,
                '\x1b' => KeyCode::Esc,
                character => KeyCode::Char(character),
            });
        }
        self
    }

    /// Keys that arrive together, and are drawn once.
    pub fn burst(&mut self, keys: &str) -> &mut Self {
        let key = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
        self.send(keys.chars().map(|c| Message::Input(Event::Key(key(c)))));
        self
    }

    /// A text that is pasted.
    pub fn paste(&mut self, text: &str) -> &mut Self {
        self.send([Message::Input(Event::Paste(text.to_owned()))]);
        self
    }

    pub fn resize(&mut self, width: u16, height: u16) -> &mut Self {
        self.event_loop.backend_mut().resize(width, height);
        self.send([Message::Input(Event::Resize(width, height))]);
        self
    }

    /// The screen's lines.
    pub fn lines(&self) -> Vec<String> {
        let buffer = self.event_loop.backend().buffer();
        let width = usize::from(buffer.area.width);
        buffer
            .content
            .chunks(width)
            .map(|line| {
                let mut text = String::new();
                let mut skip = 0;
                for cell in line {
                    if skip == 0 {
                        text.push_str(cell.symbol());
                        skip = unicode_width::UnicodeWidthStr::width(cell.symbol());
                    }
                    skip = usize::saturating_sub(skip, 1);
                }
                text.trim_end().to_owned()
            })
            .collect()
    }

    pub fn text(&self) -> String {
        self.lines().join("\n")
    }

    pub fn shows(&self, text: &str) -> bool {
        self.text().contains(text)
    }

    /// The line that is drawn as selected.
    pub fn selected(&self) -> Option<String> {
        let buffer = self.event_loop.backend().buffer();
        let selected = (4..buffer.area.height).find(|&y| {
            buffer[(2, y)]
                .modifier
                .contains(ratatui::style::Modifier::REVERSED)
        })?;
        Some(self.lines()[usize::from(selected)].clone())
    }

    /// The style of the first cell of `text`.
    pub fn style_of(&self, text: &str) -> Option<ratatui::style::Style> {
        let buffer = self.event_loop.backend().buffer();
        let (y, line) = (0..)
            .zip(self.lines())
            .find(|(_, line)| line.contains(text))?;
        let at = line.find(text)?;
        let x = unicode_width::UnicodeWidthStr::width(&line[..at]) as u16;
        Some(buffer[(x, y)].style())
    }
}

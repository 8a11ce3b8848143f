//! The production event loop over a terminal in memory.

#![allow(dead_code, missing_docs, unreachable_pub)]

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use sockwatch::aggregate::{Aggregator, Moment};
use sockwatch::app::{
    Ended, EventLoop, Exchange, Inbox, Job, Message, Player, Survey, Walk, Work, state_of_replay,
};
use sockwatch::diagnose::{Diagnosis, Findings, Thresholds, Watch};
use sockwatch::model::{ProcessKey, Sample, Socket};
use sockwatch::recording::{Archive, Head, Samples};
use sockwatch::source::Source;
use sockwatch::tui::recording::Recording;
use sockwatch::tui::theme::Theme;
use sockwatch::tui::timeline::{Marks, Seek, Timeline};
use sockwatch::tui::{Look, State};

use super::Machine;

/// Messages that are there, and then none.
struct Script(VecDeque<Message>);

impl Inbox for Script {
    fn wait(&mut self) -> Option<Message> {
        self.0.pop_front()
    }

    fn poll(&mut self) -> Option<Message> {
        self.0.pop_front()
    }
}

/// Counts how often the terminal was given back; keeps what was copied last, and what was to be ended. Goes through
/// Samples without a thread.
#[derive(Default)]
pub struct NoJob(pub usize, pub Option<String>, pub Vec<String>, pub Past);

/// What was sampled, and whoever goes through it.
#[derive(Default)]
pub struct Past {
    /// What is kept; nothing if nobody keeps it.
    kept: Option<Vec<Sample>>,
    /// What was told of findings at each of them.
    told: Vec<Arc<Findings>>,
    player: Option<Player>,
    exchange: Option<Arc<Exchange>>,
    /// The recording that is being made.
    pub recording: Option<Recording>,
    /// What the player was making.
    held: Option<Arc<Moment>>,
    /// Time as the player sees it.
    pub now: Option<Instant>,
}

impl Past {
    fn now(&mut self) -> Instant {
        *self.now.get_or_insert_with(Instant::now)
    }
}

impl Job for NoJob {
    fn suspend(&mut self) -> std::io::Result<()> {
        self.0 += 1;
        Ok(())
    }

    fn resume(&mut self) -> std::io::Result<()> {
        Ok(())
    }

    fn take_mouse(&mut self, _take: bool) -> std::io::Result<()> {
        Ok(())
    }

    fn copy(&mut self, text: &str) -> std::io::Result<()> {
        self.1 = Some(text.to_owned());
        Ok(())
    }

    fn destroy(&mut self, socket: &Socket) -> String {
        self.2.push(format!("destroy {}", socket.cookie));
        "destroyed".to_owned()
    }

    fn signal(&mut self, process: ProcessKey, _number: i32, name: &str) -> String {
        self.2.push(format!("{name} {}", process.pid));
        format!("{name} was sent to process {}", process.pid)
    }

    fn resolve(&mut self, hosts: Vec<String>) {
        self.2
            .extend(hosts.into_iter().map(|host| format!("resolve {host}")));
    }

    fn walk(&mut self, at_us: i64) -> Result<Walk, String> {
        let past = &mut self.3;
        let kept = past.kept.clone().ok_or("nothing is kept")?;
        let exchange = Arc::new(Exchange::default());
        let player = Player::new(Box::new(Samples::new(Head::default(), kept)), at_us);
        let player = player.watching(watch());
        let mut marks = Marks::default();
        for findings in &past.told {
            marks.push(findings);
        }
        let track = Arc::new(player.track());
        past.player = Some(player);
        past.exchange = Some(Arc::clone(&exchange));
        Ok(Walk {
            exchange,
            track,
            marks,
        })
    }

    fn seek(&mut self, seek: Seek) {
        let now = self.3.now();
        if let Some(player) = &mut self.3.player {
            player.obey(seek, now);
        }
    }

    fn record(&mut self) -> String {
        self.2.push("record".to_owned());
        let begun = self.3.recording.take().is_none();
        self.3.recording = begun.then(|| Recording {
            file: "sockwatch-20261120-201411.swr".to_owned(),
            length_us: 751_000_000,
            samples: 751,
            bytes: 4_100_000,
            ..Recording::default()
        });
        if begun { "recording" } else { "recorded" }.to_owned()
    }

    fn recording(&self) -> Option<Recording> {
        self.3.recording.clone()
    }

    fn save(&mut self, last: Option<Duration>) {
        self.2.push(format!("save {last:?}"));
    }

    fn stop_walking(&mut self) {
        (self.3.player, self.3.exchange, self.3.held) = (None, None, None);
    }
}

/// The dashboard over a machine made by hand, or over any other source.
pub struct Dashboard<S = Machine> {
    pub event_loop: EventLoop<TestBackend>,
    pub machine: S,
    pub job: NoJob,
    exchange: Arc<Exchange>,
    aggregator: Aggregator,
    watch: Watch,
}

/// Looks for what is wrong, as the program does if nobody says otherwise.
pub fn watch() -> Watch {
    Watch::new(Diagnosis::new(
        Thresholds::default(),
        jiff::tz::TimeZone::UTC,
    ))
}

/// Colours, UTF-8, UTC.
pub fn look() -> Look {
    Look {
        theme: Theme::Dark,
        ascii: false,
        timezone: jiff::tz::TimeZone::UTC,
    }
}

/// What a machine made by hand does in so many Samples, one every so many seconds.
pub fn recorded(samples: usize, seconds: u64) -> Samples {
    let mut machine = Machine::default();
    let samples = (0..samples).map(|_| {
        let mut sample = Sample::default();
        machine.next_into(&mut sample).unwrap();
        machine.tick += seconds - 1;
        sample
    });
    let head = Head {
        interval: Duration::from_secs(seconds),
        ..Head::default()
    };
    Samples::new(head, samples.collect())
}

impl Dashboard<()> {
    /// A replay, at its start.
    pub fn replay(size: (u16, u16), archive: Box<dyn Archive>) -> Dashboard<()> {
        let at_us = archive
            .entries()
            .first()
            .map_or(0, |entry| entry.taken_at_us);
        let mut state = state_of_replay(look(), archive.head());
        let player = Player::new(archive, at_us).watching(watch());
        state.timeline = Some(Timeline::new(Arc::new(player.track()), at_us));
        let mut dashboard = Dashboard::of_state(size, (), state);
        dashboard.job.3.player = Some(player);
        dashboard.job.3.exchange = Some(Arc::clone(&dashboard.exchange));
        dashboard.rest();
        dashboard
    }

    /// Goes through so many Samples of the same recording for its findings.
    pub fn survey(&mut self, archive: Box<dyn Archive>, samples: usize) -> &mut Self {
        let found = Survey::new(archive, watch()).take(samples).collect();
        self.send([Message::Surveyed(found)]);
        self
    }
}

impl<S: Source> Dashboard<S> {
    pub fn new(size: (u16, u16), machine: S) -> Dashboard<S> {
        Dashboard::with_look(size, machine, look())
    }

    pub fn with_look(size: (u16, u16), machine: S, look: Look) -> Dashboard<S> {
        let mut state = State::new(look, Duration::from_secs(1));
        state.may_destroy = true;
        Dashboard::of_state(size, machine, state)
    }

    /// Keeps what is sampled from now on, to be gone through.
    pub fn keeping(mut self) -> Self {
        self.job.3.kept = Some(Vec::new());
        self
    }

    /// Makes the next Sample, a second after the one before, and what is derived from it.
    fn publish(&mut self) {
        let mut moment = self.exchange.blank();
        let making = Arc::get_mut(&mut moment).unwrap();
        self.machine.next_into(&mut making.sample).unwrap();
        making.derive(&mut self.aggregator);
        if let Some(kept) = &mut self.job.3.kept {
            kept.push(making.sample.clone());
        }
        let findings = self.watch.update(making);
        if self.job.3.kept.is_some() {
            self.job.3.told.push(Arc::clone(&findings));
        }
        self.exchange.publish(moment, findings);
    }

    /// The next Samples, one a second.
    pub fn ticks(&mut self, ticks: usize) -> &mut Self {
        for _ in 0..ticks {
            self.publish();
            let ended = self.send([Message::Moment]);
            assert!(matches!(ended, Ended::Idle), "{ended:?}");
        }
        self
    }

    /// The next Sample; answers the time that the loop took for it, without making it.
    pub fn tick_timed(&mut self) -> std::time::Duration {
        self.publish();
        let script = Script([Message::Moment].into());
        let start = std::time::Instant::now();
        self.event_loop.run(script, &mut self.job);
        start.elapsed()
    }
}

impl<S> Dashboard<S> {
    fn of_state(size: (u16, u16), machine: S, state: State) -> Dashboard<S> {
        let terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
        let exchange = Arc::new(Exchange::default());
        let mut event_loop = EventLoop::new(terminal, state, Arc::clone(&exchange));
        event_loop.draw().unwrap();
        Dashboard {
            event_loop,
            machine,
            job: NoJob::default(),
            exchange,
            aggregator: Aggregator::new(),
            watch: watch(),
        }
    }

    pub fn send(&mut self, messages: impl IntoIterator<Item = Message>) -> Ended {
        self.take(Script(messages.into_iter().collect()))
    }

    /// Lets the player do what is to be done now, and shows what comes of it.
    pub fn rest(&mut self) -> Ended {
        while self.work() {
            let script = Script([Message::Moment].into());
            let ended = self.event_loop.run(script, &mut self.job);
            if !matches!(ended, Ended::Idle) {
                return ended;
            }
        }
        Ended::Idle
    }

    /// Does the player's work until there is something to fetch; answers whether there is.
    fn work(&mut self) -> bool {
        let past = &mut self.job.3;
        let now = past.now();
        let (Some(player), Some(exchange)) = (&mut past.player, &past.exchange) else {
            return false;
        };
        let mut moment = past.held.take().unwrap_or_else(|| exchange.spare());
        loop {
            match player.work(Arc::get_mut(&mut moment).unwrap(), now) {
                Work::Show(standing) => {
                    exchange.publish_at(moment, player.findings(), standing);
                    return true;
                }
                Work::Tell(standing) => {
                    past.held = Some(moment);
                    exchange.tell(standing);
                    return true;
                }
                Work::More => {}
                Work::Wait(_) | Work::Rest => {
                    past.held = Some(moment);
                    return false;
                }
            }
        }
    }

    /// So much time goes by for the player, in small steps.
    pub fn pass(&mut self, time: Duration) -> &mut Self {
        const STEP: Duration = Duration::from_millis(10);
        let end = self.job.3.now() + time;
        while self.job.3.now() < end {
            self.job.3.now = Some(self.job.3.now() + STEP);
            self.rest();
        }
        self.send([]);
        self
    }

    /// Whatever an inbox has.
    pub fn take(&mut self, inbox: impl Inbox) -> Ended {
        let ended = self.event_loop.run(inbox, &mut self.job);
        if matches!(ended, Ended::Idle) {
            self.rest();
        }
        // Unlike a terminal, the one in memory keeps what was below the second half of a wide character: drawing anew
        // wipes that.
        let script = Script([Message::Continued].into());
        self.event_loop.run(script, &mut self.job);
        ended
    }

    /// One key; answers the time until it is drawn.
    pub fn key_timed(&mut self, code: KeyCode) -> std::time::Duration {
        let key = KeyEvent::new(code, KeyModifiers::NONE);
        let script = Script([Message::Input(Event::Key(key))].into());
        let start = std::time::Instant::now();
        self.event_loop.run(script, &mut self.job);
        start.elapsed()
    }

    /// One key, drawn afterwards.
    pub fn key(&mut self, code: KeyCode) -> &mut Self {
        let ended = self.press(KeyEvent::new(code, KeyModifiers::NONE));
        assert!(matches!(ended, Ended::Idle), "{ended:?}");
        self
    }

    pub fn press(&mut self, key: KeyEvent) -> Ended {
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

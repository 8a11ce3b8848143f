//! The production event loop over a terminal in memory.

#![allow(dead_code, missing_docs, unreachable_pub)]

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use sockwatch::aggregate::Aggregator;
use sockwatch::app::{Ended, EventLoop, Exchange, Inbox, Job, Message};
use sockwatch::model::{ProcessKey, Socket};
use sockwatch::source::Source;
use sockwatch::tui::theme::Theme;
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

/// Counts how often the terminal was given back; keeps what was copied last, and what was to be ended.
#[derive(Default)]
pub struct NoJob(pub usize, pub Option<String>, pub Vec<String>);

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
}

/// The dashboard over a machine made by hand, or over any other source.
pub struct Dashboard<S = Machine> {
    pub event_loop: EventLoop<TestBackend>,
    pub machine: S,
    pub job: NoJob,
    exchange: Arc<Exchange>,
    aggregator: Aggregator,
}

/// Colours, UTF-8, UTC.
pub fn look() -> Look {
    Look {
        theme: Theme::Dark,
        ascii: false,
        timezone: jiff::tz::TimeZone::UTC,
    }
}

impl<S: Source> Dashboard<S> {
    pub fn new(size: (u16, u16), machine: S) -> Dashboard<S> {
        Dashboard::with_look(size, machine, look())
    }

    pub fn with_look(size: (u16, u16), machine: S, look: Look) -> Dashboard<S> {
        let terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
        let exchange = Arc::new(Exchange::default());
        let mut state = State::new(look, Duration::from_secs(1));
        state.may_destroy = true;
        let mut event_loop = EventLoop::new(terminal, state, Arc::clone(&exchange));
        event_loop.draw().unwrap();
        Dashboard {
            event_loop,
            machine,
            job: NoJob::default(),
            exchange,
            aggregator: Aggregator::new(),
        }
    }

    pub fn send(&mut self, messages: impl IntoIterator<Item = Message>) -> Ended {
        self.take(Script(messages.into_iter().collect()))
    }

    /// Whatever an inbox has.
    pub fn take(&mut self, inbox: impl Inbox) -> Ended {
        let ended = self.event_loop.run(inbox, &mut self.job);
        // Unlike a terminal, the one in memory keeps what was below the second half of a wide character: drawing anew
        // wipes that.
        let script = Script([Message::Continued].into());
        self.event_loop.run(script, &mut self.job);
        ended
    }

    /// Makes the next Sample, a second after the one before, and what is derived from it.
    fn publish(&mut self) {
        let mut moment = self.exchange.blank();
        let making = Arc::get_mut(&mut moment).unwrap();
        self.machine.next_into(&mut making.sample).unwrap();
        making.derive(&mut self.aggregator);
        self.exchange.publish(moment);
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

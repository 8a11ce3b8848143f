//! How long each key takes until the screen has answered it, at a million sockets, with a new moment every second.
//!
//! `cargo bench --bench keys -- 800000` presses every key of the screens of sockets, processes, listeners and remotes,
//! sorted by several columns, with and without a filter. It prints for each screen the median, the 99th percentile and the
//! maximum of
//!
//! - *frame*: from the key to the frame that follows it;
//! - *work*: the loop's own part of that, as CPU time, which does not depend on what else the machine does;
//! - *view*: from the key to the frame with the rows that it asks for, which a thread of their own sorts and filters;
//! - *busy*: the time that the loop spends on anything else, such as a new moment, during which a key waits.
//!
//! `-v` also prints the slowest keys. The terminal is in memory.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use sockwatch::aggregate::Aggregator;
use sockwatch::app::{EventLoop, ExitReason, Inbox, LatestSlot, Message, ViewWorker};
use sockwatch::source::Source as _;
use sockwatch::tui::State;

#[path = "../support/mod.rs"]
mod support;

use support::Machine;
use support::cost_baseline::thread_cpu_time;
use support::dashboard::{TestEffects, look, watch};

/// Sockets without an argument.
const SOCKETS: u32 = 800_000;

/// Time between two moments.
const INTERVAL: Duration = Duration::from_secs(1);

/// Maximum time for a view.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The screens, each with the columns to sort by.
const SCREENS: [(&str, &str, &[&str]); 4] = [
    (
        "2",
        "sockets",
        &["rate", "local", "remote", "process", "rtt", "state"],
    ),
    ("3", "processes", &["rate", "process"]),
    ("4", "listeners", &["fill", "local"]),
    ("5", "remotes", &["rate", "remote", "sockets"]),
];

const FILTERS: [&str; 3] = ["", "rtt > 1ms", "dport = 2000 or sport = 9000"];

/// The keys, in an order in which each of them does something. `↓` and the like stand for keys without a character.
const KEYS: &str =
    "jjk↓↑⇟⇟⇞GkgIIj<>⇟zzjZZtjzGtgttttoojoofEiEKEyYcEsETM1324567822IjDDE⏎jGEpEePE..,\u{20}j\u{20}";

/// An inbox with these messages.
struct Script(VecDeque<Message>);

impl Inbox for Script {
    fn wait(&mut self) -> Option<Message> {
        self.0.pop_front()
    }

    fn poll(&mut self) -> Option<Message> {
        self.0.pop_front()
    }
}

/// Durations of one kind.
#[derive(Default)]
struct Times(Vec<Duration>);

impl Times {
    /// `p50   p99   max`, ms.
    fn summary(&mut self) -> String {
        self.0.sort_unstable();
        let at = |share: f64| {
            let last = self.0.len().saturating_sub(1);
            let time = self.0.get((last as f64 * share).round() as usize);
            time.map_or(0.0, |time| time.as_secs_f64() * 1000.0)
        };
        format!("{:7.1} {:7.1} {:7.1}", at(0.5), at(0.99), at(1.0))
    }
}

struct Bench {
    event_loop: EventLoop<TestBackend>,
    effects: TestEffects,
    inbox: Receiver<Message>,
    busy: Times,
    /// The name of a key; the times to its frame, of the loop's work for it, and to its view.
    keys: Vec<(String, [Duration; 3])>,
}

impl Bench {
    /// Processes messages and draws.
    fn run(&mut self, message: Message) -> Duration {
        let start = Instant::now();
        let script = Script([message].into());
        let ended = self.event_loop.run(script, &mut self.effects);
        assert!(matches!(ended, ExitReason::InboxClosed), "{ended:?}");
        start.elapsed()
    }

    /// Processes what arrives for some time.
    fn pump(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            if let Ok(message) = self.inbox.recv_timeout(left) {
                let busy = self.run(message);
                self.busy.0.push(busy);
            }
        }
    }

    /// Presses a key and waits for its view.
    fn press(&mut self, name: &str, code: KeyCode) {
        let start = Instant::now();
        let key = KeyEvent::new(code, KeyModifiers::NONE);
        let worked = thread_cpu_time();
        let frame = self.run(Message::Input(Event::Key(key)));
        let work = thread_cpu_time().saturating_sub(worked);
        while self.event_loop.state().is_awaited() {
            let message = self.inbox.recv_timeout(TIMEOUT).expect("the view comes");
            let busy = self.run(message);
            self.busy.0.push(busy);
        }
        let times = [frame, work, start.elapsed()];
        self.keys.push((name.to_owned(), times));
        // Keys come at any time relative to moments.
        let pause = 7 + self.keys.len() as u64 * 13 % 50;
        self.pump(Duration::from_millis(pause));
    }

    fn press_character(&mut self, character: char) {
        let code = match character {
            '↓' => KeyCode::Down,
            '↑' => KeyCode::Up,
            '⇟' => KeyCode::PageDown,
            '⇞' => KeyCode::PageUp,
            '⏎' => KeyCode::Enter,
            'E' => KeyCode::Esc,
            character => KeyCode::Char(character),
        };
        self.press(&character.to_string(), code);
    }

    fn type_in(&mut self, text: &str) {
        for character in text.chars() {
            self.press("typed", KeyCode::Char(character));
        }
        self.press("⏎ typed", KeyCode::Enter);
    }
}

/// Publishes a moment every second, until it is told to stop.
fn sample(many: u32, slot: &LatestSlot, wake: &Sender<Message>, is_over: &AtomicBool) {
    let mut machine = Machine {
        many,
        ..Machine::default()
    };
    let (mut aggregator, mut watch) = (Aggregator::new(), watch());
    while !is_over.load(Ordering::Relaxed) {
        let due = Instant::now() + INTERVAL;
        let mut moment = slot.acquire();
        let making = Arc::get_mut(&mut moment).expect("it has one owner");
        machine
            .next_into(&mut making.sample)
            .expect("it always has a Sample");
        making.derive(&mut aggregator);
        let findings = watch.update(making);
        if slot.publish(moment, findings) && wake.send(Message::MomentReady).is_err() {
            return;
        }
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let many = arguments.iter().find_map(|text| text.parse().ok());
    let many = many.unwrap_or(SOCKETS);
    let is_verbose = arguments.iter().any(|text| text == "-v");
    let (wake, inbox) = mpsc::channel();
    let slot = Arc::new(LatestSlot::default());
    let terminal = Terminal::new(TestBackend::new(160, 50)).expect("it has a size");
    let state = State::new(look(), INTERVAL);
    let worker = ViewWorker::spawn(&wake).expect("a thread can be started");
    let mut bench = Bench {
        event_loop: EventLoop::new(terminal, state, Arc::clone(&slot))
            .with_worker(worker, ViewWorker::MIN_SOCKETS),
        effects: TestEffects::default(),
        inbox,
        busy: Times::default(),
        keys: Vec::new(),
    };
    let is_over = Arc::new(AtomicBool::new(false));
    let sampler = {
        let (slot, is_over) = (Arc::clone(&slot), Arc::clone(&is_over));
        let work = move || sample(many, &slot, &wake, &is_over);
        let named = thread::Builder::new().name("sampler".into());
        named.spawn(work).expect("a thread can be started")
    };
    while bench.event_loop.state().moment.is_none() {
        bench.pump(Duration::from_millis(100));
    }
    bench.pump(3 * INTERVAL);
    println!("{many} sockets; p50, p99, max in ms");
    print!("{:42}", "screen, filter");
    println!(
        "{:>23} {:>23} {:>23}",
        "key to frame", "work", "key to view"
    );
    let mut slowest: BTreeMap<String, [Duration; 3]> = BTreeMap::new();
    let mut all: [Times; 3] = Default::default();
    for (digit, screen, columns) in SCREENS {
        for filter in FILTERS {
            bench.keys.clear();
            for column in columns {
                bench.type_in(&format!("{digit}F/{filter}"));
                bench.press_character('s');
                bench.type_in(&format!("/{column}"));
                bench.press("⏎ sort", KeyCode::Enter);
                for key in KEYS.chars() {
                    bench.press_character(key);
                }
            }
            let mut of_screen: [Times; 3] = Default::default();
            for (name, times) in bench.keys.drain(..) {
                let slow = slowest.entry(format!("{screen} {name}")).or_default();
                for at in 0..3 {
                    of_screen[at].0.push(times[at]);
                    all[at].0.push(times[at]);
                    slow[at] = slow[at].max(times[at]);
                }
            }
            let [frame, work, view] = of_screen.map(|mut times| times.summary());
            println!("{:42}{frame} {work} {view}", format!("{screen} {filter}"));
        }
    }
    let [frame, work, view] = all.map(|mut times| times.summary());
    println!("{:42}{frame} {work} {view}", "all");
    println!("{:42}{}", "busy otherwise", bench.busy.summary());
    if is_verbose {
        let mut slowest: Vec<_> = slowest.into_iter().collect();
        slowest.sort_by_key(|(_, times)| std::cmp::Reverse(times[1]));
        for (name, times) in slowest.into_iter().take(40) {
            let [frame, work, view] = times.map(|time| time.as_secs_f64() * 1000.0);
            println!("{name:30} {frame:7.1} {work:7.1} {view:7.1}");
        }
    }
    is_over.store(true, Ordering::Relaxed);
    drop(bench);
    sampler.join().expect("the sampler ends");
}

//! The program itself in a pseudo-terminal, measured from outside: when something is on the screen, its share of a
//! processor, its memory.

use std::fs;
use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Time that the program may take for anything.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Time before the processor is measured: the first Samples allocate memory.
const WARM_UP: Duration = Duration::from_secs(8);

/// Time over which the processor is measured.
const MEASURED: Duration = Duration::from_secs(10);

/// Figures of one run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProgramFigures {
    /// From its start until the first rows of sockets are on the screen.
    pub(crate) first_rows: Duration,
    /// From its start until the first complete Sample is on the screen.
    pub(crate) first_sample: Duration,
    /// Share of one processor, at the interval of one second.
    pub(crate) processor: f64,
    /// Time from one Sample to the next: longer than a second if they take longer.
    pub(crate) pace: Duration,
    /// Resident memory, bytes, and the part of it that is not from files.
    pub(crate) resident: u64,
    pub(crate) anonymous: u64,
}

fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).expect("a terminal has cells")
}

struct Terminal {
    _master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
}

impl Terminal {
    /// Starts the dashboard with these arguments, and presses 2 for the screen of sockets.
    fn start(arguments: &[&str]) -> Terminal {
        let size = PtySize {
            rows: 40,
            cols: 160,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).expect("a terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_sockwatch"));
        command.args(arguments);
        command.env("LANG", "C.UTF-8");
        command.env("TERM", "xterm-256color");
        let mut keyboard = pair.master.take_writer().expect("a keyboard");
        keyboard.write_all(b"2").expect("it takes keys");
        let child = pair.slave.spawn_command(command).expect("it starts");
        let mut reader = pair.master.try_clone_reader().expect("a screen");
        let (sender, output) = mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 65536];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..read].to_vec()).is_err() {
                    break;
                }
            }
            drop(keyboard);
        });
        Terminal {
            _master: pair.master,
            child,
            output,
            screen: vt100::Parser::new(cells(40), cells(160), 0),
        }
    }

    /// Waits until the screen is as wanted, at most until a time; returns false at that time.
    fn wait(&mut self, until: Instant, wanted: impl Fn(&str) -> bool) -> bool {
        while !wanted(&self.screen.screen().contents()) {
            let left = until.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(_) => return false,
            }
        }
        true
    }

    fn pid(&self) -> u32 {
        self.child.process_id().expect("it runs")
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the dashboard and measures it.
///
/// # Panics
/// If it does not show what it has to.
pub(crate) fn measure(arguments: &[&str]) -> ProgramFigures {
    let start = Instant::now();
    let mut terminal = Terminal::start(arguments);
    let until = start + TIMEOUT;
    assert!(terminal.wait(until, has_rows), "no rows are shown");
    let first_rows = start.elapsed();
    let complete = |text: &str| has_rows(text) && !text.contains(" preview: ");
    assert!(terminal.wait(until, complete), "no sample is shown");
    let first_sample = start.elapsed();
    terminal.wait(Instant::now() + WARM_UP, |_| false);
    let (before, begun) = (processor_time(terminal.pid()), Instant::now());
    terminal.wait(begun + MEASURED, |_| false);
    let spent = processor_time(terminal.pid()).saturating_sub(before);
    let text = terminal.screen.screen().contents();
    ProgramFigures {
        first_rows,
        first_sample,
        processor: spent.as_secs_f64() / begun.elapsed().as_secs_f64(),
        pace: pace(&text).unwrap_or(Duration::from_secs(1)),
        resident: status_bytes(terminal.pid(), "VmRSS:"),
        anonymous: status_bytes(terminal.pid(), "RssAnon:"),
    }
}

/// True if the table of sockets has rows: then its lower edge has their numbers.
fn has_rows(text: &str) -> bool {
    text.lines()
        .any(|line| line.starts_with('└') && line.contains(" 1-"))
}

/// Returns the interval in the status line, if it is longer than configured.
fn pace(text: &str) -> Option<Duration> {
    let (_, after) = text.split_once("a sample every ")?;
    let seconds = after.split(' ').next()?.parse().ok()?;
    Some(Duration::from_secs_f64(seconds))
}

/// Returns the processor time of all threads of a process.
fn processor_time(pid: u32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let (_, after_name) = text.rsplit_once(')').unwrap_or_default();
    // Fields 14 and 15; the one after the name is the third.
    let ticks = after_name.split_ascii_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|word| word.parse::<u64>().ok()).sum();
    Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// Returns a size of `/proc/PID/status`, bytes.
fn status_bytes(pid: u32, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.split_ascii_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}

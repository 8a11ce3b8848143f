//! The real program in a pseudo-terminal: it shows the running kernel's sockets and leaves the terminal as it was.

use std::io::{Read, Write};
use std::num::NonZero;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use sockwatch::app;
use sockwatch::model::{Preview, Sample, SampleProgress};
use sockwatch::recording::Archive as _;
use sockwatch::source::{ProgressObserver, Source, SourceError};

use crate::support::wait::patience;

/// Longest time that a step may take; a loaded machine is slow.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The system call `write` to standard output in `/proc/PID/syscall`, by its number on this architecture.
const WRITE_CALL: &str = if cfg!(target_arch = "x86_64") {
    "1 0x1 "
} else {
    "64 0x1 "
};

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols: columns,
        pixel_width: 0,
        pixel_height: 0,
    }
}

fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

/// The program in a pseudo-terminal, with its screen.
struct Session {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    keyboard: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    reader: JoinHandle<()>,
    /// True if the terminal accepts no output.
    stopped: Arc<AtomicBool>,
    screen: vt100::Parser,
    /// All that was written to the terminal.
    written: Vec<u8>,
    settings: String,
}

impl Session {
    fn start(environment: &[(&str, &str)]) -> Session {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_sockwatch"));
        command.args(["--interval", "200ms"]);
        Session::start_command(command, environment)
    }

    fn start_command(mut command: CommandBuilder, environment: &[(&str, &str)]) -> Session {
        let pair = native_pty_system().openpty(size(80, 24)).unwrap();
        let settings = settings(pair.master.as_ref());
        command.env("LANG", "C.UTF-8");
        command.env("TERM", "xterm-256color");
        for name in ["LC_ALL", "LC_CTYPE", "NO_COLOR"] {
            command.env_remove(name);
        }
        for (name, value) in environment {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (sender, output) = mpsc::channel();
        let stopped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopped);
        let reader = std::thread::spawn(move || {
            let mut bytes = vec![0; 65536];
            while let Ok(length @ 1..) = reader.read(&mut bytes) {
                if stop.load(Ordering::SeqCst) || sender.send(bytes[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Session {
            keyboard: pair.master.take_writer().unwrap(),
            master: pair.master,
            child,
            output,
            reader,
            stopped,
            screen: vt100::Parser::new(cells(24), cells(80), 0),
            written: Vec::new(),
            settings,
        }
    }

    /// Waits until a complete Sample is on the screen, if any, and it satisfies `wanted`. A preview comes before it only
    /// where the first Sample takes long, as on a busy machine.
    fn wait(&mut self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) {
        self.wait_with_preview(what, |screen| {
            !screen.contents().contains(" preview: ") && wanted(screen)
        });
    }

    /// Waits until the screen satisfies `wanted`.
    fn wait_with_preview(&mut self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) {
        let until = Instant::now() + TIMEOUT;
        while !wanted(self.screen.screen()) {
            let left = until.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => {
                    self.screen.process(&bytes);
                    self.written.extend_from_slice(&bytes);
                }
                Err(error) => panic!("{what}: {error}\n{}", self.screen.screen().contents()),
            }
        }
    }

    fn wait_for(&mut self, text: &str) {
        self.wait(text, |screen| screen.contents().contains(text));
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Position of a text on the screen: column and row, from 1 as in reports of the terminal.
    fn find(&self, text: &str) -> (usize, usize) {
        let screen = self.screen.screen();
        let (_, columns) = screen.size();
        let found = screen
            .rows(0, columns.get())
            .enumerate()
            .find_map(|(row, line)| {
                let at = line.find(text)?;
                Some((line[..at].chars().count() + 1, row + 1))
            });
        found.unwrap_or_else(|| panic!("{text} is not shown:\n{}", screen.contents()))
    }

    /// Presses and releases a button of the mouse: 0 the left one, 64 the wheel up, 65 down.
    fn click(&mut self, button: u8, (column, row): (usize, usize)) {
        self.press(&format!(
            "\x1b[<{button};{column};{row}M\x1b[<{button};{column};{row}m"
        ));
    }

    /// Waits until the kernel reports it as stopped: SIGCONT before would have no effect.
    fn wait_until_stopped(&self) {
        let path = format!("/proc/{}/stat", self.child.process_id().unwrap());
        let until = Instant::now() + TIMEOUT;
        while !std::fs::read_to_string(&path).unwrap().contains(") T ") {
            assert!(Instant::now() < until, "Ctrl-Z does not stop it");
            std::thread::yield_now();
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.process_id().unwrap().cast_signed()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Stops the terminal's output, as Ctrl-S does.
    fn stop_output(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        let until = Instant::now() + TIMEOUT;
        while !self.reader.is_finished() {
            assert!(Instant::now() < until, "the program draws nothing");
            std::thread::yield_now();
        }
    }

    /// Waits until the main thread sleeps in a write to the terminal: nothing it draws is read.
    fn wait_until_blocked(&self) {
        let pid = self.child.process_id().unwrap();
        let path = format!("/proc/{pid}/task/{pid}/syscall");
        let until = Instant::now() + TIMEOUT;
        // Where the kernel names no system calls, or not to this user, the signal may come before it is blocked.
        while let Ok(call) = std::fs::read_to_string(&path)
            && !call.starts_with(WRITE_CALL)
        {
            assert!(Instant::now() < until, "the program is not blocked");
            std::thread::yield_now();
        }
    }

    /// Waits for the exit, which must follow a signal within a second.
    fn ends_within_a_second(&mut self) {
        let start = Instant::now();
        let status = wait_for_end(self.child.as_mut());
        let took = start.elapsed();
        assert!(!status.success(), "the parent learns of the signal");
        assert!(took < patience(Duration::from_secs(1)), "{took:?}");
    }

    /// Waits for the exit and checks that the terminal is restored.
    fn end(mut self) -> ExitStatus {
        self.wait("the alternate screen is left", |screen| {
            !screen.alternate_screen()
                && !screen.hide_cursor()
                && !screen.bracketed_paste()
                && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
        });
        let status = wait_for_end(self.child.as_mut());
        let after = settings(self.master.as_ref());
        assert_eq!(
            self.settings, after,
            "the terminal's settings are as before"
        );
        status
    }
}

fn wait_for_end(child: &mut dyn Child) -> ExitStatus {
    let until = Instant::now() + TIMEOUT;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(Instant::now() < until, "the program does not end");
        std::thread::yield_now();
    }
}

/// The terminal's settings.
fn settings(master: &(dyn MasterPty + Send)) -> String {
    // By the name of the other side of the pseudo-terminal.
    let name = master.tty_name().unwrap();
    let output = std::process::Command::new("stty")
        .arg("-F")
        .arg(name)
        .arg("-g")
        .output()
        .unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn it_shows_sockets_follows_resizes_and_restores_the_terminal() {
    let mut session = Session::start(&[]);
    session.wait_for("Overview");
    session.wait_for("LISTENS ON");
    session.press("2");
    session.wait_for("┌ Sockets");
    session.press("3");
    session.wait_for("┌ Processes");
    session.press("?");
    session.wait_for("┌ Keys");
    session.press("\x1b");
    session.wait("help is closed", |screen| {
        !screen.contents().contains("┌ Keys")
    });
    session.master.resize(size(120, 40)).unwrap();
    session.screen.screen_mut().set_size(cells(40), cells(120));
    session.wait("the footer is on line 40", |screen| {
        let last = screen.rows(0, 120).nth(39).unwrap_or_default();
        last.contains("q quit")
    });
    session.press("q");
    assert!(session.end().success(), "q is a success");
}

#[test]
fn a_terminal_that_claims_any_size_is_drawn_at_a_sane_maximum() {
    let mut session = Session::start(&[]);
    session.wait_for("LISTENS ON");
    session
        .screen
        .screen_mut()
        .set_size(cells(400), cells(1200));
    session.master.resize(size(65535, 65535)).unwrap();
    session.wait("the footer is on line 300", |screen| {
        screen
            .rows(0, 1200)
            .nth(299)
            .is_some_and(|last| last.contains("q quit"))
    });
    // Clicks and turns of the wheel beyond what is drawn hit nothing.
    for at in [(1001, 1), (65535, 65535), (1, 301)] {
        session.click(0, at);
        session.click(64, at);
    }
    session.press("2");
    session.wait_for("┌ Sockets");
    let screen = session.screen.screen();
    assert!(screen.rows(1000, 200).all(|rest| rest.trim().is_empty()));
    assert!(screen.rows(0, 1200).skip(300).all(|line| line.is_empty()));
    // A terminal that claims no size, as a serial line.
    session.screen.screen_mut().set_size(cells(24), cells(80));
    session.master.resize(size(0, 0)).unwrap();
    session.wait("the footer is on line 24", |screen| {
        screen
            .rows(0, 80)
            .nth(23)
            .is_some_and(|last| last.contains("q quit"))
    });
    session.master.resize(size(1, 1)).unwrap();
    session.press("q");
    assert!(session.end().success());
}

#[test]
fn a_csv_table_on_a_terminal_has_no_control_characters() {
    let name = format!("sw-csv-{}\x1b[2J\n\u{202e}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let _socket = UnixListener::bind_addr(&address).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_sockwatch"));
    command.args(["list", "-xl", "--csv"]);
    let mut session = Session::start_command(command, &[]);
    let id = format!("sw-csv-{}", std::process::id());
    // Once it has ended, all is written.
    let ended = wait_for_end(session.child.as_mut());
    session.wait("its end", |screen| screen.contents().contains("unix"));
    assert!(ended.success());
    while let Ok(bytes) = session.output.recv_timeout(Duration::from_secs(1)) {
        session.written.extend_from_slice(&bytes);
    }
    let written = String::from_utf8_lossy(&session.written);
    assert!(
        written.contains(&format!("{id}\\u{{1b}}[2J\\n\\u{{202e}}")),
        "{written}"
    );
    assert!(!written.contains(['\x1b', '\u{202e}']), "{written}");
}

#[test]
fn a_signal_ends_it_in_order() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let mut session = Session::start(&[]);
        session.wait_for("Overview");
        session.signal(signal);
        assert!(!session.end().success(), "the parent learns of {signal:?}");
    }
}

#[test]
fn a_signal_ends_it_even_if_the_terminal_is_stopped() {
    let mut session = Session::start(&[]);
    session.wait_for("Overview");
    session.stop_output();
    // More than a terminal buffers: the program is blocked in a write.
    session.master.resize(size(200, 60)).unwrap();
    session.press(&"\x0c".repeat(200));
    session.signal(Signal::TERM);
    let status = wait_for_end(session.child.as_mut());
    assert!(!status.success(), "the parent learns of the signal");
    let after = settings(session.master.as_ref());
    assert_eq!(session.settings, after, "the settings are as before");
}

#[test]
fn it_ends_with_its_terminal() {
    let mut session = Session::start(&[]);
    session.wait_for("Overview");
    session.stop_output();
    let Session {
        master,
        keyboard,
        mut child,
        ..
    } = session;
    drop((master, keyboard));
    wait_for_end(child.as_mut());
}

/// A source that panics at the second Sample.
struct Panics(bool);

impl Source for Panics {
    fn next_into(&mut self, sample: &mut Sample) -> Result<(), SourceError> {
        assert!(!std::mem::replace(&mut self.0, true), "as arranged");
        sample.clear();
        Ok(())
    }
}

#[test]
#[ignore = "is run in a terminal of its own by the test below"]
fn a_source_that_panics() {
    // Without a terminal there is nothing to restore.
    let preview = app::FirstSockets {
        open: Box::new(|| Ok(Box::new(Panics(false)) as Box<dyn Source>)),
        before_first_sample: false,
    };
    let options = app::Options::default();
    let _ = app::run_live(Box::new(Panics(false)), preview, options);
}

/// Names the file whose existence completes the Sample of [`Slow`].
const COMPLETED_BY: &str = "SOCKWATCH_TEST_COMPLETED_BY";

/// A source whose Sample is complete only when a file exists; until then it reports its progress.
#[derive(Default)]
struct Slow(Option<Arc<dyn ProgressObserver>>);

impl Source for Slow {
    fn next_into(&mut self, sample: &mut Sample) -> Result<(), SourceError> {
        let file = std::env::var(COMPLETED_BY).unwrap();
        while !std::path::Path::new(&file).exists() {
            if let Some(observer) = &self.0 {
                observer.report(SampleProgress::Owners {
                    read: 1200,
                    expected: 5000,
                });
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        sample.clear();
        Ok(())
    }

    fn observe_progress(&mut self, observer: Arc<dyn ProgressObserver>) {
        self.0 = Some(observer);
    }
}

/// A source of previews.
struct FirstSockets;

impl Source for FirstSockets {
    fn next_into(&mut self, sample: &mut Sample) -> Result<(), SourceError> {
        sample.clear();
        sample.preview = Some(Preview {
            expected: Some(801_000),
        });
        Ok(())
    }
}

#[test]
#[ignore = "is run in a terminal of its own by the test below"]
fn a_source_that_takes_long() {
    let preview = app::FirstSockets {
        open: Box::new(|| Ok(Box::new(FirstSockets) as Box<dyn Source>)),
        before_first_sample: false,
    };
    let options = app::Options::default();
    let _ = app::run_live(Box::new(Slow::default()), preview, options);
}

#[test]
fn the_first_sockets_are_on_the_screen_before_the_first_sample_is_complete() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("complete");
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args([
        "--ignored",
        "--exact",
        "terminal::a_source_that_takes_long",
        "--nocapture",
    ]);
    let environment = [(COMPLETED_BY, file.to_str().unwrap())];
    let mut session = Session::start_command(command, &environment);
    for text in [
        "preview: the first 0 of about 801 000 sockets",
        "owners: 24 %",
    ] {
        session.wait_with_preview(text, |screen| screen.contents().contains(text));
    }
    std::fs::write(&file, "").unwrap();
    session.wait("the first sample replaces the preview", |screen| {
        let text = screen.contents();
        !text.contains("owners: 24 %") && text.contains("0 sockets")
    });
    session.press("q");
    session.end();
}

#[test]
fn a_panic_in_a_thread_restores_the_terminal() {
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args([
        "--ignored",
        "--exact",
        "terminal::a_source_that_panics",
        "--nocapture",
    ]);
    let mut session = Session::start_command(command, &[]);
    session.wait("the dashboard starts", vt100::Screen::alternate_screen);
    session.wait("its message can be read", |screen| {
        !screen.alternate_screen() && screen.contents().contains("as arranged")
    });
    session.end();
}

#[test]
fn without_utf8_and_colours_it_is_plain_ascii() {
    let mut session = Session::start(&[("LC_ALL", "C"), ("NO_COLOR", "1")]);
    session.wait_for("LISTENS ON");
    let screen = session.screen.screen();
    assert!(screen.contents().is_ascii(), "{}", screen.contents());
    for (row, column) in (0..24).flat_map(|row| (0..80).map(move |column| (row, column))) {
        let cell = screen.cell(row, column).unwrap();
        assert_eq!(cell.fgcolor(), vt100::Color::Default);
    }
    session.press("q");
    session.end();
}

#[test]
fn colors_are_those_that_the_terminal_has() {
    for (term, has_colors, has_256) in [
        ("xterm-256color", true, true),
        ("linux", true, false),
        ("vt100", false, false),
        ("dumb", false, false),
    ] {
        let mut session = Session::start(&[("TERM", term), ("COLORTERM", "")]);
        session.wait_for("LISTENS ON");
        let written = String::from_utf8_lossy(&session.written).into_owned();
        assert_eq!(written.contains("\x1b[38;5;"), has_256, "{term}");
        let has_sixteen = (30..38).any(|color| written.contains(&format!("\x1b[{color};49m")));
        assert_eq!(has_sixteen || has_256, has_colors, "{term}");
        session.press("q");
        session.end();
    }
}

/// The question about the background.
const QUERY: &[u8] = b"\x1b]11;?\x1b\\";

impl Session {
    /// The program with arguments, without a configuration and without what a terminal may have set.
    fn start_with(arguments: &[&str], environment: &[(&str, &str)]) -> Session {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_sockwatch"));
        command.args(["--interval", "200ms"]);
        command.args(arguments);
        for name in [
            "HOME",
            "XDG_CONFIG_HOME",
            "COLORFGBG",
            "COLORTERM",
            "CLICOLOR_FORCE",
        ] {
            command.env_remove(name);
        }
        Session::start_command(command, environment)
    }

    /// True if bytes were written to the terminal.
    fn has_written(&self, bytes: &[u8]) -> bool {
        self.written.windows(bytes.len()).any(|part| part == bytes)
    }

    /// Waits until bytes were written to the terminal.
    fn wait_until_written(&mut self, bytes: &[u8]) {
        let until = Instant::now() + TIMEOUT;
        while !self.has_written(bytes) {
            let left = until.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(read) => {
                    self.screen.process(&read);
                    self.written.extend_from_slice(&read);
                }
                Err(error) => panic!("{bytes:?} are not written: {error}"),
            }
        }
    }
}

#[test]
fn the_background_of_the_terminal_decides_the_theme_and_no_key_is_lost() {
    // Blue in the light theme, cyan in the dark one.
    let (light, dark) = (&b"\x1b[38;5;4"[..], &b"\x1b[38;5;6"[..]);
    for (answer, shown, other) in [
        ("\x1b]11;rgb:fdfd/f6f6/e3e3\x1b\\", light, dark),
        ("\x1b]11;rgb:ffff/ffff/ffff\x07", light, dark),
        ("\x1b]11;rgb:0000/2b2b/3636\x07", dark, light),
    ] {
        let mut session = Session::start_with(&["--config", "none"], &[]);
        session.wait_until_written(QUERY);
        session.press("2");
        session.press(answer);
        session.press("?");
        session.wait_for("┌ Keys");
        session.press("q");
        session.wait_for("┌ Sockets");
        let from = session.written.len();
        // Everything is drawn again, in the theme that was chosen.
        session.press("\x0c");
        session.wait_until_written(shown);
        session.press("3");
        session.wait_for("┌ Processes");
        let after = &session.written[from..];
        assert!(
            !after.windows(other.len()).any(|part| part == other),
            "{answer:?}"
        );
        session.press("q");
        assert!(session.end().success());
    }
}

#[test]
fn a_terminal_that_never_answers_or_was_given_a_theme_shows_the_dashboard() {
    let mut session = Session::start_with(&["--config", "none"], &[("COLORFGBG", "0;15")]);
    session.wait_for("LISTENS ON");
    assert!(session.has_written(QUERY));
    assert!(session.has_written(b"\x1b[38;5;4"), "COLORFGBG says light");
    session.press("q");
    session.end();
    for (arguments, environment) in [
        (&["--theme", "dark"][..], &[][..]),
        (&["--color", "never"], &[]),
        (&[], &[("NO_COLOR", "1")]),
        (&[], &[("TERM", "linux")]),
        (&[], &[("TERM", "screen")]),
    ] {
        let mut session = Session::start_with(arguments, environment);
        session.wait_for("LISTENS ON");
        assert!(!session.has_written(QUERY), "{arguments:?} {environment:?}");
        session.press("q");
        session.end();
    }
}

#[test]
fn colors_are_those_that_the_user_chose() {
    for (arguments, environment, has_colors) in [
        (&["--color", "never"][..], &[][..], false),
        (&[], &[("NO_COLOR", "1")], false),
        (&["--color", "always"], &[("NO_COLOR", "1")], true),
        (&[], &[("TERM", "dumb"), ("CLICOLOR_FORCE", "1")], true),
        (&[], &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], false),
    ] {
        let mut session = Session::start_with(arguments, environment);
        session.wait_for("LISTENS ON");
        let written = String::from_utf8_lossy(&session.written).into_owned();
        let is_colored = written.contains("\x1b[38;5;") || written.contains("\x1b[36;49m");
        assert_eq!(is_colored, has_colors, "{arguments:?} {environment:?}");
        session.press("q");
        session.end();
    }
}

#[test]
fn a_configured_dashboard_starts_without_a_home_directory() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config.toml");
    let text = "[dashboard]\nscreen = 'listeners'\ntheme = 'solarized-dark'\nunits = 'iec'\n\
        mouse = false\n[keys]\nclose = 'F10'\n";
    std::fs::write(&file, text).unwrap();
    let arguments = ["--config", file.to_str().unwrap()];
    let mut session = Session::start_with(&arguments, &[("COLORTERM", "truecolor")]);
    session.wait_for("┌ Listeners");
    session.wait_for("F10 quit");
    assert!(session.has_written(b"48;2;0;43;54"), "its background");
    assert!(
        !session.has_written(b"\x1b[?1000h"),
        "the mouse is left alone"
    );
    session.press("q");
    session.press("7");
    session.wait_for("F10 quit");
    session.press("\x1b[21~");
    assert!(session.end().success());
    // In 256 colors, the nearest.
    let mut session = Session::start_with(&["--config", "none", "--theme", "nord"], &[]);
    session.wait_for("LISTENS ON");
    assert!(session.has_written(b"48;5;"), "its background");
    assert!(!session.has_written(b"8;2;"));
    session.press("q");
    session.end();
}

#[test]
fn it_stops_and_continues_like_any_job() {
    let mut session = Session::start(&[]);
    session.wait_for("Overview");
    session.press("\x1a");
    session.wait("Ctrl-Z leaves the alternate screen", |screen| {
        !screen.alternate_screen()
    });
    let settings_while_stopped = settings(session.master.as_ref());
    assert_eq!(session.settings, settings_while_stopped);
    session.wait_until_stopped();
    session.signal(Signal::CONT);
    session.wait("fg takes it again", vt100::Screen::alternate_screen);
    session.wait_for("Overview");
    session.press("q");
    assert!(session.end().success());
}

/// SIGCONT may arrive before the program has stopped, which must not leave it stopped.
#[test]
fn stopped_and_continued_at_once_it_goes_on() {
    let mut session = Session::start(&[]);
    session.wait_for("LISTENS ON");
    for (key, screen) in [("2", "┌ Sockets"), ("3", "┌ Processes")]
        .into_iter()
        .cycle()
        .take(50)
    {
        session.signal(Signal::TSTP);
        session.signal(Signal::CONT);
        session.press(key);
        session.wait_for(screen);
    }
    session.press("q");
    assert!(session.end().success());
}

/// `record` in a terminal, after its first progress line; it records to `s.swr`.
fn recorder(directory: &std::path::Path) -> Session {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_sockwatch"));
    command.args(["record", "--interval", "100ms", "-o", "s.swr"]);
    command.cwd(directory);
    let mut session = Session::start_command(command, &[]);
    session.wait_for("3 samples");
    session
}

#[test]
fn record_updates_one_progress_line_and_ends_with_ctrl_c() {
    let directory = tempfile::tempdir().unwrap();
    let mut session = recorder(directory.path());
    session.wait_for("5 samples");
    let lines = session.screen.screen().contents();
    assert_eq!(lines.matches(" samples ").count(), 1, "{lines}");
    session.press("\x03");
    session.wait_for("sockwatch: s.swr: 00:");
    assert!(session.end().success());
}

#[test]
fn record_continues_and_ends_while_its_terminal_is_stopped() {
    let directory = tempfile::tempdir().unwrap();
    let mut session = recorder(directory.path());
    let samples = || {
        let reader = sockwatch::recording::Reader::open(&directory.path().join("s.swr"));
        reader.map_or(0, |reader| reader.entries().len())
    };
    // Ctrl-S: every write to the terminal blocks from now on.
    session.press("\x13");
    let wanted = samples() + 60;
    let until = Instant::now() + 2 * TIMEOUT;
    while samples() < wanted {
        assert!(Instant::now() < until, "it goes on");
        std::thread::sleep(Duration::from_millis(50));
    }
    session.signal(Signal::TERM);
    let status = wait_for_end(session.child.as_mut());
    assert!(status.success(), "{status:?}");
}

#[test]
fn without_a_terminal_the_error_names_the_alternative() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_sockwatch"))
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(message.lines().count(), 1, "{message}");
    assert!(message.contains("sockwatch list"), "{message}");
}

#[test]
fn the_mouse_does_what_it_looks_like_it_does() {
    let place = tempfile::tempdir().unwrap();
    let _listener = UnixListener::bind(place.path().join("clicked.sock")).unwrap();
    let mut session = Session::start(&[]);
    session.wait("clicks come here", |screen| {
        screen.mouse_protocol_mode() == vt100::MouseProtocolMode::PressRelease
    });
    session.wait_for("LISTENS ON");
    let tab = session.find("4Listen");
    session.click(0, tab);
    session.wait_for("┌ Listeners ─ sorted by FILL% ▼");
    let heading = session.find("PROCESS");
    session.click(0, heading);
    session.wait_for("sorted by PROCESS ▲");
    session.click(0, heading);
    session.wait_for("sorted by PROCESS ▼");
    session.press("/clicked.sock\r");
    session.wait_for("1 of ");
    let row = session.find("screens-");
    session.click(0, row);
    session.wait("a click selects", |screen| {
        screen.contents().contains(" 1/1 ")
    });
    // Two clicks at once, wherever the row is.
    session.click(0, row);
    session.click(0, row);
    session.wait_for("Queues and buffers");
    session.click(65, (10, 20));
    session.click(64, (10, 20));
    // A place that no terminal has does no harm.
    session.press("\x1b[<0;60000;60000M");
    session.press("m");
    session.wait("m leaves clicks to the terminal", |screen| {
        screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
    });
    session.press("m\x1b");
    session.wait_for("┌ Listeners");
    session.press("\x1a");
    session.wait("stopped, clicks are the shell's", |screen| {
        !screen.alternate_screen() && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
    });
    session.wait_until_stopped();
    session.signal(Signal::CONT);
    session.wait("fg takes them again", |screen| {
        screen.mouse_protocol_mode() == vt100::MouseProtocolMode::PressRelease
    });
    session.press("q");
    assert!(session.end().success());
}

#[test]
fn pasted_text_runs_no_command() {
    let mut session = Session::start(&[]);
    session.wait_for("LISTENS ON");
    session.wait("pasted text is told apart", vt100::Screen::bracketed_paste);
    session.press("\x1b[200~q\x1b[201~2/\x1b[200~process\nnobody-has-this\x1b[201~");
    session.wait_for("filter: process nobody-has-this");
    session.press("\x1b");
    session.wait("Esc leaves the line", |screen| {
        !screen.contents().contains("filter: process")
    });
    session.press("q");
    assert!(session.end().success());
}

#[test]
fn copied_text_goes_to_the_terminals_clipboard() {
    let mut session = Session::start(&[]);
    session.wait_for("LISTENS ON");
    session.press("2jY");
    session.wait_for("copied: ");
    let sequence = b"\x1b]52;c;";
    let mut written = session.written.windows(sequence.len());
    assert!(written.any(|part| part == sequence), "OSC 52 is written");
    session.press("q");
    assert!(session.end().success());
}

/// The program in a directory of its own.
fn start_in(directory: &std::path::Path, arguments: &[&str]) -> Session {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_sockwatch"));
    command.args(arguments);
    command.cwd(directory);
    Session::start_command(command, &[])
}

/// The one recording in a directory.
fn recording_in(directory: &std::path::Path) -> std::path::PathBuf {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut paths = entries.map(|entry| entry.unwrap().path());
    let path = paths.next().expect("a recording");
    assert_eq!(paths.next(), None);
    path
}

#[test]
fn a_recording_made_with_a_key_can_be_replayed() {
    let directory = tempfile::tempdir().unwrap();
    let mut session = start_in(directory.path(), &["--interval", "100ms"]);
    session.wait_for("UNIX");
    session.press("R");
    session.wait_for("● REC 00:00:02");
    // Going back does not disturb it.
    session.press(" \x1b[D");
    session.wait_for(" ago");
    session.wait_for("● REC 00:00:03");
    session.press("q");
    session.wait_for("A recording is running");
    session.press("y");
    assert!(session.end().success());

    let file = recording_in(directory.path());
    let mut session = start_in(directory.path(), &["replay", file.to_str().unwrap()]);
    session.wait_for("sample  1 of ");
    session.wait_for("REPLAY ");
    session.press("\x1b[C\x1b[C\x1b[D");
    session.wait_for("sample  2 of ");
    session.press("M$");
    session.wait("the end", |screen| {
        !screen.contents().contains("sample  2 of ")
    });
    session.press("D");
    session.wait_for("Sockets that differ");
    session.press("\x1b@+1s\r");
    session.wait_for("sample 1");
    session.press("K");
    session.wait_for("a replay has nothing to kill");
    session.press("^ ");
    session.wait_for("▶ 1×");
    session.wait_for("■ 1×");
    session.press("q");
    assert!(session.end().success());
}

#[test]
fn a_signal_closes_the_recording_in_order() {
    use sockwatch::recording::{Archive, Reader};
    let directory = tempfile::tempdir().unwrap();
    let mut session = start_in(directory.path(), &["--interval", "100ms"]);
    session.wait_for("UNIX");
    session.press("R");
    session.wait_for("● REC 00:00:01");
    session.signal(Signal::TERM);
    assert!(!session.end().success());
    let mut recording = Reader::open(&recording_in(directory.path())).unwrap();
    assert!(recording.entries().len() > 5 && recording.losses().is_empty());
    assert!(recording.inspect().unwrap().closed);
}

#[test]
fn a_signal_closes_the_recording_even_if_the_terminal_is_stopped() {
    use sockwatch::recording::{Archive, Reader};
    let directory = tempfile::tempdir().unwrap();
    let mut session = start_in(directory.path(), &["--interval", "100ms"]);
    session.wait_for("UNIX");
    session.press("R");
    session.wait_for("● REC 00:00:01");
    session.stop_output();
    session.master.resize(size(200, 60)).unwrap();
    session.press(&"\x0c".repeat(200));
    session.wait_until_blocked();
    session.signal(Signal::TERM);
    session.ends_within_a_second();
    let mut recording = Reader::open(&recording_in(directory.path())).unwrap();
    assert!(recording.entries().len() > 5 && recording.losses().is_empty());
    assert!(recording.inspect().unwrap().closed);
}

#[test]
fn a_signal_ends_it_within_a_second_whatever_it_shows() {
    for (keys, shown) in [
        ("?", "┌ Keys"),
        ("2/process nginx", "filter: process nginx"),
        ("2c", "Columns"),
        ("2\r", "Queues and buffers"),
        ("^", " ago"),
        ("W", "Save"),
        (" ", "FROZEN"),
    ] {
        for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
            let mut session = Session::start(&[]);
            session.wait_for("LISTENS ON");
            session.press(keys);
            session.wait_for(shown);
            session.signal(signal);
            session.ends_within_a_second();
        }
    }
}

#[test]
fn outcomes_that_cannot_be_reported_do_not_block_its_end() {
    let directory = tempfile::tempdir().unwrap();
    // Standard error is a pipe that is full and not read.
    let mut command = CommandBuilder::new("sh");
    let pipe = directory.path().join("pipe");
    let path = pipe.to_str().unwrap();
    let script = format!(
        "mkfifo {path}; exec 3<>{path} 2>{path}; dd if=/dev/zero of={path} bs=4096 count=32 oflag=nonblock 2>/dev/null; \
         exec \"$0\" --interval 100ms"
    );
    command.args(["-c", &script, env!("CARGO_BIN_EXE_sockwatch")]);
    command.cwd(directory.path());
    let mut session = Session::start_command(command, &[]);
    session.wait_for("UNIX");
    session.press("R");
    session.wait_for("● REC 00:00:01");
    session.signal(Signal::TERM);
    session.ends_within_a_second();
}

#[test]
fn a_second_signal_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut session = start_in(directory.path(), &["--interval", "100ms"]);
    session.wait_for("UNIX");
    session.press("R");
    session.wait_for("● REC 00:00:01");
    session.signal(Signal::TERM);
    session.signal(Signal::INT);
    session.ends_within_a_second();
    let recording = sockwatch::recording::Reader::open(&recording_in(directory.path()));
    assert!(recording.unwrap().losses().is_empty());
}

#[test]
fn the_history_can_be_saved() {
    use sockwatch::recording::{Archive, Reader};
    let directory = tempfile::tempdir().unwrap();
    let mut session = start_in(directory.path(), &["--interval", "100ms"]);
    session.wait_for("UNIX");
    session.press("^");
    session.wait_for("0:01 ago");
    session.press("W\r");
    session.wait_for("saved ");
    session.press("q");
    assert!(session.end().success());
    let recording = Reader::open(&recording_in(directory.path())).unwrap();
    assert!(recording.entries().len() > 5 && recording.losses().is_empty());
}

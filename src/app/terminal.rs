//! Acquires the terminal and restores it, also after a panic or a signal.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};

use anyhow::bail;
use crossterm::Command as _;
use crossterm::clipboard::CopyToClipboard;
use rustix::fs::{Mode, OFlags};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

use super::job_control::{JobSignals, StopRequest};
use crate::tui::theme::ColorSupport;

/// Alternate screen on, cursor off, bracketed paste on.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?2004h";

/// Attributes reset, an interrupted synchronized update ended, bracketed paste and mouse off, alternate screen off,
/// cursor on.
const LEAVE: &[u8] = b"\x1b[0m\x1b[?2026l\x1b[?2004l\x1b[?1006l\x1b[?1000l\x1b[?1049l\x1b[?25h";

/// Turns reports of clicks and of the wheel on and off, in SGR encoding, which has no column limit, without motion.
const MOUSE: (&[u8], &[u8]) = (b"\x1b[?1000h\x1b[?1006h", b"\x1b[?1006l\x1b[?1000l");

/// Begin and end of a synchronized update, which shows a frame at once. Terminals without it ignore them.
const FRAME: (&[u8], &[u8]) = (b"\x1b[?2026h", b"\x1b[?2026l");

/// Settings of the terminal before it was acquired.
static SAVED_SETTINGS: Mutex<Option<Termios>> = Mutex::new(None);

/// True while the terminal is acquired.
static ACQUIRED: AtomicBool = AtomicBool::new(false);

/// True if mouse clicks are captured while the terminal is acquired.
static MOUSE_CAPTURED: AtomicBool = AtomicBool::new(true);

/// Checks that standard input and output are terminals.
///
/// # Errors
/// If one is not. The message names an alternative.
pub fn require_terminal() -> anyhow::Result<()> {
    for (name, is_terminal) in [
        ("standard input", io::stdin().is_terminal()),
        ("standard output", io::stdout().is_terminal()),
    ] {
        if !is_terminal {
            bail!("{name} is not a terminal; use 'sockwatch list' for output to a file or a pipe");
        }
    }
    Ok(())
}

/// Guards the acquired terminal. It is restored on drop, and by a panic in any thread.
#[derive(Debug)]
pub(super) struct TerminalGuard {
    job: JobSignals,
}

impl TerminalGuard {
    /// Acquires the terminal.
    ///
    /// # Errors
    /// If the terminal cannot be set or written to.
    pub(super) fn enter() -> io::Result<TerminalGuard> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let previous = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                restore();
                previous(panic);
            }));
        });
        let job = JobSignals::observe()?;
        acquire()?;
        Ok(TerminalGuard { job })
    }
}

impl Drop for TerminalGuard {
    fn drop(&mut self) {
        restore();
    }
}

#[expect(
    clippy::unused_self,
    reason = "the guard proves that the terminal is acquired"
)]
impl TerminalGuard {
    /// Restores the terminal, stops the process as SIGTSTP does, and acquires the terminal again after SIGCONT; see
    /// [`JobSignals::stop`].
    ///
    /// # Errors
    /// If the signal cannot be raised, or the terminal cannot be set or written to.
    pub(super) fn suspend(&mut self, request: StopRequest) -> io::Result<()> {
        restore();
        self.job.stop(request)?;
        acquire()
    }

    /// Acquires the terminal again after the process was stopped and continued.
    ///
    /// # Errors
    /// If the terminal cannot be set or written to.
    pub(super) fn resume(&mut self) -> io::Result<()> {
        self.job.settle();
        // Stopped and continued by another process: the shell may have changed the terminal meanwhile.
        if ACQUIRED.load(Ordering::SeqCst) {
            crossterm::terminal::disable_raw_mode()?;
        }
        acquire()
    }

    /// Turns reports of mouse clicks on or off.
    ///
    /// # Errors
    /// If the terminal cannot be written to.
    pub(super) fn capture_mouse(&mut self, capture: bool) -> io::Result<()> {
        MOUSE_CAPTURED.store(capture, Ordering::SeqCst);
        write_all(if capture { MOUSE.0 } else { MOUSE.1 })
    }

    /// Copies a text to the clipboard with the escape sequence OSC 52.
    ///
    /// # Errors
    /// If the terminal cannot be written to.
    pub(super) fn copy_to_clipboard(&mut self, text: &str) -> io::Result<()> {
        let mut sequence = String::new();
        CopyToClipboard::to_clipboard_from(text)
            .write_ansi(&mut sequence)
            .map_err(io::Error::other)?;
        write_all(sequence.as_bytes())
    }
}

/// Chooses whether clicks are received once the terminal is acquired.
pub(super) fn set_mouse(capture: bool) {
    MOUSE_CAPTURED.store(capture, Ordering::SeqCst);
}

fn acquire() -> io::Result<()> {
    {
        let mut saved = SAVED_SETTINGS
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if saved.is_none() {
            *saved = Some(tcgetattr(io::stdin())?);
        }
    }
    crossterm::terminal::enable_raw_mode()?;
    ACQUIRED.store(true, Ordering::SeqCst);
    let mut stdout = io::stdout().lock();
    stdout.write_all(ENTER)?;
    if MOUSE_CAPTURED.load(Ordering::SeqCst) {
        stdout.write_all(MOUSE.0)?;
    }
    stdout.flush()
}

/// Restores the terminal if it is acquired.
fn restore() {
    if !ACQUIRED.swap(false, Ordering::SeqCst) {
        return;
    }
    // A closed terminal needs no restoring.
    let _ = crossterm::terminal::disable_raw_mode();
    restore_settings();
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(LEAVE);
    let _ = stdout.flush();
}

fn restore_settings() {
    if let Ok(saved) = SAVED_SETTINGS.try_lock()
        && let Some(saved) = saved.as_ref()
    {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, saved);
    }
}

/// Restores the terminal without blocking, if the event loop is blocked: always the settings, and the screen if the
/// terminal accepts the bytes.
pub(super) fn restore_without_waiting() {
    if !ACQUIRED.swap(false, Ordering::SeqCst) {
        return;
    }
    restore_settings();
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    if let Ok(terminal) = rustix::fs::open("/dev/tty", flags, Mode::empty()) {
        let _ = rustix::io::write(&terminal, LEAVE);
    }
}

/// Buffers a frame and writes it as one synchronized update, in the colors that the terminal shows.
#[derive(Debug)]
pub(super) struct FrameWriter {
    frame: Vec<u8>,
    colors: ColorSupport,
    /// The frame in those colors.
    reduced: Vec<u8>,
}

impl FrameWriter {
    pub(super) fn new(colors: ColorSupport) -> FrameWriter {
        FrameWriter {
            frame: Vec::new(),
            colors,
            reduced: Vec::new(),
        }
    }
}

impl Write for FrameWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.frame.is_empty() {
            self.frame.extend_from_slice(FRAME.0);
        }
        self.frame.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.frame.is_empty() {
            return Ok(());
        }
        self.frame.extend_from_slice(FRAME.1);
        // After a panic in another thread the terminal is restored: nothing may be drawn over its message.
        let written = if ACQUIRED.load(Ordering::SeqCst) {
            self.colors.reduce(&self.frame, &mut self.reduced);
            write_all(&self.reduced)
        } else {
            Ok(())
        };
        self.frame.clear();
        self.reduced.clear();
        written
    }
}

/// Writes to standard output without the standard library's buffer, which splits a frame at its lines.
pub(super) fn write_all(mut bytes: &[u8]) -> io::Result<()> {
    let stdout = io::stdout();
    while !bytes.is_empty() {
        match rustix::io::write(&stdout, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

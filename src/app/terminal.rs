//! The terminal: taken over, and given back as it was, whatever happens.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};

use anyhow::bail;
use crossterm::Command as _;
use crossterm::clipboard::CopyToClipboard;
use rustix::fs::{Mode, OFlags};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// Alternate screen on, cursor off, pasted text told apart from keys.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?2004h";

/// Attributes reset, a synchronized update that was cut off ended, clicks and pasted text left to the terminal, alternate
/// screen off, cursor on.
const LEAVE: &[u8] = b"\x1b[0m\x1b[?2026l\x1b[?2004l\x1b[?1006l\x1b[?1000l\x1b[?1049l\x1b[?25h";

/// Clicks and the wheel are told, in the form that knows no largest column; the mouse's way is not.
const MOUSE: (&[u8], &[u8]) = (b"\x1b[?1000h\x1b[?1006h", b"\x1b[?1006l\x1b[?1000l");

/// A frame between these is shown at once by terminals that know them; the others ignore them.
const FRAME: (&[u8], &[u8]) = (b"\x1b[?2026h", b"\x1b[?2026l");

/// How the terminal was set before.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// Whether the terminal is ours at the moment.
static OURS: AtomicBool = AtomicBool::new(false);

/// Whether clicks are taken while the terminal is ours.
static TAKES_MOUSE: AtomicBool = AtomicBool::new(true);

/// Makes sure that there is a terminal to draw on and to read keys from.
///
/// # Errors
/// When there is none; the message says what to do instead.
pub fn require() -> anyhow::Result<()> {
    for (name, is_terminal) in [
        ("standard input", io::stdin().is_terminal()),
        ("standard output", io::stdout().is_terminal()),
    ] {
        if !is_terminal {
            bail!("{name} is not a terminal; use `sockwatch list` for output to a file or a pipe");
        }
    }
    Ok(())
}

/// Holds the terminal. Gives it back when dropped; a panic in any thread gives it back too.
#[derive(Debug)]
pub(super) struct Guard(());

impl Guard {
    /// Takes the terminal over.
    pub(super) fn enter() -> io::Result<Guard> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let previous = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                restore();
                previous(panic);
            }));
        });
        take()?;
        Ok(Guard(()))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
    }
}

#[expect(
    clippy::unused_self,
    reason = "only who has taken the terminal may give it back"
)]
impl Guard {
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        restore();
        // The default action of SIGTSTP: this returns when somebody sends SIGCONT.
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        take()
    }

    pub(super) fn resume(&mut self) -> io::Result<()> {
        // Stopped and continued by others: the shell may have changed the terminal meanwhile.
        if OURS.load(Ordering::SeqCst) {
            crossterm::terminal::disable_raw_mode()?;
        }
        take()
    }

    pub(super) fn take_mouse(&mut self, take: bool) -> io::Result<()> {
        TAKES_MOUSE.store(take, Ordering::SeqCst);
        write_all(if take { MOUSE.0 } else { MOUSE.1 })
    }

    pub(super) fn copy(&mut self, text: &str) -> io::Result<()> {
        let mut sequence = String::new();
        CopyToClipboard::to_clipboard_from(text)
            .write_ansi(&mut sequence)
            .map_err(io::Error::other)?;
        write_all(sequence.as_bytes())
    }
}

fn take() -> io::Result<()> {
    {
        let mut before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner);
        if before.is_none() {
            *before = Some(tcgetattr(io::stdin())?);
        }
    }
    crossterm::terminal::enable_raw_mode()?;
    OURS.store(true, Ordering::SeqCst);
    let mut stdout = io::stdout().lock();
    stdout.write_all(ENTER)?;
    if TAKES_MOUSE.load(Ordering::SeqCst) {
        stdout.write_all(MOUSE.0)?;
    }
    stdout.flush()
}

/// Gives the terminal back; does nothing if it is not ours.
fn restore() {
    if !OURS.swap(false, Ordering::SeqCst) {
        return;
    }
    // The terminal may be gone: there is nobody to tell.
    let _ = crossterm::terminal::disable_raw_mode();
    restore_settings();
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(LEAVE);
    let _ = stdout.flush();
}

fn restore_settings() {
    if let Ok(before) = BEFORE.try_lock()
        && let Some(before) = before.as_ref()
    {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
    }
}

/// Gives the terminal back without waiting for anything, for a program that is stuck: the settings in any case, the
/// screen if the terminal takes what is written.
pub(super) fn restore_without_waiting() {
    if !OURS.swap(false, Ordering::SeqCst) {
        return;
    }
    restore_settings();
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    if let Ok(terminal) = rustix::fs::open("/dev/tty", flags, Mode::empty()) {
        let _ = rustix::io::write(&terminal, LEAVE);
    }
}

/// Collects a frame and writes it at once.
#[derive(Debug, Default)]
pub(super) struct FrameWriter {
    frame: Vec<u8>,
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
        // After a panic elsewhere the terminal is no longer ours: nothing may be drawn over its message.
        let written = if OURS.load(Ordering::SeqCst) {
            write_all(&self.frame)
        } else {
            Ok(())
        };
        self.frame.clear();
        written
    }
}

/// Past the standard library's buffer, which would cut a frame at its lines.
fn write_all(mut bytes: &[u8]) -> io::Result<()> {
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

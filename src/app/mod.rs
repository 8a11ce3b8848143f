//! The running dashboard: its threads, its terminal, and the loop that owns the state.
//!
//! ```text
//!  sampler ──Moment──▶ Exchange          input ──key──┐   signals ──▶ loop
//!     ▲  └──────────── wake ─────────────────────────▶ loop ──▶ tui::update, tui::view ──▶ terminal
//!     └── memory of the moment shown before ◀──────────┘
//! ```
//!
//! Sampling, reading keys and drawing each run at their own pace; the loop never waits for a Sample.

mod desk;
mod event_loop;
mod exchange;
mod input;
mod sampler;
mod signals;
mod terminal;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use crate::filter::Filter;
use crate::source::Source;
use crate::tui::theme::Theme;
use crate::tui::{Look, State, glyphs};

use desk::{Desk, HostNames};
pub use event_loop::{Ended, EventLoop, Inbox, Job, Message};
pub use exchange::Exchange;
pub use terminal::require as require_terminal;

/// What was asked for on the command line.
#[derive(Debug, Clone)]
pub struct Options {
    /// The time from one Sample to the next.
    pub interval: Duration,
    /// Which sockets are wanted.
    pub filter: Filter,
    /// Whether this user may end sockets.
    pub may_destroy: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            interval: Duration::from_secs(1),
            filter: Filter::default(),
            may_destroy: false,
        }
    }
}

/// Shows the dashboard until somebody ends it. The terminal is as it was before when this returns, whatever happened.
///
/// A signal that ended it is raised again after everything is restored, so that the parent learns of it.
///
/// # Errors
/// When there is no terminal, when the source gives nothing at all, when a thread panicked.
pub fn run(source: Box<dyn Source>, options: Options) -> anyhow::Result<()> {
    require_terminal()?;
    let (sender, inbox) = mpsc::channel();
    let exchange = Arc::new(Exchange::default());
    let ended = signals::listen(sender.clone()).context("cannot listen for signals")?;

    let names = Arc::new(HostNames::default());
    let mut desk = Desk {
        terminal: terminal::Guard::enter().context("cannot set up the terminal")?,
        sender: sender.clone(),
        names: Arc::clone(&names),
    };
    let backend = CrosstermBackend::new(terminal::FrameWriter::default());
    let terminal = Terminal::new(backend).context("cannot set up the terminal")?;
    let mut state = State::new(look_of_environment(), options.interval);
    state.names = names;
    state.may_destroy = options.may_destroy;
    let hosts = options.filter.unresolved().to_vec();
    state.set_filter(options.filter);
    let mut event_loop = EventLoop::new(terminal, state, Arc::clone(&exchange));

    // Something is on the screen before the first Sample is asked for.
    let outcome = event_loop
        .draw()
        .map_err(anyhow::Error::from)
        .and_then(|()| {
            let input = sender.clone();
            spawn("input", &sender, move || input::read(&input))?;
            let wake = sender.clone();
            spawn("sampler", &sender, move || {
                sampler::run(source, options.interval, &exchange, &wake);
            })?;
            if !hosts.is_empty() {
                desk.resolve(hosts);
            }
            Ok(event_loop.run(inbox, &mut desk))
        });
    drop(desk);
    ended.set();
    match outcome? {
        Ended::Quit | Ended::Lost | Ended::Idle => Ok(()),
        Ended::Signal(signal) => {
            signal_hook::low_level::emulate_default_handler(signal)?;
            Ok(())
        }
        Ended::Failed(error) => Err(error),
    }
}

/// Starts a thread whose panic ends the program in order.
fn spawn(
    name: &'static str,
    sender: &Sender<Message>,
    work: impl FnOnce() + Send + 'static,
) -> anyhow::Result<()> {
    let sender = sender.clone();
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            if std::panic::catch_unwind(AssertUnwindSafe(work)).is_err() {
                let error = anyhow!("the {name} thread panicked; this is a bug in sockwatch");
                // If nobody listens any more, the program is ending anyway.
                let _ = sender.send(Message::Failed(error));
            }
        })
        .with_context(|| format!("cannot start the {name} thread"))?;
    Ok(())
}

/// What the environment says about looks.
fn look_of_environment() -> Look {
    let variable = |name: &str| std::env::var(name).ok();
    let (all, ctype, lang) = (variable("LC_ALL"), variable("LC_CTYPE"), variable("LANG"));
    Look {
        theme: Theme::of_environment(
            variable("NO_COLOR").as_deref(),
            variable("COLORFGBG").as_deref(),
        ),
        ascii: !glyphs::is_utf8(all.as_deref(), ctype.as_deref(), lang.as_deref()),
        timezone: jiff::tz::TimeZone::system(),
    }
}

//! The running dashboard: its threads, its terminal, and the loop that owns the state.
//!
//! ```text
//!  sampler ──Moment──▶ Exchange          input ──key──┐   signals ──▶ loop
//!     ▲  └──────────── wake ─────────────────────────▶ loop ──▶ tui::update, tui::view ──▶ terminal
//!     └── memory of the moment shown before ◀──────────┘
//! ```
//!
//! What is sampled is kept on a tape for a while. A player goes through that, or through a recording, and hands its moments
//! over as the sampler does. What is wrong is found where moments are made, and handed over with them; of a recording a
//! survey finds all of it ahead.
//!
//! Sampling, reading keys and drawing each run at their own pace; the loop never waits for a Sample.

mod clicks;
mod desk;
mod event_loop;
mod exchange;
mod files;
mod input;
mod player;
mod sampler;
mod signals;
mod survey;
mod tape;
mod terminal;
mod track;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow};
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use crate::diagnose::{Diagnosis, Thresholds, Watch};
use crate::filter::Filter;
use crate::recording::{Archive, Head, RecordingError};
use crate::source::Source;
use crate::tui::theme::Theme;
use crate::tui::timeline::Timeline;
use crate::tui::{Display, Look, State, glyphs};

use desk::{Desk, HostNames};
pub use event_loop::{Ended, EventLoop, Inbox, Job, Message, Walk};
pub use exchange::{Exchange, Fetched};
use files::Files;
pub use player::{Player, Work};
pub use survey::Survey;
use tape::Tape;
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
    /// How long Samples are kept to go back to; zero for not at all.
    pub history: Duration,
    /// Capabilities that this process has, by the kernel's names.
    pub capabilities: Vec<String>,
    /// From which numbers on something is told to be wrong.
    pub thresholds: Thresholds,
    /// In which zone times of day are told.
    pub zone: TimeZone,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            interval: Duration::from_secs(1),
            filter: Filter::default(),
            may_destroy: false,
            history: HISTORY,
            capabilities: Vec::new(),
            thresholds: Thresholds::default(),
            zone: TimeZone::system(),
        }
    }
}

/// What was asked for on the command line of a replay.
#[derive(Debug, Clone)]
pub struct ReplayOptions {
    /// From when on it is shown, µs since 1970 UTC.
    pub at_us: i64,
    /// Which sockets are wanted.
    pub filter: Filter,
    /// From which numbers on something is told to be wrong.
    pub thresholds: Thresholds,
    /// In which zone times of day are told.
    pub zone: TimeZone,
}

impl Default for ReplayOptions {
    fn default() -> Self {
        ReplayOptions {
            at_us: i64::MIN,
            filter: Filter::default(),
            thresholds: Thresholds::default(),
            zone: TimeZone::system(),
        }
    }
}

/// How long Samples are kept if nobody says otherwise.
pub const HISTORY: Duration = Duration::from_mins(10);

/// Shows the dashboard until somebody ends it. The terminal is as it was before when this returns, whatever happened.
///
/// A signal that ended it is raised again after everything is restored, so that the parent learns of it.
///
/// # Errors
/// When there is no terminal, when the source gives nothing at all, when a thread panicked.
pub fn run(source: Box<dyn Source>, options: Options) -> anyhow::Result<()> {
    require_terminal()?;
    let names = Arc::new(HostNames::default());
    let watch = Watch::new(Diagnosis::new(options.thresholds, options.zone.clone()));
    let mut state = State::new(look_of_environment(options.zone), options.interval);
    state.names = Arc::clone(&names) as _;
    state.may_destroy = options.may_destroy;
    let hosts = options.filter.unresolved().to_vec();
    state.set_filter(options.filter);
    let head = Head {
        program: env!("CARGO_PKG_VERSION").to_owned(),
        interval: options.interval,
        capabilities: options.capabilities,
        ..Head::default()
    };
    let tape = Arc::new(Tape::new(options.history, head));
    let stage = Stage::set(
        state,
        Some(names),
        Some(Arc::clone(&tape)),
        watch.restarted(),
    )?;
    stage.play(|desk, exchange, sender| {
        let (exchange, wake) = (Arc::clone(exchange), sender.clone());
        spawn("sampler", sender, move || {
            sampler::run(source, watch, options.interval, &exchange, &tape, &wake);
        })?;
        if !hosts.is_empty() {
            desk.resolve(hosts);
        }
        Ok(())
    })
}

/// Shows a recording in the dashboard until somebody ends it. Nothing is looked up on this machine. `again` opens
/// the same recording once more, to be gone through for its findings meanwhile.
///
/// # Errors
/// When there is no terminal, when a thread panicked.
pub fn replay(
    archive: Box<dyn Archive>,
    again: impl FnOnce() -> Result<Box<dyn Archive>, RecordingError> + Send + 'static,
    options: ReplayOptions,
) -> anyhow::Result<()> {
    require_terminal()?;
    let watch = Watch::new(Diagnosis::new(options.thresholds, options.zone.clone()));
    let mut state = state_of_replay(look_of_environment(options.zone), archive.head());
    state.set_filter(options.filter);
    let at_us = options.at_us;
    let player = Player::new(archive, at_us).watching(watch.restarted());
    state.timeline = Some(Timeline::new(Arc::new(player.track()), at_us));
    let beside = watch.restarted();
    Stage::set(state, None, None, watch)?.play(|desk, exchange, sender| {
        desk.player = Some(player::spawn(player, exchange, sender)?);
        survey::spawn(again, beside, sender)
    })
}

/// The screen of a replay, before anything of it is read.
pub fn state_of_replay(look: Look, head: &Head) -> State {
    let mut state = State::new(look, head.interval);
    state.display = Display::Replay;
    state.left_out = left_out(head);
    state
}

/// What a recording leaves out, as it says of itself.
fn left_out(head: &Head) -> String {
    let mut parts = Vec::new();
    if !head.filter.is_empty() {
        parts.push(format!("only this was recorded: {}", head.filter));
    }
    if head.redacted {
        parts.push("names and addresses are replaced".to_owned());
    }
    parts.join("; ")
}

/// A terminal that is taken over, and those who listen to it.
struct Stage {
    event_loop: EventLoop<CrosstermBackend<terminal::FrameWriter>>,
    desk: Desk,
    exchange: Arc<Exchange>,
    sender: Sender<Message>,
    inbox: Receiver<Message>,
    ended: Arc<signals::InOrder>,
}

impl Stage {
    /// Takes the terminal over.
    fn set(
        state: State,
        names: Option<Arc<HostNames>>,
        tape: Option<Arc<Tape>>,
        watch: Watch,
    ) -> anyhow::Result<Stage> {
        let (sender, inbox) = mpsc::channel();
        let exchange = Arc::new(Exchange::default());
        let ended = signals::listen(sender.clone()).context("cannot listen for signals")?;
        let desk = Desk {
            terminal: terminal::Guard::enter().context("cannot set up the terminal")?,
            sender: sender.clone(),
            names,
            tape,
            watch,
            files: Files::default(),
            player: None,
        };
        let backend = CrosstermBackend::new(terminal::FrameWriter::default());
        let terminal = Terminal::new(backend).context("cannot set up the terminal")?;
        Ok(Stage {
            event_loop: EventLoop::new(terminal, state, Arc::clone(&exchange)),
            desk,
            exchange,
            sender,
            inbox,
            ended,
        })
    }

    /// Lets `begin` start whoever makes moments, and shows them until somebody ends it.
    fn play(
        mut self,
        begin: impl FnOnce(&mut Desk, &Arc<Exchange>, &Sender<Message>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        // Something is on the screen before the first moment is asked for.
        let outcome = self
            .event_loop
            .draw()
            .map_err(anyhow::Error::from)
            .and_then(|()| {
                let input = self.sender.clone();
                spawn("input", &self.sender, move || input::read(&input))?;
                begin(&mut self.desk, &self.exchange, &self.sender)?;
                Ok(self.event_loop.run(self.inbox, &mut self.desk))
            });
        let ended = self.ended;
        self.desk.leave(|| ended.set());
        match outcome? {
            Ended::Quit | Ended::Lost | Ended::Idle => Ok(()),
            Ended::Signal(signal) => {
                signal_hook::low_level::emulate_default_handler(signal)?;
                Ok(())
            }
            Ended::Failed(error) => Err(error),
        }
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
fn look_of_environment(timezone: TimeZone) -> Look {
    let variable = |name: &str| std::env::var(name).ok();
    let (all, ctype, lang) = (variable("LC_ALL"), variable("LC_CTYPE"), variable("LANG"));
    Look {
        theme: Theme::of_environment(
            variable("NO_COLOR").as_deref(),
            variable("COLORFGBG").as_deref(),
        ),
        ascii: !glyphs::is_utf8(all.as_deref(), ctype.as_deref(), lang.as_deref()),
        timezone,
    }
}

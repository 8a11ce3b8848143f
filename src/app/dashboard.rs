//! Starts the dashboard: builds the state, the effect handler and the thread that produces moments, and runs the loop.

use std::sync::{Arc, mpsc};

use super::effect_handler::EffectHandler as _;
use super::findings_scan;
use super::history_buffer::HistoryBuffer;
use super::host_names::HostNames;
use super::options::{Look, Options, ReplayOptions};
use super::player::Player;
use super::preview_thread::{self, BeforeSample, FirstSockets};
use super::program_pages::ProgramPages;
use super::sampler_thread::StartState;
use super::terminal::{self, require_terminal};
use super::terminal_session::TerminalSession;
use super::{player_thread, sampler_thread, threads};
use crate::column::format;
use crate::diagnose::{Diagnosis, Watch};
use crate::recording::{Archive, Metadata, RecordingError};
use crate::replay::recorded_sockets;
use crate::source::Source;
use crate::tui::theme::ColorSupport;
use crate::tui::timeline::Timeline;
use crate::tui::{Appearance, DisplayMode, State};

/// Shows the live dashboard until the user quits. The terminal is restored when this returns, also after a failure.
///
/// `preview` has the first sockets, which are shown while the first Sample takes long.
///
/// A signal that ended it is raised again after everything is restored, so the parent process receives its status.
///
/// # Errors
/// If there is no terminal, the source fails, or a thread panicked.
pub fn run_live(
    source: Box<dyn Source>,
    preview: FirstSockets,
    options: Options,
) -> anyhow::Result<()> {
    require_terminal()?;
    let program_pages = ProgramPages::find();
    let names = Arc::new(HostNames::default());
    let watch = Watch::new(Diagnosis::new(
        options.thresholds,
        options.look.zone.clone(),
    ));
    let (appearance, asks) = options.look.appearance();
    prepare(&appearance, &options.look);
    let mut state = State::new(appearance, options.interval);
    state.configure(&options.look.settings);
    state.names = Arc::clone(&names) as _;
    state.may_destroy = options.may_destroy;
    let hosts = options.filter.unresolved_hosts().to_vec();
    state.set_filter(options.filter);
    let metadata = Metadata {
        program: env!("CARGO_PKG_VERSION").to_owned(),
        interval: options.interval,
        capabilities: options.capabilities,
        ..Metadata::default()
    };
    let history = Arc::new(HistoryBuffer::new(options.history, metadata));
    let mut session = TerminalSession::enter(
        state,
        asks,
        Some(names),
        Some(Arc::clone(&history)),
        watch.restarted(),
    )?;
    let drawn = session.first_drawn();
    session.run(|effects, slot, sender| {
        let (first, published) = mpsc::channel();
        let (may_sample, begin) = mpsc::channel();
        let before_sample = BeforeSample { drawn, may_sample };
        preview_thread::spawn(preview, published, before_sample, slot, sender)?;
        let (slot, wake) = (Arc::clone(slot), sender.clone());
        let start = StartState {
            first,
            program_pages,
        };
        threads::spawn("sampler", sender, move || {
            let interval = options.interval;
            // Nothing is sent: it ends when the sender is dropped.
            let _ = begin.recv();
            sampler_thread::run(source, watch, interval, &slot, &history, &wake, start);
        })?;
        if !hosts.is_empty() {
            effects.resolve_hosts(hosts);
        }
        Ok(())
    })
}

/// Shows a recording in the dashboard until the user quits; resolves no names on this machine. `reopen` opens the same
/// recording again, to be scanned for findings in the background.
///
/// # Errors
/// If there is no terminal or a thread panicked.
pub fn run_replay(
    archive: Box<dyn Archive>,
    reopen: impl FnOnce() -> Result<Box<dyn Archive>, RecordingError> + Send + 'static,
    options: ReplayOptions,
) -> anyhow::Result<()> {
    require_terminal()?;
    let diagnosis = Diagnosis::new(options.thresholds, options.look.zone.clone());
    let watch = Watch::new(diagnosis.of_recording(recorded_sockets(archive.metadata())));
    let (appearance, asks) = options.look.appearance();
    prepare(&appearance, &options.look);
    let mut state = replay_state(appearance, &*archive);
    state.configure(&options.look.settings);
    state.set_filter(options.filter);
    state.message = options.message;
    let player = Player::new(archive, options.at).with_watch(watch.restarted());
    state.timeline = Some(Timeline::new(Arc::new(player.track()), options.at));
    let scan_watch = watch.restarted();
    TerminalSession::enter(state, asks, None, None, watch)?.run(|effects, slot, sender| {
        effects.player = Some(player_thread::spawn(player, slot, sender)?);
        findings_scan::spawn(reopen, scan_watch, sender)
    })
}

/// Builds the state of a replay, before any Sample is read.
pub fn replay_state(appearance: Appearance, archive: &dyn Archive) -> State {
    let mut state = State::new(appearance, archive.metadata().interval);
    state.display = DisplayMode::Replay;
    state.omitted_parts = omissions(archive);
    state
}

/// Describes the parts that a recording lacks: by its filter, by redaction, and at its end.
fn omissions(archive: &dyn Archive) -> String {
    let metadata = archive.metadata();
    let mut parts = Vec::new();
    if !metadata.filter.is_empty() {
        parts.push(format!("recorded with filter {}", metadata.filter));
    }
    if metadata.redacted {
        parts.push("names and addresses are redacted".to_owned());
    }
    if !archive.is_closed() {
        parts.push("not closed, so its end may be missing".to_owned());
    }
    parts.join("; ")
}

/// Sets what is the same for the whole process: colors, which the backend omits by itself if `NO_COLOR` is set, the
/// units of bytes, and whether clicks are received.
fn prepare(appearance: &Appearance, look: &Look) {
    format::use_units(look.settings.units);
    terminal::set_mouse(look.settings.mouse);
    crossterm::style::force_color_output(appearance.colors != ColorSupport::None);
}

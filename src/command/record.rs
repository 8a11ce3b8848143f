//! `sockwatch record`: what is sampled goes into a file, with nobody looking on.

mod json_lines_thread;
mod progress_reporter;
mod recording_session;
mod stop_signals;
mod tracked_sockets;

use std::path::Path;

use anyhow::Context as _;

use self::json_lines_thread::Lines;
use self::progress_reporter::Teller;
use self::recording_session::Session;
use self::stop_signals::Ending;
use self::tracked_sockets::Followed;
use super::shared::capabilities;
use super::shared::selection::Selection;
use super::shared::text_output::TextOutput;
use super::shared::usage_error::UsageError;
use crate::cli;
use crate::recording::{Encoder, Metadata, Recorder, RecorderOptions, Redactor};
use crate::source::procfs::host;
use crate::source::{Live, LiveOptions, System};

/// Records until the time is over, a signal comes, or nothing can be written any more.
///
/// # Errors
/// If the filter is not understood, the kernel gives no sockets, or a file cannot be written: what is in it by then can be
/// read.
pub fn run(arguments: &cli::Record) -> anyhow::Result<()> {
    let selection = Selection::in_all_states(&arguments.select, &System::default(), false)?;
    selection.check()?;
    if arguments.output.as_deref() == Some(Path::new("-")) {
        return Err(UsageError::new(
            "-o -: a recording needs a file; --jsonl - writes to standard output",
        )
        .into());
    }
    let ending = Ending::listen().context("cannot wait for signals")?;
    let mut live = Live::new(LiveOptions {
        tables: selection.tables(),
        ..LiveOptions::default()
    })?;
    let mut redactor = arguments.redact.then(Redactor::new);
    let metadata = metadata(arguments, &selection);
    let (recorder, lines) = open(arguments, metadata, redactor.as_mut())?;
    let session = Session {
        encoder: Encoder::new(),
        recorder,
        lines,
        followed: selection.leaves_out().then(|| Followed::new(selection)),
        redactor,
        teller: Teller::new(arguments),
        counts: recording_session::Counts::default(),
        lost: 0,
    };
    session.run(&mut live, arguments.interval, arguments.duration, &ending)
}

/// Opens the files: both or none.
fn open(
    arguments: &cli::Record,
    mut metadata: Metadata,
    redactor: Option<&mut Redactor>,
) -> anyhow::Result<(Option<Recorder>, Option<Lines>)> {
    let text = match &arguments.jsonl {
        Some(path) => Some(TextOutput::open(path, arguments.force)?),
        None => None,
    };
    let start = || {
        let Some(path) = &arguments.output else {
            return Ok(None);
        };
        if let Some(text) = &text {
            text.refuse(path)?;
        }
        if let Some(redactor) = redactor {
            redactor.redact_metadata(&mut metadata);
        }
        let options = RecorderOptions {
            path: path.clone(),
            force: arguments.force,
            max_size: arguments.max_size,
            keep: arguments.keep.into(),
        };
        Recorder::start(options, metadata)
            .map(Some)
            .map_err(anyhow::Error::from)
    };
    let recorder = match start() {
        Ok(recorder) => recorder,
        Err(error) => {
            if let Some(text) = text {
                text.take_back();
            }
            return Err(error);
        }
    };
    let lines = match text {
        Some(text) => Some(Lines::start(text)?),
        None => None,
    };
    Ok((recorder, lines))
}

/// What the recording says of itself.
fn metadata(arguments: &cli::Record, selection: &Selection) -> Metadata {
    let filter = selection.leaves_out().then(|| arguments.select.to_text());
    Metadata {
        host: host(Path::new("/proc")),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        begun_at_us: jiff::Timestamp::now().as_microsecond(),
        interval: arguments.interval,
        capabilities: capabilities::effective_names(),
        filter: filter.unwrap_or_default(),
        redacted: false,
    }
}

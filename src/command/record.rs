//! `sockwatch record`: writes Samples to a recording, to JSON Lines, or to both, without a screen.

mod json_lines_thread;
mod progress_reporter;
mod recording_counts;
mod recording_session;
mod tracked_sockets;

use std::iter;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use self::json_lines_thread::JsonLinesThread;
use self::progress_reporter::ProgressReporter;
use self::recording_counts::RecordingCounts;
use self::recording_session::RecordingSession;
use self::tracked_sockets::TrackedSockets;
use super::shared::net_scope;
use super::shared::selection::Selection;
use super::shared::stop_signals::{StopFlag, StopSignals};
use super::shared::text_output::TextOutput;
use super::shared::usage_error::UsageError;
use crate::cli;
use crate::privilege;
use crate::recording::{Encoder, Metadata, Recorder, RecorderOptions, RecordingCloser, Redactor};
use crate::source::netlink::request::Table;
use crate::source::procfs::read_host;
use crate::source::{LiveOptions, LiveSource, NamespaceScope, SystemNames};

/// Time to close the recording if sampling is blocked.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(300);

/// Records until the duration is over, a signal arrives, or an output fails.
///
/// # Errors
/// If the filter is invalid, the kernel reports no sockets, or a file cannot be written. What was written before
/// remains readable.
pub fn run(arguments: &cli::Record) -> anyhow::Result<()> {
    let namespaces = net_scope::enter(&arguments.net, NamespaceScope::All)?;
    let selection = Selection::in_all_states(&arguments.select, &SystemNames::default(), false)?;
    selection.check_permissions()?;
    if arguments.output.as_deref() == Some(Path::new("-")) {
        return Err(UsageError::new(
            "-o -: a recording needs a file; use --jsonl - for standard output",
        )
        .into());
    }
    let mut live = LiveSource::new(LiveOptions {
        tables: selection.tables(),
        namespaces,
        ..LiveOptions::default()
    })?;
    let mut redactor = arguments.redact.then(Redactor::new);
    let metadata = metadata(arguments, &selection);
    let Outputs {
        stop,
        recorder,
        lines,
    } = Outputs::open(arguments, metadata, redactor.as_mut())?;
    let session = RecordingSession {
        encoder: Encoder::new(),
        recorder,
        lines,
        tracked: selection
            .excludes_any()
            .then(|| TrackedSockets::new(selection)),
        redactor,
        reporter: ProgressReporter::new(arguments),
        counts: RecordingCounts::default(),
        lost_events: 0,
    };
    session.run(&mut live, arguments.interval, arguments.duration, &stop)
}

/// The files that are written, and what stops writing them.
struct Outputs {
    stop: StopFlag,
    recorder: Option<Recorder>,
    lines: Option<JsonLinesThread>,
}

impl Outputs {
    /// Opens the recording and the JSON Lines file, both or neither.
    fn open(
        arguments: &cli::Record,
        mut metadata: Metadata,
        redactor: Option<&mut Redactor>,
    ) -> anyhow::Result<Outputs> {
        // Opening a named pipe waits for its reader; until signals are handled, any of them ends that.
        let text = match &arguments.jsonl {
            Some(path) => Some(TextOutput::open(path, arguments.force)?),
            None => None,
        };
        let signals = StopSignals::listen(&[SIGTERM, SIGINT, SIGHUP]);
        let signals = match signals.context("cannot wait for signals") {
            Ok(signals) => signals,
            Err(error) => return Err(discard(text, error)),
        };
        let recorder = arguments.output.as_ref().map(|path| {
            let options = RecorderOptions {
                path: path.clone(),
                force: arguments.force,
                max_size: arguments.max_size,
                keep: arguments.keep.into(),
            };
            let files = || iter::once(path.clone()).chain(options.full_files());
            if let Some(text) = &text
                && files().any(|file| text.is_same(&file))
            {
                return Err(anyhow::Error::new(UsageError::new(format!(
                    "{} is a file of the recording and the JSON Lines; use another name",
                    text.name()
                ))));
            }
            if let Some(redactor) = redactor {
                redactor.redact_metadata(&mut metadata);
            }
            Ok(Recorder::start(options, metadata)?)
        });
        let recorder = match recorder.transpose() {
            Ok(recorder) => recorder,
            Err(error) => {
                // Standard error may be blocked.
                if let Ok(stop) = signals.watch(|| false) {
                    stop.notice();
                    stop.complete();
                }
                return Err(discard(text, error));
            }
        };
        let lines = match text {
            Some(text) => Some(JsonLinesThread::start(text)?),
            None => None,
        };
        let closer = recorder.as_ref().map(Recorder::closer);
        let is_only = lines.is_none();
        let close = move || {
            let close = |closer: RecordingCloser| closer.close(CLOSE_TIMEOUT);
            closer.is_some_and(close) && is_only
        };
        let stop = signals.watch(close).context("cannot wait for signals")?;
        Ok(Outputs {
            stop,
            recorder,
            lines,
        })
    }
}

/// Removes a new output because of an error, and returns that.
fn discard(text: Option<TextOutput>, error: anyhow::Error) -> anyhow::Error {
    if let Some(text) = text {
        text.discard();
    }
    error
}

/// Returns the header of the recording.
fn metadata(arguments: &cli::Record, selection: &Selection) -> Metadata {
    let filter = selection.excludes_any().then(|| arguments.select.to_text());
    Metadata {
        host: read_host(Path::new("/proc")),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        begun_at_us: jiff::Timestamp::now().as_microsecond(),
        interval: arguments.interval,
        capabilities: privilege::permitted_names(),
        filter: filter.unwrap_or_default(),
        tables: Some(selection.tables().into_iter().map(table_name).collect()),
        restricted: selection.restricts_kinds(),
        redacted: false,
    }
}

/// Returns the name of a table in the header: that of its faults without their common prefix.
fn table_name(table: Table) -> String {
    let name = table.name();
    name.strip_prefix("sock_diag ")
        .map_or(name.clone(), str::to_owned)
}

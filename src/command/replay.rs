//! `sockwatch replay`: the dashboard over a recording.

use super::shared::configuration;
use super::shared::recorded_names::RecordedNames;
use super::shared::recording_input;
use super::shared::usage_error::UsageError;
use crate::app;
use crate::cli::Replay;
use crate::column::VOCABULARY;
use crate::column::when;
use crate::filter::{Filter, ParseContext, RequestedSockets};
use crate::recording::{Archive, Reader};

/// Runs the dashboard until the user quits.
///
/// # Errors
/// If the file is not a recording or has no Samples, the time, the filter or the configuration is invalid, or there is
/// no terminal.
pub fn run(arguments: &Replay) -> anyhow::Result<()> {
    let around = RequestedSockets::default();
    let context = ParseContext {
        vocabulary: &VOCABULARY,
        names: &RecordedNames::default(),
        requested: &around,
        allow_unknown_devices: true,
    };
    let filter = Filter::parse_or_search(&arguments.filter.join(" "), &context)?;
    let archive = recording_input::open_reader(&arguments.file)?;
    let config = configuration::load(&arguments.config)?;
    let found = match &arguments.at {
        Some(text) => {
            let zone = configuration::zone(&config);
            let found = when::find(text, &archive.time_axis(), 0, &zone)
                .map_err(|error| UsageError::new(format!("--at: {error}")))?;
            Some(found)
        }
        None => None,
    };
    let look = configuration::look(&arguments.look, &config)?;
    app::require_terminal()?;
    // The whole recording is scanned for findings in the background.
    let file = arguments.file.clone();
    let reopen = move || Reader::open(&file).map(|reader| Box::new(reader) as Box<dyn Archive>);
    let options = app::ReplayOptions {
        at: found.as_ref().map_or(0, |found| found.at),
        message: found.and_then(|found| found.note),
        filter,
        look,
        thresholds: config.diagnose,
    };
    app::run_replay(Box::new(archive), reopen, options)
}

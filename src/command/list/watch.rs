//! `list --watch`: JSON Lines at intervals.

use std::io::{self, BufWriter, Write};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::sort_order::{SortOrder, selected_rows};
use crate::aggregate::{Aggregator, Moment};
use crate::cli::List;
use crate::command::shared::pace_note::PaceNote;
use crate::command::shared::selection::Selection;
use crate::export;
use crate::source::{LiveOptions, LiveSource, NamespaceScope, Schedule, Source};

/// Size of the output buffer, bytes.
const BUFFER_BYTES: usize = 256 * 1024;

/// Lists the sockets at intervals until standard output is closed.
///
/// # Errors
/// If the kernel reports no sockets or standard output cannot be written.
pub(super) fn run(
    arguments: &List,
    selection: &Selection,
    order: Option<SortOrder>,
    interval: Duration,
    namespaces: NamespaceScope,
) -> anyhow::Result<()> {
    let options = LiveOptions {
        tables: selection.tables(),
        namespaces,
        devices: false,
        settings: false,
        ..LiveOptions::default()
    };
    let mut live = LiveSource::new(options)?;
    let mut aggregator = Aggregator::new();
    let mut moment = Moment::default();
    let mut schedule = Schedule::new(interval, Instant::now());
    let mut pace = PaceNote::new(interval);
    loop {
        schedule.begin(Instant::now());
        live.next_into(&mut moment.sample)?;
        moment.derive(&mut aggregator);
        let rows = selected_rows(&moment, selection, order, arguments.limit);
        let mut out = BufWriter::with_capacity(BUFFER_BYTES, io::stdout().lock());
        export::json::write_lines_with_time(&moment, &rows, &mut out)
            .and_then(|()| out.flush())
            .context("cannot write to standard output")?;
        let due = schedule.end(Instant::now());
        pace.report(&schedule, moment.sample.iter().len());
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

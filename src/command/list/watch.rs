//! `list --watch`: JSON Lines at intervals.

use std::io::{self, BufWriter, Write};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::sort_order::{SortOrder, selected_rows};
use crate::aggregate::{Aggregator, Moment};
use crate::cli::List;
use crate::command::shared::selection::Selection;
use crate::export;
use crate::source::{LiveOptions, LiveSource, Source};

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
) -> anyhow::Result<()> {
    let options = LiveOptions {
        tables: selection.tables(),
        devices: false,
        settings: false,
        ..LiveOptions::default()
    };
    let mut live = LiveSource::new(options)?;
    let mut aggregator = Aggregator::new();
    let mut moment = Moment::default();
    let mut next = Instant::now();
    loop {
        live.next_into(&mut moment.sample)?;
        moment.derive(&mut aggregator);
        let rows = selected_rows(&moment, selection, order, arguments.limit);
        let mut out = BufWriter::with_capacity(BUFFER_BYTES, io::stdout().lock());
        export::json::write_lines_with_time(&moment, &rows, &mut out)
            .and_then(|()| out.flush())
            .context("cannot write to standard output")?;
        next += interval;
        match next.checked_duration_since(Instant::now()) {
            Some(rest) => std::thread::sleep(rest),
            // A Sample took longer than the interval: missed times are skipped.
            None => next = Instant::now(),
        }
    }
}

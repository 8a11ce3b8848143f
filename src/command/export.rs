//! `sockwatch export`: a recording in a form that other programs read.

use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use jiff::tz::TimeZone;

use super::shared::recorded_names::RecordedNames;
use super::shared::recording_input;
use super::shared::selection::Selection;
use super::shared::text_output::TextOutput;
use crate::aggregate::Moment;
use crate::cli::{self, Format};
use crate::column::when;
use crate::export;
use crate::recording::{Archive, Redactor};
use crate::replay::{Depth, Replayer};

/// Text is handed over in pieces of so many bytes.
const PIECE: usize = 256 * 1024;

/// Writes the Samples of a recording that were asked for. What is damaged is told on standard error, a line for each part,
/// and what can be read is exported: then the status is 0.
///
/// # Errors
/// If the recording cannot be read, nothing is in it at these times, or the output cannot be written.
pub fn run(arguments: &cli::Export) -> anyhow::Result<()> {
    let selection = Selection::in_all_states(&arguments.select, &RecordedNames::default(), true)?;
    if cfg!(not(feature = "parquet")) && arguments.format == Format::Parquet {
        return Err(anyhow!(
            "this sockwatch was built without Parquet; build it with --features parquet, or export csv or jsonl"
        ));
    }
    let replayer = recording_input::open(&arguments.file)?;
    let range = range(arguments, replayer.archive(), &TimeZone::system())?;
    let out = match &arguments.output {
        Some(path) => TextOutput::open(path, arguments.force)?,
        None => TextOutput::stdout(),
    };
    out.refuse(&arguments.file)?;
    out.begin()?;
    let name = out.name();
    let out = BufWriter::with_capacity(PIECE, out);
    let form: Box<dyn Form> = match arguments.format {
        Format::Csv => Box::new(Csv { out, heading: true }),
        #[cfg(feature = "parquet")]
        Format::Parquet => Box::new(Parquet(export::parquet::Writer::new(out)?)),
        _ => Box::new(Lines(out)),
    };
    let redactor = arguments.redact.then(Redactor::new);
    let skipped = |error: &dyn std::fmt::Display| tell(&arguments.file, error);
    write(replayer, range, &selection, redactor, form, &skipped)
        .with_context(|| format!("cannot write to {name}"))
}

/// Says on standard error what is missing.
fn tell(path: &Path, error: &dyn std::fmt::Display) {
    eprintln!("sockwatch: {}: {error}", path.display());
}

/// Places of the Samples that were taken from one time to another.
fn range(
    arguments: &cli::Export,
    archive: &dyn Archive,
    zone: &TimeZone,
) -> anyhow::Result<Range<usize>> {
    let span = recording_input::span(archive);
    let parse = |text: &Option<String>| {
        let range = text
            .as_deref()
            .map(|text| when::parse_range(text, span, zone));
        range
            .transpose()
            .map_err(|error| recording_input::wrong_time(&error))
    };
    let (from, to) = (parse(&arguments.from)?, parse(&arguments.to)?);
    let from = from.map_or(i64::MIN, |from| *from.start());
    let to = to.map_or(i64::MAX, |to| *to.end());
    let entries = archive.entries();
    let first = entries.partition_point(|entry| entry.taken_at_us < from);
    let end = entries.partition_point(|entry| entry.taken_at_us <= to);
    if first >= end {
        return Err(anyhow!(
            "nothing was recorded at these times; the recording has {}",
            when::show_span(span, zone)
        ));
    }
    Ok(first..end)
}

/// Writes the sockets that were asked for, of each Sample in its turn; `skipped` is told of each that cannot be read.
fn write(
    mut replayer: Replayer,
    range: Range<usize>,
    selection: &Selection,
    mut redactor: Option<Redactor>,
    mut form: Box<dyn Form + '_>,
    skipped: &dyn Fn(&dyn std::fmt::Display),
) -> io::Result<()> {
    let mut moment = Moment::default();
    for place in range {
        if let Err(error) = replayer.show(place, Depth::Full, &mut moment) {
            skipped(&error);
            continue;
        }
        let rows = super::list::select(selection, &moment);
        // Only now: the filter asks for what was recorded.
        if let Some(redactor) = &mut redactor {
            redactor.redact(&mut moment.sample);
        }
        form.add(&moment, &rows)?;
    }
    form.finish()
}

/// A form that sockets are written in.
trait Form {
    /// Writes the sockets in some rows of a moment.
    fn add(&mut self, moment: &Moment, rows: &[u32]) -> io::Result<()>;
    /// Writes what is left.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// A JSON object a line.
struct Lines<W>(W);

impl<W: Write> Form for Lines<W> {
    fn add(&mut self, moment: &Moment, rows: &[u32]) -> io::Result<()> {
        export::json::write_lines_with_time(moment, rows, &mut self.0)
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.0.flush()
    }
}

/// Comma-separated values.
struct Csv<W> {
    out: W,
    /// Whether the heading is still to be written.
    heading: bool,
}

impl<W: Write> Form for Csv<W> {
    fn add(&mut self, moment: &Moment, rows: &[u32]) -> io::Result<()> {
        let heading = std::mem::take(&mut self.heading);
        export::csv::write_with_time(moment, rows, heading, &mut self.out)
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.out.flush()
    }
}

/// Apache Parquet.
#[cfg(feature = "parquet")]
struct Parquet<W: Write + Send>(export::parquet::Writer<W>);

#[cfg(feature = "parquet")]
impl<W: Write + Send> Form for Parquet<W> {
    fn add(&mut self, moment: &Moment, rows: &[u32]) -> io::Result<()> {
        self.0.add(moment, rows)
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.0.finish()
    }
}

#[cfg(test)]
mod tests;

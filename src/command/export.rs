//! `sockwatch export`: writes a recording in a format for other programs.

use std::io::{self, BufWriter, Write};
use std::ops::Range;

use anyhow::anyhow;
use jiff::tz::TimeZone;

use super::shared::recorded_names::RecordedNames;
use super::shared::recording_input::{self, DamageReporter};
use super::shared::selection::Selection;
use super::shared::text_output::TextOutput;
use super::shared::usage_error::UsageError;
use crate::aggregate::Moment;
use crate::app::environment;
use crate::cli::{self, Format};
use crate::column::when;
use crate::export;
use crate::export::csv::CsvOptions;
use crate::export::message::report;
use crate::recording::{Archive, Redactor};
use crate::replay::{Depth, Replayer};

/// Size of the output buffer, bytes.
const BUFFER_BYTES: usize = 256 * 1024;

/// Exports the selected Samples of a recording. Damaged parts are reported on standard error, one line each, and the
/// rest is exported with exit status 0.
///
/// # Errors
/// If the recording cannot be read, has no Samples in the time range, or the output cannot be written.
pub fn run(arguments: &cli::Export) -> anyhow::Result<()> {
    let selection = Selection::in_all_states(&arguments.select, &RecordedNames::default(), true)?;
    if cfg!(not(feature = "parquet")) && arguments.format == Format::Parquet {
        return Err(anyhow!(
            "this sockwatch was built without Parquet; rebuild with --features parquet, or export as csv or jsonl"
        ));
    }
    let replayer = recording_input::open(&arguments.file)?;
    let range = sample_range(arguments, replayer.archive(), &environment::time_zone())?;
    let out = match &arguments.output {
        Some(path) => TextOutput::open(path, arguments.force)?,
        None => TextOutput::stdout(),
    };
    if out.is_same(&arguments.file) {
        return Err(UsageError::new(format!(
            "{} is both the input and the output; use another output",
            out.name()
        ))
        .into());
    }
    let for_terminal = out.is_terminal();
    if for_terminal && arguments.format == Format::Parquet {
        return Err(UsageError::new(
            "Parquet is binary and the output is a terminal; use -o FILE, or --format csv",
        )
        .into());
    }
    out.truncate()?;
    let name = out.is_named().then(|| out.name());
    let out = BufWriter::with_capacity(BUFFER_BYTES, out);
    let writer: Box<dyn RowWriter> = match arguments.format {
        Format::Csv => Box::new(CsvWriter {
            out,
            options: CsvOptions {
                heading: true,
                for_terminal,
            },
        }),
        #[cfg(feature = "parquet")]
        Format::Parquet => Box::new(ParquetWriter(export::parquet::Writer::new(out)?)),
        _ => Box::new(JsonLinesWriter(out)),
    };
    let redactor = arguments.redact.then(Redactor::new);
    let damage = DamageReporter::new(&arguments.file);
    let report = |error: &dyn std::fmt::Display| damage.report(error);
    export_samples(replayer, range, &selection, redactor, writer, &report)
        .map_err(|error| TextOutput::write_error(name.as_deref(), error))
}

/// Returns the indices of the Samples in the time range of the arguments.
///
/// # Errors
/// If a time is invalid or the range has no Sample.
fn sample_range(
    arguments: &cli::Export,
    archive: &dyn Archive,
    zone: &TimeZone,
) -> anyhow::Result<Range<usize>> {
    let axis = archive.time_axis();
    let (from, to) = (arguments.from.as_deref(), arguments.to.as_deref());
    let found = when::find_range(from, to, &axis, zone)
        .map_err(|error| recording_input::invalid_time(&error))?;
    if found.range.is_empty() {
        return Err(anyhow!(
            "nothing was recorded in this range; the recording covers {}",
            when::show_covered(&axis, zone)
        ));
    }
    for note in &found.notes {
        report!("sockwatch: {}: {note}", arguments.file.display());
    }
    Ok(found.range)
}

/// Writes the selected sockets of each Sample in order; calls `report` for each Sample that cannot be read.
fn export_samples(
    mut replayer: Replayer,
    range: Range<usize>,
    selection: &Selection,
    mut redactor: Option<Redactor>,
    mut writer: Box<dyn RowWriter + '_>,
    report: &dyn Fn(&dyn std::fmt::Display),
) -> io::Result<()> {
    let mut moment = Moment::default();
    for index in range {
        if let Err(error) = replayer.show(index, Depth::Full, &mut moment) {
            report(&error);
            continue;
        }
        let rows = selection.matching_rows(&moment);
        // After the filter, which applies to the recorded values.
        if let Some(redactor) = &mut redactor {
            redactor.redact(&mut moment.sample);
        }
        writer.write(&moment, &rows)?;
    }
    writer.finish()
}

/// Writes sockets in one format.
trait RowWriter {
    /// Writes the sockets in some rows of a moment.
    fn write(&mut self, moment: &Moment, rows: &[u32]) -> io::Result<()>;
    /// Completes the output.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// Writes one JSON object per line.
struct JsonLinesWriter<W>(W);

impl<W: Write> RowWriter for JsonLinesWriter<W> {
    fn write(&mut self, moment: &Moment, rows: &[u32]) -> io::Result<()> {
        export::json::write_lines_with_time(moment, rows, &mut self.0)
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.0.flush()
    }
}

/// Writes comma-separated values.
struct CsvWriter<W> {
    out: W,
    /// With a heading until it is written.
    options: CsvOptions,
}

impl<W: Write> RowWriter for CsvWriter<W> {
    fn write(&mut self, moment: &Moment, rows: &[u32]) -> io::Result<()> {
        export::csv::write_with_time(moment, rows, self.options, &mut self.out)?;
        self.options.heading = false;
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes Apache Parquet.
#[cfg(feature = "parquet")]
struct ParquetWriter<W: Write + Send>(export::parquet::Writer<W>);

#[cfg(feature = "parquet")]
impl<W: Write + Send> RowWriter for ParquetWriter<W> {
    fn write(&mut self, moment: &Moment, rows: &[u32]) -> io::Result<()> {
        self.0.add(moment, rows)
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.0.finish()
    }
}

#[cfg(test)]
mod tests;

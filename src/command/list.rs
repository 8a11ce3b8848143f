//! `sockwatch list`: prints the sockets of one moment.

mod column_names;
mod columns;
mod input;
mod reverse_dns;
mod sampling;
mod sort_order;
mod unavailable;
mod watch;

use std::io::{self, BufWriter, IsTerminal, Write};
use std::time::Instant;

use anyhow::{Context as _, anyhow};

use self::columns::table_columns;
use self::input::{Input, read_dump};
use self::reverse_dns::ReverseNames;
use self::sampling::{SampleNeeds, take_sample};
use self::sort_order::{SortOrder, selected_rows};
use self::unavailable::UnavailableKinds;
use super::shared::net_scope::{self, report_omitted};
use super::shared::recorded_names::RecordedNames;
use super::shared::recording_input;
use super::shared::selection::Selection;
use super::shared::usage_error::UsageError;
use crate::aggregate::Moment;
use crate::app::{environment, terminal_size};
use crate::cli::{self, List};
use crate::export;
use crate::export::csv::CsvOptions;
use crate::export::message::report;
use crate::export::table::{DetailPlacement, Layout};
use crate::model::{Attribution, Sample, Timings, Unowned};
use crate::source::{NamespaceScope, SystemNames};

/// Size of the output buffer, bytes.
const BUFFER_BYTES: usize = 256 * 1024;

/// Prints one Sample of the kernel, or a moment of a recording or dump.
///
/// # Errors
/// If an argument is invalid, the input cannot be read, or standard output cannot be written.
pub fn run(arguments: &List) -> anyhow::Result<()> {
    let start = Instant::now();
    if arguments.summary {
        super::summary::run(&cli::Summary {
            json: arguments.json,
            net: arguments.net.clone(),
            ..cli::Summary::default()
        })?;
        // As ss: the summary alone, unless sockets are selected as well.
        if arguments.json || !arguments.select.is_restricted() {
            return Ok(());
        }
    }
    let input = Input::of(arguments)?;
    let namespaces = match input {
        Input::Kernel => net_scope::enter(&arguments.net, NamespaceScope::Own)?,
        Input::RawDump(_) | Input::Recording(_) => {
            net_scope::reject_with_file(&arguments.net)?;
            NamespaceScope::Own
        }
    };
    let system = SystemNames::default();
    let selection = match input {
        Input::Kernel => Selection::new(&arguments.select, &system, false)?,
        Input::RawDump(_) => Selection::new(&arguments.select, &system, true)?,
        Input::Recording(_) => Selection::new(&arguments.select, &RecordedNames::default(), true)?,
    };
    let columns = table_columns(arguments)?;
    let order = arguments
        .sort
        .as_deref()
        .map(SortOrder::parse)
        .transpose()?;
    let needs = SampleNeeds::of(arguments, &selection, &columns, order);
    let mut moment = Moment::default();
    let has_owners = match input {
        Input::Recording(path) => {
            recording_input::read_moment(path, arguments.at.as_deref(), &mut moment)?;
            true
        }
        Input::RawDump(path) => {
            if needs.rates || selection.filter.needs_names() {
                return Err(UsageError::new(
                    "a dump of ss -D has no processes, user names or rates",
                )
                .into());
            }
            read_dump(path, &mut moment)?;
            false
        }
        Input::Kernel => {
            selection.check_permissions()?;
            if let Some(interval) = arguments.watch {
                return watch::run(arguments, &selection, order, interval, namespaces);
            }
            take_sample(&selection, needs, namespaces, &mut moment)?
        }
    };
    let rows = selected_rows(&moment, &selection, order, arguments.limit);

    let mut stdout = io::stdout().lock();
    let names = (arguments.resolve && !arguments.numeric && !arguments.machine_readable())
        .then(|| ReverseNames::resolve(&moment, &rows, system));
    let layout = Layout {
        columns: &columns,
        heading: !arguments.no_header,
        max_width: terminal_size::width(&stdout),
        details: match (arguments.info, arguments.oneline) {
            (false, _) => DetailPlacement::None,
            (true, false) => DetailPlacement::Below,
            (true, true) => DetailPlacement::Inline,
        },
        names: names
            .as_ref()
            .map(|names| names as &dyn export::table::CellNames),
        has_owners,
        ascii: environment::is_ascii(),
    };
    let unavailable = UnavailableKinds::of(&moment.sample, &selection);
    let nothing = unavailable.as_ref().filter(|kinds| kinds.is_all);
    match nothing.filter(|_| !arguments.machine_readable()) {
        Some(kinds) => writeln!(stdout, "{}", kinds.reason()).map_err(Into::into),
        None => print(arguments, &moment, &rows, &layout, stdout),
    }
    .context("cannot write to standard output")?;
    if !arguments.machine_readable() {
        for fault in moment
            .sample
            .faults
            .iter()
            .filter(|fault| fault.hides_data())
        {
            report!("sockwatch: {}: {fault}", fault.severity.name());
        }
        report_hidden_owners(&moment.sample, &rows);
    }
    report_omitted(&moment.sample);
    if arguments.timings {
        report_timings(&moment.sample.timings, start, rows.len())?;
    }
    match unavailable {
        Some(kinds) if kinds.is_all => Err(anyhow!("{}", kinds.reason())),
        Some(kinds) => {
            report!("sockwatch: {}", kinds.reason());
            Ok(())
        }
        None => Ok(()),
    }
}

/// Reports where the time went on standard error, as one JSON object.
fn report_timings(timings: &Timings, start: Instant, sockets: usize) -> io::Result<()> {
    let ms = |ns: u64| (ns as f64 / 1e4).round() / 100.0;
    let line = serde_json::json!({
        "dump_ms": ms(timings.dump_ns),
        "decode_ms": ms(timings.decode_ns),
        "owners_ms": ms(timings.owners_ns),
        "total_ms": ms(start.elapsed().as_nanos() as u64),
        "sockets": sockets,
    });
    writeln!(io::stderr(), "{line}")
}

/// Reports on a terminal how many owners are hidden from this user, with the remedy. Scripts get the reason in each
/// row.
fn report_hidden_owners(sample: &Sample, rows: &[u32]) {
    let is_hidden = |row: &&u32| {
        let socket = sample.sockets.get(**row as usize);
        socket.is_some_and(|socket| {
            socket.attribution == Attribution::Unowned(Unowned::PermissionDenied)
        })
    };
    let hidden = rows.iter().filter(is_hidden).count();
    if hidden > 0 && io::stderr().is_terminal() {
        let remedy = sample.visibility.remedy();
        let all = rows.len();
        report!("sockwatch: {hidden} of {all} owners hidden: {remedy}");
    }
}

/// Prints the rows in the selected format.
fn print(
    arguments: &List,
    moment: &Moment,
    rows: &[u32],
    layout: &Layout<'_>,
    to: impl Write,
) -> anyhow::Result<()> {
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, to);
    if arguments.json {
        export::json::write_document(moment, rows, &mut out)?;
    } else if arguments.jsonl {
        export::json::write_lines(moment, rows, &mut out)?;
    } else if arguments.csv {
        let options = CsvOptions {
            heading: layout.heading,
            for_terminal: io::stdout().is_terminal(),
        };
        export::csv::write(moment, rows, options, &mut out)?;
    } else {
        export::table::write(moment, rows, layout, &mut out)?;
    }
    out.flush()?;
    Ok(())
}

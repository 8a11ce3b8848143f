//! `sockwatch list`: the sockets of this moment.

mod columns;
mod reverse_dns;

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};

use self::columns::{Order, columns, plain};
use self::reverse_dns::Resolved;
use super::shared::recorded_names::RecordedNames;
use super::shared::recording_input;
use super::shared::selection::Selection;
use super::shared::usage_error::UsageError;
use crate::aggregate::{Aggregator, Moment};
use crate::cli::{self, List};
use crate::column::SocketRow;
use crate::export;
use crate::export::table::{Further, Layout};
use crate::model::{Attribution, Sample, Unowned};
use crate::source::netlink::request::Asked;
use crate::source::{Live, LiveOptions, OwnersOf, RawDumpError, Source, System, read_raw_dump};

/// Time between the two Samples that a rate is made of.
const RATE_WINDOW: Duration = Duration::from_secs(1);

/// Takes one Sample, or two where rates are asked for, and prints it.
///
/// # Errors
/// If the filter is not understood, the kernel gives no sockets, or standard output cannot be written.
pub fn run(arguments: &List) -> anyhow::Result<()> {
    let start = Instant::now();
    if arguments.summary {
        super::summary::run(&cli::Summary {
            json: arguments.json,
            ..cli::Summary::default()
        })?;
        // As ss: the summary alone, unless sockets are asked for as well.
        if arguments.json || !arguments.select.says_anything() {
            return Ok(());
        }
    }
    let system = System::default();
    let origin = Origin::of(arguments)?;
    let selection = match origin {
        Origin::Kernel => Selection::new(&arguments.select, &system, false)?,
        Origin::RawDump(_) => Selection::new(&arguments.select, &system, true)?,
        Origin::Recording(_) => Selection::new(&arguments.select, &RecordedNames::default(), true)?,
    };
    let columns = columns(arguments)?;
    let order = arguments.sort.as_deref().map(Order::parse).transpose()?;
    let mut named: Vec<&str> = Vec::new();
    if !arguments.machine_readable() {
        named.extend(columns.iter().map(|column| column.id));
    }
    named.extend(order.map(|order| order.column.id));
    let needs = Needs {
        rates: selection.needs_rates(&named),
        owners: owners_of(arguments, &selection, &named, order),
        details: arguments.machine_readable() || arguments.info || selection.needs_details(&named),
        other_ends: arguments.machine_readable() || named.contains(&"peer"),
    };
    let mut moment = Moment::default();
    let mut owners = true;
    match origin {
        Origin::Recording(path) => {
            recording_input::moment(path, arguments.at.as_deref(), &mut moment)?
        }
        Origin::RawDump(path) => {
            if needs.rates || selection.filter.asks_names() {
                return Err(UsageError::new(
                    "a dump made by ss -D has sockets only: neither processes nor names of users, and nothing to measure a rate by",
                )
                .into());
            }
            read_dump(path, &mut moment)?;
            owners = false;
        }
        Origin::Kernel => {
            selection.check()?;
            if let Some(interval) = arguments.watch {
                return watch(arguments, &selection, order, interval);
            }
            owners = take(&selection, needs, &mut moment)?;
        }
    }
    let mut rows = select(&selection, &moment);
    if let Some(order) = order {
        order.apply(&moment, &mut rows);
    }
    rows.truncate(arguments.limit.unwrap_or(usize::MAX));

    let stdout = io::stdout().lock();
    let fit = if stdout.is_terminal() {
        terminal_width()
    } else {
        None
    };
    let resolved = (arguments.resolve && !arguments.numeric && !arguments.machine_readable())
        .then(|| Resolved::new(&moment, &rows, system));
    let layout = Layout {
        columns: &columns,
        heading: !arguments.no_header,
        fit,
        further: match (arguments.info, arguments.oneline) {
            (false, _) => Further::None,
            (true, false) => Further::Below,
            (true, true) => Further::Beside,
        },
        name: resolved
            .as_ref()
            .map(|resolved| resolved as &dyn export::table::Naming),
        owners,
    };
    print(arguments, &moment, &rows, &layout, stdout).context("cannot write to standard output")?;
    if !arguments.machine_readable() {
        for fault in moment.sample.faults.iter().filter(|fault| fault.matters()) {
            eprintln!("sockwatch: {}: {fault}", fault.severity.name());
        }
        tell_hidden(&moment.sample, &rows);
    }
    if arguments.timings {
        let timings = moment.sample.timings;
        let ms = |ns: u64| (ns as f64 / 1e4).round() / 100.0;
        let line = serde_json::json!({
            "dump_ms": ms(timings.dump_ns),
            "decode_ms": ms(timings.decode_ns),
            "owners_ms": ms(timings.owners_ns),
            "total_ms": ms(start.elapsed().as_nanos() as u64),
            "sockets": rows.len(),
        });
        writeln!(io::stderr(), "{line}")?;
    }
    Ok(())
}

/// Where the sockets come from.
#[derive(Debug, Clone, Copy)]
enum Origin<'a> {
    Kernel,
    /// A file that ss wrote.
    RawDump(&'a Path),
    Recording(&'a Path),
}

impl Origin<'_> {
    /// What was asked for, unless it makes no sense there.
    fn of(arguments: &List) -> Result<Origin<'_>, UsageError> {
        let Some(path) = &arguments.from else {
            return Ok(Origin::Kernel);
        };
        if recording_input::is_recording(path) {
            if arguments.resolve && !arguments.numeric {
                return Err(UsageError::new(
                    "-r asks this machine for names, which knows nothing of the one that was recorded; leave it out",
                ));
            }
            return Ok(Origin::Recording(path));
        }
        if let Some(at) = &arguments.at {
            return Err(UsageError::new(format!(
                "--at {at}: {} is no recording, and a dump made by ss -D has one moment only",
                path.display()
            )));
        }
        Ok(Origin::RawDump(path))
    }
}

/// Reads what ss wrote.
fn read_dump(path: &Path, moment: &mut Moment) -> anyhow::Result<()> {
    read_raw_dump(path, &mut moment.sample).map_err(|error| match error {
        RawDumpError::Foreign { .. } => anyhow!("{error}; nor is it a recording"),
        error => error.into(),
    })?;
    moment.derive(&mut Aggregator::new());
    Ok(())
}

/// Sockets in a table from which on their processes are shown only if they are asked for: to find them takes a system call
/// for each descriptor, which is more than the kernel needs to list the sockets.
const LARGE_TABLE: usize = 50_000;

/// What has to be found out beside the sockets themselves.
#[derive(Debug, Clone, Copy)]
struct Needs {
    rates: bool,
    owners: OwnersOf,
    details: bool,
    other_ends: bool,
}

/// Of which sockets the owners are needed: of all if anything that was typed depends on them, and of a table that just has
/// a column for them unless it is large.
fn owners_of(
    arguments: &List,
    selection: &Selection,
    named: &[&str],
    order: Option<Order>,
) -> OwnersOf {
    let mut typed: Vec<&str> = arguments.columns.iter().map(|name| plain(name)).collect();
    typed.extend(order.map(|order| order.column.id));
    if arguments.machine_readable() || arguments.processes || selection.needs_owners(&typed) {
        OwnersOf::All
    } else if selection.needs_owners(named) {
        OwnersOf::AtMost(LARGE_TABLE)
    } else {
        OwnersOf::None
    }
}

/// Asks the kernel, no more than what is needed; answers whether the owners that are needed were looked for.
fn take(selection: &Selection, needs: Needs, moment: &mut Moment) -> anyhow::Result<bool> {
    let options = LiveOptions {
        tables: selection.tables(),
        destroy_events: false,
        asked: Asked {
            lowered: selection.lowered(),
            details: needs.details,
        },
        owners: needs.owners,
        other_ends: needs.other_ends,
        devices: false,
        ..LiveOptions::default()
    };
    let mut live = Live::new(options)?;
    live.next_into(&mut moment.sample)?;
    if needs.rates {
        let mut aggregator = Aggregator::new();
        moment.derive(&mut aggregator);
        std::thread::sleep(RATE_WINDOW);
        live.next_into(&mut moment.sample)?;
        moment.derive(&mut aggregator);
    }
    if live.left_owners_out() {
        let all = moment.sample.sockets.rows.len();
        eprintln!(
            "sockwatch: note: the processes of {all} sockets are left out, to take no longer than ss does; -p shows them"
        );
    }
    Ok(!live.left_owners_out())
}

/// Repeats, as JSON Lines, until nobody listens any more.
fn watch(
    arguments: &List,
    selection: &Selection,
    order: Option<Order>,
    interval: Duration,
) -> anyhow::Result<()> {
    let options = LiveOptions {
        tables: selection.tables(),
        devices: false,
        ..LiveOptions::default()
    };
    let mut live = Live::new(options)?;
    let mut aggregator = Aggregator::new();
    let mut moment = Moment::default();
    let mut next = Instant::now();
    loop {
        live.next_into(&mut moment.sample)?;
        moment.derive(&mut aggregator);
        let mut rows = select(selection, &moment);
        if let Some(order) = order {
            order.apply(&moment, &mut rows);
        }
        rows.truncate(arguments.limit.unwrap_or(usize::MAX));
        let mut out = BufWriter::with_capacity(256 * 1024, io::stdout().lock());
        export::json::write_lines_with_time(&moment, &rows, &mut out)
            .and_then(|()| out.flush())
            .context("cannot write to standard output")?;
        next += interval;
        match next.checked_duration_since(Instant::now()) {
            Some(rest) => std::thread::sleep(rest),
            // Samples take longer than the interval: what was missed is not made up for.
            None => next = Instant::now(),
        }
    }
}

/// Says on a terminal how many owners this user may not see, and what to do about it. Scripts find it in the rows.
fn tell_hidden(sample: &Sample, rows: &[u32]) {
    let is_hidden = |row: &&u32| {
        let socket = sample.sockets.rows.get(**row as usize);
        socket.is_some_and(|socket| {
            socket.attribution == Attribution::Unowned(Unowned::PermissionDenied)
        })
    };
    let hidden = rows.iter().filter(is_hidden).count();
    if hidden > 0 && io::stderr().is_terminal() {
        let remedy = sample.visibility.remedy();
        let all = rows.len();
        eprintln!("sockwatch: {hidden} of {all} owners hidden: {remedy}");
    }
}

/// Prints the rows in the format that was asked for.
fn print(
    arguments: &List,
    moment: &Moment,
    rows: &[u32],
    layout: &Layout<'_>,
    to: impl Write,
) -> anyhow::Result<()> {
    let mut out = BufWriter::with_capacity(256 * 1024, to);
    if arguments.json {
        export::json::write_document(moment, rows, &mut out)?;
    } else if arguments.jsonl {
        export::json::write_lines(moment, rows, &mut out)?;
    } else if arguments.csv {
        export::csv::write(moment, rows, layout.heading, &mut out)?;
    } else {
        export::table::write(moment, rows, layout, &mut out)?;
    }
    out.flush()?;
    Ok(())
}

fn terminal_width() -> Option<usize> {
    let (width, _) = crossterm::terminal::size().ok()?;
    (width > 0).then_some(usize::from(width))
}

/// Rows of the sockets that were asked for.
pub(super) fn select(selection: &Selection, moment: &Moment) -> Vec<u32> {
    let holds =
        |&row: &u32| SocketRow::of(moment, row as usize).is_some_and(|row| selection.holds(&row));
    (0..moment.sample.sockets.rows.len() as u32)
        .filter(holds)
        .collect()
}

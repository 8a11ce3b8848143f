//! `sockwatch kill`: destroys sockets after showing them and asking for confirmation.

mod extent;

use std::io::{self, BufRead, IsTerminal, Write};
use std::os::fd::AsFd;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use rustix::fs::OFlags;

use self::extent::Extent;
use super::shared::net_scope;
use super::shared::selection::Selection;
use super::shared::text_stdout::text_stdout;
use super::shared::usage_error::UsageError;
use crate::aggregate::Moment;
use crate::app::environment;
use crate::cli;
use crate::column::{DEFAULT_COLUMNS, SocketColumn, SocketRow, format};
use crate::export;
use crate::export::table::{DetailPlacement, Layout};
use crate::model::{Protocol, Socket};
use crate::privilege::{self, ADMINISTER_NETWORK};
use crate::source::netlink::destroy::{DestroyOutcome, Destroyer};
use crate::source::netlink::request::AttributeRequest;
use crate::source::{
    LiveOptions, LiveSource, NamespaceScope, Source, SystemNames, run_in_namespace,
};

/// Shows the selected sockets, asks, destroys them and prints the outcome of each.
///
/// # Errors
/// If the filter is missing, invalid or ambiguous; if the capability is missing, the sockets cannot be shown, there are
/// too many of them, the user does not confirm, or the kernel refuses one of the sockets.
pub fn run(arguments: &cli::Kill) -> anyhow::Result<()> {
    let scope = net_scope::enter(&arguments.net, NamespaceScope::Own)?;
    let mut select = arguments.select.clone();
    if !select.names_kinds() {
        // The kernel can destroy these.
        (select.tcp, select.udp) = (true, true);
    }
    let selection = Selection::new(&select, &SystemNames::default(), false)?;
    if !selection.kinds.are_destroyable() {
        return Err(
            UsageError::new("the kernel closes only TCP and UDP sockets; use -t or -u").into(),
        );
    }
    if selection.filter.is_empty() {
        return Err(UsageError::new(
            "kill needs a filter, for example: sockwatch kill -t dst 10.0.0.1 dport = 5432",
        )
        .into());
    }
    if selection.filter.mixes_connectives() {
        return Err(UsageError::new(
            "'and' and 'or' without parentheses are ambiguous; add parentheses: ( a or b ) and c",
        )
        .into());
    }
    if !arguments.dry_run && !privilege::permits(ADMINISTER_NETWORK) {
        return Err(anyhow!(
            "closing sockets needs CAP_NET_ADMIN; run as root, or list the sockets with --dry-run"
        ));
    }
    selection.check_permissions()?;
    if is_closed(io::stdout()) {
        return Err(anyhow!(
            "standard output is closed, so that the sockets cannot be shown; nothing was closed"
        ));
    }
    let moment = take_sample(&selection, scope)?;
    let rows = selection.matching_rows(&moment);
    let mut out = text_stdout();
    if rows.is_empty() {
        let hint = if selection.lists_all_states() {
            ""
        } else {
            " (-l selects listeners, -a all states)"
        };
        writeln!(out, "no socket matches{hint}; nothing was closed")?;
        return Ok(());
    }
    net_scope::report_omitted(&moment.sample);
    print_sockets(&moment, &rows, &mut out)
        .and_then(|()| out.flush())
        .context("cannot show the sockets on standard output; nothing was closed")?;
    let selected = rows
        .iter()
        .filter_map(|&row| moment.sample.sockets.get(row as usize));
    let extent = Extent::count(selected.map(|row| row.socket), scope)?;
    let what = match rows.len() {
        1 => "this socket".to_owned(),
        several => format!("these {several} sockets"),
    };
    if arguments.dry_run {
        let needs = if extent.is_large() {
            " (kill --yes would also need --all)"
        } else {
            ""
        };
        writeln!(out, "would close {what}{needs}; nothing was closed")?;
        return Ok(());
    }
    if !arguments.yes {
        confirm(extent, &what, &mut out)?;
    } else if extent.is_large() && !arguments.all_selected {
        return Err(anyhow!(
            "the filter selects {extent}; use a narrower filter, or --all with --yes; nothing was closed"
        ));
    }
    destroy(&moment, &rows, &mut out)
}

/// Reports whether a standard stream was closed when the program started: it has been opened as `/dev/null` since, for reading
/// and writing, so that no other file gets its number.
fn is_closed(stream: impl AsFd) -> bool {
    let is_null = || {
        let own = rustix::fs::fstat(&stream).ok()?;
        let null = rustix::fs::stat("/dev/null").ok()?;
        Some((own.st_dev, own.st_ino) == (null.st_dev, null.st_ino))
    };
    let flags = rustix::fs::fcntl_getfl(&stream);
    flags.is_ok_and(|flags| flags.contains(OFlags::RDWR)) && is_null() == Some(true)
}

/// Asks the user for confirmation. If much would be closed, the number of sockets has to be typed.
fn confirm(extent: Extent, what: &str, out: &mut impl Write) -> anyhow::Result<()> {
    let selected = extent.sockets();
    if extent.is_large() {
        writeln!(out, "these are {extent}")?;
        write!(out, "close {what}? type {selected} to confirm: ")?;
    } else {
        write!(out, "close {what}? [y/N] ")?;
    }
    out.flush()?;
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .context("cannot read the answer")?;
    if !io::stdin().is_terminal() {
        // Once confirmed, the sockets are closed even if standard output is closed.
        let _ = writeln!(out);
    }
    let is_confirmed = if extent.is_large() {
        answer.trim() == selected.to_string()
    } else {
        matches!(answer.trim(), "y" | "Y" | "yes")
    };
    if is_confirmed {
        Ok(())
    } else {
        Err(anyhow!("not confirmed; nothing was closed"))
    }
}

/// Takes one Sample of the selected sockets with their owners.
fn take_sample(selection: &Selection, scope: NamespaceScope) -> anyhow::Result<Moment> {
    let mut moment = Moment::default();
    let rates = selection.needs_rates(&[]);
    if rates {
        return Err(UsageError::new(
            "kill cannot filter by rates or age, which need two samples; use other conditions",
        )
        .into());
    }
    let options = LiveOptions {
        tables: selection.tables(),
        destroy_events: false,
        namespaces: scope,
        request: AttributeRequest {
            lowered: selection.lowered(),
            details: selection.needs_details(&[]),
        },
        devices: false,
        settings: false,
        ..LiveOptions::default()
    };
    LiveSource::new(options)?.next_into(&mut moment.sample)?;
    Ok(moment)
}

/// Prints the table of sockets that would be destroyed.
fn print_sockets(moment: &Moment, rows: &[u32], out: &mut impl Write) -> io::Result<()> {
    let namespace = (!moment.sample.namespaces.is_empty()).then_some(&"netns_name");
    let columns: Vec<&SocketColumn> = DEFAULT_COLUMNS
        .iter()
        .chain(namespace)
        .filter_map(|id| SocketColumn::by_id(id))
        .collect();
    let layout = Layout {
        columns: &columns,
        heading: true,
        max_width: None,
        details: DetailPlacement::None,
        names: None,
        has_owners: true,
        ascii: environment::is_ascii(),
    };
    export::table::write(moment, rows, &layout, out)
}

/// Destroys sockets one by one, each by its cookie and in its own network namespace. All are destroyed even if standard output
/// is closed.
fn destroy(moment: &Moment, rows: &[u32], out: &mut impl Write) -> anyhow::Result<()> {
    let rows = rows.iter();
    let mut rows: Vec<SocketRow<'_>> = rows
        .filter_map(|&row| SocketRow::of(moment, row as usize))
        .collect();
    // Those of one namespace together: it is entered once. The order within each stays.
    rows.sort_by_key(|row| row.socket.socket.netns);
    let mut outcomes: Vec<(SocketRow<'_>, DestroyOutcome)> = Vec::new();
    let mut entering = Ok(());
    for rows in rows.chunk_by(|a, b| a.socket.socket.netns == b.socket.socket.netns) {
        match destroy_in_namespace(rows) {
            Ok(found) => outcomes.extend(rows.iter().copied().zip(found)),
            Err(error) => {
                // Without an error of the kernel, the namespace has gone, and its sockets with it.
                let code = error.raw_os_error();
                let outcome = code.map_or(DestroyOutcome::Gone, DestroyOutcome::Failed);
                outcomes.extend(rows.iter().map(|&row| (row, outcome)));
                entering = Err(error);
            }
        }
    }
    let all = outcomes.len();
    if let Err(error) = entering
        && outcomes
            .iter()
            .all(|(_, outcome)| matches!(outcome, DestroyOutcome::Failed(_)))
    {
        return Err(error).context("cannot close the sockets");
    }
    let mut written = Ok(());
    let (mut done, mut refused) = (0, 0);
    for (row, outcome) in &outcomes {
        match outcome {
            DestroyOutcome::Done => done += 1,
            DestroyOutcome::Gone => {}
            _ => refused += 1,
        }
        if written.is_ok() {
            written = print_outcome(row, *outcome, out);
        }
    }
    let written = written
        .and_then(|()| writeln!(out, "{done} of {all} closed"))
        .and_then(|()| out.flush());
    if refused > 0 {
        return Err(anyhow!("{refused} of {all} sockets could not be closed"));
    }
    written.with_context(|| format!("{done} of {all} closed; cannot write that to standard output"))
}

/// Destroys sockets of one network namespace; returns the outcome of each.
fn destroy_in_namespace(rows: &[SocketRow<'_>]) -> io::Result<Vec<DestroyOutcome>> {
    let Some(first) = rows.first() else {
        return Ok(Vec::new());
    };
    let sockets: Vec<Socket> = rows.iter().map(|row| *row.socket.socket).collect();
    let handle = first.socket.namespace().map(|namespace| namespace.handle);
    let netns = first.socket.socket.netns;
    run_in_namespace(Path::new("/proc"), netns, handle, move || {
        let mut destroyer = Destroyer::new()?;
        let outcomes = sockets.iter().map(|socket| destroyer.destroy(socket));
        Ok(outcomes.collect())
    })
}

/// Prints a socket with its outcome.
fn print_outcome(
    row: &SocketRow<'_>,
    outcome: DestroyOutcome,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut line = String::from(match row.socket.socket.protocol {
        Protocol::Udp => "udp",
        _ => "tcp",
    });
    for id in ["local", "remote"] {
        line.push(' ');
        if let Some(column) = SocketColumn::by_id(id) {
            column.write(row, &mut line);
        }
    }
    if let Some(namespace) = row.socket.namespace() {
        line.push_str(" in ");
        format::sanitize(&mut line, namespace.name.as_bytes());
    }
    writeln!(out, "{line}: {outcome}")
}

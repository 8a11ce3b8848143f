//! `sockwatch list`: the sockets of this moment.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::time::Instant;

use anyhow::Context;

use crate::aggregate::Moment;
use crate::cli::List;
use crate::column::{DEFAULT_COLUMNS, SocketColumn};
use crate::export;
use crate::model::{Attribution, Family, Protocol, Sample, Socket, State, Unowned};
use crate::source::netlink::request::Table;
use crate::source::{Live, LiveOptions, Source};

/// Takes one Sample and prints it.
///
/// # Errors
/// If the kernel gives no sockets, or standard output cannot be written.
pub fn run(arguments: &List) -> anyhow::Result<()> {
    let start = Instant::now();
    let options = LiveOptions {
        tables: tables(arguments),
        destroy_events: false,
        ..LiveOptions::default()
    };
    let mut moment = Moment::default();
    Live::new(options)?.next_into(&mut moment.sample)?;
    let rows = select(arguments, &moment.sample);

    let stdout = io::stdout().lock();
    let fit = if stdout.is_terminal() {
        terminal_width()
    } else {
        None
    };
    print(arguments, &moment, &rows, fit, stdout).context("cannot write to standard output")?;
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
    fit: Option<usize>,
    to: impl Write,
) -> anyhow::Result<()> {
    let mut out = BufWriter::with_capacity(256 * 1024, to);
    let heading = !arguments.no_header;
    if arguments.json {
        export::json::write_document(moment, rows, &mut out)?;
    } else if arguments.jsonl {
        export::json::write_lines(moment, rows, &mut out)?;
    } else if arguments.csv {
        export::csv::write(moment, rows, heading, &mut out)?;
    } else {
        export::table::write(moment, rows, &columns(arguments), heading, fit, &mut out)?;
    }
    out.flush()?;
    Ok(())
}

fn terminal_width() -> Option<usize> {
    let (width, _) = crossterm::terminal::size().ok()?;
    (width > 0).then_some(usize::from(width))
}

/// Whether a table was asked for, as ss understands its letters: a protocol of the internet holds for both families, a
/// family alone for all protocols of the internet, and unix where it is named. No letter at all is everything.
fn wanted(arguments: &List, table: Table) -> bool {
    let letters = arguments.tcp || arguments.udp || arguments.raw;
    let families = arguments.ipv4 || arguments.ipv6;
    let nothing = !letters && !families && !arguments.unix;
    let internet = |protocol: Protocol, family: bool| {
        let by_protocol = match protocol {
            Protocol::Tcp => arguments.tcp,
            Protocol::Udp => arguments.udp,
            Protocol::Raw => arguments.raw,
            _ => false,
        };
        // Without a letter, a family stands for all of its protocols.
        let by_protocol = by_protocol || (families && !letters);
        nothing || (by_protocol && (family || !families))
    };
    match table {
        Table::Tcp => {
            let families = [arguments.ipv4, arguments.ipv6];
            families
                .iter()
                .any(|&family| internet(Protocol::Tcp, family))
        }
        Table::Inet(protocol) => internet(protocol, arguments.ipv4),
        Table::Inet6(protocol) => internet(protocol, arguments.ipv6),
        Table::Unix => nothing || arguments.unix,
        Table::Netlink | Table::Packet | Table::Vsock => nothing,
    }
}

/// Which of the kernel's tables hold what was asked for.
fn tables(arguments: &List) -> Vec<Table> {
    let all = Table::ALL.into_iter();
    all.filter(|&table| wanted(arguments, table)).collect()
}

/// Rows of the sockets that were asked for.
fn select(arguments: &List, sample: &Sample) -> Vec<u32> {
    let family = |socket: &Socket| {
        (!arguments.ipv4 && !arguments.ipv6)
            || !socket.family.is_inet()
            || (arguments.ipv4 && socket.family == Family::Inet)
            || (arguments.ipv6 && socket.family == Family::Inet6)
    };
    let state = |socket: &Socket| {
        if arguments.all {
            true
        } else if arguments.listening {
            matches!(socket.state, State::Listen | State::Closed)
        } else {
            socket.state.is_connected_for_ss()
        }
    };
    (0u32..)
        .zip(&sample.sockets.rows)
        .filter(|(_, socket)| family(socket) && state(socket))
        .map(|(row, _)| row)
        .collect()
}

/// The columns of the table.
fn columns(arguments: &List) -> Vec<&'static SocketColumn> {
    let mut ids: Vec<&str> = DEFAULT_COLUMNS.to_vec();
    if arguments.options {
        ids.push("timer");
    }
    if arguments.extended {
        ids.extend(["interface", "inode", "cookie", "cgroup"]);
    }
    if arguments.memory {
        ids.push("drops");
    }
    if arguments.info {
        ids.extend([
            "congestion",
            "rtt",
            "cwnd",
            "bytes_acked",
            "bytes_received",
            "retransmitted",
        ]);
    }
    ids.iter()
        .filter_map(|id| SocketColumn::by_id(id))
        .collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    /// The tables that some letters ask for.
    fn asked(letters: &str) -> Vec<Table> {
        let mut words = vec!["sockwatch", "list"];
        words.extend((!letters.is_empty()).then_some(letters));
        let Some(Command::List(arguments)) = Cli::parse_from(words).command else {
            panic!("list");
        };
        let all = Table::ALL.into_iter();
        all.filter(|&table| wanted(&arguments, table)).collect()
    }

    #[test]
    fn letters_ask_for_what_they_ask_ss_for() {
        use Protocol::Udp;
        use Table::{Inet, Inet6, Tcp as BothTcp, Unix};
        assert_eq!(asked(""), Table::ALL);
        assert_eq!(asked("-a"), Table::ALL);
        assert_eq!(asked("-t"), [BothTcp]);
        assert_eq!(asked("-x"), [Unix]);
        assert_eq!(asked("-tu6"), [BothTcp, Inet6(Udp)]);
        assert_eq!(asked("-tx"), [BothTcp, Unix]);
        assert_eq!(asked("-t4x"), [BothTcp, Unix]);

        let v4: Vec<Table> = Table::ALL
            .into_iter()
            .filter(|table| matches!(table, BothTcp | Inet(_)))
            .collect();
        assert_eq!(asked("-4"), v4);
        let with_unix: Vec<Table> = Table::ALL
            .into_iter()
            .filter(|table| matches!(table, BothTcp | Inet(_) | Unix))
            .collect();
        assert_eq!(asked("-4x"), with_unix);
    }
}

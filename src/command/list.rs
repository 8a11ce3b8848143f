//! `sockwatch list`: the sockets of this moment.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::time::Instant;

use crate::aggregate::Moment;
use crate::cli::List;
use crate::column::{DEFAULT_COLUMNS, SocketColumn};
use crate::export;
use crate::model::{Family, Protocol, Sample, Socket, State};
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
    let mut out = BufWriter::with_capacity(256 * 1024, stdout);
    if arguments.json {
        export::json::write_document(&moment, &rows, &mut out)?;
    } else if arguments.jsonl {
        export::json::write_lines(&moment, &rows, &mut out)?;
    } else if arguments.csv {
        export::csv::write(&moment, &rows, !arguments.no_header, &mut out)?;
    } else {
        export::table::write(
            &moment,
            &rows,
            &columns(arguments),
            !arguments.no_header,
            fit,
            &mut out,
        )?;
        for fault in moment.sample.faults.iter().filter(|fault| fault.incomplete) {
            eprintln!("sockwatch: incomplete: {fault}");
        }
    }
    out.flush()?;
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

fn terminal_width() -> Option<usize> {
    let (width, _) = crossterm::terminal::size().ok()?;
    (width > 0).then_some(usize::from(width))
}

/// Whether a letter asks for a protocol.
fn names_protocol(arguments: &List) -> bool {
    arguments.tcp || arguments.udp || arguments.unix || arguments.raw
}

/// Which of the kernel's tables hold what was asked for.
fn tables(arguments: &List) -> Vec<Table> {
    let wanted = |table: &Table| {
        let (protocol, family) = match *table {
            Table::Inet(protocol) => (Some(protocol), Some(Family::Inet)),
            Table::Inet6(protocol) => (Some(protocol), Some(Family::Inet6)),
            Table::Unix => (None, Some(Family::Unix)),
            Table::Netlink | Table::Packet | Table::Vsock => (None, None),
        };
        let by_protocol = !names_protocol(arguments)
            || match protocol {
                Some(Protocol::Tcp) => arguments.tcp,
                Some(Protocol::Udp) => arguments.udp,
                Some(Protocol::Raw) => arguments.raw,
                Some(_) => false,
                None => arguments.unix && family == Some(Family::Unix),
            };
        // As with ss, -4 and -6 leave the unix family only where it is named.
        let by_family = match family {
            _ if !arguments.ipv4 && !arguments.ipv6 => true,
            Some(Family::Inet) => arguments.ipv4,
            Some(Family::Inet6) => arguments.ipv6,
            Some(Family::Unix) => arguments.unix,
            _ => false,
        };
        by_protocol && by_family
    };
    // Listeners are needed to infer whose a TIME-WAIT is: both TCP tables, since one may serve the other.
    let mut tables: Vec<Table> = Table::ALL.iter().copied().filter(wanted).collect();
    let tcp = [Table::Inet(Protocol::Tcp), Table::Inet6(Protocol::Tcp)];
    if tcp.iter().any(|table| tables.contains(table)) {
        for table in tcp {
            if !tables.contains(&table) {
                tables.insert(0, table);
            }
        }
    }
    tables
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

//! `sockwatch summary`: how many sockets of each kind and state, and how near the limits are.

use std::io::{self, Write};
use std::path::Path;

use anyhow::Context as _;

use crate::aggregate::{Aggregator, Moment, Summary};
use crate::cli;
use crate::export;
use crate::source::netlink::request::Asked;
use crate::source::procfs::socket_limits;
use crate::source::{Live, LiveOptions, OwnersOf, Source};

/// Takes one Sample and counts what is in it.
///
/// # Errors
/// If the kernel gives no sockets, or standard output cannot be written.
pub fn run(arguments: cli::Summary) -> anyhow::Result<()> {
    let options = LiveOptions {
        destroy_events: false,
        owners: OwnersOf::None,
        asked: Asked {
            details: false,
            ..Asked::default()
        },
        ..LiveOptions::default()
    };
    let limits = socket_limits(Path::new("/proc"));
    let mut moment = Moment::default();
    Live::new(options)?.next_into(&mut moment.sample)?;
    moment.derive(&mut Aggregator::new());
    let summary = Summary::new(&moment, &limits);
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = if arguments.json {
        export::json::write_summary(&moment, &summary, &mut out)
    } else {
        export::summary::write(&moment, &summary, &mut out)
    };
    written
        .and_then(|()| out.flush())
        .context("cannot write to standard output")?;
    if !arguments.json {
        for fault in moment.sample.faults.iter().filter(|fault| fault.matters()) {
            eprintln!("sockwatch: {}: {fault}", fault.severity.name());
        }
    }
    Ok(())
}

//! `sockwatch summary`: counts sockets by protocol and state, and compares limits with their use.

use std::io::{self, Write};

use anyhow::Context as _;

use super::shared::net_scope;
use super::shared::recording_input;
use super::shared::text_stdout::text_stdout;
use crate::aggregate::{Aggregator, Moment, Summary};
use crate::cli;
use crate::export;
use crate::export::message::report;
use crate::source::netlink::request::AttributeRequest;
use crate::source::{LiveOptions, LiveSource, NamespaceScope, OwnerScope, Source};

/// Takes one Sample, or reads one from a recording, and prints its counts.
///
/// # Errors
/// If the kernel reports no sockets, the recording cannot be read, or standard output cannot be written.
pub fn run(arguments: &cli::Summary) -> anyhow::Result<()> {
    let namespaces = match &arguments.from {
        Some(_) => net_scope::reject_with_file(&arguments.net).map(|()| NamespaceScope::Own)?,
        None => net_scope::enter(&arguments.net, NamespaceScope::Own)?,
    };
    let mut moment = Moment::default();
    match &arguments.from {
        Some(path) => recording_input::read_moment(path, arguments.at.as_deref(), &mut moment)?,
        None => take_sample(namespaces, &mut moment)?,
    }
    let summary = Summary::new(&moment);
    let written = if arguments.json {
        let mut out = io::BufWriter::new(io::stdout().lock());
        export::json::write_summary(&moment, &summary, &mut out).and_then(|()| out.flush())
    } else {
        let mut out = io::BufWriter::new(text_stdout());
        export::summary::write(&moment, &summary, &mut out).and_then(|()| out.flush())
    };
    written.context("cannot write to standard output")?;
    if !arguments.json {
        for fault in moment
            .sample
            .faults
            .iter()
            .filter(|fault| fault.hides_data())
        {
            report!("sockwatch: {}: {fault}", fault.severity.name());
        }
    }
    net_scope::report_omitted(&moment.sample);
    Ok(())
}

/// Takes one Sample without owners and details.
fn take_sample(namespaces: NamespaceScope, moment: &mut Moment) -> anyhow::Result<()> {
    let options = LiveOptions {
        namespaces,
        destroy_events: false,
        owners: OwnerScope::None,
        request: AttributeRequest {
            details: false,
            ..AttributeRequest::default()
        },
        devices: false,
        ..LiveOptions::default()
    };
    LiveSource::new(options)?.next_into(&mut moment.sample)?;
    moment.derive(&mut Aggregator::new());
    Ok(())
}

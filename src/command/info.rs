//! `sockwatch info`: what a recording holds, and whether it is whole.

mod info_text;
mod recording_info;

use std::io::{self, Write};

use anyhow::Context as _;
use jiff::tz::TimeZone;

use self::recording_info::Facts;
use crate::cli;
use crate::recording::Reader;

/// Tells of a recording. One that is damaged is told of like any other, with what is lost: the status is 0 as long as it can
/// be opened, and `whole` is false.
///
/// # Errors
/// If it cannot be read at all, or standard output cannot be written.
pub fn run(arguments: &cli::Info) -> anyhow::Result<()> {
    let mut reader = Reader::open(&arguments.file)?;
    let inspection = reader.inspect()?;
    let facts = Facts::new(&arguments.file, &reader, &inspection);
    let mut out = io::stdout().lock();
    let written = if arguments.json {
        serde_json::to_writer_pretty(&mut out, &facts)
            .map_err(io::Error::from)
            .and_then(|()| out.write_all(b"\n"))
    } else {
        out.write_all(info_text::write(&facts, &reader, &TimeZone::system()).as_bytes())
    };
    written
        .and_then(|()| out.flush())
        .context("cannot write to standard output")
}

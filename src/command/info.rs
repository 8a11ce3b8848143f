//! `sockwatch info`: prints the contents, time range, gaps and integrity of a recording.

mod info_schema;
mod info_text;
mod recording_info;
#[cfg(test)]
mod test_archive;

use std::io::{self, Write};

use anyhow::Context as _;

pub use self::info_schema::info_schema;
use self::recording_info::RecordingInfo;
use super::shared::text_stdout::text_stdout;
use crate::app::environment;
use crate::cli;
use crate::export;
use crate::recording::Reader;

/// Prints the contents and integrity of a recording. A damaged one has `whole` false and exit status 0 if the file can
/// be opened.
///
/// # Errors
/// If the file cannot be read, or standard output cannot be written.
pub fn run(arguments: &cli::Info) -> anyhow::Result<()> {
    let mut reader = Reader::open(&arguments.file)?;
    let inspection = reader.inspect()?;
    let info = RecordingInfo::new(&arguments.file, &reader, &inspection);
    let written = if arguments.json {
        let mut out = io::stdout().lock();
        export::json::write_pretty(&mut out, &info)
            .and_then(|()| out.write_all(b"\n"))
            .and_then(|()| out.flush())
    } else {
        let text = info_text::format_info(&info, &reader, &environment::time_zone());
        let mut out = text_stdout();
        out.write_all(text.as_bytes()).and_then(|()| out.flush())
    };
    written.context("cannot write to standard output")
}

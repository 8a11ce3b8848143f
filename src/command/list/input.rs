//! The input of `list`: the kernel, a recording or a raw dump.

use std::path::Path;

use anyhow::anyhow;

use crate::aggregate::{Aggregator, Moment};
use crate::cli::List;
use crate::command::confinement;
use crate::command::shared::usage_error::UsageError;
use crate::source::{RawDumpError, read_raw_dump};

/// The source of the sockets.
#[derive(Debug, Clone, Copy)]
pub(super) enum Input<'a> {
    Kernel,
    /// A file written by `ss -D`.
    RawDump(&'a Path),
    Recording(&'a Path),
}

impl Input<'_> {
    /// Returns the input that the arguments name.
    ///
    /// # Errors
    /// If another argument does not apply to it.
    pub(super) fn of(arguments: &List) -> Result<Input<'_>, UsageError> {
        let Some(path) = &arguments.from else {
            return Ok(Input::Kernel);
        };
        if confinement::is_recording(path) {
            if arguments.resolve && !arguments.numeric {
                return Err(UsageError::new(
                    "-r would resolve names on this host, not on the recorded one; omit it",
                ));
            }
            return Ok(Input::Recording(path));
        }
        if let Some(at) = &arguments.at {
            return Err(UsageError::new(format!(
                "--at {at}: {} is not a recording; a dump of ss -D has a single point in time",
                path.display()
            )));
        }
        Ok(Input::RawDump(path))
    }
}

/// Reads a file written by `ss -D`.
///
/// # Errors
/// If it cannot be read or has another format.
pub(super) fn read_dump(path: &Path, moment: &mut Moment) -> anyhow::Result<()> {
    read_raw_dump(path, &mut moment.sample).map_err(|error| match error {
        RawDumpError::Foreign { .. } => anyhow!("{error}; it is not a recording either"),
        error => error.into(),
    })?;
    moment.derive(&mut Aggregator::new());
    Ok(())
}

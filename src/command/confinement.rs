//! Confinement of commands that only read recordings: no capability, no network, no file that they need not open.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::cli::{Command, ConfigFile};
use crate::config::Environment;
use crate::privilege::{self, Allowed, Confinement};
use crate::recording;

/// Returns true if a file begins like a recording. An unreadable file is reported by the command that reads it.
pub(super) fn is_recording(path: &Path) -> bool {
    // Reading would consume the first bytes of a pipe.
    let is_file = path.metadata().is_ok_and(|metadata| metadata.is_file());
    let mut first = [0; 8];
    let mut read = || File::open(path)?.read_exact(&mut first);
    is_file && read().is_ok() && recording::is_recording(first)
}

/// Gives up what the command does not need, if it only reads files. Call it before any other thread exists.
///
/// A command that reads something else than a recording keeps the file system: a dump of `ss -D` has no names, so they
/// are resolved on this machine.
///
/// # Errors
/// If the kernel refuses.
pub fn confine(command: &Command) -> anyhow::Result<Confinement> {
    if !command.reads_only_files() {
        return Ok(Confinement::None);
    }
    privilege::discard().context("cannot give up the capabilities of this process")?;
    let Some(allowed) = allowed(command) else {
        return Ok(Confinement::None);
    };
    privilege::confine(&allowed).context("cannot confine this process with Landlock")
}

/// Returns the files of a command that reads a recording; `None` for other commands.
fn allowed(command: &Command) -> Option<Allowed> {
    let (recording, filter, config, write) = match command {
        Command::List(list) => (&list.from, &list.select.filter_file, None, None),
        Command::Events(events) => (&events.from, &events.select.filter_file, None, None),
        Command::Summary(summary) => (&summary.from, &None, None, None),
        Command::Diagnose(diagnose) => (&diagnose.file, &None, Some(&diagnose.config), None),
        Command::Info(info) => (&Some(info.file.clone()), &None, None, None),
        Command::Export(export) => (
            &Some(export.file.clone()),
            &export.select.filter_file,
            None,
            export.output.clone(),
        ),
        Command::Replay(replay) => (
            &Some(replay.file.clone()),
            &None,
            Some(&replay.config),
            None,
        ),
        Command::Record(_) | Command::Kill(_) | Command::Help(_) => return None,
    };
    let recording = recording.clone().filter(|path| is_recording(path))?;
    let mut reads = vec![recording];
    reads.extend(filter.clone());
    reads.extend(config.into_iter().flat_map(configuration_files));
    Some(Allowed { reads, write })
}

/// Returns the files that may have the configuration.
fn configuration_files(arguments: &ConfigFile) -> Vec<PathBuf> {
    let environment = Environment::of_process();
    let mut files: Vec<PathBuf> = arguments.file.iter().cloned().collect();
    files.extend(environment.file.as_ref().map(PathBuf::from));
    files.extend(environment.candidates());
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_a_recording_by_its_first_bytes() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = directory.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            is_recording(&path)
        };
        assert!(file("recording", b"\x89SWR\r\n\x1a\n\x01\x00"));
        assert!(file("damaged", b"\x89SWR\n\n\x1a\n\x01\x00"));
        assert!(file("former", b"SOCKWTCH\x02\x00"));
        assert!(!file("cut", b"\x89SWR\r\n\x1a"));
        assert!(!file("other", b"\x60\x00\x00\x00\x14\x00\x02\x00"));
        assert!(!is_recording(directory.path()));
        assert!(!is_recording(Path::new("/nonexistent")));
    }
}

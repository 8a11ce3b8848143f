//! Arguments of `record`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args};

use super::durations::{duration, interval};
use super::filter_help;
use super::net_scope::NetScope;
use super::select::Select;
use crate::filter::{Unit, parse_quantity};

/// Largest number of full files to keep.
const MAX_FILES: u16 = 9999;

/// `record`.
#[derive(Debug, Clone, Args)]
#[command(disable_help_flag = true, args_override_self = true)]
#[command(after_help = filter_help::SEE_ALSO, after_long_help = filter_help::examples_for("record -o FILE"))]
pub struct Record {
    /// File to record to
    ///
    /// An existing file is not overwritten without --force.
    #[arg(short, long, value_name = "FILE", required_unless_present = "jsonl")]
    pub output: Option<PathBuf>,
    /// Time between samples
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = interval)]
    pub interval: Duration,
    /// Stop after this time, such as 30s or 8h
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub duration: Option<Duration>,
    /// Also write JSON Lines; - for standard output
    ///
    /// Without -o, writes only JSON Lines.
    #[arg(long, value_name = "FILE")]
    pub jsonl: Option<PathBuf>,
    /// Start a new file at this size, such as 100MB
    ///
    /// Full files are renamed to FILE.1 (the latest), FILE.2 and so on.
    #[arg(long, value_name = "SIZE", value_parser = file_size, requires = "output")]
    pub max_size: Option<u64>,
    /// Number of full files to keep
    ///
    /// Older files are removed.
    #[arg(
        long,
        value_name = "N",
        default_value_t = MAX_FILES,
        value_parser = clap::value_parser!(u16).range(..=i64::from(MAX_FILES)),
        requires = "max_size"
    )]
    pub keep: u16,
    /// Overwrite existing files
    #[arg(long)]
    pub force: bool,
    /// Replace addresses, paths and names
    ///
    /// Replaces addresses, paths, host and user names, and command lines consistently. Ports, other numbers and the
    /// first word of a process's name stay.
    #[arg(long)]
    pub redact: bool,
    /// Network namespaces.
    #[command(flatten)]
    pub net: NetScope,
    /// Selection of sockets.
    #[command(flatten)]
    pub select: Select,
    /// Print help
    #[arg(short, long, action = ArgAction::Help)]
    help: Option<bool>,
}

/// Smallest value of `--max-size`, bytes: a key frame of a small machine.
const MIN_FILE_BYTES: u64 = 64 * 1000;

/// Parses the value of `--max-size`, in bytes.
fn file_size(text: &str) -> Result<u64, String> {
    let bytes = parse_quantity(text, Unit::Bytes)
        .map_err(|why| format!("{why}; use a size such as 100MB or 2GiB"))?;
    if bytes.is_finite() && bytes >= MIN_FILE_BYTES as f64 {
        Ok(bytes as u64)
    } else {
        Err("too small; the minimum is 64kB".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::Command;
    use crate::cli::command_line::parse;

    #[test]
    fn a_recording_needs_a_file_unless_json_lines_are_written() {
        let Ok(Command::Record(record)) =
            parse("record -o x.swr -t4 --max-size 100MB --keep 3 dport = :443 --interval 500ms")
        else {
            panic!("record");
        };
        assert!(record.select.tcp && record.select.ipv4);
        assert_eq!(record.max_size, Some(100_000_000));
        assert_eq!(record.keep, 3);
        assert_eq!(record.select.filter.join(" "), "dport = :443");
        assert!(parse("record --jsonl -").is_ok());
        assert!(parse("record -t").is_err());
        for (wrong, says) in [
            ("record --jsonl - --max-size 1MB", "--output"),
            ("record -o x --keep 3", "--max-size"),
            ("record -o x --max-size 10", "64kB"),
            ("record -o x --max-size big", "100MB"),
            ("record -o x --interval 1ms", "100ms"),
        ] {
            let said = parse(wrong).unwrap_err();
            assert!(said.contains(says), "{wrong}: {said}");
        }
    }
}

//! Errors of the program as a whole: standard output that is full, a time zone that is no file, a command that is misplaced.

use std::fs::File;
use std::process::{Command, Output};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockwatch"));
    command.args(arguments).env("SOCKWATCH_CONFIG", "none");
    command
}

/// Returns what was written on standard error.
fn notes(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn help_that_cannot_be_written_fails() {
    for arguments in [
        &["--help"][..],
        &["list", "-h"],
        &["--version"],
        &["help"],
        &["help", "filter"],
    ] {
        let full = File::options().write(true).open("/dev/full");
        let output = command(arguments)
            .stdout(full.expect("the device is there"))
            .output()
            .expect("it runs");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let notes = notes(&output);
        assert!(
            notes.starts_with("sockwatch: cannot write to standard output: "),
            "{arguments:?}: {notes}"
        );
        assert_eq!(notes.lines().count(), 1, "{notes}");
    }
}

/// A device without an end would be read until memory is exhausted.
#[test]
fn a_time_zone_that_is_no_file_is_replaced_by_utc() {
    let output = command(&["info", "tests/fixtures/recording/v1.swr"])
        .env("TZ", ":/dev/zero")
        .output()
        .expect("it runs");
    assert_eq!(
        notes(&output),
        "sockwatch: TZ names /dev/zero, which is not a time zone file; times are in UTC\n"
    );
    let in_utc = command(&["info", "tests/fixtures/recording/v1.swr"])
        .env("TZ", "UTC")
        .output()
        .expect("it runs");
    assert_eq!(output.stdout, in_utc.stdout);
}

#[test]
fn a_command_behind_an_option_is_named() {
    for more in [&[][..], &["--for", "1s"]] {
        let arguments = [&["--config", "none", "diagnose"], more].concat();
        let output = command(&arguments).output().expect("it runs");
        assert_eq!(output.status.code(), Some(2));
        let notes = notes(&output);
        let hint = "the command comes first: sockwatch diagnose --config none";
        assert!(notes.contains(hint), "{notes}");
    }
}

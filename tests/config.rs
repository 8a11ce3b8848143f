//! The configuration as commands use it, with their exit status and their messages.

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use support::rewrite_recording::fixture;
use tempfile::TempDir;

/// A home in which sockwatch runs.
struct Home(TempDir);

impl Home {
    fn new() -> Home {
        Home(tempfile::tempdir().expect("a folder can be made"))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("it has one")).expect("it can be made");
        fs::write(&path, text).expect("it can be written");
        path.display().to_string()
    }

    fn sockwatch(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sockwatch"));
        command
            .args(arguments)
            .env("HOME", self.path())
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("SOCKWATCH_CONFIG");
        command
    }

    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        outcome(&mut self.sockwatch(arguments))
    }
}

/// The status of a command, its output, and its errors.
fn outcome(command: &mut Command) -> (i32, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("it is text");
    let status = status.code().expect("it ends by itself");
    (status, text(stdout), text(stderr))
}

/// A recording of connections that are not accepted.
fn recording() -> String {
    fixture("not-accepted").display().to_string()
}

const OFF: &str = "[diagnose]\ndisable = ['not-accepted']\n";

#[test]
fn a_named_file_comes_before_one_that_is_found() {
    let home = Home::new();
    let recording = recording();
    let diagnose = ["diagnose", recording.as_str()];
    assert_eq!(home.run(&diagnose).0, 1, "by default it is reported");
    home.write(".config/sockwatch/config.toml", OFF);
    let (status, out, said) = home.run(&diagnose);
    assert_eq!((status, said.as_str()), (0, ""));
    assert_eq!(out, "no findings (25 samples)\n");
    let [first, second] = diagnose;
    let without = [first, second, "--config", "none"];
    assert_eq!(home.run(&without).0, 1, "without a configuration");
    let ignored = home.write("mine.toml", "[diagnose]\nignore_processes = ['web-app']\n");
    assert_eq!(home.run(&[first, second, "--config", &ignored]).0, 0);
    let patient = "[diagnose.not-accepted]\nage_s = 60\n";
    let patient = home.write("patient.toml", patient);
    let mut command = home.sockwatch(&without[..2]);
    assert_eq!(outcome(command.env("SOCKWATCH_CONFIG", &patient)).0, 0);
    assert_eq!(outcome(command.env("SOCKWATCH_CONFIG", "none")).0, 1);
    assert_eq!(
        outcome(command.env("SOCKWATCH_CONFIG", "")).0,
        0,
        "as if it were not set"
    );
}

#[test]
fn an_invalid_configuration_ends_a_command_with_one_line_before_it_does_anything() {
    let home = Home::new();
    let recording = recording();
    let wrong = home.write("wrong.toml", "[diagnose]\n\nhold = 3\n");
    let missing = home.path().join("missing.toml").display().to_string();
    let says = [
        (
            wrong.as_str(),
            format!("sockwatch: {wrong}:3:1: [diagnose] has no 'hold'; it has "),
        ),
        (
            missing.as_str(),
            format!(
                "sockwatch: cannot read the configuration {missing}: No such file or directory (os error 2); \
                 '--config none' goes without\n"
            ),
        ),
    ];
    for (file, line) in &says {
        // What a check that could not look answers.
        let commands: [(i32, &[&str]); 4] = [
            (3, &["diagnose", "--config", file]),
            (3, &["diagnose", &recording, "--config", file]),
            (1, &["replay", &recording, "--config", file]),
            (1, &["--config", file]),
        ];
        for (expected, arguments) in commands {
            let (status, out, said) = home.run(arguments);
            assert_eq!((status, out.as_str()), (expected, ""), "{arguments:?}");
            assert!(said.starts_with(line), "{arguments:?}: {said}");
            assert_eq!(said.lines().count(), 1, "{said}");
        }
    }
    // An empty name is no file, and no configuration either.
    assert_eq!(home.run(&["diagnose", "--config", ""]).0, 2);
    assert_eq!(home.run(&["list", "--config", "none"]).0, 2, "it has none");
    // Those that have none are not disturbed by it.
    let mut command = home.sockwatch(&["info", &recording]);
    assert_eq!(outcome(command.env("SOCKWATCH_CONFIG", &wrong)).0, 0);
}

#[test]
fn help_has_the_numbers_in_force() {
    let home = Home::new();
    let (status, out, said) = home.run(&["help", "findings"]);
    assert_eq!((status, said.as_str()), (0, ""));
    assert!(out.contains("5 connections or more of one process"));
    let many = "[diagnose.close-wait-leak]\nconnections = 1234\n";
    home.write(".config/sockwatch/config.toml", many);
    let (_, out, _) = home.run(&["help", "findings"]);
    assert!(out.contains("1234 connections or more of one process"));
    home.write(".config/sockwatch/config.toml", "x");
    let (status, out, said) = home.run(&["help", "findings"]);
    assert_eq!(status, 0, "help is given all the same");
    assert!(out.contains("5 connections or more of one process"));
    assert!(said.contains("config.toml:1:2: not TOML"), "{said}");
    let (status, _, said) = home.run(&["help", "nothing"]);
    assert_eq!(status, 2);
    assert!(said.contains("columns, keys, findings"), "{said}");
}

#[test]
fn the_sample_and_the_example_of_the_help_are_valid() {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/config.toml");
    let recording = recording();
    let home = Home::new();
    let (status, _, said) = home.run(&["diagnose", &recording, "--config", sample]);
    assert_eq!((status, said.as_str()), (1, ""));
    let shown = sockwatch::cli::topics::monitoring::CONFIG;
    let shown = home.write("shown.toml", shown);
    let (status, _, said) = home.run(&["diagnose", &recording, "--config", &shown]);
    assert_eq!((status, said.as_str()), (1, ""));
}

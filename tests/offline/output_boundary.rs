//! Where the program writes to a terminal: the files that make text printable, and those whose output is printable already.

use std::fs;
use std::path::{Path, PathBuf};

/// The files that may use standard output or standard error themselves, with what makes their output printable.
const WRITERS: &[(&str, &str)] = &[
    (
        "main.rs",
        "TextWriter, or arguments that were made printable",
    ),
    ("app/screen_backend.rs", "cells that are checked"),
    (
        "app/terminal.rs",
        "frames of the backend, fixed sequences, base64",
    ),
    ("app/terminal_size.rs", "writes nothing"),
    ("command/diagnose.rs", "export::json"),
    ("command/events/event_writer.rs", "cells and export::json"),
    ("command/help.rs", "writes nothing"),
    ("command/info.rs", "export::json"),
    ("command/kill.rs", "writes nothing"),
    ("command/list.rs", "cells, export::json and CSV"),
    ("command/list/watch.rs", "export::json"),
    ("command/record/progress_reporter.rs", "export::message"),
    (
        "command/shared/text_output.rs",
        "export::json, CSV and Parquet",
    ),
    ("command/shared/text_stdout.rs", "TextWriter"),
    ("command/summary.rs", "export::json"),
    ("export/message.rs", "printable::sanitize"),
];

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("src is a directory") {
        let path = entry.expect("an entry of a directory").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn only_files_whose_output_is_printable_write_to_a_terminal() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    files(&src, &mut found);
    let mut writers = Vec::new();
    for path in found {
        let text = fs::read_to_string(&path).expect("Rust source is text");
        let name = path.strip_prefix(&src).expect("a path below src");
        for macro_name in ["println!", "print!", "dbg!"] {
            let used = text
                .match_indices(macro_name)
                .any(|(at, _)| !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'));
            assert!(
                !used && !text.contains("eprint"),
                "{} uses {macro_name}",
                name.display()
            );
        }
        if text.contains("io::stdout()") || text.contains("io::stderr()") {
            writers.push(name.display().to_string());
        }
    }
    writers.retain(|name| !WRITERS.iter().any(|(known, _)| known == name));
    assert!(
        writers.is_empty(),
        "make their output printable, and list them here: {writers:?}"
    );
}

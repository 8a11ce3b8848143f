//! The map of the house, held: no layer uses one that stands above it.
//!
//! Every `crate::…` and `super::…` path in `src` is resolved to the top-level module that it leads into, and compared
//! with [`LAYERS`]. Comments, doc links and strings do not count.

use std::fs;
use std::path::{Path, PathBuf};

/// Each top-level module with those that it may use. A module uses only modules that stand before it.
const LAYERS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("filter", &["model"]),
    ("source", &["model", "filter"]),
    ("recording", &["model", "source"]),
    ("aggregate", &["model", "filter"]),
    ("column", &["model", "filter", "aggregate"]),
    ("diagnose", &["model", "aggregate", "column"]),
    ("replay", &["model", "recording", "aggregate", "diagnose"]),
    ("export", &["model", "aggregate", "column", "diagnose"]),
    ("config", &["model", "filter", "diagnose"]),
    (
        "tui",
        &[
            "model",
            "filter",
            "aggregate",
            "column",
            "diagnose",
            "config",
        ],
    ),
    (
        "app",
        &[
            "model",
            "filter",
            "source",
            "recording",
            "aggregate",
            "replay",
            "column",
            "diagnose",
            "export",
            "config",
            "tui",
        ],
    ),
    (
        "command",
        &[
            "model",
            "filter",
            "source",
            "recording",
            "aggregate",
            "replay",
            "column",
            "diagnose",
            "export",
            "config",
            "tui",
            "app",
            "cli",
        ],
    ),
    (
        "cli",
        &[
            "model",
            "filter",
            "source",
            "recording",
            "aggregate",
            "replay",
            "column",
            "diagnose",
            "export",
            "config",
            "tui",
            "app",
            "command",
        ],
    ),
];

/// The crate's roots: they name every module in order to declare it.
const ROOTS: [&str; 2] = ["lib", "main"];

/// A word or a sign of Rust source, with the line it stands on.
#[derive(Debug, PartialEq, Eq)]
struct Token {
    text: String,
    line: usize,
}

/// Cuts Rust source into words, `::` and single signs; comments, strings and characters are left out.
fn tokens(source: &str) -> Vec<Token> {
    let chars: Vec<char> = source.chars().collect();
    let at = |index: usize| chars.get(index).copied().unwrap_or('\0');
    let mut out = Vec::new();
    let mut line = 1;
    let mut index = 0;
    while index < chars.len() {
        let start = index;
        match chars[index] {
            '/' if at(index + 1) == '/' => {
                while index < chars.len() && chars[index] != '\n' {
                    index += 1;
                }
            }
            '/' if at(index + 1) == '*' => {
                let mut depth = 0;
                while index < chars.len() {
                    if at(index) == '/' && at(index + 1) == '*' {
                        depth += 1;
                        index += 2;
                    } else if at(index) == '*' && at(index + 1) == '/' {
                        depth -= 1;
                        index += 2;
                        if depth == 0 {
                            break;
                        }
                    } else {
                        index += 1;
                    }
                }
            }
            '"' => index = end_of_string(&chars, index),
            '\'' => {
                // A character literal ends with a quote; a lifetime does not.
                index += if at(index + 1) == '\\' {
                    (index + 3..chars.len())
                        .find(|&end| chars[end] == '\'')
                        .map_or(1, |end| end + 1 - index)
                } else if at(index + 2) == '\'' {
                    3
                } else {
                    1
                };
            }
            ':' if at(index + 1) == ':' => {
                out.push(Token {
                    text: "::".into(),
                    line,
                });
                index += 2;
            }
            first if first.is_alphabetic() || first == '_' => {
                while at(index).is_alphanumeric() || at(index) == '_' {
                    index += 1;
                }
                let text: String = chars[start..index].iter().collect();
                let raw = matches!(text.as_str(), "r" | "br" | "cr");
                let hashes = (index..chars.len())
                    .take_while(|&hash| chars[hash] == '#')
                    .count();
                if raw && at(index + hashes) == '"' {
                    index = end_of_raw_string(&chars, index + hashes + 1, hashes);
                } else if matches!(text.as_str(), "b" | "c") && at(index) == '"' {
                    index = end_of_string(&chars, index);
                } else {
                    out.push(Token { text, line });
                }
            }
            sign if sign.is_whitespace() => index += 1,
            sign => {
                out.push(Token {
                    text: sign.into(),
                    line,
                });
                index += 1;
            }
        }
        line += chars[start..index.min(chars.len())]
            .iter()
            .filter(|&&c| c == '\n')
            .count();
    }
    out
}

/// The index after the string that opens at `index`.
fn end_of_string(chars: &[char], index: usize) -> usize {
    let mut end = index + 1;
    while end < chars.len() && chars[end] != '"' {
        end += if chars[end] == '\\' { 2 } else { 1 };
    }
    end + 1
}

/// The index after the raw string whose text begins at `index` and that `hashes` hashes close.
fn end_of_raw_string(chars: &[char], index: usize, hashes: usize) -> usize {
    (index..chars.len())
        .find(|&end| {
            chars[end] == '"'
                && (1..=hashes).all(|hash| chars.get(end + hash).is_some_and(|&c| c == '#'))
        })
        .map_or(chars.len(), |end| end + 1 + hashes)
}

/// The top-level modules that `source` leads into, with the lines. `module` is the path of the file's own module.
fn used_modules(source: &str, module: &[String]) -> Vec<(String, usize)> {
    let tokens = tokens(source);
    let mut out = Vec::new();
    let mut path = module.to_vec();
    let mut depth = 0usize;
    let mut inline: Vec<usize> = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        let text = tokens[index].text.as_str();
        let next = |ahead: usize| tokens.get(index + ahead).map(|token| token.text.as_str());
        match text {
            "mod" if next(2) == Some("{") => {
                path.push(tokens[index + 1].text.clone());
                inline.push(depth);
                depth += 1;
                index += 3;
                continue;
            }
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                if inline.last() == Some(&depth) {
                    inline.pop();
                    path.pop();
                }
            }
            "crate" | "super" | "self" if next(1) == Some("::") => {
                // `module::super` does not exist, so a path always begins here.
                index = follow(&tokens, index, &path, &mut out);
                continue;
            }
            _ => {}
        }
        index += 1;
    }
    out
}

/// Follows one path (or a tree of them in braces) that is relative to `base`, and answers the index after it.
fn follow(
    tokens: &[Token],
    mut index: usize,
    base: &[String],
    out: &mut Vec<(String, usize)>,
) -> usize {
    let mut path = base.to_vec();
    // Words below the crate's root decide; a path that ends within its own module stays in it.
    while let Some(token) = tokens.get(index) {
        match token.text.as_str() {
            "crate" => path.clear(),
            "super" => {
                path.pop();
            }
            "self" => {}
            "{" => {
                index += 1;
                while let Some(token) = tokens.get(index) {
                    match token.text.as_str() {
                        "}" => return index + 1,
                        "," => index += 1,
                        _ => index = follow(tokens, index, &path, out).max(index + 1),
                    }
                }
                return index;
            }
            word => {
                if path.is_empty() {
                    out.push((word.to_owned(), token.line));
                }
                path.push(word.to_owned());
            }
        }
        index += 1;
        if tokens.get(index).is_none_or(|token| token.text != "::") {
            // `x as y` within braces.
            if tokens.get(index).is_some_and(|token| token.text == "as") {
                index += 2;
            }
            return index;
        }
        index += 1;
    }
    index
}

/// Every Rust file below `directory`.
fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let mut entries: Vec<_> = fs::read_dir(directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|entry| entry.expect("a directory's entry").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            out.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            out.push(path);
        }
    }
    out
}

/// The path of the module that lies in `file`, which is relative to `src`.
fn module_of(file: &Path) -> Vec<String> {
    let mut path: Vec<String> = file
        .with_extension("")
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    if path.last().is_some_and(|last| last == "mod") {
        path.pop();
    }
    path
}

/// What is wrong in one file: one sentence for each violation.
fn violations_in(file: &Path, source: &str) -> Vec<String> {
    let module = module_of(file);
    let top = module.first().map_or("", String::as_str);
    if module.len() == 1 && ROOTS.contains(&top) {
        return Vec::new();
    }
    let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == top) else {
        return vec![format!(
            "{}: `{top}` has no place in the table of layers; give it one",
            file.display()
        )];
    };
    used_modules(source, &module)
        .into_iter()
        .filter(|(used, _)| used != top && !allowed.contains(&used.as_str()))
        .map(|(used, line)| {
            let why = if LAYERS.iter().any(|(name, _)| *name == used) {
                "stands above it"
            } else {
                "is no layer"
            };
            format!(
                "{}:{line}: `{top}` uses `{used}`, which {why}",
                file.display()
            )
        })
        .collect()
}

/// What is wrong below `src`.
fn violations(src: &Path) -> Vec<String> {
    rust_files(src)
        .iter()
        .flat_map(|path| {
            let source = fs::read_to_string(path).expect("Rust source is text");
            violations_in(path.strip_prefix(src).expect("it lies below src"), &source)
        })
        .collect()
}

#[test]
fn no_layer_uses_one_above_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let found = violations(&src);
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn the_table_has_no_circle_but_the_commands_and_their_arguments() {
    for (at, (name, allowed)) in LAYERS.iter().enumerate() {
        for used in *allowed {
            let below = LAYERS[..at].iter().any(|(below, _)| below == used);
            let twins = matches!((*name, *used), ("command", "cli"));
            assert!(below || twins, "{name} uses {used}, which stands after it");
        }
    }
}

#[test]
fn violations_in_a_made_up_tree_are_found() {
    let tree = tempfile::tempdir().expect("a directory for the made-up tree");
    let write = |name: &str, source: &str| {
        let path = tree.path().join(name);
        fs::create_dir_all(path.parent().expect("it has a parent")).expect("a directory");
        fs::write(path, source).expect("a file");
    };
    write("lib.rs", "pub mod model;\npub use crate::tui::Anything;\n");
    write("model/mod.rs", "use super::source::Live;\n");
    write(
        "model/deep.rs",
        "fn f() {\n    let _ = crate::aggregate::Aggregator::new();\n}\n",
    );
    write("aggregate.rs", "use crate::model::Sample;\n");
    write(
        "source/a/b.rs",
        "use super::super::super::{model::Sample, tui as screen};\nuse super::super::a::c;\n",
    );
    write(
        "filter.rs",
        "mod tests {\n    use super::super::model::X;\n    use super::super::config;\n}\nuse crate::model;\n",
    );
    write("gadget/mod.rs", "\n");
    write("column.rs", "use crate::nonsense::Thing;\n");

    assert_eq!(
        violations(tree.path()),
        [
            "column.rs:1: `column` uses `nonsense`, which is no layer",
            "filter.rs:3: `filter` uses `config`, which stands above it",
            "gadget/mod.rs: `gadget` has no place in the table of layers; give it one",
            "model/deep.rs:2: `model` uses `aggregate`, which stands above it",
            "model/mod.rs:1: `model` uses `source`, which stands above it",
            "source/a/b.rs:1: `source` uses `tui`, which stands above it",
        ]
    );
}

#[test]
fn comments_doc_links_strings_and_characters_do_not_count() {
    let source = r##"
//! See [`crate::tui`] and crate::app.
/* crate::tui /* crate::app */ super::tui */
/// [x](crate::tui::X)
const A: &str = "crate::tui \" crate::app";
const B: &str = r#"crate::tui " crate::app"#;
const C: &[u8] = b"crate::tui";
const D: char = '"';
const E: char = '\'';
fn f<'a>(x: &'a str) -> crate::model::Y<'a> { x }
"##;
    assert_eq!(
        used_modules(source, &["source".into()]),
        [("model".to_owned(), 10)]
    );
}

#[test]
fn paths_in_groups_macros_and_visibility_are_followed() {
    let own = ["aggregate".to_owned(), "rates".to_owned()];
    let used = |source: &str| -> Vec<String> {
        used_modules(source, &own)
            .into_iter()
            .map(|(module, _)| module)
            .collect()
    };
    assert_eq!(
        used("use crate::{self, model::{A, B as C}, tui::*};"),
        ["model", "tui"]
    );
    assert_eq!(used("use super::{Limit, super::model::X};"), ["model"]);
    assert_eq!(used("use self::inner::X; use super::Limit;"), [""; 0]);
    assert_eq!(used("$crate::app::run!()"), ["app"]);
    assert_eq!(used("pub(crate) fn f() {} pub(super) fn g() {}"), [""; 0]);
    assert_eq!(used("pub(in crate::aggregate) fn f() {}"), ["aggregate"]);
    assert_eq!(used("use crate::*;"), ["*"]);
}

//! The order of the layers in `src` and the absence of import cycles between its files. A failure lists the imports that
//! have to go, with file, line and names.

#[path = "../support/imports/mod.rs"]
#[allow(missing_docs, unreachable_pub, reason = "a part of the test")]
mod imports;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use imports::Imports;

/// The layers that a layer may use.
enum MayUse {
    Only(&'static [&'static str]),
    AllBelow,
}

use MayUse::{AllBelow, Only};

/// The layers from the lowest to the highest: each top-level module of the crate.
const LAYERS: &[(&str, MayUse)] = &[
    ("printable", Only(&[])),
    ("model", Only(&[])),
    ("privilege", Only(&[])),
    ("filter", Only(&["printable", "model"])),
    ("source", Only(&["model", "privilege", "filter"])),
    ("recording", Only(&["model", "source"])),
    ("aggregate", Only(&["model", "filter"])),
    (
        "column",
        Only(&["printable", "model", "filter", "aggregate"]),
    ),
    (
        "diagnose",
        Only(&["printable", "model", "aggregate", "column"]),
    ),
    (
        "config",
        Only(&[
            "printable",
            "model",
            "filter",
            "aggregate",
            "column",
            "diagnose",
        ]),
    ),
    (
        "replay",
        Only(&["model", "recording", "aggregate", "column", "diagnose"]),
    ),
    (
        "export",
        Only(&["printable", "model", "aggregate", "column", "diagnose"]),
    ),
    (
        "tui",
        Only(&[
            "printable",
            "model",
            "filter",
            "aggregate",
            "column",
            "diagnose",
            "config",
        ]),
    ),
    ("app", AllBelow),
    (
        "cli",
        Only(&["printable", "model", "filter", "column", "diagnose"]),
    ),
    ("command", AllBelow),
];

/// Every Rust file of a directory, with its path relative to it.
fn read_sources(directory: &Path) -> BTreeMap<PathBuf, String> {
    let mut sources = BTreeMap::new();
    let mut open = vec![directory.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).expect("src is a directory") {
            let path = entry.expect("an entry of a directory").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("Rust source is text");
                let relative = path.strip_prefix(directory).expect("a path below src");
                sources.insert(relative.to_owned(), text);
            }
        }
    }
    sources
}

/// The imports of the crate under test.
static OWN_IMPORTS: LazyLock<Imports> = LazyLock::new(|| {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    Imports::of(&read_sources(&src))
});

/// The layer that a file belongs to: its first directory, or its own name.
fn layer(file: &Path) -> &str {
    let first = file.iter().next().and_then(|name| name.to_str());
    first.map_or("", |name| name.trim_end_matches(".rs"))
}

/// True if the table lets the layer `from` use the layer `to`.
fn may_use(from: &str, to: &str) -> bool {
    let place = |name: &str| LAYERS.iter().position(|(layer, _)| *layer == name);
    let (Some(at), Some(used)) = (place(from), place(to)) else {
        return false;
    };
    match LAYERS[at].1 {
        Only(names) => names.contains(&to),
        AllBelow => used < at,
    }
}

/// One sentence for each import that the table of layers does not allow, and for each layer that it lacks.
fn upward_imports(imports: &Imports) -> Vec<String> {
    let mut out = Vec::new();
    for file in &imports.files {
        let name = layer(file);
        if name != "lib" && !LAYERS.iter().any(|(known, _)| *known == name) {
            let file = file.display();
            out.push(format!("{file}: `{name}` is not in the table of layers"));
        }
    }
    for import in &imports.all {
        let (from, to) = (layer(&import.from), layer(&import.to));
        if from != to && from != "lib" && !may_use(from, to) {
            out.push(format!(
                "{}:{}: `{from}` may not use `{to}` ({} of {})",
                import.from.display(),
                import.line,
                import.name,
                import.to.display(),
            ));
        }
    }
    out
}

/// One paragraph for each import cycle.
fn cycles(imports: &Imports) -> Vec<String> {
    imports.cycles().iter().map(ToString::to_string).collect()
}

#[test]
fn no_layer_uses_a_layer_above_it() {
    let found = upward_imports(&OWN_IMPORTS);
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn no_two_files_import_each_other() {
    let found = cycles(&OWN_IMPORTS);
    assert!(found.is_empty(), "\n{}", found.join("\n\n"));
}

#[test]
fn no_view_uses_update_and_no_update_uses_a_view() {
    let within = |file: &Path, directory: &str| file.starts_with(Path::new("tui").join(directory));
    let crossing: Vec<String> = OWN_IMPORTS
        .all
        .iter()
        .filter(|import| {
            within(&import.from, "view") && within(&import.to, "update")
                || within(&import.from, "update") && within(&import.to, "view")
        })
        .map(|import| format!("{}:{}: {}", import.from.display(), import.line, import.name))
        .collect();
    assert!(crossing.is_empty(), "\n{}", crossing.join("\n"));
}

#[test]
fn a_layer_may_use_only_layers_that_stand_before_it_in_the_table() {
    for (at, (name, may)) in LAYERS.iter().enumerate() {
        if let Only(names) = may {
            for used in *names {
                let before = LAYERS[..at].iter().any(|(below, _)| below == used);
                assert!(before, "{name} uses {used}, which stands after it");
            }
        }
    }
}

/// The imports of a crate whose files are given by name and text.
fn imports_of(files: &[(&str, &str)]) -> Imports {
    let sources = files
        .iter()
        .map(|(name, text)| (PathBuf::from(name), (*text).to_owned()));
    Imports::of(&sources.collect())
}

/// The imports of `user.rs`, which stands beside `model/` with two files, as `file: name`.
fn used_by(source: &str) -> Vec<String> {
    let imports = imports_of(&[
        ("lib.rs", "mod model; mod user; mod tui;"),
        (
            "model/mod.rs",
            "pub mod socket; mod state; pub use socket::Socket; pub use state::*; pub struct Sample;",
        ),
        (
            "model/socket.rs",
            "pub struct Socket; pub fn count() {} a_macro! { struct Timer; }",
        ),
        (
            "model/state.rs",
            "pub enum State { Listen } pub fn parse() {}",
        ),
        ("tui.rs", "pub struct Screen;"),
        ("user.rs", source),
    ]);
    let mut out: Vec<String> = imports
        .all
        .iter()
        .map(|import| {
            assert_eq!(import.from, Path::new("user.rs"));
            format!("{}: {}", import.to.display(), import.name)
        })
        .collect();
    out.sort();
    out.dedup();
    out
}

#[test]
fn an_import_through_a_parent_leads_to_the_file_that_defines_the_item() {
    assert_eq!(
        used_by("use crate::model::{Socket, Sample as Instant, State};"),
        [
            "model/mod.rs: Sample",
            "model/socket.rs: Socket",
            "model/state.rs: State"
        ]
    );
    assert_eq!(
        used_by("use super::model::socket::Timer;"),
        ["model/socket.rs: Timer"]
    );
}

#[test]
fn paths_in_types_expressions_patterns_and_macros_are_followed() {
    let cases = [
        (
            "fn f() { crate::model::socket::count(); }",
            "model/socket.rs: count",
        ),
        (
            "fn f(x: Vec<super::model::State>) {}",
            "model/state.rs: State",
        ),
        (
            "use crate::model; fn f() { model::parse(); }",
            "model/state.rs: parse",
        ),
        (
            "fn f() { use crate::model as m; let parse = m::parse(); }",
            "model/state.rs: parse",
        ),
        (
            "fn f() { write!(out, \"{}\", crate::model::socket::count()); }",
            "model/socket.rs: count",
        ),
        (
            "fn f() { matches!(x, crate::model::State::Listen | _ if y); }",
            "model/state.rs: State",
        ),
        (
            "macro_rules! m { ($x:expr) => { $crate::model::parse($x) }; }",
            "model/state.rs: parse",
        ),
        (
            "make! { field: crate::model::Socket, }",
            "model/socket.rs: Socket",
        ),
        (
            "impl crate::model::Socket { fn f(&self) {} }",
            "model/socket.rs: Socket",
        ),
        (
            "mod inner { fn f() { super::super::model::parse(); } }",
            "model/state.rs: parse",
        ),
        ("pub use crate::model::Socket;", "model/socket.rs: Socket"),
    ];
    for (source, used) in cases {
        assert_eq!(used_by(source), [used], "{source}");
    }
}

#[test]
fn comments_strings_other_crates_variables_and_tests_do_not_count() {
    let sources = [
        "//! [`crate::tui::Screen`]\n/// See crate::tui::Screen.\nconst A: &str = \"crate::tui::Screen\";",
        "use std::fmt; use ::model::Socket; fn f() { let model = 1; model.count(); }",
        "#[cfg(test)] use crate::tui::Screen;",
        "#[cfg(test)] mod tests { use crate::tui::Screen; }",
        "#[cfg(test)] impl crate::tui::Screen {}",
        "struct S; impl S { #[cfg(test)] fn f() -> crate::tui::Screen {} }",
        "pub(in crate::model) fn f() {}",
        "use crate::model;",
    ];
    for source in sources {
        assert_eq!(used_by(source), [""; 0], "{source}");
    }
}

#[test]
fn a_planted_upward_import_is_reported_with_its_line() {
    let imports = imports_of(&[
        ("lib.rs", "pub mod gadget; pub mod model; pub mod tui;"),
        ("gadget.rs", "fn f() {}"),
        ("model/mod.rs", "mod deep; pub struct Sample;"),
        (
            "model/deep.rs",
            "fn f() {\n    let _ = crate::tui::State::new();\n}",
        ),
        ("tui.rs", "use crate::model::Sample; pub struct State;"),
    ]);
    assert_eq!(
        upward_imports(&imports),
        [
            "gadget.rs: `gadget` is not in the table of layers",
            "model/deep.rs:2: `model` may not use `tui` (State of tui.rs)",
        ]
    );
}

#[test]
fn a_planted_cycle_between_two_files_is_reported_with_the_names() {
    let imports = imports_of(&[
        ("lib.rs", "pub mod model;"),
        (
            "model/mod.rs",
            "mod a; mod b; mod c; pub use a::A; pub use b::*;",
        ),
        (
            "model/a.rs",
            "use super::B;\nuse super::c::C;\npub struct A(B);",
        ),
        (
            "model/b.rs",
            "\npub struct B; fn f() -> crate::model::A { super::a::A(B) }",
        ),
        ("model/c.rs", "pub struct C;"),
    ]);
    assert_eq!(
        cycles(&imports),
        [
            "import cycle of 2 files:\n  model/a.rs:1 → model/b.rs: B\n  model/b.rs:2 → model/a.rs: A"
        ]
    );
}

#[test]
fn a_parent_that_uses_its_child_is_in_a_cycle_if_the_child_uses_it_and_not_if_it_only_re_exports_it()
 {
    let child = "pub struct Child(super::Parent);";
    let with_parent = |parent: &str| {
        let files = [
            ("lib.rs", "pub mod model;"),
            ("model.rs", parent),
            ("model/child.rs", child),
        ];
        cycles(&imports_of(&files))
    };
    assert_eq!(
        with_parent("mod child; pub use child::Child; pub struct Parent;"),
        [""; 0]
    );
    let cycle = "import cycle of 2 files:\n  model/child.rs:1 → model.rs: Parent\n  \
                 model.rs:1 → model/child.rs: Child";
    for parent in [
        "mod child; pub use child::Child; pub struct Parent; fn f(child: &Child) {}",
        "mod child; use child::Child; pub struct Parent;",
        "mod child; pub struct Parent; fn f() { child::Child::new(); }",
    ] {
        assert_eq!(with_parent(parent), [cycle], "{parent}");
    }
}

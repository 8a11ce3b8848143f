//! The imports between the files of a crate, read from its source.
//!
//! [`Imports::of`] parses the files that `lib.rs` declares as modules, directly or not, and resolves every `use` and
//! every path of types, expressions and macro arguments to the file that defines what it names. A name that a parent
//! re-exports leads to the file that defines it. Tests (`mod tests`, `#[cfg(test)]`), comments, doc links and strings
//! do not count, nor do `mod child;` and `pub use child::…`. Calls of methods are not seen, for they name no file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

mod modules;
mod paths;

use modules::Modules;

/// One place where a file uses an item of another file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Import {
    /// The file that uses the item, relative to `src`.
    pub from: PathBuf,
    /// The file that defines the item, relative to `src`.
    pub to: PathBuf,
    /// The item's name where it is defined.
    pub name: String,
    /// The line of `from` on which it is named.
    pub line: usize,
}

/// All imports between the files of a crate.
#[derive(Debug)]
pub struct Imports {
    /// The crate's files, relative to `src`.
    pub files: BTreeSet<PathBuf>,
    /// Sorted by file.
    pub all: BTreeSet<Import>,
}

impl Imports {
    /// Reads the imports of a crate from its files: each with its path relative to `src` and its text.
    pub fn of(sources: &BTreeMap<PathBuf, String>) -> Imports {
        let modules = Modules::parse(sources);
        Imports {
            files: modules.files().map(Path::to_owned).collect(),
            all: paths::imports(&modules),
        }
    }

    /// Each pair of files of which the first uses the second, with the names that it uses and the first line.
    fn edges(&self) -> BTreeMap<(&Path, &Path), (BTreeSet<&str>, usize)> {
        let mut edges: BTreeMap<_, (BTreeSet<&str>, usize)> = BTreeMap::new();
        for import in &self.all {
            let edge = edges.entry((import.from.as_path(), import.to.as_path()));
            let (names, line) = edge.or_insert_with(|| (BTreeSet::new(), import.line));
            names.insert(&import.name);
            *line = import.line.min(*line);
        }
        edges
    }

    /// The import cycles: sets of files each of which uses all others, directly or not.
    pub fn cycles(&self) -> Vec<Cycle<'_>> {
        let edges = self.edges();
        let mut used: BTreeMap<&Path, Vec<&Path>> = BTreeMap::new();
        for &(from, to) in edges.keys() {
            used.entry(from).or_default().push(to);
        }
        let reached: BTreeMap<&Path, BTreeSet<&Path>> = used
            .keys()
            .map(|file| (*file, reached_from(file, &used)))
            .collect();
        let reaches =
            |from: &Path, to: &Path| reached.get(from).is_some_and(|all| all.contains(to));
        let mut cycles = Vec::new();
        let mut done: BTreeSet<&Path> = BTreeSet::new();
        for (&file, others) in &reached {
            if !others.contains(file) || done.contains(file) {
                continue;
            }
            let files: BTreeSet<&Path> = others
                .iter()
                .filter(|other| reaches(other, file))
                .copied()
                .collect();
            done.extend(&files);
            let edges = edges
                .iter()
                .filter(|((from, to), _)| files.contains(from) && files.contains(to))
                .map(|((from, to), (names, line))| {
                    let names: Vec<&str> = names.iter().copied().collect();
                    let names = names.join(", ");
                    format!("{}:{line} → {}: {names}", from.display(), to.display())
                })
                .collect();
            cycles.push(Cycle { files, edges });
        }
        cycles
    }
}

/// Files that use each other in a circle.
#[derive(Debug)]
pub struct Cycle<'a> {
    pub files: BTreeSet<&'a Path>,
    /// The imports between them, as `from:line → to: names`, sorted.
    pub edges: Vec<String>,
}

impl std::fmt::Display for Cycle<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "import cycle of {} files:", self.files.len())?;
        for edge in &self.edges {
            write!(f, "\n  {edge}")?;
        }
        Ok(())
    }
}

/// The files that `file` uses, directly or not; itself among them only if it is in a cycle.
fn reached_from<'a>(
    file: &'a Path,
    used: &BTreeMap<&'a Path, Vec<&'a Path>>,
) -> BTreeSet<&'a Path> {
    let mut reached = BTreeSet::new();
    let mut open = vec![file];
    while let Some(next) = open.pop() {
        let used = used.get(next).into_iter().flatten();
        open.extend(used.filter(|file| reached.insert(**file)));
    }
    reached
}

//! The modules of a crate and the names in them: resolves a path to the file that defines what it names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::{Attribute, Item, UseTree, Visibility};

/// A module's path from the crate's root; empty for the root.
pub(super) type ModulePath = Vec<String>;

/// One module: a file, or an inline `mod` within a file.
#[derive(Debug)]
struct Module {
    file: PathBuf,
    /// The names of the items that it defines.
    items: BTreeSet<String>,
    /// Names that it brings in, with the paths that they stand for.
    imported: BTreeMap<String, Vec<String>>,
    /// Modules and enums of which it brings in all names.
    globs: Vec<Vec<String>>,
}

/// What a path leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    Module(ModulePath),
    Item { file: PathBuf, name: String },
}

/// All modules of a crate, without its tests.
#[derive(Default)]
pub(super) struct Modules {
    modules: BTreeMap<ModulePath, Module>,
    parsed: BTreeMap<ModulePath, syn::File>,
}

impl Modules {
    /// Parses the files, beginning with `lib.rs`.
    pub(super) fn parse(sources: &BTreeMap<PathBuf, String>) -> Modules {
        let mut modules = Modules::default();
        modules.add_file(sources, Vec::new(), Path::new("lib.rs"));
        modules
    }

    /// The file of each module that has one of its own.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        let files = self.parsed.keys();
        files.map(|path| self.modules[path].file.as_path())
    }

    /// Each module that has a file, with the file's items.
    pub(super) fn parsed(&self) -> impl Iterator<Item = (&ModulePath, &Path, &[Item])> {
        self.parsed
            .iter()
            .map(|(path, file)| (path, self.modules[path].file.as_path(), &*file.items))
    }

    fn add_file(&mut self, sources: &BTreeMap<PathBuf, String>, path: ModulePath, file: &Path) {
        let parsed = syn::parse_file(&sources[file])
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.add_module(sources, path.clone(), file, &parsed.items);
        self.parsed.insert(path, parsed);
    }

    fn add_module(
        &mut self,
        sources: &BTreeMap<PathBuf, String>,
        path: ModulePath,
        file: &Path,
        items: &[Item],
    ) {
        let mut module = Module {
            file: file.to_owned(),
            items: BTreeSet::new(),
            imported: BTreeMap::new(),
            globs: Vec::new(),
        };
        for item in items.iter().filter(|item| !is_test(item)) {
            match item {
                Item::Mod(child) => {
                    let mut below = path.clone();
                    below.push(child.ident.to_string());
                    if let Some((_, items)) = &child.content {
                        self.add_module(sources, below, file, items);
                    } else {
                        let stem: PathBuf = below.iter().collect();
                        let files = [stem.with_extension("rs"), stem.join("mod.rs")];
                        let found = files.iter().find(|file| sources.contains_key(*file));
                        let found = found.unwrap_or_else(|| panic!("no file for {below:?}"));
                        self.add_file(sources, below, found);
                    }
                }
                Item::Use(item) => {
                    for leaf in leaves(&item.tree) {
                        match leaf.name {
                            Some(name) => _ = module.imported.insert(name, leaf.path),
                            None => module.globs.push(leaf.path),
                        }
                    }
                }
                _ => module.items.extend(defined_name(item)),
            }
        }
        self.modules.insert(path, module);
    }

    /// Resolves a path that stands in `module`. `None` if it leads out of the crate or names something local.
    pub(super) fn resolve(&self, module: &[String], path: &[String]) -> Option<Target> {
        let mut at = module.to_vec();
        let mut rest = path;
        while let Some((first, others)) = rest.split_first() {
            match first.as_str() {
                "crate" => at.clear(),
                "super" => _ = at.pop(),
                "self" => {}
                _ => break,
            }
            rest = others;
        }
        if rest.is_empty() {
            return Some(Target::Module(at));
        }
        // Without one of these words before it, a name that the module does not have is another crate's or a local one.
        self.look_up(&at, rest, rest.len() == path.len())
    }

    /// True if `path` leads into a child of `module`.
    pub(super) fn is_child(&self, module: &[String], path: &[String]) -> bool {
        let mut names = path.iter().skip_while(|name| *name == "self");
        names.next().is_some_and(|name| {
            let child = [module, std::slice::from_ref(name)].concat();
            self.modules.contains_key(&child)
        })
    }

    /// Resolves names in the module at `at`. If `known_only`, an unknown name is none of the module's; otherwise a macro
    /// has made it there.
    fn look_up(&self, at: &[String], names: &[String], known_only: bool) -> Option<Target> {
        let module = self.modules.get(at)?;
        let (name, rest) = names.split_first()?;
        let child = [at, std::slice::from_ref(name)].concat();
        let is_child = self.modules.contains_key(&child);
        let here = || Target::Item {
            file: module.file.clone(),
            name: name.clone(),
        };
        if is_child && !rest.is_empty() {
            return self.look_up(&child, rest, false);
        }
        if module.items.contains(name) {
            return Some(here());
        }
        if let Some(path) = module.imported.get(name) {
            // `pub(super) use a_macro;` re-exports a macro of the module itself.
            if path.as_slice() == [name.clone()] {
                return Some(here());
            }
            // `use other::other;` where `other` is another crate.
            if path[0] == *name && !is_child {
                return None;
            }
            return self.resolve(at, &[path, rest].concat());
        }
        if is_child {
            return Some(Target::Module(child));
        }
        for glob in &module.globs {
            if let Some(Target::Module(other)) = self.resolve(at, glob)
                && other != at
                && let Some(found) = self.look_up(&other, names, true)
            {
                return Some(found);
            }
        }
        (!known_only).then(here)
    }
}

/// One name that a `use` brings in.
pub(super) struct Leaf {
    pub(super) path: Vec<String>,
    /// The name under which it is brought in; `None` for all names of `path`.
    pub(super) name: Option<String>,
    pub(super) line: usize,
}

/// The names that a tree of imports brings in; none for a path into another crate by `::`.
pub(super) fn leaves(tree: &UseTree) -> Vec<Leaf> {
    let mut out = Vec::new();
    add_leaves(tree, &mut Vec::new(), 0, &mut out);
    out
}

fn add_leaves(tree: &UseTree, prefix: &mut Vec<String>, line: usize, out: &mut Vec<Leaf>) {
    match tree {
        UseTree::Path(path) => {
            prefix.push(path.ident.to_string());
            add_leaves(&path.tree, prefix, line_of(&path.ident), out);
            prefix.pop();
        }
        UseTree::Group(group) => {
            for item in &group.items {
                add_leaves(item, prefix, line, out);
            }
        }
        UseTree::Glob(_) => out.push(Leaf {
            path: prefix.clone(),
            name: None,
            line,
        }),
        UseTree::Name(syn::UseName { ident }) | UseTree::Rename(syn::UseRename { ident, .. }) => {
            let mut path = prefix.clone();
            if ident != "self" {
                path.push(ident.to_string());
            }
            let name = match tree {
                UseTree::Rename(renamed) => renamed.rename.to_string(),
                _ => path.last().cloned().unwrap_or_default(),
            };
            out.push(Leaf {
                path,
                name: Some(name),
                line: line_of(ident),
            });
        }
    }
}

/// The line of a name.
pub(super) fn line_of(ident: &syn::Ident) -> usize {
    ident.span().start().line
}

/// True for a `mod tests` and for whatever is compiled for tests only.
pub(super) fn is_test(item: &Item) -> bool {
    matches!(item, Item::Mod(module) if module.ident == "tests") || for_tests(attributes(item))
}

/// True if one of the attributes is `#[test]` or a `#[cfg(…)]` that names `test`.
pub(super) fn for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg") && attribute.meta.require_list().is_ok_and(|list| {
                let names_test =
                    |tree| matches!(tree, proc_macro2::TokenTree::Ident(name) if name == "test");
                list.tokens.clone().into_iter().any(names_test)
            })
    })
}

/// True if a re-export or an item can be seen from outside of its module.
pub(super) fn is_public(visibility: &Visibility) -> bool {
    !matches!(visibility, Visibility::Inherited)
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// The name that an item has in its module, if it has one.
fn defined_name(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

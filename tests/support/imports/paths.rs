//! Finds the paths in a file's items and resolves them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Expr, Item, Token};

use super::Import;
use super::modules::{self, Modules, Target, leaves, line_of};

/// All imports between the files of a crate.
pub(super) fn imports(modules: &Modules) -> BTreeSet<Import> {
    let mut out = BTreeSet::new();
    for (path, file, items) in modules.parsed() {
        let mut paths = Paths {
            modules,
            file,
            module: path.clone(),
            imported: Vec::new(),
            locals: vec![BTreeSet::new()],
            out: &mut out,
        };
        for item in items {
            paths.visit_item(item);
        }
    }
    out
}

struct Paths<'a> {
    modules: &'a Modules,
    file: &'a Path,
    module: Vec<String>,
    /// The names that the enclosing blocks bring in.
    imported: Vec<BTreeMap<String, Vec<String>>>,
    /// The variables of the enclosing functions, which may have the names of functions elsewhere.
    locals: Vec<BTreeSet<String>>,
    out: &'a mut BTreeSet<Import>,
}

impl Paths<'_> {
    fn resolve(&self, path: &[String]) -> Option<Target> {
        let (first, rest) = path.split_first()?;
        let by_block = self
            .imported
            .iter()
            .rev()
            .find_map(|names| names.get(first));
        match by_block {
            Some(prefix) => self.modules.resolve(&self.module, &[prefix, rest].concat()),
            None => self.modules.resolve(&self.module, path),
        }
    }

    fn add(&mut self, path: &[String], line: usize) {
        if let Some(Target::Item { file, name }) = self.resolve(path)
            && file != self.file
        {
            self.out.insert(Import {
                from: self.file.to_owned(),
                to: file,
                name,
                line,
            });
        }
    }

    fn is_local(&self, name: &str) -> bool {
        self.locals.iter().any(|names| names.contains(name))
    }

    fn within_function(&mut self, visit: impl FnOnce(&mut Self)) {
        self.locals.push(BTreeSet::new());
        visit(self);
        self.locals.pop();
    }

    /// Finds paths in tokens that are no list of expressions; `prefix` stands before each.
    fn scan(&mut self, tokens: TokenStream, prefix: &[String]) {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        let is_colons = |at: usize| {
            let colon = |tree: Option<&TokenTree>| matches!(tree, Some(TokenTree::Punct(sign)) if sign.as_char() == ':');
            colon(trees.get(at)) && colon(trees.get(at + 1))
        };
        let mut index = 0;
        while index < trees.len() {
            let ident = match &trees[index] {
                TokenTree::Ident(ident) => ident,
                TokenTree::Group(group) => {
                    self.scan(group.stream(), &[]);
                    index += 1;
                    continue;
                }
                _ => {
                    index += 1;
                    continue;
                }
            };
            // A field, a lifetime, or a path that begins with `::` or with a type in brackets.
            let sign_before = index.checked_sub(1).and_then(|at| match &trees[at] {
                TokenTree::Punct(sign) => Some(sign.as_char()),
                _ => None,
            });
            let inner = matches!(sign_before, Some('.' | '\''))
                || index.checked_sub(2).is_some_and(is_colons);
            let line = line_of(ident);
            let mut path = prefix.to_vec();
            path.push(ident.to_string());
            index += 1;
            while is_colons(index) {
                match trees.get(index + 2) {
                    Some(TokenTree::Ident(next)) => path.push(next.to_string()),
                    Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                        self.scan(group.stream(), &path);
                    }
                    _ => break,
                }
                index += 3;
            }
            let called = matches!(trees.get(index), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis);
            let named = path.len() > 1 || called || path[0].starts_with(char::is_uppercase);
            if named && !inner {
                self.add(&path, line);
            }
        }
    }
}

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !modules::is_test(item) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if item.leading_colon.is_some() {
            return;
        }
        for leaf in leaves(&item.tree) {
            let of_child = self.modules.is_child(&self.module, &leaf.path);
            if !(of_child && modules::is_public(&item.vis)) {
                self.add(&leaf.path, leaf.line);
            }
        }
    }

    fn visit_block(&mut self, block: &'ast syn::Block) {
        let mut names = BTreeMap::new();
        for statement in &block.stmts {
            if let syn::Stmt::Item(Item::Use(item)) = statement {
                let leaves = leaves(&item.tree).into_iter();
                names.extend(leaves.filter_map(|leaf| Some((leaf.name?, leaf.path))));
            }
        }
        self.imported.push(names);
        visit::visit_block(self, block);
        self.imported.pop();
    }

    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        let for_tests = match item {
            syn::ImplItem::Fn(item) => modules::for_tests(&item.attrs),
            syn::ImplItem::Const(item) => modules::for_tests(&item.attrs),
            _ => false,
        };
        if !for_tests {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.within_function(|paths| visit::visit_item_fn(paths, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.within_function(|paths| visit::visit_impl_item_fn(paths, item));
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.within_function(|paths| visit::visit_trait_item_fn(paths, item));
    }

    fn visit_expr_closure(&mut self, closure: &'ast syn::ExprClosure) {
        self.within_function(|paths| visit::visit_expr_closure(paths, closure));
    }

    fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
        if let Some(names) = self.locals.last_mut() {
            names.insert(pattern.ident.to_string());
        }
        visit::visit_pat_ident(self, pattern);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        // `let headroom = headroom(…)`: what is called is the function.
        if let Expr::Path(function) = &*call.func
            && let Some(name) = function.path.get_ident()
        {
            self.add(&[name.to_string()], line_of(name));
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        let local = names.len() == 1 && self.is_local(&names[0]);
        if path.leading_colon.is_none() && !local {
            self.add(&names, line_of(&path.segments[0].ident));
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        match call.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated) {
            Ok(arguments) => arguments
                .iter()
                .for_each(|argument| self.visit_expr(argument)),
            Err(_) => self.scan(call.tokens.clone(), &[]),
        }
    }

    // `#[derive(…)]` and `pub(in …)` use nothing.
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}
}

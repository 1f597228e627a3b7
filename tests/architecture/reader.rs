//! Reads every path that a source file names, resolved from the root of the crate or from an outside crate.

use std::sync::LazyLock;

use regex::Regex;
use syn::visit::{self, Visit};

/// Paths in code that the parser leaves as tokens: in macros and attributes.
static LOOSE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#""(?:[^"\\]|\\.)*"|(?:::\s*)?\b([a-z_][a-z0-9_]*)((?:\s*::\s*[A-Za-z_][A-Za-z0-9_]*)+)"#)
        .unwrap()
});

/// Every path named in a file, as its segments: those of this crate begin with `crate`.
///
/// `module` is the file's own module, from the root down.
pub fn paths(source: &str, module: &[String]) -> Vec<Vec<String>> {
    let mut reader = Reader { module: module.to_vec(), found: Vec::new() };
    reader.visit_file(&syn::parse_file(source).unwrap());
    reader.found
}

struct Reader {
    module: Vec<String>,
    found: Vec<Vec<String>>,
}

impl Reader {
    fn add(&mut self, segments: &[String]) {
        let mut rest = segments;
        let mut module = self.module.clone();
        match rest.first().map(String::as_str) {
            Some("crate" | "mailroom") => module.clear(),
            Some("self") => {}
            Some("super") => {
                while rest.first().is_some_and(|segment| segment == "super") {
                    module.pop();
                    rest = &rest[1..];
                }
                self.found.push([vec!["crate".to_owned()], module, rest.to_vec()].concat());
                return;
            }
            _ => {
                self.found.push(rest.to_vec());
                return;
            }
        }
        self.found.push([vec!["crate".to_owned()], module, rest[1..].to_vec()].concat());
    }

    fn add_tree(&mut self, before: &[String], tree: &syn::UseTree) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.add_tree(&with(&path.ident), &path.tree),
            syn::UseTree::Name(name) => self.add(&with(&name.ident)),
            syn::UseTree::Rename(rename) => self.add(&with(&rename.ident)),
            syn::UseTree::Glob(_) => self.add(&[before, &["*".to_owned()]].concat()),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_tree(before, tree)),
        }
    }

    fn add_loose(&mut self, tokens: &str) {
        for found in LOOSE.captures_iter(tokens) {
            if let (Some(first), Some(rest)) = (found.get(1), found.get(2)) {
                let rest = rest.as_str().split("::").map(str::trim).filter(|segment| !segment.is_empty());
                let segments: Vec<_> =
                    std::iter::once(first.as_str()).chain(rest).map(str::to_owned).collect();
                self.add(&segments);
            }
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.add_tree(&[], &item.tree);
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        self.add(&[item.ident.to_string(), String::new()]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            let segments: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.add(&segments);
        }
        visit::visit_path(self, path);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.add_loose(&item.tokens.to_string());
        visit::visit_macro(self, item);
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            self.add_loose(&list.tokens.to_string());
        }
        visit::visit_attribute(self, attribute);
    }
}

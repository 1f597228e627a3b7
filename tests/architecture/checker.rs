//! Compares what a file uses with the table.

use std::collections::BTreeSet;

use super::reader::paths;
use super::table::{FENCES, LAYERS, TOP};

/// An arrow that the table does not have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The layer that points.
    pub layer: String,
    /// The layer or crate that it points to.
    pub target: String,
    /// Where, and what is wrong.
    pub message: String,
}

/// Every arrow of a file that the table does not have. `path` is the file's, below `src`.
pub fn faults(path: &str, source: &str) -> Vec<Fault> {
    let module = module_of(path);
    let layer = module.first().map_or("lib", String::as_str);
    let Some(allowed) = allowed(layer) else {
        return vec![fault(path, layer, layer, "is not in the table")];
    };
    let found: BTreeSet<Fault> = paths(source, &module)
        .iter()
        .filter_map(|used| match used.as_slice() {
            [first, target, ..] if first == "crate" => wrong_arrow(path, layer, allowed, target),
            [outside, ..] => wrong_side(path, layer, outside),
            [] => None,
        })
        .collect();
    found.into_iter().collect()
}

fn fault(path: &str, layer: &str, target: &str, what: &str) -> Fault {
    let message = format!("{path}: '{layer}' uses '{target}', which {what}");
    Fault { layer: layer.to_owned(), target: target.to_owned(), message }
}

/// None: everything.
type Allowed = Option<&'static [&'static str]>;

fn allowed(layer: &str) -> Option<Allowed> {
    if TOP.contains(&layer) {
        return Some(None);
    }
    LAYERS.iter().find(|(name, _)| *name == layer).map(|(_, allowed)| Some(*allowed))
}

fn wrong_arrow(path: &str, layer: &str, allowed: Allowed, target: &str) -> Option<Fault> {
    let is_fine = allowed.is_none_or(|allowed| target == layer || allowed.contains(&target));
    (!is_fine).then(|| fault(path, layer, target, "its line does not have"))
}

fn wrong_side(path: &str, layer: &str, outside: &str) -> Option<Fault> {
    let (_, inside) = FENCES.iter().find(|(name, _)| *name == outside)?;
    let what = format!("is for {} alone", inside.join(", "));
    (!inside.contains(&layer)).then(|| fault(path, layer, outside, &what))
}

/// `domain/mapping/rule.rs` is `domain::mapping::rule`.
fn module_of(path: &str) -> Vec<String> {
    let mut module: Vec<String> =
        path.trim_end_matches(".rs").split(['/', '\\']).map(str::to_owned).collect();
    if module.last().is_some_and(|last| last == "mod") || module == ["lib"] {
        module.pop();
    }
    module
}

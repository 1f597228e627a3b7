//! Every check that is made when a mapping is saved, in one walk that also compiles it.

mod correlation;
mod names;
mod rules;
#[cfg(test)]
mod tests;

use super::compiled::CompiledMapping;
use super::draft::{Draft, Problem, Problems};
use super::template::Templates;
use super::view::Members;

/// Everything that keeps a mapping from working; empty when it may be saved.
pub fn validate(draft: &Draft) -> Vec<Problem> {
    compile(draft).err().unwrap_or_default()
}

/// Checks and compiles.
pub(super) fn compile(draft: &Draft) -> Result<CompiledMapping, Vec<Problem>> {
    let mut walk = Walk::new();
    walk.names(draft);
    let rules = walk.rules(&draft.rules);
    let reference_pattern = walk.correlation(&draft.correlation, &draft.reference_prefix);
    match reference_pattern {
        Some(reference_pattern) if walk.problems.is_empty() => Ok(CompiledMapping {
            process: draft.process.clone(),
            prefix: draft.reference_prefix.clone(),
            rules,
            templates: walk.templates,
            cel_members: walk.cel_members,
            jinja_members: walk.jinja_members,
            correlation: draft.correlation.clone(),
            reference_pattern,
        }),
        _ => Err(walk.problems.into_vec()),
    }
}

struct Walk {
    problems: Problems,
    templates: Templates,
    cel_members: Members,
    jinja_members: Members,
}

impl Walk {
    fn new() -> Self {
        Self {
            problems: Problems::default(),
            templates: Templates::new(),
            cel_members: Members::default(),
            jinja_members: Members::default(),
        }
    }
}

//! Every check that is made when a mapping is saved, in one walk that also compiles it.

mod correlation;
mod names;
mod policy;
mod rules;
#[cfg(test)]
mod tests;

pub(super) use rules::is_attribute;

use std::thread;

use super::compiled::CompiledMapping;
use super::draft::{Draft, Problem, ProblemCode, Problems};
use super::rule::ValueSource;
use super::surroundings::Surroundings;
use super::template::Templates;
use super::view::Members;

/// Bytes; pages that are not used are not taken.
const PARSER_STACK: usize = 64 * 1024 * 1024;

/// Everything that keeps a mapping from working; empty when it may be saved.
pub fn validate(draft: &Draft) -> Vec<Problem> {
    compile(draft).err().unwrap_or_default()
}

/// Checks and compiles.
pub(super) fn compile(draft: &Draft) -> Result<CompiledMapping, Vec<Problem>> {
    let in_rules = draft.rules.iter().any(|rule| matches!(rule.source, ValueSource::Expression(_)));
    if !in_rules && draft.filters.is_empty() && draft.correlation.key_expression.is_none() {
        return compile_here(draft);
    }
    // CEL's parser takes up to 200 KiB of stack for each bracket, and sees its own limit only on the way back.
    thread::scope(|scope| {
        let spawned =
            thread::Builder::new().stack_size(PARSER_STACK).spawn_scoped(scope, || compile_here(draft));
        let joined = spawned.map(thread::ScopedJoinHandle::join);
        match joined {
            Ok(Ok(compiled)) => compiled,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(_) => Err(vec![Problem {
                path: vec!["rules".to_owned()],
                code: ProblemCode::Invalid,
                message: "The rules can't be checked now: the machine has no thread left; try again."
                    .to_owned(),
            }]),
        }
    })
}

fn compile_here(draft: &Draft) -> Result<CompiledMapping, Vec<Problem>> {
    let mut walk = Walk::new();
    walk.names(draft);
    let rules = walk.rules(&draft.rules);
    let reference_pattern = walk.correlation(&draft.correlation, &draft.reference_prefix);
    let key = walk.key(&draft.correlation);
    let filters = walk.filters(&draft.filters);
    walk.policies(draft);
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
            key,
            filters,
            loop_protection: draft.loop_protection.clone(),
            forwarding: draft.forwarding.clone(),
            attachments: draft.attachments.clone(),
            surroundings: Surroundings::default(),
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

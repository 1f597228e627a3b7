//! Mappings: the rules that turn messages into process instances.

mod input;
mod preview;
mod rehearsal;
mod simulation;

pub use input::{CreateMapping, UpdateMapping};
pub use preview::{MappingChoice, Preview, PreviewMapping, SampleMessage, preview};
pub use simulation::{Difference, MAX_SIMULATED, SimulateMapping, Simulation, simulate};

use super::error::Problems;
use super::permit::ConfigWrite;
use super::{Context, Error, Patch, Path, Permit, UserErrorCode, text};
use crate::db;
use crate::domain::id::MappingId;
use crate::domain::mapping::{Mapping, ProblemCode};

/// Makes a mapping. One that can't work is refused, with the path of the rule at fault.
pub async fn create(
    cx: &Context,
    _permit: &Permit<ConfigWrite>,
    input: CreateMapping,
) -> Result<Mapping, Error> {
    let mapping = drafted(cx, input, &Path::root())?;
    let tx = cx.db.begin().await?;
    own_prefix(&tx, &mapping).await?;
    db::mapping::insert(&tx, &mapping).await.map_err(name_taken)?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(mapping)
}

/// The mapping that the input at `path` describes. One that can't work is refused.
fn drafted(cx: &Context, input: CreateMapping, path: &Path) -> Result<Mapping, Error> {
    let now = cx.clock.now();
    let mut problems = Problems::new();
    let mapping = Mapping {
        id: MappingId::new(),
        name: text::name(&mut problems, &path.field("name"), &input.name),
        process: input.process.trim().to_owned(),
        reference_prefix: input.reference_prefix.trim().to_owned(),
        rules: input.rules,
        correlation: input.correlation.unwrap_or_default(),
        filters: input.filters,
        loop_protection: input.loop_protection.unwrap_or_default(),
        forwarding: input.forwarding.unwrap_or_default(),
        attachments: input.attachments.unwrap_or_default(),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    check(problems, &mapping, path)?;
    Ok(mapping)
}

/// Changes a mapping. Messages taken in from now on are treated by it; its mailbox is tried at once.
pub async fn update(
    cx: &Context,
    _permit: &Permit<ConfigWrite>,
    input: UpdateMapping,
) -> Result<Mapping, Error> {
    let now = cx.clock.now();
    let tx = cx.db.begin().await?;
    let Some(saved) = db::mapping::lock(&tx, input.id).await? else {
        return Err(Error::unknown(&Path::of("id"), "mapping"));
    };
    if input.expected_version.is_some_and(|expected| expected != saved.version) {
        return Err(Error::conflict("mapping", saved.version));
    }
    let was = saved.version;
    let mut problems = Problems::new();
    let mut mapping = Mapping { version: was + 1, updated_at: now, ..saved };
    if let Some(name) = required(&mut problems, "name", input.name) {
        mapping.name = text::name(&mut problems, &Path::of("name"), &name);
    }
    if let Some(process) = required(&mut problems, "process", input.process) {
        process.trim().clone_into(&mut mapping.process);
    }
    if let Some(prefix) = required(&mut problems, "referencePrefix", input.reference_prefix) {
        prefix.trim().clone_into(&mut mapping.reference_prefix);
    }
    mapping.rules = input.rules.apply(Some(mapping.rules)).unwrap_or_default();
    mapping.correlation = input.correlation.apply(Some(mapping.correlation)).unwrap_or_default();
    mapping.filters = input.filters.apply(Some(mapping.filters)).unwrap_or_default();
    mapping.loop_protection = input.loop_protection.apply(Some(mapping.loop_protection)).unwrap_or_default();
    mapping.forwarding = input.forwarding.apply(Some(mapping.forwarding)).unwrap_or_default();
    mapping.attachments = input.attachments.apply(Some(mapping.attachments)).unwrap_or_default();
    check(problems, &mapping, &Path::root())?;
    own_prefix(&tx, &mapping).await?;
    db::mapping::update(&tx, &mapping, was).await.map_err(name_taken)?;
    if let Some(mailbox) = db::mailbox::by_mapping_ids(&tx, &[mapping.id]).await?.remove(&mapping.id) {
        db::mailbox::retry_at_once(&tx, mailbox.id, now).await?;
    }
    tx.commit().await.map_err(db::Error::from)?;
    cx.wake.ring();
    Ok(mapping)
}

/// Deletes a mapping that no mailbox uses. Its references are never given again.
pub async fn delete(cx: &Context, _permit: &Permit<ConfigWrite>, id: MappingId) -> Result<(), Error> {
    match db::mapping::delete(cx.db.write(), id).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::unknown(&Path::of("id"), "mapping")),
        Err(db::Error::Referred(_)) => Err(Error::refused(
            UserErrorCode::InUse,
            &Path::of("id"),
            "A mailbox uses this mapping: give it another one, or delete the mailbox first.",
        )),
        Err(error) => Err(error.into()),
    }
}

fn check(mut problems: Problems, mapping: &Mapping, path: &Path) -> Result<(), Error> {
    let nothing_yet = problems.is_empty();
    for problem in mapping.validate() {
        // An unusable name was told already.
        if !nothing_yet && problem.path.first().is_some_and(|field| field == "name") {
            continue;
        }
        let code = match problem.code {
            ProblemCode::Required => UserErrorCode::Required,
            ProblemCode::Invalid => UserErrorCode::Invalid,
            ProblemCode::Unsupported => UserErrorCode::Unsupported,
        };
        problems.add(code, &path.join(&problem.path), problem.message);
    }
    for (index, rule) in mapping.rules.iter().enumerate() {
        no_nul(&mut problems, &path.field("rules").index(index), rule);
    }
    no_nul(&mut problems, &path.field("correlation"), &mapping.correlation);
    for (index, filter) in mapping.filters.iter().enumerate() {
        no_nul(&mut problems, &path.field("filters").index(index), filter);
    }
    no_nul(&mut problems, &path.field("forwarding"), &mapping.forwarding);
    no_nul(&mut problems, &path.field("attachments"), &mapping.attachments);
    problems.finish()
}

/// PostgreSQL can't keep U+0000, neither in text nor in JSON.
fn no_nul(problems: &mut Problems, path: &Path, value: &impl serde::Serialize) {
    if serde_json::to_string(value).is_ok_and(|json| json.contains("\\u0000")) {
        problems.add(UserErrorCode::Invalid, path, "This holds the character U+0000: take it out.");
    }
}

/// A reference is unique over the installation, so a prefix belongs to one process.
async fn own_prefix(tx: &impl db::Connection, mapping: &Mapping) -> Result<(), Error> {
    let owner = db::mapping::claim_prefix(tx, mapping).await?;
    if owner == mapping.process {
        return Ok(());
    }
    let message = format!(
        "The prefix {} belongs to the process `{owner}`: references are unique over all processes. Choose another one.",
        mapping.reference_prefix
    );
    Err(Error::refused(UserErrorCode::Taken, &Path::of("referencePrefix"), message))
}

fn name_taken(error: db::Error) -> Error {
    if error.is_taken("mapping", "name") {
        let message = "Another mapping has this name: choose another one.";
        Error::refused(UserErrorCode::Taken, &Path::of("name"), message)
    } else {
        error.into()
    }
}

fn required<T>(problems: &mut Problems, name: &str, patch: Patch<T>) -> Option<T> {
    match patch {
        Patch::Keep => None,
        Patch::Clear => {
            let message =
                format!("A mapping can't be without `{name}`: leave the field out to keep it as it is.");
            problems.add(UserErrorCode::Required, &Path::of(name), message);
            None
        }
        Patch::Set(value) => Some(value),
    }
}

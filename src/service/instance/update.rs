//! An instance changed by hand: closed, opened again, its attributes and its id in the owning system.

use serde_json::{Map, Value};

use super::given::{self, external_id_taken};
use crate::db;
use crate::domain::event::Fact;
use crate::domain::id::InstanceId;
use crate::domain::instance::{InstanceState, ProcessInstance};
use crate::domain::mapping::CompiledMapping;
use crate::domain::merge_patch::merge;
use crate::service::error::Problems;
use crate::service::hand;
use crate::service::permit::MailHandle;
use crate::service::{Context, Error, Patch, Path, Permit, UserErrorCode, text};

/// A change of an instance.
#[derive(Debug, Clone)]
pub struct UpdateInstance {
    /// Which one.
    pub id: InstanceId,
    /// Whether it is open.
    pub open: Patch<bool>,
    /// The owning system's id.
    pub external_id: Patch<String>,
    /// A JSON Merge Patch (RFC 7396).
    pub attributes: Patch<Value>,
    /// Refused when it is not the current version.
    pub expected_version: Option<i32>,
}

/// Changes an instance. What a person sets is left alone by mapping messages again; what changes nothing is no new
/// version, and nobody is told.
pub async fn update(
    cx: &Context,
    permit: &Permit<MailHandle>,
    input: UpdateInstance,
) -> Result<ProcessInstance, Error> {
    let now = cx.clock.now();
    let tx = cx.db.begin().await?;
    let unknown = || Error::unknown(&Path::of("id"), "process instance");
    let mut state = db::instance::lock(&tx, &[input.id]).await?.pop().ok_or_else(unknown)?;
    let version = state.instance.version;
    if input.expected_version.is_some_and(|expected| expected != version) {
        return Err(Error::conflict("process instance", version));
    }
    let mapping = match state.instance.mapping_id {
        Some(id) => db::mapping::get(&tx, id).await?,
        None => None,
    };
    let compiled = mapping.as_ref().and_then(|mapping| CompiledMapping::new(mapping).ok());
    let mut problems = Problems::new();
    let mut changed =
        patch(&mut problems, &mut state.instance.attributes, compiled.as_ref(), input.attributes);
    let mut by_hand = db::by_hand::attributes(&tx, input.id).await?;
    by_hand.extend(changed.iter().filter(|name| !by_hand.contains(name)).cloned().collect::<Vec<_>>());
    let external_id = external_id(&mut problems, input.external_id).apply(state.instance.external_id.clone());
    if external_id != state.instance.external_id {
        state.instance.external_id = external_id;
        changed.push("externalId".to_owned());
    }
    if set_open(&mut problems, &mut state, input.open, now) {
        changed.push("open".to_owned());
    }
    problems.finish()?;
    if changed.is_empty() {
        return Ok(state.instance);
    }
    state.instance.updated_at = now;
    let external_id = state.instance.external_id.as_deref();
    db::by_hand::write(&tx, input.id, &by_hand, external_id).await.map_err(external_id_taken)?;
    db::instance::update(&tx, &state).await?;
    let fact = Fact::ProcessInstanceUpdated { message_id: None, instance_id: input.id, changed };
    let event = hand::told(cx, permit, state.instance.mailbox_id, fact);
    db::event::append(&tx, vec![event]).await?;
    tx.commit().await.map_err(db::Error::from)?;
    state.instance.version += 1;
    Ok(state.instance)
}

/// Merges the patch; the names of the attributes that are different now.
fn patch(
    problems: &mut Problems,
    attributes: &mut Map<String, Value>,
    compiled: Option<&CompiledMapping>,
    given: Patch<Value>,
) -> Vec<String> {
    let given = match given {
        Patch::Keep => return Vec::new(),
        Patch::Clear | Patch::Set(Value::Null) => {
            cant_be_without(problems, "attributes");
            return Vec::new();
        }
        Patch::Set(given) => given::object(problems, Some(given)),
    };
    let before = attributes.clone();
    merge(attributes, &given);
    let mut changed = Vec::new();
    for name in given.keys() {
        if let Some(value) = attributes.get(name) {
            let Some(value) = given::checked(problems, compiled, name, value) else { continue };
            attributes.insert(name.clone(), value);
        }
        if attributes.get(name) != before.get(name) {
            changed.push(name.clone());
        }
    }
    changed
}

fn external_id(problems: &mut Problems, given: Patch<String>) -> Patch<String> {
    given.map(|id| text::name(problems, &Path::of("externalId"), &id))
}

/// Whether it is another than before.
fn set_open(
    problems: &mut Problems,
    state: &mut InstanceState,
    open: Patch<bool>,
    now: chrono::DateTime<chrono::Utc>,
) -> bool {
    match open {
        Patch::Clear => {
            cant_be_without(problems, "open");
            false
        }
        Patch::Set(open) if open != state.instance.open => {
            state.instance.open = open;
            state.closed_at = (!open).then_some(now);
            true
        }
        Patch::Keep | Patch::Set(_) => false,
    }
}

fn cant_be_without(problems: &mut Problems, name: &str) {
    let message =
        format!("A process instance can't be without `{name}`: leave the field out to keep it as it is.");
    problems.add(UserErrorCode::Required, &Path::of(name), message);
}

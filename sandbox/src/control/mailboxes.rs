//! Mailboxes and their folders.

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::answer::{Given, Refusal};
use super::directory::tenant_mut;
use crate::input;
use crate::random;
use crate::state::State;
use crate::world::{Folder, Mailbox, Refused, Standing, World};

type Answer = Result<(StatusCode, Json<Value>), Refusal>;

pub fn routes() -> Router<State> {
    Router::new()
        .route("/tenants/{tenant}/mailboxes", post(create))
        .route("/mailboxes/{mailbox}", patch(change).get(show).delete(remove))
        .route("/mailboxes/{mailbox}/folders", get(folders).post(create_folder))
}

/// A mailbox without its mail.
pub fn shown(mailbox: &Mailbox) -> Value {
    json!({
        "id": mailbox.id,
        "address": mailbox.address,
        "aliases": mailbox.aliases,
        "name": mailbox.name,
        "shared": mailbox.shared,
        "standing": mailbox.standing,
        "messages": mailbox.messages().count(),
    })
}

/// A mailbox of any tenant, by its address, alias or id.
pub fn mailbox<'w>(world: &'w World, name: &str) -> Result<&'w Mailbox, Refusal> {
    let found = world.tenants.iter().find_map(|tenant| tenant.mailbox(name));
    found.ok_or_else(|| Refusal::unknown("mailbox", name))
}

fn mailbox_mut<'w>(world: &'w mut World, name: &str) -> Result<&'w mut Mailbox, Refusal> {
    let found = world.tenants.iter_mut().find_map(|tenant| tenant.mailbox_mut(name));
    found.ok_or_else(|| Refusal::unknown("mailbox", name))
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewMailbox {
    address: String,
    name: Option<String>,
    #[serde(default)]
    shared: bool,
    #[serde(default)]
    aliases: Vec<String>,
}

async fn create(
    Shared(state): Shared<State>,
    Path(tenant): Path<String>,
    Given(new): Given<NewMailbox>,
) -> Answer {
    if !new.address.contains('@') {
        return Err(Refusal::wrong("a mailbox has an address such as adele@contoso.example"));
    }
    let name = new.name.as_deref().unwrap_or(&new.address);
    let mut created = Mailbox::new(random::uuid(), &new.address, name);
    created.shared = new.shared;
    created.aliases = new.aliases.iter().map(|alias| alias.to_lowercase()).collect();
    created.awkward_ids = state.switches().awkward_ids;
    let mut world = state.world_mut();
    let taken =
        std::iter::once(&created.address).chain(&created.aliases).find(|name| mailbox(&world, name).is_ok());
    if let Some(name) = taken {
        return Err(Refusal::taken("mailbox", name));
    }
    let answer = shown(&created);
    tenant_mut(&mut world, &tenant)?.mailboxes.insert(created.id, created);
    Ok((StatusCode::CREATED, Json(answer)))
}

async fn show(Shared(state): Shared<State>, Path(name): Path<String>) -> Result<Json<Value>, Refusal> {
    Ok(Json(shown(mailbox(&state.world(), &name)?)))
}

#[derive(serde::Deserialize, Default)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Change {
    name: Option<String>,
    aliases: Option<Vec<String>>,
    shared: Option<bool>,
    standing: Option<Standing>,
    awkward_ids: Option<bool>,
}

async fn change(
    Shared(state): Shared<State>,
    Path(name): Path<String>,
    Given(change): Given<Change>,
) -> Result<Json<Value>, Refusal> {
    let mut world = state.world_mut();
    let mailbox = mailbox_mut(&mut world, &name)?;
    if let Some(name) = change.name {
        mailbox.name = name;
    }
    if let Some(aliases) = change.aliases {
        mailbox.aliases = aliases.iter().map(|alias| alias.to_lowercase()).collect();
    }
    mailbox.shared = change.shared.unwrap_or(mailbox.shared);
    mailbox.standing = change.standing.unwrap_or(mailbox.standing);
    mailbox.awkward_ids = change.awkward_ids.unwrap_or(mailbox.awkward_ids);
    Ok(Json(shown(mailbox)))
}

async fn remove(Shared(state): Shared<State>, Path(name): Path<String>) -> Result<StatusCode, Refusal> {
    let mut world = state.world_mut();
    let id = mailbox(&world, &name)?.id;
    for tenant in &mut world.tenants {
        tenant.mailboxes.remove(&id);
    }
    Ok(StatusCode::NO_CONTENT)
}

fn shown_folder(mailbox: &Mailbox, folder: &Folder) -> Value {
    json!({
        "id": mailbox.ids().folder(folder.key),
        "parent": folder.parent.map(|parent| mailbox.ids().folder(parent)),
        "name": folder.name,
        "wellKnownName": folder.well_known,
        "hidden": folder.hidden,
        "messages": folder.messages.len(),
        "unread": folder.unread,
    })
}

async fn folders(Shared(state): Shared<State>, Path(name): Path<String>) -> Result<Json<Value>, Refusal> {
    let world = state.world();
    let mailbox = mailbox(&world, &name)?;
    Ok(Json(mailbox.folders().map(|folder| shown_folder(mailbox, folder)).collect()))
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewFolder {
    name: String,
    /// A well-known name, an id or a path; below the root where it is missing.
    parent: Option<String>,
    #[serde(default)]
    hidden: bool,
}

async fn create_folder(
    Shared(state): Shared<State>,
    Path(name): Path<String>,
    Given(new): Given<NewFolder>,
) -> Answer {
    let mut world = state.world_mut();
    let mailbox = mailbox_mut(&mut world, &name)?;
    let parent = new.parent.as_deref().unwrap_or("msgfolderroot");
    let place = input::folder(mailbox, parent).ok_or_else(|| Refusal::unknown("folder", parent))?;
    let key = mailbox.create_folder(place, &new.name, new.hidden).map_err(|refused| match refused {
        Refused::NameTaken => Refusal::taken("folder", &new.name),
        _ => Refusal::unknown("folder", parent),
    })?;
    let folder = mailbox.folder(key).ok_or_else(|| Refusal::unknown("folder", &new.name))?;
    Ok((StatusCode::CREATED, Json(shown_folder(mailbox, folder))))
}

//! Folders: listed, read, made, changed.

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use bytes::Bytes;
use serde_json::Value;

use super::answer::Problem;
use super::caller::Caller;
use super::given;
use super::odata::{FOLDER, Here, Options, Select};
use super::show::{self, page, selected};
use crate::state::State;
use crate::switches::DeletePuts;
use crate::world::{Folder, FolderKey, Mailbox, Permission, Refused};

/// The folders of a mailbox.
pub(super) fn routes() -> Router<State> {
    let one = || get(one).patch(change).delete(remove);
    Router::new()
        .route("/users/{u}/mailFolders", get(list).post(create))
        .route("/users/{u}/mailFolders/$count", get(count))
        .route("/users/{u}/mailFolders/{f}", one())
        .route("/users/{u}/mailFolders/{f}/childFolders", get(list).post(create))
        .route("/users/{u}/mailFolders/{f}/childFolders/$count", get(count))
        .route("/users/{u}/mailFolders/{f}/childFolders/{c}", one())
        .route("/users/{u}/mailFolders/{f}/move", post(move_to))
        .route("/users/{u}/mailFolders/{f}/copy", post(copy_to))
        .route("/users/{u}/mailFolders/{f}/permanentDelete", post(purge))
}

/// `/users/{u}/mailFolders/{f}/childFolders/{c}` and what is shorter.
#[derive(Debug, serde::Deserialize)]
struct At {
    u: String,
    f: Option<String>,
    c: Option<String>,
}

impl At {
    /// The folder that is meant.
    fn key(&self, mailbox: &Mailbox) -> Result<FolderKey, Problem> {
        let above = self.f.as_deref().map(|name| given::folder(mailbox, name)).transpose()?;
        let Some(child) = &self.c else { return above.ok_or_else(Problem::no_folder) };
        let key = given::folder(mailbox, child)?;
        let lies_there = mailbox.folder(key).is_some_and(|folder| folder.parent == above);
        if lies_there { Ok(key) } else { Err(Problem::no_folder()) }
    }

    /// The folder whose children are meant: the visible root where none is named.
    fn above(&self, mailbox: &Mailbox) -> Result<FolderKey, Problem> {
        given::folder(mailbox, self.f.as_deref().unwrap_or("msgfolderroot"))
    }
}

/// The children that a list shows, by their names as Outlook sorts them.
fn children<'m>(
    mailbox: &'m Mailbox,
    above: FolderKey,
    options: &Options,
) -> Result<Vec<&'m Folder>, Problem> {
    let hidden = options.flag("includeHiddenFolders")?;
    let named = options.get("$filter").map(wanted_name).transpose()?;
    let folders = mailbox.children(above).filter(|folder| hidden || !folder.hidden);
    let mut folders: Vec<&Folder> =
        folders.filter(|folder| named.as_ref().is_none_or(|is| is.takes(folder))).collect();
    folders.sort_by_key(|folder| folder.name.to_lowercase());
    match options.get("$orderby").map(str::to_ascii_lowercase).as_deref() {
        None | Some("displayname" | "displayname asc") => {}
        Some("displayname desc") => folders.reverse(),
        Some(other) => return Err(Problem::bad_query(format!("Folders can't be ordered by '{other}'."))),
    }
    Ok(folders)
}

/// Whether a name is as wanted.
type Look = fn(&str, &str) -> bool;

/// A filter over names: `displayName eq 'x'`, or `startswith` and such.
struct Named {
    look: Look,
    name: String,
}

impl Named {
    fn takes(&self, folder: &Folder) -> bool {
        (self.look)(&folder.name.to_lowercase(), &self.name)
    }
}

fn wanted_name(text: &str) -> Result<Named, Problem> {
    let refused = || Problem::bad_query(format!("Syntax error at position 0 in '{text}'."));
    let lower = text.trim().to_lowercase();
    let forms: [(&str, &str, Look); 4] = [
        ("displayname eq ", "", |name, wanted| name == wanted),
        ("startswith(displayname,", ")", |name, wanted| name.starts_with(wanted)),
        ("contains(displayname,", ")", |name, wanted| name.contains(wanted)),
        ("displayname ne ", "", |name, wanted| name != wanted),
    ];
    let found = forms.into_iter().find_map(|(before, after, look)| {
        let literal = lower.strip_prefix(before)?.strip_suffix(after)?.trim();
        let name = literal.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'");
        Some(Named { look, name })
    });
    found.ok_or_else(refused)
}

const KNOWN: [&str; 8] = ["select", "filter", "orderby", "top", "skip", "count", "expand", "format"];

async fn list(
    Shared(state): Shared<State>,
    Extension(caller): Extension<Caller>,
    Path(at): Path<At>,
    here: Here,
) -> Result<Response, Problem> {
    let world = state.world();
    let mailbox = caller.reach(&world, &at.u, Permission::ReadBasic, state.clock.now())?;
    let options = Options::of(&here.uri, &KNOWN)?;
    let select = Select::of(options.get("$select"), FOLDER)?;
    let (top, skip) = (options.top(None)?, options.skip()?);
    let folders = children(mailbox, at.above(mailbox)?, &options)?;
    let shown = folders.iter().skip(skip).take(top);
    let shown = shown.map(|folder| show::folder(mailbox, folder, select.as_ref())).collect();
    let end = skip.saturating_add(top);
    let link = (end < folders.len()).then(|| here.link(&[], &[("$skip", &end.to_string())]));
    let count = options.flag("$count")?.then_some(folders.len());
    let what = match &at.f {
        Some(_) => format!("mailFolders('{}')/childFolders", mailbox.ids().folder(at.above(mailbox)?)),
        None => "mailFolders".to_owned(),
    };
    let what = format!("{what}{}", selected(select.as_ref()));
    let context = here.context(&mailbox.id.to_string(), &what);
    Ok(page(context, shown, count, link.map(|link| ("@odata.nextLink", link))))
}

async fn count(
    Shared(state): Shared<State>,
    Extension(caller): Extension<Caller>,
    Path(at): Path<At>,
    here: Here,
) -> Result<Response, Problem> {
    let world = state.world();
    let mailbox = caller.reach(&world, &at.u, Permission::ReadBasic, state.clock.now())?;
    let options = Options::of(&here.uri, &KNOWN)?;
    Ok(children(mailbox, at.above(mailbox)?, &options)?.len().to_string().into_response())
}

/// A folder with its context.
fn entity(mailbox: &Mailbox, key: FolderKey, select: Option<&Select>, here: &Here) -> Result<Value, Problem> {
    let folder = mailbox.folder(key).ok_or_else(Problem::no_folder)?;
    let mut shown = show::folder(mailbox, folder, select);
    let what = format!("mailFolders{}/$entity", selected(select));
    let context = here.context(&mailbox.id.to_string(), &what);
    shown.insert("@odata.context".to_owned(), context.into());
    Ok(Value::Object(shown))
}

async fn one(
    Shared(state): Shared<State>,
    Extension(caller): Extension<Caller>,
    Path(at): Path<At>,
    here: Here,
) -> Result<Response, Problem> {
    let world = state.world();
    let mailbox = caller.reach(&world, &at.u, Permission::ReadBasic, state.clock.now())?;
    let options = Options::of(&here.uri, &["select", "expand", "format"])?;
    let select = Select::of(options.get("$select"), FOLDER)?;
    Ok(Json(entity(mailbox, at.key(mailbox)?, select.as_ref(), &here)?).into_response())
}

async fn create(
    Shared(state): Shared<State>,
    Extension(caller): Extension<Caller>,
    Path(at): Path<At>,
    here: Here,
    body: Bytes,
) -> Result<Response, Problem> {
    let body = given::object(&body)?;
    let name = given::text(&body, "displayName")?;
    let hidden = match given::parameter(&body, "isHidden") {
        None => false,
        Some(Value::Bool(hidden)) => *hidden,
        Some(_) => return Err(given::wrong_type("isHidden", "Edm.Boolean")),
    };
    let mut world = state.world_mut();
    let mailbox = caller.reach_mut(&mut world, &at.u, Permission::Write, state.clock.now())?;
    let key = mailbox.create_folder(at.above(mailbox)?, &name, hidden)?;
    Ok((StatusCode::CREATED, Json(entity(mailbox, key, None, &here)?)).into_response())
}

async fn change(
    Shared(state): Shared<State>,
    Extension(caller): Extension<Caller>,
    Path(at): Path<At>,
    here: Here,
    body: Bytes,
) -> Result<Response, Problem> {
    let body = given::object(&body)?;
    if body.keys().any(|name| !name.starts_with('@') && !name.eq_ignore_ascii_case("displayName")) {
        return Err(given::not_settable());
    }
    let name = given::text(&body, "displayName")?;
    let mut world = state.world_mut();
    let mailbox = caller.reach_mut(&mut world, &at.u, Permission::Write, state.clock.now())?;
    let key = at.key(mailbox)?;
    mailbox.change_folder(key, Some(&name), None)?;
    Ok(Json(entity(mailbox, key, None, &here)?).into_response())
}

async fn move_to(
    Shared(state): Shared<State>,
    Extension(caller): Extension<Caller>,
    Path(at): Path<At>,
    here: Here,
    body: Bytes,
) -> Result<Response, Problem> {
    let to = given::text(&given::object(&body)?, "destinationId")?;
    let mut world = state.world_mut();
    let mailbox = caller.reach_mut(&mut world, &at.u, Permission::Write, state.clock.now())?;
    let (key, to) = (at.key(mailbox)?, given::folder(mailbox, &to)?);
    mailbox.change_folder(key, None, Some(to))?;
    Ok((StatusCode::CREATED, Json(entity(mailbox, key, None, &here)?)).into_response())
}

async fn copy_to(
    Shared(state): Shared<State>,
    Extension(caller): Extension<Caller>,
    Path(at): Path<At>,
    here: Here,
    body: Bytes,
) -> Result<Response, Problem> {
    let to = given::text(&given::object(&body)?, "destinationId")?;
    let now = state.clock.now();
    let mut world = state.world_mut();
    let mailbox = caller.reach_mut(&mut world, &at.u, Permission::Write, now)?;
    let (key, to) = (at.key(mailbox)?, given::folder(mailbox, &to)?);
    let copy = copied(mailbox, key, to, now)?;
    Ok((StatusCode::CREATED, Json(entity(mailbox, copy, None, &here)?)).into_response())
}

/// With all that lies in it; what to copy is known before the first copy is made, so a folder may go into itself.
fn copied(
    mailbox: &mut Mailbox,
    key: FolderKey,
    to: FolderKey,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<FolderKey, Refused> {
    let mut first = None;
    let mut wanted = vec![(key, None)];
    let mut at = 0;
    while let Some(&(folder, _)) = wanted.get(at) {
        wanted.extend(mailbox.children(folder).map(|child| (child.key, Some(at))));
        at += 1;
    }
    let mut copies: Vec<FolderKey> = Vec::with_capacity(wanted.len());
    for (folder, above) in wanted {
        let from = mailbox.folder(folder).ok_or(Refused::NoFolder)?;
        let (name, hidden) = (from.name.clone(), from.hidden);
        let messages: Vec<_> = from.messages.iter().map(|(_, key)| *key).collect();
        let place = above.and_then(|at: usize| copies.get(at).copied()).unwrap_or(to);
        let copy = mailbox.create_folder(place, &name, hidden)?;
        for message in messages {
            mailbox.copy_to(message, copy, now)?;
        }
        first = first.or(Some(copy));
        copies.push(copy);
    }
    first.ok_or(Refused::NoFolder)
}

async fn remove(
    Shared(state): Shared<State>,
    Extension(caller): Extension<Caller>,
    Path(at): Path<At>,
) -> Result<Response, Problem> {
    let puts = state.switches().delete_puts;
    let mut world = state.world_mut();
    let mailbox = caller.reach_mut(&mut world, &at.u, Permission::Write, state.clock.now())?;
    let key = at.key(mailbox)?;
    let trash = given::folder(mailbox, "deleteditems")?;
    let there = mailbox.folder(key).and_then(|folder| folder.parent) == Some(trash);
    if puts == DeletePuts::DeletedItems && !there {
        match mailbox.change_folder(key, None, Some(trash)) {
            Err(Refused::NameTaken) => mailbox.remove_folder(key)?,
            other => other?,
        }
    } else {
        mailbox.remove_folder(key)?;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn purge(
    Shared(state): Shared<State>,
    Extension(caller): Extension<Caller>,
    Path(at): Path<At>,
) -> Result<Response, Problem> {
    if !state.switches().permanent_delete {
        return Err(Problem::bad_request("Resource not found for the segment 'permanentDelete'."));
    }
    let mut world = state.world_mut();
    let mailbox = caller.reach_mut(&mut world, &at.u, Permission::Write, state.clock.now())?;
    let key = at.key(mailbox)?;
    mailbox.remove_folder(key)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

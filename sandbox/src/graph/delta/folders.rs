//! The rounds of a mailbox's folders. A token remembers each folder by a digest, so nothing is kept here.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use axum::extract::{Path, State as Shared};
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use serde_json::{Map, json};
use uuid::Uuid;

use super::token;
use crate::graph::answer::Problem;
use crate::graph::asked::Asked;
use crate::graph::caller::Caller;
use crate::graph::given::At;
use crate::graph::odata::{FOLDER, Here, Options, Select, visible};
use crate::graph::show::{self, page, selected};
use crate::state::State;
use crate::world::{Folder, FolderKey, Permission};

pub fn routes() -> Router<State> {
    Router::new().route("/users/{u}/mailFolders/delta", get(delta))
}

/// What a link remembers: the options, and the folders that the client knows.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Round {
    mailbox: Uuid,
    issued: i64,
    select: Option<Select>,
    top: Option<usize>,
    hidden: bool,
    known: BTreeMap<u32, u32>,
}

async fn delta(
    Shared(state): Shared<State>,
    Extension(caller): Extension<Caller>,
    Extension(asked): Extension<Asked>,
    Path(at): Path<At>,
    here: Here,
) -> Result<Response, Problem> {
    let (now, switches) = (state.clock.now(), state.switches());
    let world = state.world();
    let mailbox = caller.reach(&world, &at.u, Permission::ReadBasic, now)?;
    let options = Options::of(&here.uri, &["select", "top", "expand", "deltatoken", "skiptoken", "format"])?;
    let given = options.get("$skiptoken").or(options.get("$deltatoken"));
    let given = given.filter(|token| !token.is_empty() && !token.eq_ignore_ascii_case("latest"));
    let mut round = match given {
        None => Round {
            mailbox: mailbox.id,
            issued: 0,
            select: Select::of(options.get("$select"), FOLDER)?,
            top: options.get("$top").is_some().then(|| options.top(None)).transpose()?,
            hidden: options.flag("includeHiddenFolders")?,
            known: BTreeMap::new(),
        },
        Some(text) => {
            let known = token::read::<Round>(text);
            match known
                .filter(|round| round.mailbox == mailbox.id && token::is_fresh(round.issued, now, &switches))
            {
                Some(round) => round,
                None => return Ok(token::gone(&here, switches.gone_says)),
            }
        }
    };
    let size = asked.page_size.or(round.top).unwrap_or(10).clamp(1, 1_000);
    // The root itself is no item of the list, as everywhere.
    let there =
        || visible(mailbox).filter(|folder| folder.parent.is_some() && (round.hidden || !folder.hidden));
    let mut known = round.known.clone();
    let mut value: Vec<Map<_, _>> = Vec::new();
    let mut more = false;
    for folder in there().filter(|folder| round.known.get(&folder.key.0) != Some(&digest(folder))) {
        if value.len() == size {
            more = true;
            break;
        }
        value.push(show::folder(mailbox, folder, round.select.as_ref()));
        known.insert(folder.key.0, digest(folder));
    }
    for key in round.known.keys().filter(|key| there().all(|folder| folder.key.0 != **key)) {
        if value.len() == size {
            more = true;
            break;
        }
        let gone =
            json!({ "id": mailbox.ids().folder(FolderKey(*key)), "@removed": { "reason": "deleted" } });
        value.extend(gone.as_object().cloned());
        known.remove(key);
    }
    round.known = known;
    round.issued = now.timestamp_millis();
    let token = token::write(&round);
    let dropped = ["$select", "$top", "$expand", "includeHiddenFolders", "$skiptoken", "$deltatoken"];
    let link = match more {
        true => ("@odata.nextLink", here.link(&dropped, &[("$skiptoken", &token)])),
        false => ("@odata.deltaLink", here.link(&dropped, &[("$deltatoken", &token)])),
    };
    let what = format!("mailFolders{}/$delta", selected(round.select.as_ref()));
    Ok(page(here.context(&mailbox.id.to_string(), &what), value, None, Some(link)))
}

/// Name and place; counts are no change of a folder.
fn digest(folder: &Folder) -> u32 {
    let mut hasher = DefaultHasher::new();
    (&folder.name, folder.parent, folder.hidden).hash(&mut hasher);
    u32::try_from(hasher.finish() >> 32).unwrap_or_default()
}

//! The rounds of a folder: first what lies in it, page by page; then what happened since the first of those pages.

use std::collections::HashSet;
use std::ops::Bound;

use axum::extract::{Path, State as Shared};
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::token;
use crate::graph::answer::Problem;
use crate::graph::asked::Asked;
use crate::graph::caller::Caller;
use crate::graph::given::{At, folder};
use crate::graph::odata::{Expand, Filter, Here, MESSAGE, Options, Order, Select};
use crate::graph::show::{self, View, page, selected};
use crate::state::State;
use crate::world::{Change, Entry, Folder, FolderKey, IdKind, Mailbox, MessageKey, Permission};

/// With a filter no more are given.
const FILTERED: usize = 5_000;

pub fn routes() -> Router<State> {
    Router::new()
        .route("/users/{u}/mailFolders/{f}/messages/delta", get(folder_delta))
        .route("/users/{u}/messages/delta", get(unsupported))
}

/// What a link remembers: the options of the first call, and the place.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Round {
    mailbox: Uuid,
    folder: FolderKey,
    issued: i64,
    select: Option<Select>,
    expand: Expand,
    since: Option<String>,
    change: Option<Change>,
    top: Option<usize>,
    /// Given so far in the first round.
    given: usize,
    /// The place in the folder's log from which the next round begins, or where this one is.
    log: u64,
    place: Place,
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
enum Place {
    /// In the first round, below that message.
    First(Option<(DateTime<Utc>, MessageKey)>),
    /// In the log.
    Log,
}

/// Description and service disagree: only folders have it.
async fn unsupported() -> Problem {
    Problem::bad_request("Change tracking is not supported against 'microsoft.graph.message'.")
}

async fn folder_delta(
    Shared(state): Shared<State>,
    Extension(caller): Extension<Caller>,
    Extension(asked): Extension<Asked>,
    Path(at): Path<At>,
    here: Here,
) -> Result<Response, Problem> {
    let (now, switches) = (state.clock.now(), state.switches());
    let world = state.world();
    let mailbox = caller.reach(&world, &at.u, Permission::ReadBasic, now)?;
    let basic = caller.reach(&world, &at.u, Permission::Read, now).is_err();
    let key = folder(mailbox, at.f.as_deref().unwrap_or_default())?;
    let folder = mailbox.folder(key).ok_or_else(Problem::no_folder)?;
    let known = ["select", "filter", "orderby", "top", "expand", "deltatoken", "skiptoken", "format"];
    let options = Options::of(&here.uri, &known)?;
    let given = options.get("$skiptoken").or(options.get("$deltatoken")).filter(|token| {
        // Starting from now is for directories; mail takes it for no token at all.
        !token.is_empty() && !token.eq_ignore_ascii_case("latest")
    });
    let round = match given {
        None => Round::begin(mailbox, folder, &options, now)?,
        Some(text) => {
            let known = token::read::<Round>(text).filter(|round| {
                (round.mailbox, round.folder) == (mailbox.id, key)
                    && token::is_fresh(round.issued, now, &switches)
                    && folder.changes.since(round.log).is_some()
            });
            match known {
                Some(round) => round,
                None => return Ok(token::gone(&here, switches.gone_says)),
            }
        }
    };
    let size = asked.page_size.or(round.top).unwrap_or(10).clamp(1, 1_000);
    let filter = round.since.as_deref().map(Filter::of).transpose()?;
    let view = View {
        select: round.select.as_ref(),
        expand: Some(&round.expand),
        basic,
        typed: true,
        ..View::of(&asked)
    };
    let page_of = Page { mailbox, folder, filter: filter.as_ref(), view: &view, size };
    let (value, mut next, more) = match &round.place {
        Place::First(after) => page_of.first(&round, *after),
        Place::Log => page_of.since(&round),
    };
    next.issued = now.timestamp_millis();
    let token = token::write(&next);
    let dropped =
        ["$select", "$filter", "$orderby", "$top", "$expand", "changeType", "$skiptoken", "$deltatoken"];
    let link = match more {
        true => ("@odata.nextLink", here.link(&dropped, &[("$skiptoken", &token)])),
        false => ("@odata.deltaLink", here.link(&dropped, &[("$deltatoken", &token)])),
    };
    let id = mailbox.ids().folder(key);
    let what = format!("mailFolders('{id}')/messages{}/$delta", selected(view.select));
    Ok(page(here.context(&mailbox.id.to_string(), &what), value, None, Some(link)))
}

impl Round {
    fn begin(
        mailbox: &Mailbox,
        folder: &Folder,
        options: &Options,
        now: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        let since = options.get("$filter");
        if !since.map(Filter::of).transpose()?.is_none_or(|filter| filter.is_since()) {
            return Err(Problem::bad_query(
                "Change tracking takes no filter but receivedDateTime ge or receivedDateTime gt.",
            ));
        }
        let order = Order::of(options.get("$orderby"), None)?;
        if order.is_some_and(|order| order.by_receipt() != Some(false)) {
            return Err(Problem::bad_query("Change tracking takes no order but receivedDateTime desc."));
        }
        let change = match options.get("changeType") {
            None => None,
            Some("created") => Some(Change::Created),
            Some("updated") => Some(Change::Updated),
            Some("deleted") => Some(Change::Deleted),
            Some(other) => {
                return Err(Problem::bad_query(format!(
                    "The value '{other}' of changeType is not one of created, updated and deleted."
                )));
            }
        };
        let top = options.get("$top").is_some().then(|| options.top(None)).transpose()?;
        Ok(Self {
            mailbox: mailbox.id,
            folder: folder.key,
            issued: now.timestamp_millis(),
            select: Select::of(options.get("$select"), MESSAGE)?,
            expand: Expand::of(options.get("$expand"), MESSAGE.0)?,
            since: since.map(str::to_owned),
            change,
            top,
            given: 0,
            log: folder.changes.end(),
            place: Place::First(None),
        })
    }
}

/// What a page is made from.
struct Page<'a> {
    mailbox: &'a Mailbox,
    folder: &'a Folder,
    filter: Option<&'a Filter>,
    view: &'a View<'a>,
    size: usize,
}

/// What it shows, where the next one begins, and whether that is of the same round.
type Shown = (Vec<Map<String, Value>>, Round, bool);

impl Page<'_> {
    /// What lies in the folder, newest first, below the message that was given last.
    fn first(&self, round: &Round, after: Option<(DateTime<Utc>, MessageKey)>) -> Shown {
        let below = after.map_or(Bound::Unbounded, Bound::Excluded);
        let all = self.folder.messages.range((Bound::Unbounded, below)).rev();
        let mut left = all
            .filter_map(|at| Some((*at, self.mailbox.message(at.1)?)))
            .filter(|(_, message)| self.filter.is_none_or(|filter| filter.takes(self.mailbox, message)));
        let most = match self.filter {
            Some(_) => FILTERED.saturating_sub(round.given).min(self.size),
            None => self.size,
        };
        let mut value = Vec::new();
        let mut last = after;
        for (at, message) in left.by_ref().take(most) {
            value.push(show::message(self.mailbox, message, self.view));
            last = Some(at);
        }
        let given = round.given + value.len();
        let more = left.next().is_some() && (self.filter.is_none() || given < FILTERED);
        let place = if more { Place::First(last) } else { Place::Log };
        (value, Round { given, place, ..round.clone() }, more)
    }

    /// What happened, each message as it is now and once a page.
    fn since(&self, round: &Round) -> Shown {
        let mut value = Vec::new();
        let mut seen = HashSet::new();
        let mut next = round.clone();
        for entry in self.folder.changes.since(round.log).into_iter().flatten() {
            let moves = if self.view.asked.ids == IdKind::Mutable { entry.moves } else { 0 };
            if round.change.is_none_or(|change| change == entry.change)
                && !seen.contains(&(entry.message, moves))
            {
                if value.len() == self.size {
                    return (value, next, true);
                }
                if let Some(shown) = self.change(entry, round.change) {
                    seen.insert((entry.message, moves));
                    value.push(shown);
                }
            }
            next.log = entry.at + 1;
        }
        (value, next, false)
    }

    /// The message of a line as it is now: there, or gone.
    fn change(&self, entry: &Entry, only: Option<Change>) -> Option<Map<String, Value>> {
        let ids = self.view.asked.ids;
        let there = self.mailbox.message(entry.message).filter(|message| {
            message.folder == self.folder.key && (ids == IdKind::Immutable || message.moves == entry.moves)
        });
        match (there, only) {
            (Some(_), Some(Change::Deleted)) | (None, Some(Change::Created | Change::Updated)) => None,
            (Some(message), _) => {
                let takes = self.filter.is_none_or(|filter| filter.takes(self.mailbox, message));
                takes.then(|| show::message(self.mailbox, message, self.view))
            }
            (None, _) => {
                let id = self.mailbox.ids().message(ids, entry.message, entry.moves);
                let mut gone = Map::new();
                gone.insert("@odata.type".to_owned(), "#microsoft.graph.message".into());
                gone.insert("id".to_owned(), id.into());
                gone.insert("@removed".to_owned(), json!({ "reason": "deleted" }));
                Some(gone)
            }
        }
    }
}

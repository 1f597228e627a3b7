//! Lists of messages, and one message.

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};

use super::answer::Problem;
use super::asked::Asked;
use super::caller::Caller;
use super::given::{At, folder};
use super::odata::{
    Candidate, Expand, Filter, Here, MESSAGE, Options, Order, Search, Select, messages, places, visible,
};
use super::show::{View, message, page, selected};
use crate::state::State;
use crate::world::{FolderKey, Mailbox, Message, MessageKey, Permission};

/// The messages of a mailbox and of a folder.
pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/users/{u}/messages", get(list))
        .route("/users/{u}/messages/$count", get(count))
        .route("/users/{u}/messages/{m}", get(one))
        .route("/users/{u}/mailFolders/{f}/messages", get(list))
        .route("/users/{u}/mailFolders/{f}/messages/$count", get(count))
        .route("/users/{u}/mailFolders/{f}/messages/{m}", get(one))
}

const KNOWN: [&str; 9] =
    ["select", "filter", "orderby", "top", "skip", "count", "search", "expand", "format"];

/// What a list is asked for.
struct Query {
    select: Option<Select>,
    expand: Expand,
    filter: Option<Filter>,
    order: Option<Order>,
    search: Option<Search>,
    top: usize,
    skip: usize,
    count: bool,
}

impl Query {
    fn of(here: &Here, asked: &Asked) -> Result<Self, Problem> {
        let options = Options::of(&here.uri, &KNOWN)?;
        let search = options.get("$search").map(Search::of).transpose()?;
        for other in ["$filter", "$orderby"] {
            if search.is_some() && options.get(other).is_some() {
                return Err(Problem::bad_query(format!(
                    "The query parameter '{other}' is not supported when used with the '$search' query parameter."
                )));
            }
        }
        let filter = options.get("$filter").map(Filter::of).transpose()?;
        Ok(Self {
            select: Select::of(options.get("$select"), MESSAGE)?,
            expand: Expand::of(options.get("$expand"), MESSAGE.0)?,
            order: Order::of(options.get("$orderby"), filter.as_ref())?,
            filter,
            search,
            top: options.top(asked.page_size)?,
            skip: options.skip()?,
            count: options.flag("$count")?,
        })
    }

    /// Whether it looks into texts, which needs more than `Mail.ReadBasic`.
    fn looks_into_texts(&self) -> bool {
        self.search.is_some() || self.filter.as_ref().is_some_and(Filter::looks_into_texts)
    }

    /// The filter, where the time of receipt does not decide it.
    fn sieve(&self) -> Option<&Filter> {
        self.filter.as_ref().filter(|filter| !filter.is_range())
    }

    /// What is found, in its order, from the first one to be shown on. A search finds nothing here.
    fn found<'m>(
        &'m self,
        mailbox: &'m Mailbox,
        folder: Option<FolderKey>,
        skip: usize,
    ) -> Box<dyn Iterator<Item = &'m Message> + 'm> {
        let by_receipt = self.order.as_ref().map_or(Some(false), Order::by_receipt);
        let oldest_first = by_receipt == Some(true);
        let all = |skip| messages(mailbox, folder, self.filter.as_ref(), oldest_first, skip);
        let taken = |filter: &'m Filter| all(0).filter(move |message| filter.takes(mailbox, message));
        match (&self.order, by_receipt, self.sieve()) {
            (Some(order), None, sieve) => {
                let mut sorted: Vec<&Message> =
                    sieve.map_or_else(|| all(0).collect(), |filter| taken(filter).collect());
                order.sort(mailbox, &mut sorted);
                Box::new(sorted.into_iter().skip(skip))
            }
            (_, _, Some(filter)) => Box::new(taken(filter).skip(skip)),
            (_, _, None) => Box::new(all(skip)),
        }
    }

    /// How many there are, on all pages.
    fn all(&self, mailbox: &Mailbox, folder: Option<FolderKey>) -> usize {
        if let Some(filter) = self.sieve() {
            let all = messages(mailbox, folder, Some(filter), false, 0);
            return all.filter(|message| filter.takes(mailbox, message)).count();
        }
        if self.filter.is_some() {
            return places(mailbox, folder, self.filter.as_ref(), false).count();
        }
        let folders = visible(mailbox).filter(|at| folder.is_none_or(|folder| folder == at.key));
        folders.map(|folder| folder.messages.len()).sum()
    }
}

/// What a search finds, newest first. The world is held only to collect where to look: texts are read afterwards, on a
/// thread that may take its time.
async fn searched(
    state: &State,
    caller: &Caller,
    at: &At,
    search: &Search,
    most: usize,
) -> Result<Vec<MessageKey>, Problem> {
    let candidates: Vec<_> = {
        let world = state.world();
        let mailbox = caller.reach(&world, &at.u, Permission::Read, state.clock.now())?;
        let place = at.f.as_deref().map(|name| folder(mailbox, name)).transpose()?;
        messages(mailbox, place, None, false, 0).filter_map(|message| search.candidate(message)).collect()
    };
    let found = move || {
        let found = candidates.into_iter().filter(Candidate::is_found).map(|it| it.key);
        found.take(most.min(Search::MOST)).collect()
    };
    tokio::task::spawn_blocking(found).await.map_err(|_| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "ErrorInternalServerError", "The search failed.")
    })
}

async fn list(
    Shared(state): Shared<State>,
    Extension(caller): Extension<Caller>,
    Extension(asked): Extension<Asked>,
    Path(at): Path<At>,
    here: Here,
) -> Result<Response, Problem> {
    let now = state.clock.now();
    // Who may not read is told so before their query is looked at.
    let query = Query::of(&here, &asked);
    let searched = match &query {
        Ok(Query { search: Some(search), top, skip, count, .. }) => {
            let most = if *count { Search::MOST } else { skip.saturating_add(*top).saturating_add(1) };
            Some(searched(&state, &caller, &at, search, most).await?)
        }
        _ => None,
    };
    let world = state.world();
    let mailbox = caller.reach(&world, &at.u, Permission::ReadBasic, now)?;
    let basic = caller.reach(&world, &at.u, Permission::Read, now).is_err();
    let query = query?;
    if basic && query.looks_into_texts() {
        return Err(Problem::access_denied());
    }
    let place = at.f.as_deref().map(|name| folder(mailbox, name)).transpose()?;
    let view = View { select: query.select.as_ref(), expand: Some(&query.expand), basic, ..View::of(&asked) };
    let mut found: Box<dyn Iterator<Item = &Message>> = match &searched {
        Some(keys) => Box::new(keys.iter().skip(query.skip).filter_map(|key| mailbox.message(*key))),
        None => query.found(mailbox, place, query.skip),
    };
    let value = found.by_ref().take(query.top).map(|it| message(mailbox, it, &view)).collect();
    let next = found.next().map(|_| {
        let skip = query.skip.saturating_add(query.top).to_string();
        ("@odata.nextLink", here.link(&[], &[("$skip", &skip)]))
    });
    let all = || searched.as_ref().map_or_else(|| query.all(mailbox, place), Vec::len);
    let count = query.count.then(all);
    let what = match &at.f {
        Some(_) => {
            let id = place.map(|key| mailbox.ids().folder(key)).unwrap_or_default();
            format!("mailFolders('{id}')/messages{}", selected(view.select))
        }
        None => format!("messages{}", selected(view.select)),
    };
    Ok(page(here.context(&mailbox.id.to_string(), &what), value, count, next))
}

async fn count(
    Shared(state): Shared<State>,
    Extension(caller): Extension<Caller>,
    Extension(asked): Extension<Asked>,
    Path(at): Path<At>,
    here: Here,
) -> Result<Response, Problem> {
    let now = state.clock.now();
    let query = Query::of(&here, &asked);
    if let Ok(Query { search: Some(search), .. }) = &query {
        let found = searched(&state, &caller, &at, search, Search::MOST).await?;
        return Ok(found.len().to_string().into_response());
    }
    let world = state.world();
    let mailbox = caller.reach(&world, &at.u, Permission::ReadBasic, now)?;
    let query = query?;
    if query.looks_into_texts() {
        caller.reach(&world, &at.u, Permission::Read, now)?;
    }
    let place = at.f.as_deref().map(|name| folder(mailbox, name)).transpose()?;
    Ok(query.all(mailbox, place).to_string().into_response())
}

async fn one(
    Shared(state): Shared<State>,
    Extension(caller): Extension<Caller>,
    Extension(asked): Extension<Asked>,
    Path(at): Path<At>,
    here: Here,
) -> Result<Response, Problem> {
    let now = state.clock.now();
    let world = state.world();
    let mailbox = caller.reach(&world, &at.u, Permission::ReadBasic, now)?;
    let basic = caller.reach(&world, &at.u, Permission::Read, now).is_err();
    let options = Options::of(&here.uri, &["select", "expand", "format"])?;
    let select = Select::of(options.get("$select"), MESSAGE)?;
    let expand = Expand::of(options.get("$expand"), MESSAGE.0)?;
    let view = View { select: select.as_ref(), expand: Some(&expand), basic, ..View::of(&asked) };
    let it = at.message(mailbox)?;
    let mut shown = message(mailbox, it, &view);
    let what = format!("messages{}/$entity", selected(view.select));
    let context = here.context(&mailbox.id.to_string(), &what);
    shown.insert("@odata.context".to_owned(), context.into());
    Ok(Json(shown).into_response())
}

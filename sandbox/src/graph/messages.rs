//! Lists of messages, and one message.

use axum::extract::{Path, State as Shared};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};

use super::answer::Problem;
use super::asked::Asked;
use super::caller::Caller;
use super::given::{At, folder};
use super::odata::{Expand, Filter, Here, MESSAGE, Options, Order, Search, Select, messages, visible};
use super::show::{View, message, page, selected};
use crate::state::State;
use crate::world::{FolderKey, Mailbox, Message, Permission};

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

    /// What is found, in its order.
    fn found<'m>(
        &'m self,
        mailbox: &'m Mailbox,
        folder: Option<FolderKey>,
    ) -> Box<dyn Iterator<Item = &'m Message> + 'm> {
        let by_receipt = self.order.as_ref().map_or(Some(false), Order::by_receipt);
        let found = messages(mailbox, folder, self.filter.as_ref(), by_receipt == Some(true));
        let found = found.filter(move |message| {
            self.filter.as_ref().is_none_or(|filter| filter.takes(mailbox, message))
                && self.search.as_ref().is_none_or(|search| search.takes(message))
        });
        let found: Box<dyn Iterator<Item = &Message>> = match &self.search {
            Some(_) => Box::new(found.take(Search::MOST)),
            None => Box::new(found),
        };
        match (&self.order, by_receipt) {
            (Some(order), None) => {
                let mut sorted: Vec<&Message> = found.collect();
                order.sort(mailbox, &mut sorted);
                Box::new(sorted.into_iter())
            }
            _ => found,
        }
    }

    /// How many there are, on all pages.
    fn all(&self, mailbox: &Mailbox, folder: Option<FolderKey>) -> usize {
        if self.filter.is_some() || self.search.is_some() {
            return self.found(mailbox, folder).count();
        }
        let folders = visible(mailbox).filter(|at| folder.is_none_or(|folder| folder == at.key));
        folders.map(|folder| folder.messages.len()).sum()
    }
}

async fn list(
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
    let query = Query::of(&here, &asked)?;
    if basic && query.looks_into_texts() {
        return Err(Problem::access_denied());
    }
    let place = at.f.as_deref().map(|name| folder(mailbox, name)).transpose()?;
    let view = View { select: query.select.as_ref(), expand: Some(&query.expand), basic, ..View::of(&asked) };
    let mut found = query.found(mailbox, place).skip(query.skip);
    let value = found.by_ref().take(query.top).map(|it| message(mailbox, it, &view)).collect();
    let next = found.next().map(|_| {
        let skip = query.skip.saturating_add(query.top).to_string();
        ("@odata.nextLink", here.link(&[], &[("$skip", &skip)]))
    });
    let count = query.count.then(|| query.all(mailbox, place));
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
    let world = state.world();
    let mailbox = caller.reach(&world, &at.u, Permission::ReadBasic, now)?;
    let query = Query::of(&here, &asked)?;
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

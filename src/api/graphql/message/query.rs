//! Queries for messages.

use async_graphql::{Context, ID, Object};

use super::{Message, MessageFilter, MessageLoader};
use crate::api::graphql::paging::{Connection, Order, PageArgs, repeats};
use crate::api::graphql::{ContextExt, Result, loader, node};
use crate::domain::id::MessageId;
use crate::service;
use crate::service::permit::MailRead;

const LIST: &str = "messages";

/// Queries for messages.
#[derive(Default)]
pub struct MessageQuery;

#[Object]
impl MessageQuery {
    /// A message by its id; null where there is none. Needs mail:read.
    async fn message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The message's id.")] id: ID,
    ) -> Option<Result<Message>> {
        find(ctx, &id).await.transpose()
    }

    /// Messages by receipt. Needs mail:read.
    #[graphql(complexity = "repeats(first, last) * child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "they are the field's own")]
    async fn messages(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones; all unless told.")] filter: Option<MessageFilter>,
        #[graphql(desc = "By receipt.", default_with = "Order::NewestFirst")] order: Order,
        #[graphql(desc = "How many from the start, 1 to 100; 20 unless told.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Message>> {
        let permit = ctx.permit::<MailRead>()?;
        let page = PageArgs::new(first, after, last, before).request(LIST)?;
        let Some(filter) = filter.unwrap_or_default().resolve()? else { return Ok(Connection::empty()) };
        let services = ctx.services()?.clone();
        let found = service::message::list(&services, &permit, &filter, order.into(), &page).await?;
        Connection::new(LIST, found.map(Message), Message::key, move || {
            let (services, permit, filter) = (services.clone(), permit.clone(), filter.clone());
            async move { Ok(Some(service::message::count(&services, &permit, &filter).await?)) }
        })
    }
}

async fn find(ctx: &Context<'_>, id: &str) -> Result<Option<Message>> {
    ctx.permit::<MailRead>()?;
    let Some(id) = node::decode::<MessageId>(id) else { return Ok(None) };
    Ok(loader::load::<MessageLoader, _>(ctx, id).await?.map(Message))
}

//! The messages of a mailbox, of a process instance, of a run: one statement for all parents of an answer.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::Context;
use async_graphql::dataloader::Loader;

use super::{Message, MessageLoader};
use crate::api::graphql::paging::{Connection, PageArgs};
use crate::api::graphql::{Error, Result, loader};
use crate::db::read::message::{HasMessages, MessageKey};
use crate::domain::filter::MessageFilter;
use crate::domain::message;
use crate::domain::page::{Order, Page, PageRequest};
use crate::service;

/// Which messages of a parent, and in which order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// Which ones.
    pub filter: MessageFilter,
    /// By receipt.
    pub order: Order,
}

/// Asks for a slice of a parent's messages.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SliceOf {
    wanted: Wanted,
    page: PageRequest<MessageKey>,
}

/// Asks how many messages of a parent match.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CountOf(MessageFilter);

impl<P: HasMessages + Send + Sync + 'static> Loader<(P, SliceOf)> for MessageLoader {
    type Value = Arc<Page<message::Message>>;
    type Error = Error;

    async fn load(&self, keys: &[(P, SliceOf)]) -> Result<HashMap<(P, SliceOf), Self::Value>> {
        let Some(permit) = self.0.permit() else { return Ok(HashMap::new()) };
        let mut found = HashMap::with_capacity(keys.len());
        for (slice, parents) in loader::by_slice(keys) {
            let Wanted { filter, order } = &slice.wanted;
            let pages =
                service::message::list_of(&self.0.services, permit, &parents, filter, *order, &slice.page);
            found.extend(pages.await?.into_iter().map(|(id, page)| ((id, slice.clone()), Arc::new(page))));
        }
        Ok(found)
    }
}

impl<P: HasMessages + Send + Sync + 'static> Loader<(P, CountOf)> for MessageLoader {
    type Value = u64;
    type Error = Error;

    async fn load(&self, keys: &[(P, CountOf)]) -> Result<HashMap<(P, CountOf), u64>> {
        let Some(permit) = self.0.permit() else { return Ok(HashMap::new()) };
        let mut found = HashMap::with_capacity(keys.len());
        for (asked, parents) in loader::by_slice(keys) {
            let counts = service::message::count_of(&self.0.services, permit, &parents, &asked.0).await?;
            found.extend(counts.into_iter().map(|(id, count)| ((id, asked.clone()), count)));
        }
        Ok(found)
    }
}

/// A page of a parent's messages; `list` names the list in cursors.
pub async fn messages_of<P: HasMessages + Send + Sync + 'static>(
    ctx: &Context<'_>,
    list: &'static str,
    parent: P,
    wanted: Wanted,
    page: &PageArgs,
) -> Result<Connection<Message>> {
    let count = CountOf(wanted.filter.clone());
    let slice = SliceOf { wanted, page: page.request(list)? };
    let messages = loader::shared::<MessageLoader>(ctx)?;
    let Some(found) = messages.load_one((parent, slice)).await? else { return Ok(Connection::empty()) };
    Connection::new(list, Page::clone(&found).map(Message), Message::key, move || {
        let (messages, count) = (Arc::clone(&messages), count.clone());
        async move { Ok(Some(messages.load_one((parent, count)).await?.unwrap_or_default())) }
    })
}

//! Mailboxes by id, and those of many credentials at once.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::Context;
use async_graphql::dataloader::Loader;

use super::Mailbox;
use crate::api::graphql::paging::{Connection, PageArgs};
use crate::api::graphql::{Error, Result, loader};
use crate::db::paging::NameKey;
use crate::db::{self, Database};
use crate::domain::id::{CredentialId, MailboxId};
use crate::domain::mailbox;
use crate::domain::page::{Page, PageRequest};

/// Loads mailboxes.
pub struct MailboxLoader(pub Database);

impl Loader<MailboxId> for MailboxLoader {
    type Value = mailbox::Mailbox;
    type Error = Error;

    async fn load(&self, ids: &[MailboxId]) -> Result<HashMap<MailboxId, mailbox::Mailbox>> {
        Ok(db::mailbox::by_ids(self.0.read(), ids).await?)
    }
}

/// Loads the mailboxes of credentials, slice by slice, and their numbers.
pub struct MailboxesOfCredentialLoader(pub Database);

type Slice = PageRequest<NameKey>;

impl Loader<(CredentialId, Slice)> for MailboxesOfCredentialLoader {
    type Value = Arc<Page<mailbox::Mailbox>>;
    type Error = Error;

    async fn load(
        &self,
        keys: &[(CredentialId, Slice)],
    ) -> Result<HashMap<(CredentialId, Slice), Self::Value>> {
        let mut found = HashMap::with_capacity(keys.len());
        for (slice, credentials) in loader::by_slice(keys) {
            let pages = db::mailbox::list_of_credentials(self.0.read(), &credentials, &slice).await?;
            found.extend(pages.into_iter().map(|(id, page)| ((id, slice.clone()), Arc::new(page))));
        }
        Ok(found)
    }
}

impl Loader<CredentialId> for MailboxesOfCredentialLoader {
    type Value = u64;
    type Error = Error;

    async fn load(&self, ids: &[CredentialId]) -> Result<HashMap<CredentialId, u64>> {
        Ok(db::mailbox::count_of_credentials(self.0.read(), ids).await?)
    }
}

/// The slice of a credential's mailboxes, by title.
pub async fn mailboxes_of_credential(
    ctx: &Context<'_>,
    id: CredentialId,
    page: &PageArgs,
) -> Result<Connection<Mailbox>> {
    const LIST: &str = "credential.mailboxes";
    let slice: Slice = page.request(LIST)?;
    let found = loader::load::<MailboxesOfCredentialLoader, _>(ctx, (id, slice)).await?;
    let page = found.map(|page| Page::clone(&page)).unwrap_or_else(Page::empty);
    let counts = loader::shared::<MailboxesOfCredentialLoader>(ctx)?;
    Connection::new(LIST, page.map(Mailbox), super::query::key, move || {
        let counts = Arc::clone(&counts);
        async move { Ok(Some(counts.load_one(id).await?.unwrap_or_default())) }
    })
}

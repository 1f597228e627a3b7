//! Messages and what they consist of, by id, for many at once.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;

use crate::api::graphql::reader::Reader;
use crate::api::graphql::{Error, Result};
use crate::db::read::part;
use crate::domain::id::{AttachmentId, MessageId};
use crate::domain::message::{Attachment, Message, MessageAddress};
use crate::service;
use crate::service::permit::MailRead;

/// Loads messages, and by the keys below what they consist of.
pub struct MessageLoader(pub Reader<MailRead>);

/// Asks for a message's texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TextsOf(pub MessageId);

/// Asks for a message's addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AddressesOf(pub MessageId);

/// Asks for a message's attachments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AttachmentsOf(pub MessageId);

/// Asks for a message's raw bytes, as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RawOf(pub MessageId);

macro_rules! loads {
    ($key:ty => $value:ty, |$id:pat_param| $inner:expr, $wrap:expr, $read:path) => {
        impl Loader<$key> for MessageLoader {
            type Value = $value;
            type Error = Error;

            async fn load(&self, keys: &[$key]) -> Result<HashMap<$key, $value>> {
                let Some(permit) = self.0.permit() else { return Ok(HashMap::new()) };
                let ids: Vec<_> = keys.iter().map(|$id| *$inner).collect();
                let found = $read(&self.0.services, permit, &ids).await?;
                Ok(found.into_iter().map(|(id, value)| ($wrap(id), value.into())).collect())
            }
        }
    };
}

loads!(MessageId => Message, |id| id, std::convert::identity, service::message::by_ids);
loads!(AttachmentId => Attachment, |id| id, std::convert::identity, service::message::attachments_by_ids);
loads!(TextsOf => part::Texts, |TextsOf(id)| id, TextsOf, service::message::texts);
loads!(AddressesOf => Arc<Vec<MessageAddress>>, |AddressesOf(id)| id, AddressesOf, service::message::addresses);
loads!(AttachmentsOf => Vec<Attachment>, |AttachmentsOf(id)| id, AttachmentsOf, service::message::attachments);
loads!(RawOf => part::StoredRaw, |RawOf(id)| id, RawOf, service::file::raws);

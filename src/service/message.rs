//! Messages and what they consist of: read one, some, or a list; linked, deleted and mapped again by hand; what is
//! still to be done to originals, given up or tried again.

mod delete;
mod disposition;
mod link;
mod reprocess;

pub use delete::delete;
pub use disposition::{cancel, retry};
pub use link::link;
pub use reprocess::{Accepted, Reprocess, reprocess};

use std::collections::HashMap;

use super::permit::MailRead;
use super::{Context, Error, Permit};
use crate::db::read::message::{self, HasMessages, MessageKey};
use crate::db::read::part::{self, Texts};
use crate::domain::filter::MessageFilter;
use crate::domain::id::{AttachmentId, MessageId};
use crate::domain::message::{Attachment, Message, MessageAddress};
use crate::domain::page::{Order, Page, PageRequest};

/// Those that there are.
pub async fn by_ids(
    cx: &Context,
    _permit: &Permit<MailRead>,
    ids: &[MessageId],
) -> Result<HashMap<MessageId, Message>, Error> {
    Ok(message::by_ids(cx.db.read(), ids).await?)
}

/// A page of those that match, by receipt.
pub async fn list(
    cx: &Context,
    _permit: &Permit<MailRead>,
    filter: &MessageFilter,
    order: Order,
    page: &PageRequest<MessageKey>,
) -> Result<Page<Message>, Error> {
    Ok(message::list(cx.db.read(), filter, order, page).await?)
}

/// How many match, up to 10,001.
pub async fn count(cx: &Context, _permit: &Permit<MailRead>, filter: &MessageFilter) -> Result<u64, Error> {
    Ok(message::count(cx.db.read(), filter).await?)
}

/// The same page of the messages of each parent.
pub async fn list_of<P: HasMessages>(
    cx: &Context,
    _permit: &Permit<MailRead>,
    parents: &[P],
    filter: &MessageFilter,
    order: Order,
    page: &PageRequest<MessageKey>,
) -> Result<HashMap<P, Page<Message>>, Error> {
    Ok(message::list_of(cx.db.read(), parents, filter, order, page).await?)
}

/// How many messages of each parent match, each up to 10,001.
pub async fn count_of<P: HasMessages>(
    cx: &Context,
    _permit: &Permit<MailRead>,
    parents: &[P],
    filter: &MessageFilter,
) -> Result<HashMap<P, u64>, Error> {
    Ok(message::count_of(cx.db.read(), parents, filter).await?)
}

/// The texts of those messages that there are.
pub async fn texts(
    cx: &Context,
    _permit: &Permit<MailRead>,
    ids: &[MessageId],
) -> Result<HashMap<MessageId, Texts>, Error> {
    Ok(part::texts(cx.db.read(), ids).await?)
}

/// All addresses of those messages.
pub async fn addresses(
    cx: &Context,
    _permit: &Permit<MailRead>,
    ids: &[MessageId],
) -> Result<HashMap<MessageId, Vec<MessageAddress>>, Error> {
    Ok(part::addresses(cx.db.read(), ids).await?)
}

/// All attachments of those messages.
pub async fn attachments(
    cx: &Context,
    _permit: &Permit<MailRead>,
    ids: &[MessageId],
) -> Result<HashMap<MessageId, Vec<Attachment>>, Error> {
    Ok(part::attachments(cx.db.read(), ids).await?)
}

/// Those attachments that there are.
pub async fn attachments_by_ids(
    cx: &Context,
    _permit: &Permit<MailRead>,
    ids: &[AttachmentId],
) -> Result<HashMap<AttachmentId, Attachment>, Error> {
    Ok(part::attachments_by_ids(cx.db.read(), ids).await?)
}

//! Process instances: read one, some, or a list; made and changed by hand.

mod create;
mod given;
mod update;

pub use create::{CreateInstance, create};
pub use update::{UpdateInstance, update};

use std::collections::HashMap;

use super::permit::MailRead;
use super::{Context, Error, Permit};
use crate::db::read::instance;
use crate::domain::filter::InstanceFilter;
use crate::domain::id::InstanceId;
use crate::domain::instance::ProcessInstance;
use crate::domain::page::{Order, Page, PageRequest};

/// Those that there are.
pub async fn by_ids(
    cx: &Context,
    _permit: &Permit<MailRead>,
    ids: &[InstanceId],
) -> Result<HashMap<InstanceId, ProcessInstance>, Error> {
    Ok(instance::by_ids(cx.db.read(), ids).await?)
}

/// The one with that reference, in upper or lower case.
pub async fn by_reference(
    cx: &Context,
    _permit: &Permit<MailRead>,
    reference: &str,
) -> Result<Option<ProcessInstance>, Error> {
    Ok(instance::by_reference(cx.db.read(), reference).await?)
}

/// The newest one with that id of the owning system.
pub async fn by_external_id(
    cx: &Context,
    _permit: &Permit<MailRead>,
    external_id: &str,
) -> Result<Option<ProcessInstance>, Error> {
    Ok(instance::by_external_id(cx.db.read(), external_id).await?)
}

/// A page of those that match, by creation.
pub async fn list(
    cx: &Context,
    _permit: &Permit<MailRead>,
    filter: &InstanceFilter,
    order: Order,
    page: &PageRequest<InstanceId>,
) -> Result<Page<ProcessInstance>, Error> {
    Ok(instance::list(cx.db.read(), filter, order, page).await?)
}

/// How many match, up to 10,001.
pub async fn count(cx: &Context, _permit: &Permit<MailRead>, filter: &InstanceFilter) -> Result<u64, Error> {
    Ok(instance::count(cx.db.read(), filter).await?)
}

//! Queries for process instances.

use async_graphql::{Context, ID, InputObject, Object};

use super::{InstanceLoader, ProcessInstance};
use crate::api::graphql::message::{ids, query};
use crate::api::graphql::paging::{Connection, Order, PageArgs, repeats};
use crate::api::graphql::{ContextExt, Error, Result, loader, node};
use crate::domain::filter::InstanceFilter;
use crate::domain::id::InstanceId;
use crate::service;
use crate::service::permit::MailRead;

const LIST: &str = "processInstances";

/// Which process instances: all that is given must hold.
#[derive(InputObject, Default)]
pub struct ProcessInstanceFilter {
    /// Of this process, exactly.
    pub process: Option<String>,
    /// With this reference, in upper or lower case.
    pub reference: Option<String>,
    /// With this id of the owning system, exactly.
    pub external_id: Option<String>,
    /// That this mapping made.
    pub mapping_id: Option<ID>,
    /// That mail of one of these mailboxes made; at most 100.
    pub mailbox_ids: Option<Vec<ID>>,
    /// Open, or closed.
    pub open: Option<bool>,
    /// Words, matched in the reference, the external id and the attributes' values, as in `MessageFilter.search`.
    pub search: Option<String>,
}

/// Queries for process instances.
#[derive(Default)]
pub struct InstanceQuery;

#[Object]
impl InstanceQuery {
    /// A process instance, by exactly one of the three; null where there is none. Needs mail:read.
    async fn process_instance(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: Option<ID>,
        #[graphql(desc = "Its reference, in upper or lower case.")] reference: Option<String>,
        #[graphql(desc = "Its id in the owning system; of several processes' instances, the newest.")]
        external_id: Option<String>,
    ) -> Option<Result<ProcessInstance>> {
        find(ctx, id, reference, external_id).await.transpose()
    }

    /// Process instances by creation. Needs mail:read.
    #[graphql(complexity = "repeats(first, last) * child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "they are the field's own")]
    async fn process_instances(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones; all unless told.")] filter: Option<ProcessInstanceFilter>,
        #[graphql(desc = "By creation.", default_with = "Order::NewestFirst")] order: Order,
        #[graphql(desc = "How many from the start, 1 to 100; 20 unless told.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Connection<ProcessInstance>> {
        let permit = ctx.permit::<MailRead>()?;
        let page = PageArgs::new(first, after, last, before).request(LIST)?;
        let Some(filter) = filter.unwrap_or_default().resolve()? else { return Ok(Connection::empty()) };
        let services = ctx.services()?.clone();
        let found = service::instance::list(&services, &permit, &filter, order.into(), &page).await?;
        Connection::new(
            LIST,
            found.map(ProcessInstance),
            |instance| instance.0.id,
            move || {
                let (services, permit, filter) = (services.clone(), permit.clone(), filter.clone());
                async move { Ok(Some(service::instance::count(&services, &permit, &filter).await?)) }
            },
        )
    }
}

async fn find(
    ctx: &Context<'_>,
    id: Option<ID>,
    reference: Option<String>,
    external_id: Option<String>,
) -> Result<Option<ProcessInstance>> {
    let permit = ctx.permit::<MailRead>()?;
    let services = ctx.services()?;
    let found = match (id, reference, external_id) {
        (Some(id), None, None) => {
            let Some(id) = node::decode::<InstanceId>(&id) else { return Ok(None) };
            loader::load::<InstanceLoader, _>(ctx, id).await?
        }
        (None, Some(reference), None) => {
            service::instance::by_reference(services, &permit, &reference).await?
        }
        (None, None, Some(external_id)) => {
            service::instance::by_external_id(services, &permit, &external_id).await?
        }
        _ => {
            let sentence = "Give exactly one of `id`, `reference` and `externalId`.";
            return Err(Error::InvalidArgument(sentence.to_owned()));
        }
    };
    Ok(found.map(ProcessInstance))
}

impl ProcessInstanceFilter {
    /// For the services; None where it names what does not exist, and so matches nothing.
    fn resolve(self) -> Result<Option<InstanceFilter>> {
        let Some(mapping_id) = node::wanted(self.mapping_id) else { return Ok(None) };
        Ok(Some(InstanceFilter {
            process: self.process,
            reference: self.reference,
            external_id: self.external_id,
            mapping_id,
            mailbox_ids: ids("mailboxIds", self.mailbox_ids)?,
            open: self.open,
            search: query(self.search)?,
        }))
    }
}

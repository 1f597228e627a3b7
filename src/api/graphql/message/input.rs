//! Which messages are asked for.

use async_graphql::{ID, InputObject};

use super::kinds::{AutomaticKind, DispositionState, MessageState, Stage};
use crate::api::graphql::node::{self, Global};
use crate::api::graphql::paging::at_most_100;
use crate::api::graphql::scalar::DateTime;
use crate::api::graphql::{Error, Result};
use crate::domain::filter;
use crate::domain::search::Query;

/// Which messages: all that is given must hold.
#[derive(InputObject, Default)]
pub struct MessageFilter {
    /// That came to one of these mailboxes; at most 100.
    pub mailbox_ids: Option<Vec<ID>>,
    /// true: only mailboxes that opted into the unified inbox; false: only those that did not.
    pub unified: Option<bool>,
    /// That one of these mappings treated; at most 100.
    pub mapping_ids: Option<Vec<ID>>,
    /// What became of them.
    pub states: Option<Vec<MessageState>>,
    /// Where they failed.
    pub stages: Option<Vec<Stage>>,
    /// How far their disposition has come.
    pub disposition_states: Option<Vec<DispositionState>>,
    /// Mail that a machine sent, of these kinds.
    pub automatic: Option<Vec<AutomaticKind>>,
    /// The folder they were found in, exactly.
    pub folder: Option<String>,
    /// In the name or address they are from, in any case.
    pub from: Option<String>,
    /// In a name or address they are to, as To or Cc, in any case.
    pub to: Option<String>,
    /// In the subject, in any case.
    pub subject: Option<String>,
    /// The id at the provider, exactly.
    pub source_id: Option<String>,
    /// The Message-ID, exactly; angle brackets don't matter.
    pub internet_message_id: Option<String>,
    /// Words, matched in subject, addresses and text, whatever their case and accents; all of them must be there.
    /// `"in quotes"`: side by side; `-word`: not there; `begin*`: words that begin so. An address, a domain or a
    /// reference is one word. New mail is found a moment after it was taken in. At most 500 characters.
    pub search: Option<String>,
    /// Received then or later: inclusive.
    pub received_since: Option<DateTime>,
    /// Received before: exclusive.
    pub received_before: Option<DateTime>,
    /// Whether they have attachments.
    pub has_attachments: Option<bool>,
    /// Whether they belong to a process instance.
    pub linked: Option<bool>,
    /// That belong to this process instance.
    pub process_instance_id: Option<ID>,
    /// That this run took in.
    pub run_id: Option<ID>,
}

impl MessageFilter {
    /// For the services; None where it names what does not exist, and so matches nothing.
    pub fn resolve(self) -> Result<Option<filter::MessageFilter>> {
        let Some(instance_id) = node::wanted(self.process_instance_id) else { return Ok(None) };
        let Some(run_id) = node::wanted(self.run_id) else { return Ok(None) };
        Ok(Some(filter::MessageFilter {
            mailbox_ids: ids("mailboxIds", self.mailbox_ids)?,
            unified: self.unified,
            mapping_ids: ids("mappingIds", self.mapping_ids)?,
            states: each(self.states),
            stages: each(self.stages),
            disposition_states: each(self.disposition_states),
            automatic: each(self.automatic),
            folder: self.folder,
            from: self.from,
            to: self.to,
            subject: self.subject,
            source_id: self.source_id,
            internet_message_id: self.internet_message_id,
            search: query(self.search)?,
            received_since: self.received_since.map(Into::into),
            received_before: self.received_before.map(Into::into),
            has_attachments: self.has_attachments,
            linked: self.linked,
            instance_id,
            run_id,
        }))
    }
}

/// Ids of a list; those that name nothing match nothing.
pub fn ids<T: Global>(name: &str, ids: Option<Vec<ID>>) -> Result<Option<Vec<T>>> {
    let Some(ids) = ids else { return Ok(None) };
    at_most_100(name, &ids)?;
    Ok(Some(ids.iter().filter_map(|id| node::decode(id)).collect()))
}

/// What is searched for; refused where it can find nothing.
pub fn query(search: Option<String>) -> Result<Option<Query>> {
    let query = search.map(|text| Query::parse(&text)).transpose();
    query.map_err(|refused| Error::InvalidArgument(refused.to_string()))
}

fn each<T, U: From<T>>(values: Option<Vec<T>>) -> Option<Vec<U>> {
    values.map(|values| values.into_iter().map(U::from).collect())
}

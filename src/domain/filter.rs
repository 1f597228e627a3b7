//! Which messages, process instances and runs of a list are asked for. What is None is not asked; an empty list
//! matches nothing.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::handling::DispositionState;
use super::id::{InstanceId, JobId, MailboxId, MappingId, RunId};
use super::message::{MessageState, Stage};
use super::parsed::AutomaticKind;
use super::run::RunState;
use super::search::Query;

/// Which messages. All that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct MessageFilter {
    /// That came to one of these.
    pub mailbox_ids: Option<Vec<MailboxId>>,
    /// Whether their mailbox opted into the unified inbox.
    pub unified: Option<bool>,
    /// That one of these treated.
    pub mapping_ids: Option<Vec<MappingId>>,
    /// What became of them.
    pub states: Option<Vec<MessageState>>,
    /// Where they failed.
    pub stages: Option<Vec<Stage>>,
    /// How far their disposition has come.
    pub disposition_states: Option<Vec<DispositionState>>,
    /// Mail that a machine sent, of these kinds.
    pub automatic: Option<Vec<AutomaticKind>>,
    /// Found in this folder.
    pub folder: Option<String>,
    /// Words of the name or address in From, any case.
    pub from: Option<String>,
    /// Words of a name or address in To or Cc, any case.
    pub to: Option<String>,
    /// Words of the subject, any case.
    pub subject: Option<String>,
    /// With this id at the provider.
    pub source_id: Option<String>,
    /// With this Message-ID, without angle brackets.
    pub internet_message_id: Option<String>,
    /// Whose subject, addresses and text hold these words.
    pub search: Option<Query>,
    /// Received then or later.
    pub received_since: Option<DateTime<Utc>>,
    /// Received before.
    pub received_before: Option<DateTime<Utc>>,
    /// Whether they have attachments.
    pub has_attachments: Option<bool>,
    /// Whether they belong to an instance.
    pub linked: Option<bool>,
    /// That belong to this one.
    pub instance_id: Option<InstanceId>,
    /// That this run took in.
    pub run_id: Option<RunId>,
}

/// Which process instances. All that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct InstanceFilter {
    /// Of this process.
    pub process: Option<String>,
    /// With this reference, any case.
    pub reference: Option<String>,
    /// With the owning system's id.
    pub external_id: Option<String>,
    /// That this mapping made.
    pub mapping_id: Option<MappingId>,
    /// That mail of one of these made.
    pub mailbox_ids: Option<Vec<MailboxId>>,
    /// Whether they are open.
    pub open: Option<bool>,
    /// Whose reference, external id and attributes hold these words.
    pub search: Option<Query>,
}

/// Which runs. All that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct RunFilter {
    /// Of this job.
    pub job_id: Option<JobId>,
    /// That read this mailbox.
    pub mailbox_id: Option<MailboxId>,
    /// How far they have come.
    pub states: Option<Vec<RunState>>,
}

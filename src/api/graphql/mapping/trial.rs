//! What a mapping would make of messages: previews and simulations.

use async_graphql::{ID, InputObject, OneofObject, SimpleObject};

use super::input::CreateMappingInput;
use crate::api::graphql::instance::ProcessInstance;
use crate::api::graphql::message::{Match, Message, MessageState};
use crate::api::graphql::node;
use crate::api::graphql::scalar::Json;
use crate::api::graphql::user_error::{UserError, UserErrorCode};
use crate::service::mapping::{
    Difference, MappingChoice, Preview, PreviewMapping, SampleMessage, SimulateMapping, Simulation,
};

/// Dry run: what a mapping would make of a message, without storing anything. Exactly one of `mappingId` and
/// `mapping`.
#[derive(InputObject)]
pub struct PreviewMappingInput {
    /// A saved mapping.
    pub mapping_id: Option<ID>,
    /// A draft.
    pub mapping: Option<CreateMappingInput>,
    /// What it is tried on.
    pub message: SampleMessageInput,
}

/// A message to try a mapping on.
#[derive(OneofObject)]
pub enum SampleMessageInput {
    /// A message already taken in. It is gone through as if it came now, and what it made is not there.
    MessageId(ID),
    /// A raw RFC 5322 message, base64.
    Raw(String),
}

/// What a mapping would make of a message.
#[derive(SimpleObject)]
pub struct MappingPreview {
    /// What would become of it.
    pub outcome: MessageState,
    /// Why it would be ignored or fail.
    pub reason: Option<String>,
    /// How it would be matched, with the evidence.
    #[graphql(name = "match")]
    pub matched: Option<Match>,
    /// The instance that would be updated, as it is now; null where one would be created.
    pub process_instance: Option<ProcessInstance>,
    /// The attributes of the instance as it would be; where there would be none, what the rules give.
    pub attributes: Json,
    /// Rules that give nothing because they fail on this message.
    pub problems: Vec<UserError>,
}

/// A preview, or why there is none.
#[derive(SimpleObject)]
pub struct MappingPreviewPayload {
    /// What the mapping would make of the message; null when it was refused.
    pub preview: Option<MappingPreview>,
    /// Why it was refused, e.g. a draft that can't work; empty when it was done.
    pub user_errors: Vec<UserError>,
}

/// What a draft mapping would have made of the mailbox's latest messages, beside what happened.
#[derive(InputObject)]
pub struct SimulateMappingInput {
    /// The draft.
    pub mapping: CreateMappingInput,
    /// Whose messages.
    pub mailbox_id: ID,
    /// How many of the latest, 1 to 1000.
    #[graphql(default = 100)]
    pub last: i32,
}

/// What a draft would have made of messages that were taken in. Messages whose raw bytes are gone are not counted.
#[derive(SimpleObject)]
pub struct MappingSimulation {
    /// Messages that would have made an instance.
    pub created: i32,
    /// Messages that would have joined one.
    pub updated: i32,
    /// Messages that would have been ignored.
    pub ignored: i32,
    /// Messages that would have failed.
    pub failed: i32,
    /// Messages with which the draft would have done something else than what happened, or than what the mailbox's
    /// mapping does with them now; oldest first.
    pub differences: Vec<MappingDifference>,
}

/// A message with which a draft would have done something else.
#[derive(SimpleObject)]
pub struct MappingDifference {
    /// The message.
    pub message: Option<Message>,
    /// What became of it.
    pub before: MessageState,
    /// What would have become of it.
    pub after: MessageState,
    /// How it would have been matched.
    #[graphql(name = "match")]
    pub matched: Option<Match>,
    /// The attributes of the instance as it would have been; where there would have been none, what the rules give.
    pub attributes: Json,
    /// Why it would have been ignored or failed.
    pub reason: Option<String>,
}

/// A simulation, or why there is none.
#[derive(SimpleObject)]
pub struct MappingSimulationPayload {
    /// What the draft would have done; null when it was refused.
    pub simulation: Option<MappingSimulation>,
    /// Why it was refused, e.g. a draft that can't work; empty when it was done.
    pub user_errors: Vec<UserError>,
}

impl PreviewMappingInput {
    /// What the service is asked; a refusal where an id names nothing, or not exactly one mapping is given.
    pub fn of(self) -> Result<PreviewMapping, Vec<UserError>> {
        let mapping = match (self.mapping_id, self.mapping) {
            (Some(id), None) => match node::decode(&id) {
                Some(id) => MappingChoice::Saved(id),
                None => return Err(vec![UserError::unknown(&["mappingId"])]),
            },
            (None, Some(draft)) => MappingChoice::Draft(Box::new(draft.into())),
            (given, _) => {
                let code = if given.is_some() { UserErrorCode::Invalid } else { UserErrorCode::Required };
                let message = "Give exactly one of `mappingId` and `mapping`.".to_owned();
                let path = vec!["mapping".to_owned()];
                return Err(vec![UserError { message, code, path, provider: None }]);
            }
        };
        let message = match self.message {
            SampleMessageInput::Raw(base64) => SampleMessage::Raw(base64),
            SampleMessageInput::MessageId(id) => match node::decode(&id) {
                Some(id) => SampleMessage::Stored(id),
                None => return Err(vec![UserError::unknown(&["message", "messageId"])]),
            },
        };
        Ok(PreviewMapping { mapping, message })
    }
}

impl SimulateMappingInput {
    /// What the service is asked; a refusal where the id names nothing.
    pub fn of(self) -> Result<SimulateMapping, Vec<UserError>> {
        let mailbox_id =
            node::decode(&self.mailbox_id).ok_or_else(|| vec![UserError::unknown(&["mailboxId"])])?;
        Ok(SimulateMapping { mapping: self.mapping.into(), mailbox_id, last: self.last })
    }
}

impl From<Preview> for MappingPreview {
    fn from(preview: Preview) -> Self {
        Self {
            outcome: preview.outcome.into(),
            reason: preview.reason,
            matched: preview.matched.map(Match::from),
            process_instance: preview.instance.map(ProcessInstance),
            attributes: Json(preview.attributes.into()),
            problems: preview.problems.into_iter().map(UserError::from).collect(),
        }
    }
}

impl From<Simulation> for MappingSimulation {
    fn from(simulation: Simulation) -> Self {
        Self {
            created: simulation.created,
            updated: simulation.updated,
            ignored: simulation.ignored,
            failed: simulation.failed,
            differences: simulation.differences.into_iter().map(MappingDifference::from).collect(),
        }
    }
}

impl From<Difference> for MappingDifference {
    fn from(difference: Difference) -> Self {
        Self {
            before: difference.message.state.into(),
            message: Some(Message(difference.message)),
            after: difference.after.into(),
            matched: difference.matched.map(Match::from),
            attributes: Json(difference.attributes.into()),
            reason: difference.reason,
        }
    }
}

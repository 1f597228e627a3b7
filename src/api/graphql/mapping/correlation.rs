//! How a message finds its instance.

use async_graphql::{Enum, InputObject, SimpleObject};

use crate::domain::mapping;

/// A way to find the instance that a message belongs to.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "mapping::CorrelationStrategy")]
pub enum CorrelationStrategy {
    /// A reference, such as INC-000042, in the subject.
    ReferenceInSubject,
    /// A reference in the text.
    ReferenceInBody,
    /// In-Reply-To and References name a message that belongs to it.
    ThreadHeaders,
    /// The provider's conversation, within the mailbox.
    Conversation,
    /// A tag in the address written to.
    RecipientTag,
    /// The business key that `keyExpression` gives.
    KeyExpression,
}

/// What is done when an open instance matches.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "mapping::MatchAction")]
pub enum MatchAction {
    /// It is updated.
    Update,
    /// Another one is made.
    Create,
    /// The message is ignored.
    Ignore,
}

/// What is done when the matched instance is closed.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "mapping::ClosedMatchAction")]
pub enum ClosedMatchAction {
    /// It is opened again and updated.
    Reopen,
    /// It is updated and stays closed.
    Update,
    /// Another one is made.
    Create,
    /// The message is ignored.
    Ignore,
}

/// What is done when nothing matches.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "mapping::NoMatchAction")]
pub enum NoMatchAction {
    /// An instance is made.
    Create,
    /// The message is ignored.
    Ignore,
}

/// What the same message, delivered to several mailboxes of a process, does there.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "mapping::SameMessagePolicy")]
pub enum SameMessagePolicy {
    /// Each mailbox makes its own.
    ProcessEach,
    /// The later ones join the first one's instance.
    JoinFirst,
}

/// How a message is matched to an instance that already exists. Strategies are tried in order; the first match wins.
/// References, threads, tags and keys match within the mapping's process, CONVERSATION within the mailbox. What
/// `referencePattern` captures is looked up as a reference, then as its number, then as an externalId; a reference
/// once given always matches.
#[derive(SimpleObject)]
pub struct Correlation {
    /// Tried in order; the first match wins.
    pub strategies: Vec<CorrelationStrategy>,
    /// Regular expression with one capture group; defaults to the mapping's reference format.
    pub reference_pattern: Option<String>,
    /// CEL expression giving a business key; instances with the same key match.
    pub key_expression: Option<String>,
    /// When an open instance matches.
    pub on_match: MatchAction,
    /// When the matched instance is closed; automatic mail never reopens.
    pub on_closed_match: ClosedMatchAction,
    /// REOPEN only within so many days of closing, CREATE after; null: always.
    pub reopen_within_days: Option<i32>,
    /// When nothing matches.
    pub on_no_match: NoMatchAction,
    /// The same message (Message-ID and content) delivered to several mailboxes.
    pub same_message: SameMessagePolicy,
    /// A match is accepted only from someone already on the instance's thread, or one whose message carries the
    /// instance's signed reply token.
    pub trusted_senders_only: bool,
}

/// How a message is matched to an instance that already exists. Default strategies: REFERENCE_IN_SUBJECT,
/// THREAD_HEADERS, CONVERSATION.
#[derive(InputObject)]
pub struct CorrelationInput {
    /// Tried in order; the first match wins.
    pub strategies: Option<Vec<CorrelationStrategy>>,
    /// Regular expression with one capture group; defaults to the mapping's reference format.
    pub reference_pattern: Option<String>,
    /// CEL expression giving a business key; instances with the same key match.
    pub key_expression: Option<String>,
    /// When an open instance matches.
    #[graphql(default_with = "MatchAction::Update")]
    pub on_match: MatchAction,
    /// When the matched instance is closed; automatic mail never reopens.
    #[graphql(default_with = "ClosedMatchAction::Reopen")]
    pub on_closed_match: ClosedMatchAction,
    /// REOPEN only within so many days of closing, CREATE after; null: always.
    pub reopen_within_days: Option<i32>,
    /// When nothing matches.
    #[graphql(default_with = "NoMatchAction::Create")]
    pub on_no_match: NoMatchAction,
    /// The same message (Message-ID and content) delivered to several mailboxes.
    #[graphql(default_with = "SameMessagePolicy::ProcessEach")]
    pub same_message: SameMessagePolicy,
    /// A match is accepted only from someone already on the instance's thread, or one whose message carries the
    /// instance's signed reply token.
    #[graphql(default = false)]
    pub trusted_senders_only: bool,
}

impl From<mapping::Correlation> for Correlation {
    fn from(correlation: mapping::Correlation) -> Self {
        Self {
            strategies: correlation.strategies.into_iter().map(Into::into).collect(),
            reference_pattern: correlation.reference_pattern,
            key_expression: correlation.key_expression,
            on_match: correlation.on_match.into(),
            on_closed_match: correlation.on_closed_match.into(),
            reopen_within_days: correlation.reopen_within_days,
            on_no_match: correlation.on_no_match.into(),
            same_message: correlation.same_message.into(),
            trusted_senders_only: correlation.trusted_senders_only,
        }
    }
}

impl From<CorrelationInput> for mapping::Correlation {
    fn from(input: CorrelationInput) -> Self {
        let strategies = match input.strategies {
            Some(strategies) => strategies.into_iter().map(Into::into).collect(),
            None => Self::default().strategies,
        };
        Self {
            strategies,
            reference_pattern: input.reference_pattern,
            key_expression: input.key_expression,
            on_match: input.on_match.into(),
            on_closed_match: input.on_closed_match.into(),
            reopen_within_days: input.reopen_within_days,
            on_no_match: input.on_no_match.into(),
            same_message: input.same_message.into(),
            trusted_senders_only: input.trusted_senders_only,
        }
    }
}

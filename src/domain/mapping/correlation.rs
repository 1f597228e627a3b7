//! How a mapping says that a message finds the instance it belongs to.

use serde::{Deserialize, Serialize};

use crate::domain::named::named_enum;

named_enum! {
    /// A way to find the instance that a message belongs to.
    pub enum CorrelationStrategy {
        ReferenceInSubject = "REFERENCE_IN_SUBJECT",
        ReferenceInBody = "REFERENCE_IN_BODY",
        ThreadHeaders = "THREAD_HEADERS",
        Conversation = "CONVERSATION",
        RecipientTag = "RECIPIENT_TAG",
        KeyExpression = "KEY_EXPRESSION",
    }
}
named_enum! {
    /// What is done when an instance matches.
    pub enum MatchAction { Update = "UPDATE", Create = "CREATE", Ignore = "IGNORE" }
}
named_enum! {
    /// What is done when the matched instance is closed.
    pub enum ClosedMatchAction { Reopen = "REOPEN", Update = "UPDATE", Create = "CREATE", Ignore = "IGNORE" }
}
named_enum! {
    /// What is done when nothing matches.
    pub enum NoMatchAction { Create = "CREATE", Ignore = "IGNORE" }
}

named_enum! {
    /// What the same message, delivered to several mailboxes of a process, does there.
    pub enum SameMessagePolicy { ProcessEach = "PROCESS_EACH", JoinFirst = "JOIN_FIRST" }
}

/// How a message is matched to an instance that already exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correlation {
    /// Tried in order; the first match wins.
    pub strategies: Vec<CorrelationStrategy>,
    /// With one capture group; None: the mapping's reference format.
    pub reference_pattern: Option<String>,
    /// CEL expression giving a business key.
    pub key_expression: Option<String>,
    /// When an open instance matches.
    pub on_match: MatchAction,
    /// When a closed instance matches.
    pub on_closed_match: ClosedMatchAction,
    /// REOPEN only within so many days of closing.
    pub reopen_within_days: Option<i32>,
    /// When nothing matches.
    pub on_no_match: NoMatchAction,
    /// When another mailbox of the process took in the same message.
    #[serde(default = "each")]
    pub same_message: SameMessagePolicy,
    /// A match needs a sender who is on the instance's thread, or the instance's signed token.
    #[serde(default)]
    pub trusted_senders_only: bool,
}

const fn each() -> SameMessagePolicy {
    SameMessagePolicy::ProcessEach
}

impl Default for Correlation {
    fn default() -> Self {
        Self {
            strategies: vec![
                CorrelationStrategy::ReferenceInSubject,
                CorrelationStrategy::ThreadHeaders,
                CorrelationStrategy::Conversation,
            ],
            reference_pattern: None,
            key_expression: None,
            on_match: MatchAction::Update,
            on_closed_match: ClosedMatchAction::Reopen,
            reopen_within_days: None,
            on_no_match: NoMatchAction::Create,
            same_message: SameMessagePolicy::ProcessEach,
            trusted_senders_only: false,
        }
    }
}

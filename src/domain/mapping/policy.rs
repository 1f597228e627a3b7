//! What a mapping says of mail beside its rules: what is left out, what machines may do, whose forwards are believed.

use serde::{Deserialize, Serialize};

use crate::domain::named::named_enum;

/// Messages for which `when` holds are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilterRule {
    /// Named in the reason of what it ignores; unique within the mapping.
    pub name: String,
    /// CEL, boolean, over `message`.
    pub when: String,
}

named_enum! {
    /// What mail that a machine sent may do.
    pub enum AutomaticMailAction { Process = "PROCESS", UpdateOnly = "UPDATE_ONLY", Ignore = "IGNORE" }
}

/// What mail of each automatic kind may do. Our own that comes back is always ignored, and none of it reopens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoopProtection {
    /// Out-of-office and other automatic replies.
    pub auto_replies: AutomaticMailAction,
    /// Delivery status notifications.
    pub bounces: AutomaticMailAction,
    /// Mailing-list and bulk mail.
    pub bulk: AutomaticMailAction,
    /// More automatic messages than this from one sender within ten minutes are ignored; 0: any number.
    pub max_per_sender_per_10_min: i32,
}

impl Default for LoopProtection {
    fn default() -> Self {
        Self {
            auto_replies: AutomaticMailAction::UpdateOnly,
            bounces: AutomaticMailAction::UpdateOnly,
            bulk: AutomaticMailAction::Process,
            max_per_sender_per_10_min: 0,
        }
    }
}

/// Mail that reaches the mailbox by being forwarded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForwardingPolicy {
    /// Addresses and domains whose forwards are believed; empty: the domain of the mailbox's own address.
    pub trusted_forwarders: Vec<String>,
    /// A forward that is text alone is ignored.
    pub refuse_text_only: bool,
}

impl Default for ForwardingPolicy {
    fn default() -> Self {
        Self { trusted_forwarders: Vec::new(), refuse_text_only: true }
    }
}

/// Attachments left out of a message's list; its raw bytes keep them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentPolicy {
    /// Images within the text of fewer bytes than this; 0: none.
    pub ignore_inline_images_below: i32,
    /// Content types, `image/*` for all of a kind.
    pub ignore_types: Vec<String>,
    /// Those of more bytes than this; None: of any size.
    pub max_size: Option<i32>,
}

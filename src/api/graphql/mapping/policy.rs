//! What a mapping says of mail beside its rules.

use async_graphql::{Enum, InputObject, SimpleObject};

use crate::domain::mapping;

/// What mail that a machine sent may do. None of it reopens an instance.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "mapping::AutomaticMailAction")]
pub enum AutomaticMailAction {
    /// What any mail does.
    Process,
    /// It updates the instance that it belongs to; what belongs to none is ignored.
    UpdateOnly,
    /// It is ignored.
    Ignore,
}

/// A message for which `when` (CEL, boolean) holds is ignored, and its reason says which filter did so.
#[derive(SimpleObject)]
pub struct FilterRule {
    /// Named in the reason; unique within the mapping.
    pub name: String,
    /// A CEL expression over `message`, boolean.
    pub when: String,
}

/// A message for which `when` (CEL, boolean) holds is ignored, and its reason says which filter did so.
#[derive(InputObject)]
pub struct FilterRuleInput {
    /// Named in the reason; unique within the mapping.
    pub name: String,
    /// A CEL expression over `message`, boolean.
    pub when: String,
}

/// What mail that a machine sent may do. Mail of mailroom's own that comes back is always ignored.
#[derive(SimpleObject)]
pub struct LoopProtection {
    /// Out-of-office and other automatic replies (RFC 3834 and its vendors' kin).
    pub auto_replies: AutomaticMailAction,
    /// Delivery status notifications.
    pub bounces: AutomaticMailAction,
    /// Mailing-list and bulk mail.
    pub bulk: AutomaticMailAction,
    /// More automatic messages than this from one sender within ten minutes of receivedAt are ignored; 0, the
    /// default, turns it off. People are never ignored by number.
    #[graphql(name = "maxPerSenderPer10Min")]
    pub max_per_sender_per_10_min: i32,
}

/// What mail that a machine sent may do. Mail of mailroom's own that comes back is always ignored.
#[derive(InputObject)]
pub struct LoopProtectionInput {
    /// Out-of-office and other automatic replies (RFC 3834 and its vendors' kin).
    #[graphql(default_with = "AutomaticMailAction::UpdateOnly")]
    pub auto_replies: AutomaticMailAction,
    /// Delivery status notifications.
    #[graphql(default_with = "AutomaticMailAction::UpdateOnly")]
    pub bounces: AutomaticMailAction,
    /// Mailing-list and bulk mail.
    #[graphql(default_with = "AutomaticMailAction::Process")]
    pub bulk: AutomaticMailAction,
    /// More automatic messages than this from one sender within ten minutes of receivedAt are ignored; 0, the
    /// default, turns it off. People are never ignored by number.
    #[graphql(name = "maxPerSenderPer10Min", default = 0)]
    pub max_per_sender_per_10_min: i32,
}

/// Mail that reaches the mailbox by being forwarded. The original author and recipient count for matching, trusted
/// senders and answers only if the forwarder is trusted: its headers can be written by anyone.
#[derive(SimpleObject)]
pub struct ForwardingPolicy {
    /// Addresses or domains whose forwards are believed; the mailbox's own organisation is, by its credential's
    /// domain, if this is empty.
    pub trusted_forwarders: Vec<String>,
    /// A forward that is text only (neither headers nor an attached or inline original) is IGNORED, with a reason
    /// that says how to forward instead.
    pub refuse_text_only: bool,
}

/// Mail that reaches the mailbox by being forwarded.
#[derive(InputObject)]
pub struct ForwardingPolicyInput {
    /// Addresses or domains whose forwards are believed; the mailbox's own organisation is, by its credential's
    /// domain, if this is empty.
    pub trusted_forwarders: Option<Vec<String>>,
    /// A forward that is text only (neither headers nor an attached or inline original) is IGNORED, with a reason
    /// that says how to forward instead.
    #[graphql(default = true)]
    pub refuse_text_only: bool,
}

/// Attachments left out of the message's list (the raw message keeps them): small inline images, types, sizes.
#[derive(SimpleObject)]
pub struct AttachmentPolicy {
    /// Images within the text of fewer bytes than this are left out; 0: none.
    pub ignore_inline_images_below: i32,
    /// Content types that are left out, e.g. `application/pgp-signature`; `image/*` for all of a kind.
    pub ignore_types: Vec<String>,
    /// Those of more bytes than this are left out; null: of any size they stay.
    pub max_size: Option<i32>,
}

/// Attachments left out of the message's list (the raw message keeps them): small inline images, types, sizes.
#[derive(InputObject)]
pub struct AttachmentPolicyInput {
    /// Images within the text of fewer bytes than this are left out; 0: none.
    #[graphql(default = 0)]
    pub ignore_inline_images_below: i32,
    /// Content types that are left out, e.g. `application/pgp-signature`; `image/*` for all of a kind.
    pub ignore_types: Option<Vec<String>>,
    /// Those of more bytes than this are left out; null: of any size they stay.
    pub max_size: Option<i32>,
}

impl From<mapping::FilterRule> for FilterRule {
    fn from(filter: mapping::FilterRule) -> Self {
        Self { name: filter.name, when: filter.when }
    }
}

impl From<FilterRuleInput> for mapping::FilterRule {
    fn from(input: FilterRuleInput) -> Self {
        Self { name: input.name.trim().to_owned(), when: input.when }
    }
}

impl From<mapping::LoopProtection> for LoopProtection {
    fn from(protection: mapping::LoopProtection) -> Self {
        Self {
            auto_replies: protection.auto_replies.into(),
            bounces: protection.bounces.into(),
            bulk: protection.bulk.into(),
            max_per_sender_per_10_min: protection.max_per_sender_per_10_min,
        }
    }
}

impl From<LoopProtectionInput> for mapping::LoopProtection {
    fn from(input: LoopProtectionInput) -> Self {
        Self {
            auto_replies: input.auto_replies.into(),
            bounces: input.bounces.into(),
            bulk: input.bulk.into(),
            max_per_sender_per_10_min: input.max_per_sender_per_10_min,
        }
    }
}

impl From<mapping::ForwardingPolicy> for ForwardingPolicy {
    fn from(policy: mapping::ForwardingPolicy) -> Self {
        Self { trusted_forwarders: policy.trusted_forwarders, refuse_text_only: policy.refuse_text_only }
    }
}

impl From<ForwardingPolicyInput> for mapping::ForwardingPolicy {
    fn from(input: ForwardingPolicyInput) -> Self {
        Self {
            trusted_forwarders: trimmed(input.trusted_forwarders),
            refuse_text_only: input.refuse_text_only,
        }
    }
}

impl From<mapping::AttachmentPolicy> for AttachmentPolicy {
    fn from(policy: mapping::AttachmentPolicy) -> Self {
        Self {
            ignore_inline_images_below: policy.ignore_inline_images_below,
            ignore_types: policy.ignore_types,
            max_size: policy.max_size,
        }
    }
}

impl From<AttachmentPolicyInput> for mapping::AttachmentPolicy {
    fn from(input: AttachmentPolicyInput) -> Self {
        Self {
            ignore_inline_images_below: input.ignore_inline_images_below,
            ignore_types: trimmed(input.ignore_types),
            max_size: input.max_size,
        }
    }
}

fn trimmed(texts: Option<Vec<String>>) -> Vec<String> {
    texts.unwrap_or_default().into_iter().map(|text| text.trim().to_owned()).collect()
}

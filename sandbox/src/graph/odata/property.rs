//! The properties of a message that can be compared, and their values.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, SubsecRound, Utc};

use crate::world::{FlagStatus, IdKind, Importance, Mailbox, Message, Person};

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Property {
    Id,
    Subject,
    FromName,
    FromAddress,
    SenderName,
    SenderAddress,
    InternetMessageId,
    ConversationId,
    ParentFolderId,
    ChangeKey,
    Importance,
    FlagStatus,
    Inference,
    BodyPreview,
    BodyContent,
    IsRead,
    IsDraft,
    HasAttachments,
    WantsReadReceipt,
    WantsDeliveryReceipt,
    Received,
    Sent,
    Created,
    Modified,
    /// Of `any`: the thing itself.
    Item,
    /// Of `any` over people: the name.
    ItemName,
    /// Of `any` over people: the address.
    ItemAddress,
}

/// What `any` goes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collection {
    Categories,
    To,
    Cc,
    Bcc,
    ReplyTo,
}

/// Which values a property has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Bool,
    Time,
}

/// A value of a property, or what it is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    Null,
    Bool(bool),
    Time(DateTime<Utc>),
    Text(Cow<'a, str>),
}

/// One thing that `any` goes over.
#[derive(Debug, Clone, Copy)]
pub enum Item<'a> {
    Category(&'a str),
    Person(&'a Person),
}

const NAMES: [(&str, Property); 24] = [
    ("id", Property::Id),
    ("subject", Property::Subject),
    ("from/emailAddress/name", Property::FromName),
    ("from/emailAddress/address", Property::FromAddress),
    ("sender/emailAddress/name", Property::SenderName),
    ("sender/emailAddress/address", Property::SenderAddress),
    ("internetMessageId", Property::InternetMessageId),
    ("conversationId", Property::ConversationId),
    ("parentFolderId", Property::ParentFolderId),
    ("changeKey", Property::ChangeKey),
    ("importance", Property::Importance),
    ("flag/flagStatus", Property::FlagStatus),
    ("inferenceClassification", Property::Inference),
    ("bodyPreview", Property::BodyPreview),
    ("body/content", Property::BodyContent),
    ("isRead", Property::IsRead),
    ("isDraft", Property::IsDraft),
    ("hasAttachments", Property::HasAttachments),
    ("isReadReceiptRequested", Property::WantsReadReceipt),
    ("isDeliveryReceiptRequested", Property::WantsDeliveryReceipt),
    ("receivedDateTime", Property::Received),
    ("sentDateTime", Property::Sent),
    ("createdDateTime", Property::Created),
    ("lastModifiedDateTime", Property::Modified),
];

impl Property {
    /// By its path; a case that differs is forgiven, as Exchange does.
    pub fn named(path: &str) -> Option<Self> {
        NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(path)).map(|(_, property)| *property)
    }

    /// Which values it has.
    pub const fn kind(self) -> Kind {
        match self {
            Self::IsRead
            | Self::IsDraft
            | Self::HasAttachments
            | Self::WantsReadReceipt
            | Self::WantsDeliveryReceipt => Kind::Bool,
            Self::Received | Self::Sent | Self::Created | Self::Modified => Kind::Time,
            _ => Kind::Text,
        }
    }

    /// Its value in a message. Times are whole seconds, as they are shown.
    pub fn value<'a>(self, mailbox: &Mailbox, message: &'a Message, item: Option<Item<'a>>) -> Value<'a> {
        let envelope = &message.envelope;
        let time = |at: DateTime<Utc>| Value::Time(at.trunc_subsecs(0));
        let own = |text: String| Value::Text(Cow::Owned(text));
        match self {
            Self::Id => own(mailbox.id_of(message, IdKind::Mutable)),
            Self::Subject => text(envelope.subject.as_deref()),
            Self::FromName => text(envelope.from.as_ref().map(|from| from.name.as_str())),
            Self::FromAddress => text(envelope.from.as_ref().map(|from| from.address.as_str())),
            Self::SenderName => text(envelope.sender.as_ref().map(|from| from.name.as_str())),
            Self::SenderAddress => text(envelope.sender.as_ref().map(|from| from.address.as_str())),
            Self::InternetMessageId => text(envelope.internet_message_id.as_deref()),
            Self::ConversationId => own(conversation_id(mailbox, message)),
            Self::ParentFolderId => own(mailbox.ids().folder(message.folder)),
            Self::ChangeKey => own(message.change_key()),
            Self::Importance => text(Some(match envelope.importance {
                Importance::Low => "low",
                Importance::Normal => "normal",
                Importance::High => "high",
            })),
            Self::FlagStatus => text(Some(match message.flag.status {
                FlagStatus::NotFlagged => "notFlagged",
                FlagStatus::Complete => "complete",
                FlagStatus::Flagged => "flagged",
            })),
            Self::Inference => text(Some(if message.focused { "focused" } else { "other" })),
            Self::BodyPreview => text(Some(&envelope.preview)),
            Self::BodyContent => own(crate::graph::show::body(message).content),
            Self::IsRead => Value::Bool(message.is_read),
            Self::IsDraft => Value::Bool(message.is_draft()),
            Self::HasAttachments => Value::Bool(envelope.has_attachments),
            Self::WantsReadReceipt => Value::Bool(envelope.wants_read_receipt),
            Self::WantsDeliveryReceipt => Value::Bool(envelope.wants_delivery_receipt),
            Self::Received => time(message.received),
            Self::Sent => envelope.sent.map_or(Value::Null, time),
            Self::Created => time(message.created),
            Self::Modified => time(message.modified),
            Self::Item => match item {
                Some(Item::Category(name)) => text(Some(name)),
                _ => Value::Null,
            },
            Self::ItemName => text(item.and_then(Item::person).map(|person| person.name.as_str())),
            Self::ItemAddress => text(item.and_then(Item::person).map(|person| person.address.as_str())),
        }
    }
}

impl<'a> Item<'a> {
    const fn person(self) -> Option<&'a Person> {
        match self {
            Self::Person(person) => Some(person),
            Self::Category(_) => None,
        }
    }
}

impl Collection {
    /// By its name.
    pub fn named(name: &str) -> Option<Self> {
        let names = [
            ("categories", Self::Categories),
            ("toRecipients", Self::To),
            ("ccRecipients", Self::Cc),
            ("bccRecipients", Self::Bcc),
            ("replyTo", Self::ReplyTo),
        ];
        names.iter().find(|(at, _)| at.eq_ignore_ascii_case(name)).map(|(_, collection)| *collection)
    }

    /// What a path behind the variable names; the empty one names the thing itself.
    pub fn property(self, path: &str) -> Option<Property> {
        match (self, path.to_ascii_lowercase().as_str()) {
            (Self::Categories, "") => Some(Property::Item),
            (Self::Categories, _) => None,
            (_, "emailaddress/name") => Some(Property::ItemName),
            (_, "emailaddress/address") => Some(Property::ItemAddress),
            _ => None,
        }
    }

    /// The things in a message.
    pub fn items(self, message: &Message) -> Vec<Item<'_>> {
        let people = match self {
            Self::Categories => {
                return message.categories.iter().map(|name| Item::Category(name)).collect();
            }
            Self::To => &message.envelope.to,
            Self::Cc => &message.envelope.cc,
            Self::Bcc => &message.envelope.bcc,
            Self::ReplyTo => &message.envelope.reply_to,
        };
        people.iter().map(Item::Person).collect()
    }
}

fn text(text: Option<&str>) -> Value<'_> {
    text.map_or(Value::Null, |text| Value::Text(Cow::Borrowed(text)))
}

/// Graph's `conversationId` of a message.
pub fn conversation_id(mailbox: &Mailbox, message: &Message) -> String {
    let bytes =
        [&[0x00, 0x04, 0x24][..], mailbox.id.as_bytes(), message.conversation.as_bytes(), &[0]].concat();
    URL_SAFE_NO_PAD.encode(bytes)
}

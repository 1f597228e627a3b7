//! A part of the message as it is: what a rule with a field reads, and of which types it can be.

use serde_json::{Map, Value, json};

use super::coerce::rfc3339;
use super::rule::{AttributeType, MessageField};
use super::values::Parsed;
use crate::domain::parsed::{Address, Header};

/// The field of this message; null or empty where the message has none.
pub(super) fn read(field: MessageField, parsed: &Parsed<'_>) -> Value {
    let message = parsed.message;
    let address = |address: &Option<Address>| text(address.as_ref().map(|a| a.address.as_str()));
    match field {
        MessageField::Subject => Value::from(message.subject.as_str()),
        MessageField::FromAddress => address(&message.from),
        MessageField::FromName => text(message.from.as_ref().and_then(|from| from.name.as_deref())),
        MessageField::SenderAddress => match &message.sender {
            Some(sender) => Value::from(sender.address.as_str()),
            None => address(&message.from),
        },
        MessageField::ReplyToAddress => text(message.reply_to.first().map(|a| a.address.as_str())),
        MessageField::To => addresses(&message.to),
        MessageField::Cc => addresses(&message.cc),
        MessageField::BodyText => Value::from(message.text.as_str()),
        MessageField::BodyHtml => text(message.html.as_deref()),
        MessageField::BodyNewText => Value::from(message.new_text.as_str()),
        MessageField::ReceivedAt => rfc3339(parsed.received_at),
        MessageField::SentAt => message.sent_at.map_or(Value::Null, rfc3339),
        MessageField::Importance => Value::from(message.importance.as_str()),
        MessageField::InternetMessageId => text(message.internet_message_id.as_deref()),
        MessageField::ConversationId => text(message.conversation_id.as_deref()),
        MessageField::OriginalSender => text(message.original_sender().map(|a| a.address.as_str())),
        MessageField::OriginalRecipient => text(message.original_recipient().map(|a| a.address.as_str())),
        MessageField::AttachmentNames => {
            let attachments = message.attachments.iter().filter(|attachment| !attachment.inline);
            attachments.map(|attachment| Value::from(attachment.filename.as_str())).collect()
        }
        MessageField::AttachmentCount => {
            json!(message.attachments.iter().filter(|attachment| !attachment.inline).count())
        }
        MessageField::Headers => headers(&message.headers),
        MessageField::Size => Value::from(message.size),
    }
}

/// Whether every value of the field is one of the type, or is made one without loss of meaning.
pub(super) const fn fits(field: MessageField, r#type: AttributeType) -> bool {
    use AttributeType as T;
    use MessageField as F;
    match r#type {
        T::String | T::Text => !matches!(field, F::Headers),
        T::Json => true,
        T::Integer | T::Decimal => matches!(field, F::AttachmentCount | F::Size),
        T::DateTime => matches!(field, F::ReceivedAt | F::SentAt),
        T::Boolean => false,
    }
}

fn text(text: Option<&str>) -> Value {
    text.map_or(Value::Null, Value::from)
}

fn addresses(addresses: &[Address]) -> Value {
    addresses.iter().map(|address| Value::from(address.address.as_str())).collect()
}

/// Lower-case name -> first value, as in expressions.
fn headers(headers: &[Header]) -> Value {
    let mut members = Map::new();
    for header in headers {
        let name = header.name.to_ascii_lowercase();
        members.entry(name).or_insert_with(|| Value::from(header.value.as_str()));
    }
    Value::Object(members)
}

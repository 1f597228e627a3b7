//! Small builders of rows.

use chrono::{DateTime, TimeDelta, Utc};
use mailroom::db::pairing::NewSource;
use mailroom::db::store::{NewMessage, RawPlace, insert_messages, insert_sources};
use mailroom::db::{Database, instance, intake::SourceKey};
use mailroom::domain::handling::{Disposition, DispositionState, DispositionStatus};
use mailroom::domain::id::{AttachmentId, InstanceId, MailboxId, MessageId};
use mailroom::domain::instance::{InstanceState, ProcessInstance};
use mailroom::domain::message::{AddressRole, Attachment, Match, MatchedBy, Message, MessageState};
use mailroom::domain::parsed::{Address, ForwardingKind, Importance};

/// The instant that everything here is counted from.
pub fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 250_000_000).unwrap()
}

/// A plain processed message that was received `minute` minutes after [`start`].
pub fn message(mailbox_id: MailboxId, minute: i64) -> NewMessage {
    let id = MessageId::new();
    let received_at = start() + TimeDelta::minutes(minute);
    let source_id = format!("{}", id.0);
    let message = Message {
        id,
        mailbox_id,
        mapping_id: None,
        job_id: None,
        run_id: None,
        folder: "INBOX".to_owned(),
        source_id: source_id.clone(),
        internet_message_id: Some(format!("{minute}.{id}@sender.example")),
        conversation_id: None,
        subject: format!("Printer {minute} is on fire"),
        snippet: "It burns".to_owned(),
        sent_at: Some(received_at),
        received_at,
        ingested_at: received_at + TimeDelta::seconds(3),
        importance: Importance::Normal,
        automatic: None,
        forwarding: ForwardingKind::None,
        oddity: None,
        size: 1000 + minute,
        attachment_count: 0,
        has_raw: true,
        state: MessageState::Processed,
        reason: None,
        failure: None,
        matched: Some(Match { by: MatchedBy::Nothing, evidence: "nothing".to_owned(), created: true }),
        instance_id: None,
        disposition: DispositionStatus {
            state: DispositionState::Done,
            wanted: Disposition::READ,
            attempts: 1,
            due_at: None,
            early: None,
            done_at: Some(received_at),
            note: None,
            fault: None,
        },
    };
    let source = NewSource {
        key: SourceKey::of(mailbox_id, "1", "INBOX", &source_id),
        mailbox_id,
        message_id: id,
        folder: "INBOX".to_owned(),
        generation: "1".to_owned(),
        source_id,
        arrived_at: received_at,
    };
    let person =
        |name: &str| Address { name: Some(name.to_owned()), address: format!("{name}@sender.example") };
    NewMessage {
        message,
        source,
        fingerprint: None,
        addresses: vec![
            (AddressRole::From, person("Ada")),
            (AddressRole::To, person("support")),
            (AddressRole::Cc, person("boss")),
        ],
        attachments: Vec::new(),
        raw: RawPlace::Row(zstd::encode_all(&b"Subject: Printer\r\n\r\nIt burns"[..], 3).unwrap()),
        text: "It burns\n> Does it?".to_owned(),
        new_text: Some("It burns".to_owned()),
        notes: Vec::new(),
        appended: None,
    }
}

/// The message with one more attachment.
pub fn attached(mut new: NewMessage, filename: &str) -> NewMessage {
    new.message.attachment_count += 1;
    new.attachments.push(Attachment {
        id: AttachmentId::new(),
        message_id: new.message.id,
        part: u32::try_from(new.attachments.len()).unwrap() + 1,
        filename: filename.to_owned(),
        content_type: "image/png".to_owned(),
        size: 42,
        inline: false,
        content_id: None,
        sha256: [7; 32],
    });
    new
}

/// The message, belonging to that instance.
pub fn linked(mut new: NewMessage, instance: InstanceId) -> NewMessage {
    new.message.instance_id = Some(instance);
    new
}

/// Stores them; answers with their ids, in order.
pub async fn store(database: &Database, messages: Vec<NewMessage>) -> Vec<MessageId> {
    let ids = messages.iter().map(|new| new.message.id).collect();
    let tx = database.begin().await.unwrap();
    let sources: Vec<_> = messages.iter().map(|new| &new.source).collect();
    insert_sources(&tx, &sources).await.unwrap();
    insert_messages(&tx, messages).await.unwrap();
    tx.commit().await.unwrap();
    ids
}

/// Stores an open instance with that reference.
pub async fn instance(database: &Database, mailbox_id: MailboxId, reference: &str) -> InstanceId {
    let instance = ProcessInstance {
        id: InstanceId::new(),
        reference: reference.to_owned(),
        process: "incident".to_owned(),
        mapping_id: None,
        mailbox_id: Some(mailbox_id),
        open: true,
        attributes: serde_json::Map::from_iter([("title".to_owned(), "Fire".into())]),
        external_id: None,
        version: 1,
        created_at: start(),
        updated_at: start(),
    };
    let id = instance.id;
    let locked = InstanceState { instance, closed_at: None, last_message_id: None };
    instance::insert(database.write(), &[locked]).await.unwrap();
    id
}

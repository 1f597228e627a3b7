//! Messages, rules and drafts for the tests.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::rule::{AttributeRule, AttributeType, MessageField, UpdateAction, ValueSource};
use super::values::Parsed;
use super::{
    AttachmentPolicy, CompiledMapping, Correlation, Draft, Effect, ForwardingPolicy, Known, Loom,
    LoopProtection, Mapping, Setting, Signals, Surroundings, Treated,
};
use crate::domain::id::{InstanceId, MailboxId, MappingId, MessageId};
use crate::domain::installation::Installation;
use crate::domain::instance::{InstanceState, ProcessInstance};
use crate::domain::parsed::{Address, Forwarding, Header, Importance, ParsedAttachment, ParsedMessage};
use crate::domain::reply_token::ReplyKey;

/// 2026-11-22T10:00:00Z.
pub(super) fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_341_600, 0).unwrap_or_default()
}

/// A message with little in it.
pub(super) fn message() -> ParsedMessage {
    ParsedMessage {
        internet_message_id: Some("one@example.com".to_owned()),
        in_reply_to: Vec::new(),
        references: Vec::new(),
        conversation_id: None,
        subject: "Printer on fire".to_owned(),
        from: Some(address("Ann", "ann@example.com")),
        sender: None,
        reply_to: Vec::new(),
        to: vec![address("Help", "help@example.org"), address("Bob", "bob@example.com")],
        cc: Vec::new(),
        sent_at: None,
        received_at: None,
        importance: Importance::Normal,
        text: "Priority: 2\r\nIt burns.\n".to_owned(),
        new_text: "It burns.".to_owned(),
        html: None,
        snippet: "It burns.".to_owned(),
        headers: vec![
            header("X-Site", "Lyon"),
            header("x-site", "Paris"),
            header("Subject", "Printer on fire"),
        ],
        attachments: vec![ParsedAttachment {
            part: 2,
            filename: "photo.jpg".to_owned(),
            content_type: "image/jpeg".to_owned(),
            size: 1234,
            inline: false,
            content_id: None,
            sha256: [0; 32],
        }],
        automatic: None,
        automatic_because: None,
        forwarding: Forwarding::NONE,
        oddity: None,
        size: 4321,
        fingerprint: [0; 32],
        notes: Vec::new(),
    }
}

fn address(name: &str, address: &str) -> Address {
    Address { name: Some(name.to_owned()), address: address.to_owned() }
}

fn header(name: &str, value: &str) -> Header {
    Header { name: name.to_owned(), value: value.to_owned() }
}

/// The message as it is evaluated.
pub(super) fn parsed(message: &ParsedMessage) -> Parsed<'_> {
    Parsed { message, received_at: noon() }
}

/// A rule that applies on create alone.
pub(super) fn rule(attribute: &str, r#type: AttributeType, source: ValueSource) -> AttributeRule {
    AttributeRule {
        attribute: attribute.to_owned(),
        r#type,
        source,
        required: false,
        max_length: None,
        on_create: true,
        on_update: UpdateAction::Keep,
    }
}

/// A draft of the given rules.
pub(super) fn draft(rules: Vec<AttributeRule>) -> Draft {
    Draft {
        name: "Incidents".to_owned(),
        process: "incident".to_owned(),
        reference_prefix: "INC".to_owned(),
        rules,
        correlation: Correlation::default(),
        filters: Vec::new(),
        loop_protection: LoopProtection::default(),
        forwarding: ForwardingPolicy::default(),
        attachments: AttachmentPolicy::default(),
    }
}

/// A draft that works.
pub(super) fn sound() -> Draft {
    draft(vec![rule("title", AttributeType::String, ValueSource::Field(MessageField::Subject))])
}

/// The draft, compiled.
pub(super) fn compiled(draft: &Draft) -> CompiledMapping {
    match CompiledMapping::from_draft(draft) {
        Ok(compiled) => compiled,
        Err(problems) => panic!("the draft does not work: {problems:#?}"),
    }
}

/// What one rule gives for a message; the notes with it.
pub(super) fn value_of(
    r#type: AttributeType,
    source: ValueSource,
    message: &ParsedMessage,
) -> (Option<Value>, Vec<String>) {
    let values = compiled(&draft(vec![rule("it", r#type, source)])).values(&parsed(message));
    (values.get("it").cloned(), values.notes)
}

/// What an expression gives as JSON.
pub(super) fn cel(source: &str) -> Option<Value> {
    value_of(AttributeType::Json, ValueSource::Expression(source.to_owned()), &message()).0
}

/// What a template gives as TEXT.
pub(super) fn jinja(source: &str) -> Option<Value> {
    value_of(AttributeType::Text, ValueSource::Template(source.to_owned()), &message()).0
}

/// The problem of a draft that has exactly one: its path joined with dots, its code, its message.
pub(super) fn problem(draft: &Draft) -> (String, String, String) {
    let problems = super::validate(draft);
    match problems.as_slice() {
        [only] => (only.path.join("."), only.code.to_string(), only.message.clone()),
        others => panic!("expected one problem, found {others:#?}"),
    }
}

/// The problem of a draft whose only rule has this source.
pub(super) fn source_problem(source: ValueSource) -> (String, String, String) {
    problem(&draft(vec![rule("it", AttributeType::Json, source)]))
}

/// A mailbox with a mapping, for tests that weave messages in.
pub(super) struct Place {
    pub(super) mapping: Mapping,
    pub(super) compiled: CompiledMapping,
    pub(super) mailbox_id: MailboxId,
    pub(super) installation: Arc<Installation>,
}

impl Place {
    /// With a draft that works, changed; the mailbox is support@company.example.
    pub(super) fn of(change: impl FnOnce(&mut Draft)) -> Self {
        let mut draft = sound();
        change(&mut draft);
        let mailbox_id = MailboxId(Uuid::from_u128(77));
        let reply_key = ReplyKey::new([5; 32]);
        let installation = Arc::new(Installation { id: Uuid::from_u128(5), reply_key });
        let surroundings = Surroundings {
            mailbox_id: Some(mailbox_id),
            addresses: vec!["support@company.example".to_owned()],
            installation: Some(Arc::clone(&installation)),
        };
        let compiled = compiled(&draft).within(surroundings);
        let Draft { name, process, reference_prefix, rules, correlation, filters, .. } = draft.clone();
        let Draft { loop_protection, forwarding, attachments, .. } = draft;
        let mapping = Mapping {
            id: MappingId(Uuid::from_u128(78)),
            name,
            process,
            reference_prefix,
            rules,
            correlation,
            filters,
            loop_protection,
            forwarding,
            attachments,
            version: 1,
            created_at: noon(),
            updated_at: noon(),
        };
        Self { mapping, compiled, mailbox_id, installation }
    }

    /// The id of an instance that the tests know before, by its number.
    pub(super) fn id_of(&self, reference: &str) -> InstanceId {
        let number = reference.rsplit_once('-').and_then(|(_, number)| number.parse().ok());
        InstanceId(Uuid::from_u128(number.unwrap_or(0)))
    }

    /// Open instances of this mailbox.
    pub(super) fn known(&self, references: &[&str]) -> Known {
        let mut known = Known::default();
        references.iter().for_each(|reference| self.add_of(&mut known, reference, self.mailbox_id));
        known
    }

    /// Adds an open instance that another mailbox made.
    pub(super) fn add_of(&self, known: &mut Known, reference: &str, mailbox_id: MailboxId) {
        let instance = ProcessInstance {
            id: self.id_of(reference),
            reference: reference.to_owned(),
            process: self.mapping.process.clone(),
            mapping_id: Some(self.mapping.id),
            mailbox_id: Some(mailbox_id),
            open: true,
            attributes: serde_json::Map::new(),
            external_id: None,
            version: 1,
            created_at: noon(),
            updated_at: noon(),
        };
        known.add(InstanceState { instance, closed_at: None, last_message_id: None });
    }

    /// Closes an instance, a day before the messages come.
    pub(super) fn close(&self, known: &mut Known, reference: &str) {
        let Some(mut state) = known.instance(self.id_of(reference)).cloned() else { return };
        state.instance.open = false;
        state.closed_at = Some(noon() - chrono::TimeDelta::days(1));
        known.add(state);
    }

    pub(super) fn treat(&self, message: &ParsedMessage) -> Treated {
        match self.compiled.treat(&parsed(message)) {
            Ok(treated) => treated,
            Err(failed) => panic!("{failed:?}"),
        }
    }

    pub(super) fn signals(&self, message: &ParsedMessage) -> Signals {
        self.treat(message).signals
    }

    /// What a message does.
    pub(super) fn one(&self, known: Known, message: &ParsedMessage) -> Effect {
        match self.all(known, std::slice::from_ref(message)).pop() {
            Some(effect) => effect,
            None => panic!("one message has one effect"),
        }
    }

    /// What messages do, one after the other, all arriving at noon.
    pub(super) fn all(&self, known: Known, messages: &[ParsedMessage]) -> Vec<Effect> {
        let arrivals: Vec<_> = messages.iter().map(|message| (message.clone(), noon())).collect();
        self.arriving(known, &arrivals)
    }

    /// What messages do that arrive at given instants.
    pub(super) fn arriving(&self, known: Known, messages: &[(ParsedMessage, DateTime<Utc>)]) -> Vec<Effect> {
        let setting = Setting { mapping: &self.mapping, mailbox_id: self.mailbox_id, now: noon() };
        let mut numbers = 100..;
        let mut loom = Loom::new(setting, known, |_| numbers.next().unwrap_or(0));
        let treat = |(message, received_at): &(ParsedMessage, DateTime<Utc>)| match self
            .compiled
            .treat(&Parsed { message, received_at: *received_at })
        {
            Ok(treated) => treated,
            Err(failed) => panic!("{failed:?}"),
        };
        messages.iter().map(|arrival| loom.weave(MessageId::new(), &treat(arrival))).collect()
    }
}

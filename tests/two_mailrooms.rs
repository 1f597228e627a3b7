//! Two mailrooms that answer each other's automatic mail fall silent.

use std::sync::Arc;

use chrono::DateTime;
use mailroom::domain::id::{MailboxId, MappingId, MessageId};
use mailroom::domain::installation::{Installation, LOOP_HEADER};
use mailroom::domain::mapping::{
    AttachmentPolicy, AttributeRule, AttributeType, AutomaticMailAction, CompiledMapping, Correlation,
    ForwardingPolicy, Known, Loom, LoopProtection, Mapping, MessageField, Parsed, Setting, Surroundings,
    UpdateAction, ValueSource,
};
use mailroom::domain::message::MessageState;
use mailroom::domain::parsed::{AutomaticKind, ParsedMessage};
use mailroom::domain::reply_token::ReplyKey;
use mailroom::mail;
use uuid::Uuid;

/// A mailbox of a mailroom of its own.
struct Room {
    address: String,
    installation: Arc<Installation>,
    mapping: Mapping,
    compiled: CompiledMapping,
}

impl Room {
    fn new(number: u8, loop_protection: LoopProtection) -> Self {
        let address = format!("support@room{number}.example");
        let id = Uuid::from_u128(number.into());
        let installation = Arc::new(Installation { id, reply_key: ReplyKey::new([number; 32]) });
        let mapping = mapping(loop_protection);
        let surroundings = Surroundings {
            mailbox_id: Some(MailboxId(id)),
            addresses: vec![address.clone()],
            installation: Some(Arc::clone(&installation)),
        };
        let compiled = CompiledMapping::new(&mapping).unwrap().within(surroundings);
        Self { address, installation, mapping, compiled }
    }

    fn setting(&self) -> Setting<'_> {
        let mailbox_id = MailboxId(self.installation.id);
        Setting { mapping: &self.mapping, mailbox_id, now: DateTime::UNIX_EPOCH }
    }

    /// Reads a mail, and says whether it made or changed anything.
    fn take(&self, loom: &mut Loom<'_, impl FnMut(MessageId) -> i64>, raw: &str) -> (ParsedMessage, bool) {
        let mut parsed = mail::parse(raw.as_bytes(), &mail::Limits::default()).unwrap();
        self.compiled.know_own(&mut parsed);
        let view = Parsed { message: &parsed, received_at: DateTime::UNIX_EPOCH };
        let effect = loom.weave(MessageId::new(), &self.compiled.treat(&view).unwrap());
        (parsed, effect.state == MessageState::Processed)
    }

    /// By RFC 3834, with the loop header of this installation and those of the mail that is answered.
    fn acknowledge(&self, answered: &ParsedMessage, number: usize) -> String {
        let header = LOOP_HEADER;
        let loops = answered.headers.iter().filter(|it| it.name.eq_ignore_ascii_case(header));
        let others: String = loops.map(|it| format!("{header}: {}\r\n", it.value)).collect();
        let (from, own) = (&self.address, self.installation.id);
        let to = &answered.from.as_ref().unwrap().address;
        let id = answered.internet_message_id.as_deref().unwrap_or_default();
        format!(
            "Message-ID: <{number}@{from}>\r\nFrom: {from}\r\nTo: {to}\r\nSubject: Re: {}\r\nIn-Reply-To: <{id}>\r\n\
             Auto-Submitted: auto-replied\r\n{header}: {own}\r\n{others}\r\nReceived.\r\n",
            answered.subject
        )
    }
}

fn mapping(loop_protection: LoopProtection) -> Mapping {
    let rule = AttributeRule {
        attribute: "title".to_owned(),
        r#type: AttributeType::String,
        source: ValueSource::Field(MessageField::Subject),
        required: false,
        max_length: None,
        on_create: true,
        on_update: UpdateAction::Keep,
    };
    Mapping {
        id: MappingId::new(),
        name: "Incidents".to_owned(),
        process: "incident".to_owned(),
        reference_prefix: "INC".to_owned(),
        rules: vec![rule],
        correlation: Correlation::default(),
        filters: Vec::new(),
        loop_protection,
        forwarding: ForwardingPolicy::default(),
        attachments: AttachmentPolicy::default(),
        version: 1,
        created_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
    }
}

fn everything() -> LoopProtection {
    LoopProtection {
        auto_replies: AutomaticMailAction::Process,
        bounces: AutomaticMailAction::Process,
        bulk: AutomaticMailAction::Process,
        max_per_sender_per_10_min: 0,
    }
}

/// How many mails go to and fro once one room's mailbox wrote to the other's. `answers_machines`: they acknowledge
/// automatic mail too, which mailroom never does.
fn exchanged(protection: &LoopProtection, answers_machines: bool) -> usize {
    let rooms = [1, 2].map(|number| Room::new(number, protection.clone()));
    let mut looms = rooms.each_ref().map(|room| {
        let mut numbers = 1..;
        Loom::new(room.setting(), Known::default(), move |_| numbers.next().unwrap())
    });
    let mut mail = format!(
        "Message-ID: <first@person>\r\nFrom: {}\r\nTo: {}\r\nSubject: Printer\r\n\r\nHello\r\n",
        rooms[0].address, rooms[1].address
    );
    for sent in 1..50 {
        let at = sent % 2;
        let (parsed, processed) = rooms[at].take(&mut looms[at], &mail);
        if !processed || (parsed.automatic.is_some() && !answers_machines) {
            return sent;
        }
        mail = rooms[at].acknowledge(&parsed, sent);
    }
    50
}

/// PAINS E10, C8: zammad#731, frappe/helpdesk#3628, chatwoot#5131.
#[test]
fn the_exchange_ends_within_three_mails() {
    for protection in [LoopProtection::default(), everything()] {
        for answers_machines in [false, true] {
            let sent = exchanged(&protection, answers_machines);
            assert!((2..=3).contains(&sent), "{sent} mails, {protection:?}, {answers_machines}");
        }
    }
}

#[test]
fn what_comes_back_is_known_although_everything_is_processed() {
    let room = Room::new(1, everything());
    let mut loom = Loom::new(room.setting(), Known::default(), |_| 1);
    let person = "From: ann@example.com\r\nMessage-ID: <a@x>\r\nSubject: Hello\r\n\r\nHello\r\n";
    let (parsed, processed) = room.take(&mut loom, person);
    assert!(processed);
    let (returned, processed) = room.take(&mut loom, &room.acknowledge(&parsed, 1));
    assert_eq!(returned.automatic, Some(AutomaticKind::Loop));
    assert!(!processed);
}

//! Answers and forwards: whom they go to, what they quote, and how they continue the thread.

use chrono::{DateTime, Utc};

use crate::mime;
use crate::world::{Content, Draft, DraftAttachment, Envelope, Mailbox, Message, Person};

/// In which way a message is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To who wrote it.
    Reply,
    /// To them and everyone it went to.
    ReplyAll,
    /// To someone else.
    Forward,
}

/// The answer to a message before its writer changes it, with the comment above what is quoted.
pub fn answer(mailbox: &Mailbox, message: &Message, way: Way, comment: &str) -> (Envelope, Draft) {
    let original = &message.envelope;
    let prefix = if way == Way::Forward { "FW: " } else { "RE: " };
    let subject = original.subject.clone().unwrap_or_default();
    let starts =
        |prefix: &str| subject.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(prefix.trim()));
    let subject = if starts(prefix) { subject } else { format!("{prefix}{subject}") };
    let mut references = original.references.clone();
    if references.is_empty() {
        references.extend(original.in_reply_to.clone());
    }
    references.extend(original.internet_message_id.clone());
    let (to, cc) = recipients(mailbox, message, way);
    let me = Person { name: mailbox.name.clone(), address: mailbox.address.clone() };
    let envelope = Envelope {
        subject: Some(subject),
        from: Some(me.clone()),
        sender: Some(me),
        to,
        cc,
        internet_message_id: Some(mailbox.fresh_message_id()),
        in_reply_to: original.internet_message_id.clone(),
        references,
        ..Envelope::default()
    };
    let (html, body) = text(message);
    let quoted = quoted(original, html, &body, comment, original.sent.unwrap_or(message.received));
    let keeps = |file: &DraftAttachment| way == Way::Forward || (file.inline && html);
    let mut attachments = attachments(message);
    attachments.retain(keeps);
    (envelope, Draft { html, body: quoted, headers: Vec::new(), attachments })
}

fn recipients(mailbox: &Mailbox, message: &Message, way: Way) -> (Vec<Person>, Vec<Person>) {
    let original = &message.envelope;
    if way == Way::Forward {
        return (Vec::new(), Vec::new());
    }
    let from = original.from.iter().cloned().collect();
    let mut to = match original.reply_to.clone() {
        // Who answers what they sent themselves writes on to those it went to.
        _ if original.from.as_ref().is_some_and(|from| mailbox.is_named(&from.address)) => {
            original.to.clone()
        }
        reply_to if reply_to.is_empty() => from,
        reply_to => reply_to,
    };
    let mut cc = Vec::new();
    if way == Way::ReplyAll {
        let known = |people: &[Person], person: &Person| {
            people.iter().any(|one| one.address.eq_ignore_ascii_case(&person.address))
        };
        for person in &original.to {
            if !known(&to, person) && !mailbox.is_named(&person.address) {
                to.push(person.clone());
            }
        }
        for person in &original.cc {
            if !known(&to, person) && !known(&cc, person) && !mailbox.is_named(&person.address) {
                cc.push(person.clone());
            }
        }
    }
    (to, cc)
}

fn text(message: &Message) -> (bool, String) {
    match &message.content {
        Content::Draft(draft) => (draft.html, draft.body.clone()),
        Content::Mime(raw) => {
            let body = mime::body(raw);
            (body.html, body.content)
        }
    }
}

/// What is attached to a message, as a draft has it.
pub fn attachments(message: &Message) -> Vec<DraftAttachment> {
    let raw = match &message.content {
        Content::Draft(draft) => return draft.attachments.clone(),
        Content::Mime(raw) => raw,
    };
    let attached = |part: mime::Part| {
        let (content_type, bytes) = match part.kind {
            mime::PartKind::File(bytes) => (part.content_type, bytes),
            mime::PartKind::Message(bytes) => ("message/rfc822".to_owned(), bytes),
        };
        DraftAttachment {
            number: part.number,
            name: part.name.unwrap_or_else(|| "attachment".to_owned()),
            content_type,
            bytes,
            inline: part.inline,
            content_id: part.content_id,
        }
    };
    mime::parts(raw).into_iter().map(attached).collect()
}

fn quoted(original: &Envelope, html: bool, body: &str, comment: &str, sent: DateTime<Utc>) -> String {
    let shown = |person: &Person| format!("{} <{}>", person.name, person.address);
    let all = |people: &[Person]| people.iter().map(shown).collect::<Vec<_>>().join("; ");
    let lines = [
        ("From", original.from.as_ref().map(shown).unwrap_or_default()),
        ("Sent", sent.format("%A, %B %-d, %Y %-I:%M:%S %p").to_string()),
        ("To", all(&original.to)),
        ("Cc", all(&original.cc)),
        ("Subject", original.subject.clone().unwrap_or_default()),
    ];
    let lines = lines.into_iter().filter(|(_, value)| !value.is_empty());
    if html {
        let lines: String =
            lines.map(|(name, value)| format!("<b>{name}:</b> {}<br>\r\n", escaped(&value))).collect();
        let comment = escaped(comment).replace('\n', "<br>\n");
        format!(
            "<html><head>\r\n<meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\"></head><body>\
             {comment}<hr tabindex=\"-1\" style=\"display:inline-block; width:98%\"><div id=\"divRplyFwdMsg\" \
             dir=\"ltr\">{lines}</div><div>&nbsp;</div>{body}</body></html>"
        )
    } else {
        let lines: String = lines.map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!("{comment}\r\n\r\n________________________________\r\n{lines}\r\n{body}")
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

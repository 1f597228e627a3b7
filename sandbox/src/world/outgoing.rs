//! Sending: what a mailbox sends is kept by it, arrives in the mailboxes of its tenant, and leaves for the others.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::changes::Change;
use super::ids::{FolderKey, MessageKey};
use super::mailbox::{Mailbox, Refused};
use super::message::{Content, Envelope, Origin};
use super::tenant::Tenant;

/// A message that left the tenant: nobody in the sandbox has the address.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// The tenant that it left.
    pub tenant: Uuid,
    /// The address of the mailbox that sent it.
    pub from: String,
    /// For whom.
    pub to: Vec<String>,
    /// When.
    pub at: DateTime<Utc>,
    /// As it was sent.
    pub raw: Bytes,
}

impl Mailbox {
    /// A Message-ID for the message that is made next.
    pub fn fresh_message_id(&self) -> String {
        let domain = self.address.rsplit('@').next().unwrap_or("localhost");
        let name = format!("message {}", self.next_message);
        format!("<{}@{domain}>", Uuid::new_v5(&self.id, name.as_bytes()).simple())
    }

    /// A message was sent and is not kept: the next one has a Message-ID of its own all the same.
    pub const fn keep_nothing(&mut self) {
        self.next_message += 1;
    }

    /// A draft was sent: it is a message now, with these bytes, and lies in that folder.
    pub fn draft_was_sent(
        &mut self,
        key: MessageKey,
        envelope: Envelope,
        raw: Bytes,
        to: FolderKey,
        now: DateTime<Utc>,
    ) -> Result<(), Refused> {
        self.folders.get(&to).ok_or(Refused::NoFolder)?;
        self.messages.get(&key).ok_or(Refused::NoMessage)?;
        self.tell(key, Change::Deleted);
        self.leave(key);
        if let Some(message) = self.messages.get_mut(&key) {
            message.envelope = envelope;
            message.content = Content::Mime(raw);
            message.origin = Origin::Sent;
            message.received = now;
            message.modified = now;
            message.is_read = true;
            message.folder = to;
            message.moves += 1;
            message.version += 1;
        }
        self.enter(key);
        self.tell(key, Change::Created);
        Ok(())
    }
}

impl Tenant {
    /// Delivers to each of its mailboxes that is named, once; what is left goes out.
    pub fn submit(
        &mut self,
        from: &str,
        recipients: &[String],
        raw: &Bytes,
        now: DateTime<Utc>,
    ) -> Option<Outgoing> {
        let envelope = crate::mime::envelope(raw);
        let (mut reached, mut outside) = (Vec::new(), Vec::new());
        for recipient in recipients {
            match self.mailbox(recipient) {
                Some(mailbox) if !reached.contains(&mailbox.id) => reached.push(mailbox.id),
                Some(_) => {}
                None => outside.push(recipient.clone()),
            }
        }
        for id in reached {
            let Some(mailbox) = self.mailboxes.get_mut(&id) else { continue };
            let trace = format!(
                "Received: from sandbox (127.0.0.1) by sandbox with SMTP for <{}>; {}\r\n",
                mailbox.address,
                now.format("%a, %d %b %Y %H:%M:%S +0000")
            );
            let raw = Bytes::from([trace.as_bytes(), raw].concat());
            let Some(inbox) = mailbox.well_known("inbox").map(|folder| folder.key) else { continue };
            // The inbox is there: nothing else is refused.
            let _ = mailbox.deliver(inbox, envelope.clone(), raw, now, now);
        }
        let leaves = !outside.is_empty();
        let (from, raw, tenant) = (from.to_owned(), raw.clone(), self.id);
        leaves.then_some(Outgoing { tenant, from, to: outside, at: now, raw })
    }
}

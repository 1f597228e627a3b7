//! What is decided before any instance is asked for: filters, forwards that are text alone, mail that machines sent,
//! attachments that are left out.

use super::CompiledMapping;
use super::policy::{AttachmentPolicy, AutomaticMailAction, LoopProtection};
use super::values::Parsed;
use super::view::View;
use crate::domain::parsed::{
    Address, AutomaticKind, Forwarding, ForwardingKind, ParsedAttachment, ParsedMessage,
};

/// The most characters of a business key.
const MAX_KEY: usize = 1_000;

impl CompiledMapping {
    /// Takes out of the message's list what the mapping leaves out, and notes it.
    pub fn leave_out(&self, message: &mut ParsedMessage) {
        let policy = &self.attachments;
        let before = message.attachments.len();
        message.attachments.retain(|attachment| !policy.leaves_out(attachment));
        match before - message.attachments.len() {
            0 => {}
            1 => message.notes.push("The mapping left out one attachment.".to_owned()),
            many => message.notes.push(format!("The mapping left out {many} attachments.")),
        }
    }

    /// Knows automatic mail of the installation itself again, which a parser can't.
    pub fn know_own(&self, message: &mut ParsedMessage) {
        if self.surroundings.installation.as_ref().is_some_and(|own| own.is_own_loop(&message.headers)) {
            message.automatic = Some(AutomaticKind::Loop);
            message.automatic_because = Some("this installation's id stands in X-Mailroom-Loop".to_owned());
        }
    }

    /// Why the message is ignored whatever it belongs to.
    pub(super) fn refusal(
        &self,
        parsed: &Parsed<'_>,
        view: &mut View<'_>,
        notes: &mut Vec<String>,
    ) -> Option<String> {
        let message = parsed.message;
        if message.automatic == Some(AutomaticKind::Loop) {
            let because = message.automatic_because.as_ref().map(|because| format!(": {because}"));
            return Some(format!("It goes round in a loop{}.", because.unwrap_or_default()));
        }
        for filter in &self.filters {
            match filter.when.evaluate(view.cel(self.cel_members)) {
                Ok(serde_json::Value::Bool(true)) => {
                    return Some(format!("The filter \"{}\" holds.", filter.name));
                }
                Ok(serde_json::Value::Bool(false)) => {}
                Ok(_) => notes.push(format!(
                    "The filter \"{}\" could not be asked: the expression gives neither true nor false.",
                    filter.name
                )),
                Err(reason) => {
                    notes.push(format!("The filter \"{}\" could not be asked: {reason}.", filter.name));
                }
            }
        }
        if message.forwarding.kind == ForwardingKind::TextOnly && self.forwarding.refuse_text_only {
            return Some(
                "It was forwarded as text alone, which says nothing certain of the original. Forward it as an \
                 attachment, or have the mail server forward or redirect it."
                    .to_owned(),
            );
        }
        let kind = message.automatic?;
        (self.loop_protection.of(kind) == AutomaticMailAction::Ignore)
            .then(|| format!("It is {}, and the mapping ignores such mail.", in_words(kind)))
    }

    /// The business key of the message; None where the mapping has none, or gives none for it.
    pub(super) fn business_key(&self, view: &mut View<'_>, notes: &mut Vec<String>) -> Option<String> {
        let given = self.key.as_ref()?.evaluate(view.cel(self.cel_members));
        let key = match given {
            Ok(serde_json::Value::String(text)) => text.trim().to_owned(),
            Ok(serde_json::Value::Number(number)) => number.to_string(),
            Ok(serde_json::Value::Null) => String::new(),
            Ok(_) => {
                notes.push("The key could not be read: the expression gives no text.".to_owned());
                return None;
            }
            Err(reason) => {
                notes.push(format!("The key could not be read: {reason}."));
                return None;
            }
        };
        if key.chars().count() > MAX_KEY {
            notes.push(format!("The key was not used: it is longer than {MAX_KEY} characters."));
            return None;
        }
        (!key.is_empty()).then_some(key)
    }

    /// The message without what an untrusted forwarder claims of the original; None where nothing is to be taken out.
    pub(super) fn without_claims(&self, message: &ParsedMessage) -> Option<ParsedMessage> {
        let forwarding = &message.forwarding;
        let claims = forwarding.sender.is_some() || forwarding.recipient.is_some();
        // Servers on the way note the envelope of any mail; no forwarder claims that.
        if forwarding.kind == ForwardingKind::None || !claims || self.trusts(forwarding.by.as_ref()) {
            return None;
        }
        let forwarding = Forwarding { sender: None, recipient: None, ..forwarding.clone() };
        Some(ParsedMessage { forwarding, ..message.clone() })
    }

    fn trusts(&self, forwarder: Option<&Address>) -> bool {
        let Some(forwarder) = forwarder.map(|by| by.address.to_lowercase()) else { return false };
        let domain = forwarder.rsplit_once('@').map(|(_, domain)| domain);
        let trusted = &self.forwarding.trusted_forwarders;
        if trusted.is_empty() {
            return domain.is_some() && domain == self.surroundings.organisation();
        }
        trusted.iter().map(|entry| entry.to_lowercase()).any(|entry| match entry.strip_prefix('@') {
            Some(of) => domain == Some(of),
            None if entry.contains('@') => entry == forwarder,
            None => domain == Some(entry.as_str()),
        })
    }
}

impl LoopProtection {
    /// What mail of a kind may do.
    pub(super) const fn of(&self, kind: AutomaticKind) -> AutomaticMailAction {
        match kind {
            AutomaticKind::AutoReply => self.auto_replies,
            AutomaticKind::Bounce => self.bounces,
            AutomaticKind::Bulk | AutomaticKind::MailingList => self.bulk,
            AutomaticKind::Loop => AutomaticMailAction::Ignore,
        }
    }
}

impl AttachmentPolicy {
    fn leaves_out(&self, attachment: &ParsedAttachment) -> bool {
        let bytes = |given: i32| u64::try_from(given).unwrap_or(0);
        let kind = attachment.content_type.to_ascii_lowercase();
        let is_small_image = attachment.inline
            && kind.starts_with("image/")
            && attachment.size < bytes(self.ignore_inline_images_below);
        let is_of_type = self.ignore_types.iter().map(|entry| entry.to_ascii_lowercase()).any(|entry| {
            match entry.strip_suffix('*') {
                Some(start) => kind.starts_with(start),
                None => kind == entry,
            }
        });
        is_small_image || is_of_type || self.max_size.is_some_and(|most| attachment.size > bytes(most))
    }
}

/// A kind of automatic mail, with its article.
pub(super) const fn in_words(kind: AutomaticKind) -> &'static str {
    match kind {
        AutomaticKind::AutoReply => "an automatic reply",
        AutomaticKind::Bounce => "a delivery report",
        AutomaticKind::Bulk => "bulk mail",
        AutomaticKind::MailingList => "mail of a mailing list",
        AutomaticKind::Loop => "mail in a loop",
    }
}

//! Each strategy's way from what a message says to an instance, with its evidence.

use super::correlation::CorrelationStrategy;
use super::found::{Found, InstanceFacts, Key, Role};
use super::signals::{Signals, ThreadId, quoted};
use crate::domain::message::MatchedBy;

/// An instance that a strategy found.
pub(super) struct Hit<'a> {
    pub(super) instance: &'a InstanceFacts,
    pub(super) by: MatchedBy,
    pub(super) evidence: String,
}

/// Asks what the lookups found.
#[derive(Clone, Copy)]
pub(super) struct Finder<'a> {
    pub(super) process: &'a str,
    pub(super) signals: &'a Signals,
    pub(super) found: &'a Found,
}

impl<'a> Finder<'a> {
    /// What a strategy finds, the likeliest first.
    pub(super) fn hits(self, strategy: CorrelationStrategy) -> Box<dyn Iterator<Item = Hit<'a>> + 'a> {
        match strategy {
            CorrelationStrategy::ReferenceInSubject => {
                Box::new(self.by_reference(MatchedBy::ReferenceInSubject))
            }
            CorrelationStrategy::ReferenceInBody => Box::new(self.by_reference(MatchedBy::ReferenceInBody)),
            CorrelationStrategy::RecipientTag => Box::new(self.by_reference(MatchedBy::RecipientTag)),
            CorrelationStrategy::ThreadHeaders => Box::new(self.by_thread()),
            CorrelationStrategy::Conversation => Box::new(self.by_conversation().into_iter()),
            CorrelationStrategy::KeyExpression => Box::new(self.by_key().into_iter()),
        }
    }

    fn by_reference(self, by: MatchedBy) -> impl Iterator<Item = Hit<'a>> {
        let candidates = self.signals.references.iter().filter(move |candidate| candidate.by == by);
        candidates.filter_map(move |candidate| {
            let external = candidate
                .is_expected
                .then(|| self.found.by_external_id(&candidate.text))
                .into_iter()
                .flatten();
            let mut known = self.found.by_reference(&candidate.reference).into_iter().chain(external);
            let instance = known.find(|instance| instance.process == self.process)?;
            Some(Hit { instance, by, evidence: candidate.evidence.clone() })
        })
    }

    fn by_thread(self) -> impl Iterator<Item = Hit<'a>> {
        let named = self.signals.referenced_ids.iter().filter_map(move |thread| {
            let instance = self.signed(thread).or_else(|| self.of_thread(&Key::Thread(thread.id.clone())))?;
            let evidence = format!("{} <{}>", thread.header.as_str(), quoted(&thread.id));
            Some(Hit { instance, by: MatchedBy::ThreadHeaders, evidence })
        });
        let own = self.signals.own_id.iter().filter_map(move |own| {
            let instance = self.awaited(&Key::Thread(own.clone()))?;
            let evidence = format!("Message-ID <{}>, which an earlier message names", quoted(own));
            Some(Hit { instance, by: MatchedBy::ThreadHeaders, evidence })
        });
        named.chain(own)
    }

    /// The instance whose token is in the id: mailroom gave it to a message that it sent.
    fn signed(self, thread: &ThreadId) -> Option<&'a InstanceFacts> {
        let instance = self.found.by_reference(thread.signed.as_deref()?)?;
        (instance.process == self.process).then_some(instance)
    }

    fn by_conversation(self) -> Option<Hit<'a>> {
        let conversation = self.signals.conversation.as_ref()?;
        let key = conversation.key();
        // What starts a conversation joins only what came before it; a second start is a stranger's.
        let instance = if conversation.starts { self.awaited(&key) } else { self.of_thread(&key) }?;
        let evidence = format!("Conversation {}", quoted(&conversation.id));
        Some(Hit { instance, by: MatchedBy::Conversation, evidence })
    }

    fn by_key(self) -> Option<Hit<'a>> {
        let key = self.signals.key.as_ref()?;
        let known = self.found.by_key(&Key::Business(key.clone()), Role::Own, self.process);
        // Where a closed instance was followed by another one, the business goes on in the latest.
        let latest = |open: bool| known.iter().filter(|it| it.open == open).max_by_key(|it| it.id).copied();
        let instance = latest(true).or_else(|| latest(false))?;
        Some(Hit { instance, by: MatchedBy::KeyExpression, evidence: format!("Key {}", quoted(key)) })
    }

    /// The instance of a message that is named: the one that has it, or else the one whose messages name it too
    /// (siblings of a parent that never came). An id that several strangers have decides nothing, unless one alone
    /// of them came to this mailbox.
    fn of_thread(self, key: &Key) -> Option<&'a InstanceFacts> {
        match self.found.by_key(key, Role::Own, self.process).as_slice() {
            [only] => Some(only),
            [] => only_or_only_open(&self.found.by_key(key, Role::Referenced, self.process)),
            several => {
                let mailbox = self.signals.mailbox_id?;
                let mut here = several.iter().filter(|instance| instance.mailbox_id == Some(mailbox));
                match (here.next(), here.next()) {
                    (Some(only), None) => Some(only),
                    _ => None,
                }
            }
        }
    }

    /// The instance whose messages name this message, which they came before. One that repeats what is known is a
    /// stranger and joins nothing.
    fn awaited(self, key: &Key) -> Option<&'a InstanceFacts> {
        if !self.found.by_key(key, Role::Own, self.process).is_empty() {
            return None;
        }
        only_or_only_open(&self.found.by_key(key, Role::Referenced, self.process))
    }
}

/// Where a closed instance was followed by a new one, the thread goes on in the new one.
fn only_or_only_open<'a>(instances: &[&'a InstanceFacts]) -> Option<&'a InstanceFacts> {
    if let [only] = instances {
        return Some(only);
    }
    let mut open = instances.iter().filter(|instance| instance.open);
    match (open.next(), open.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

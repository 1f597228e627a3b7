//! The decision: which instance a message belongs to, what becomes of it, and why.

use chrono::TimeDelta;

use super::correlation::{ClosedMatchAction, Correlation, CorrelationStrategy, MatchAction, NoMatchAction};
use super::found::{Found, InstanceFacts, Key, Role};
use super::signals::{Signals, quoted};
use crate::domain::id::InstanceId;
use crate::domain::message::{Match, MatchedBy};

/// What becomes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It makes a new instance.
    Create {
        /// Why.
        matched: Match,
    },
    /// It joins an instance.
    Update {
        /// The instance.
        instance: InstanceId,
        /// The instance is closed, and opens again.
        reopen: bool,
        /// Why.
        matched: Match,
    },
    /// It makes and changes nothing.
    Ignore {
        /// Why, for a person.
        reason: String,
        /// What matched, if anything did.
        matched: Match,
    },
}

impl Decision {
    /// How it was matched.
    pub fn matched(&self) -> &Match {
        match self {
            Self::Create { matched } | Self::Update { matched, .. } | Self::Ignore { matched, .. } => matched,
        }
    }
}

/// Decides about one message. `process` is the mapping's; instances of other processes don't match.
pub fn correlate(correlation: &Correlation, process: &str, signals: &Signals, found: &Found) -> Decision {
    let hit = correlation.strategies.iter().find_map(|strategy| match strategy {
        CorrelationStrategy::ReferenceInSubject => {
            by_reference(MatchedBy::ReferenceInSubject, process, signals, found)
        }
        CorrelationStrategy::ThreadHeaders => by_thread(process, signals, found),
        // Refused when a mapping is saved, so that none of them can be met here.
        CorrelationStrategy::ReferenceInBody
        | CorrelationStrategy::Conversation
        | CorrelationStrategy::RecipientTag
        | CorrelationStrategy::KeyExpression => None,
    });
    match hit {
        None => unmatched(correlation, signals),
        Some(hit) if hit.instance.open => matched_open(correlation, hit),
        Some(hit) => matched_closed(correlation, signals, hit),
    }
}

struct Hit<'a> {
    instance: &'a InstanceFacts,
    by: MatchedBy,
    evidence: String,
}

impl Hit<'_> {
    fn as_match(&self, created: bool, because: &str) -> Match {
        Match { by: self.by, evidence: format!("{}{because}", self.evidence), created }
    }

    fn update(&self, reopen: bool, because: &str) -> Decision {
        Decision::Update { instance: self.instance.id, reopen, matched: self.as_match(false, because) }
    }

    fn create(&self, because: &str) -> Decision {
        let because = format!(" ({}{because})", self.instance.reference);
        Decision::Create { matched: self.as_match(true, &because) }
    }

    fn ignore(&self, state: &str) -> Decision {
        let reason = format!(
            "It belongs to {}, which is {state}, and the mapping ignores mail to {state} instances.",
            self.instance.reference
        );
        Decision::Ignore { reason, matched: self.as_match(false, "") }
    }
}

fn unmatched(correlation: &Correlation, signals: &Signals) -> Decision {
    let evidence = match (signals.references.is_empty(), signals.referenced_ids.is_empty()) {
        (true, true) => "It names no reference and no earlier message.",
        (false, true) => "Nothing is known under the reference that it names.",
        (true, false) => "None of the messages that it names is known.",
        (false, false) => "Neither the reference nor any of the messages that it names is known.",
    };
    let created = correlation.on_no_match == NoMatchAction::Create;
    let matched = Match { by: MatchedBy::Nothing, evidence: evidence.to_owned(), created };
    if created {
        Decision::Create { matched }
    } else {
        let reason = "It belongs to no known instance, and the mapping ignores such mail.".to_owned();
        Decision::Ignore { reason, matched }
    }
}

fn matched_open(correlation: &Correlation, hit: Hit<'_>) -> Decision {
    match correlation.on_match {
        MatchAction::Update => hit.update(false, ""),
        MatchAction::Create => {
            hit.create(" is left as it is: the mapping makes an instance of every message")
        }
        MatchAction::Ignore => hit.ignore("open"),
    }
}

fn matched_closed(correlation: &Correlation, signals: &Signals, hit: Hit<'_>) -> Decision {
    match correlation.on_closed_match {
        ClosedMatchAction::Reopen if is_past_reopening(correlation, signals, hit.instance) => {
            hit.create(" was closed too long ago to be reopened")
        }
        ClosedMatchAction::Reopen if signals.automatic => {
            hit.update(false, "; automatic mail does not reopen")
        }
        ClosedMatchAction::Reopen => hit.update(true, ""),
        ClosedMatchAction::Update => hit.update(false, ""),
        ClosedMatchAction::Create => hit.create(" is closed"),
        ClosedMatchAction::Ignore => hit.ignore("closed"),
    }
}

fn is_past_reopening(correlation: &Correlation, signals: &Signals, instance: &InstanceFacts) -> bool {
    let (Some(days), Some(closed_at)) = (correlation.reopen_within_days, instance.closed_at) else {
        return false;
    };
    signals.received_at - closed_at > TimeDelta::days(days.into())
}

fn by_reference<'a>(by: MatchedBy, process: &str, signals: &Signals, found: &'a Found) -> Option<Hit<'a>> {
    let candidates = signals.references.iter().filter(|candidate| candidate.by == by);
    candidates.into_iter().find_map(|candidate| {
        let instance = found
            .by_reference(&candidate.reference)
            .into_iter()
            .chain(found.by_external_id(&candidate.text))
            .find(|instance| instance.process == process)?;
        Some(Hit { instance, by, evidence: candidate.evidence.clone() })
    })
}

fn by_thread<'a>(process: &str, signals: &Signals, found: &'a Found) -> Option<Hit<'a>> {
    let named = signals.referenced_ids.iter().find_map(|thread| {
        let instance = thread_instance(&thread.id, process, found)?;
        Some((instance, format!("{} <{}>", thread.header.as_str(), quoted(&thread.id))))
    });
    let (instance, evidence) = named.or_else(|| {
        let own = signals.own_id.as_deref()?;
        let instance = awaited_by(own, process, found)?;
        Some((instance, format!("Message-ID <{}>, which an earlier message names", quoted(own))))
    })?;
    Some(Hit { instance, by: MatchedBy::ThreadHeaders, evidence })
}

/// The instance of a message that is named: the one that has it, or else the one whose messages name it too
/// (siblings of a parent that never came). An id that several strangers have decides nothing.
fn thread_instance<'a>(id: &str, process: &str, found: &'a Found) -> Option<&'a InstanceFacts> {
    let key = Key::Thread(id.to_owned());
    match found.by_key(&key, Role::Own, process).as_slice() {
        [only] => Some(only),
        [] => only_or_only_open(&found.by_key(&key, Role::Referenced, process)),
        _ => None,
    }
}

/// The instance whose messages name this message, which they came before. One that repeats a known Message-ID
/// is a stranger and joins nothing.
fn awaited_by<'a>(own: &str, process: &str, found: &'a Found) -> Option<&'a InstanceFacts> {
    let key = Key::Thread(own.to_owned());
    if !found.by_key(&key, Role::Own, process).is_empty() {
        return None;
    }
    only_or_only_open(&found.by_key(&key, Role::Referenced, process))
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

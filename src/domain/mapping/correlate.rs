//! The decision: which instance a message belongs to, what becomes of it, and why.

use chrono::TimeDelta;

use super::correlation::{ClosedMatchAction, Correlation, MatchAction, NoMatchAction};
use super::found::{Found, InstanceFacts};
use super::hit::{Finder, Hit};
use super::policy::{AutomaticMailAction, LoopProtection};
use super::screen::in_words;
use super::signals::Signals;
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

    /// What mail that a machine sent may do of it.
    #[must_use]
    pub fn allowed(self, protection: &LoopProtection, signals: &Signals) -> Self {
        match (self, signals.automatic) {
            (Self::Create { matched }, Some(kind))
                if protection.of(kind) == AutomaticMailAction::UpdateOnly =>
            {
                let reason = format!(
                    "It is {} that belongs to no instance which it could update, and the mapping lets such mail \
                     make none.",
                    in_words(kind)
                );
                Self::Ignore { reason, matched: Match { created: false, ..matched } }
            }
            (decision, _) => decision,
        }
    }
}

/// Decides about one message. `process` is the mapping's; instances of other processes don't match.
pub fn correlate(correlation: &Correlation, process: &str, signals: &Signals, found: &Found) -> Decision {
    let finder = Finder { process, signals, found };
    let mut stranger = None;
    for strategy in &correlation.strategies {
        for hit in finder.hits(*strategy) {
            if correlation.trusted_senders_only && !is_trusted(&hit, signals, found) {
                stranger.get_or_insert(hit);
            } else if hit.instance.open {
                return matched_open(correlation, hit);
            } else {
                return matched_closed(correlation, signals, hit);
            }
        }
    }
    unmatched(correlation, signals, stranger)
}

/// Whether the sender is on the instance's thread, or the message proves that it was asked for.
fn is_trusted(hit: &Hit<'_>, signals: &Signals, found: &Found) -> bool {
    signals.signed.contains(&hit.instance.reference)
        || signals.senders.iter().any(|sender| found.takes_part(hit.instance.id, sender))
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

fn unmatched(correlation: &Correlation, signals: &Signals, stranger: Option<Hit<'_>>) -> Decision {
    let evidence = match stranger {
        Some(hit) => {
            format!("{} named {}, but the sender is not on its thread.", hit.evidence, hit.instance.reference)
        }
        None => signals.in_vain().to_owned(),
    };
    let created = correlation.on_no_match == NoMatchAction::Create;
    let matched = Match { by: MatchedBy::Nothing, evidence, created };
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
        ClosedMatchAction::Reopen if signals.automatic.is_some() => {
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

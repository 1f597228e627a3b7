//! A rule: which calls it is about, how many of them, and what becomes of them.

use uuid::Uuid;

use super::pattern;
use crate::dice::Dice;

/// What becomes of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fate {
    /// It never comes.
    Drop,
    /// It comes twice.
    Double,
    /// It comes `delayMs` late.
    Delay,
}

/// A rule as it is written in a scenario or posted. What is not given is any.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Rule {
    /// What the rule is called by; given by the sandbox where it is missing.
    pub name: Option<String>,
    /// The method.
    pub method: Option<String>,
    /// The path, without `/v1.0`: `*` is any part of a segment, `**` any number of segments.
    pub path: Option<String>,
    /// What the query contains.
    pub query: Option<String>,
    /// The tenant, by id or domain.
    pub tenant: Option<String>,
    /// The app, by client id.
    pub app: Option<Uuid>,
    /// The mailbox, by address or id.
    pub mailbox: Option<String>,

    /// Only that one of the calls; 1 is the first.
    pub nth: Option<u64>,
    /// Not the first so many calls.
    pub after: u64,
    /// Each so many calls.
    pub every: Option<u64>,
    /// So often and no more.
    pub count: Option<u64>,
    /// How likely, from 0 to 1.
    pub probability: Option<f64>,
    /// For the probability: the same seed falls on the same calls.
    pub seed: u64,

    /// Answers with that status, and nothing is done.
    pub status: Option<u16>,
    /// The code of that answer; a likely one where it is missing.
    pub code: Option<String>,
    /// The sentence of that answer.
    pub message: Option<String>,
    /// Its Retry-After, in seconds.
    pub retry_after: Option<u64>,
    /// Waits so long first, in milliseconds.
    pub delay_ms: Option<u64>,
    /// Gives the body so slowly.
    pub bytes_per_second: Option<u64>,
    /// Ends the body after so many bytes: the connection breaks, the announced length stays.
    pub truncate: Option<usize>,
    /// Cuts the connection; nothing is done.
    pub cut: bool,
    /// Does what was asked, then cuts the connection: the client never knows.
    pub lose_answer: bool,
    /// 403 ErrorAccessDenied.
    pub deny: bool,
    /// 410 to who comes with a delta token.
    pub expire_delta: bool,
    /// For notifications; such a rule is about nothing else.
    pub notification: Option<Fate>,
}

/// Why a rule is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// It would change nothing.
    #[error(
        "a rule says what becomes of a call: one of status, delayMs, bytesPerSecond, truncate, cut, loseAnswer, deny, expireDelta, notification"
    )]
    NothingHappens,
    /// Not a status of an answer.
    #[error("a status is a number from 200 to 599, not {0}")]
    Status(u16),
    /// Not a probability.
    #[error("a probability is a number from 0 to 1")]
    Probability,
    /// Counting begins at 1.
    #[error("nth and every begin at 1, and so does bytesPerSecond")]
    Zero,
    /// A late notification needs its time.
    #[error("notification = \"delay\" needs delayMs")]
    NoDelay,
}

impl Rule {
    /// Whether it makes sense.
    pub fn check(&self) -> Result<(), Mistake> {
        let changes_body = self.bytes_per_second.is_some() || self.truncate.is_some();
        let refuses = self.status.is_some() || self.deny || self.expire_delta;
        let breaks = self.cut || self.lose_answer;
        if !(changes_body || refuses || breaks || self.delay_ms.is_some() || self.notification.is_some()) {
            return Err(Mistake::NothingHappens);
        }
        if let Some(status) = self.status.filter(|status| !(200..=599).contains(status)) {
            return Err(Mistake::Status(status));
        }
        if self.probability.is_some_and(|probability| !(0.0..=1.0).contains(&probability)) {
            return Err(Mistake::Probability);
        }
        if [self.nth, self.every, self.bytes_per_second].contains(&Some(0)) {
            return Err(Mistake::Zero);
        }
        if self.notification == Some(Fate::Delay) && self.delay_ms.is_none() {
            return Err(Mistake::NoDelay);
        }
        Ok(())
    }
}

/// A call as rules see it.
#[derive(Debug, Clone, Default)]
pub struct Call {
    /// The method; empty of a notification.
    pub method: String,
    /// The path, [`pattern::plain`].
    pub path: String,
    /// Its query, as it came.
    pub query: String,
    /// Every name of the tenant.
    pub tenant: Vec<String>,
    /// The app.
    pub app: Option<Uuid>,
    /// Every name of the mailbox.
    pub mailbox: Vec<String>,
    /// Whether it is a notification of ours instead of a call.
    pub is_notification: bool,
}

/// A rule at work.
#[derive(Debug, Clone)]
pub(super) struct Armed {
    pub(super) rule: Rule,
    pub(super) seen: u64,
    pub(super) used: u64,
    dice: Dice,
}

impl Armed {
    pub(super) fn new(rule: Rule) -> Self {
        Self { dice: Dice::new(rule.seed), rule, seen: 0, used: 0 }
    }

    fn is_about(&self, call: &Call) -> bool {
        let rule = &self.rule;
        let is_named = |wanted: &Option<String>, names: &[String]| {
            wanted.as_ref().is_none_or(|wanted| names.iter().any(|name| name.eq_ignore_ascii_case(wanted)))
        };
        rule.notification.is_some() == call.is_notification
            && rule.method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(&call.method))
            && rule.path.as_ref().is_none_or(|wanted| pattern::matches(wanted, &call.path))
            && rule.query.as_ref().is_none_or(|part| call.query.contains(part.as_str()))
            && rule.app.is_none_or(|app| call.app == Some(app))
            && (!rule.expire_delta || has_delta_token(&call.query))
            && is_named(&rule.tenant, &call.tenant)
            && is_named(&rule.mailbox, &call.mailbox)
    }

    /// Counts the call; whether the rule falls on it.
    pub(super) fn falls_on(&mut self, call: &Call) -> bool {
        if !self.is_about(call) {
            return false;
        }
        self.seen += 1;
        let rule = &self.rule;
        let chosen = self.seen > rule.after
            && rule.nth.is_none_or(|nth| self.seen == nth)
            && rule.every.is_none_or(|every| (self.seen - rule.after).is_multiple_of(every))
            && rule.count.is_none_or(|count| self.used < count);
        chosen && rule.probability.is_none_or(|probability| self.dice.chance(probability))
    }
}

fn has_delta_token(query: &str) -> bool {
    let query = pattern::plain(query).to_lowercase();
    query.contains("deltatoken=") || query.contains("skiptoken=")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn falls(rule: Rule, calls: usize) -> Vec<usize> {
        let mut armed = Armed::new(rule);
        let call = Call { method: "GET".to_owned(), path: "/users/a@x".to_owned(), ..Call::default() };
        (1..=calls)
            .filter(|_| {
                let falls = armed.falls_on(&call);
                armed.used += u64::from(falls);
                falls
            })
            .collect()
    }

    #[test]
    fn a_rule_falls_on_the_calls_that_it_names() {
        assert_eq!(falls(Rule { nth: Some(3), ..Rule::default() }, 9), [3]);
        assert_eq!(falls(Rule { after: 2, count: Some(2), ..Rule::default() }, 9), [3, 4]);
        assert_eq!(falls(Rule { every: Some(4), ..Rule::default() }, 9), [4, 8]);
        assert_eq!(falls(Rule { method: Some("post".to_owned()), ..Rule::default() }, 9), [0; 0]);
        let half = Rule { probability: Some(0.5), seed: 4, ..Rule::default() };
        let (one, two) = (falls(half.clone(), 100), falls(half, 100));
        assert_eq!(one, two);
        assert!((30..70).contains(&one.len()));
    }

    #[test]
    fn delta_tokens_expire_for_who_has_one() {
        let mut armed = Armed::new(Rule { expire_delta: true, ..Rule::default() });
        let call = |query: &str| Call { query: query.to_owned(), ..Call::default() };
        assert!(armed.falls_on(&call("$deltatoken=abc")) && armed.falls_on(&call("%24deltaToken=abc")));
        assert!(!armed.falls_on(&call("$select=id")));
    }

    #[test]
    fn a_rule_that_makes_no_sense_is_told_why() {
        let status = |status| Rule { status: Some(status), ..Rule::default() };
        assert_eq!(Rule::default().check(), Err(Mistake::NothingHappens));
        assert_eq!(status(99).check(), Err(Mistake::Status(99)));
        assert_eq!(Rule { nth: Some(0), ..status(500) }.check(), Err(Mistake::Zero));
        assert_eq!(Rule { probability: Some(1.5), ..status(500) }.check(), Err(Mistake::Probability));
        let late = Rule { notification: Some(Fate::Delay), ..Rule::default() };
        assert_eq!(late.check(), Err(Mistake::NoDelay));
        assert_eq!(status(503).check(), Ok(()));
    }
}

//! Flags and keywords: set without `.SILENT`, so that the server confirms each message.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::dispose::{Outcomes, vanished};
use super::open::Opened;
use super::reply::{Item, Reply};
use super::{ImapSession, names, uids};
use crate::domain::handling::Disposition;
use crate::provider::{DisposeOutcome, Error};

const SET: usize = 500;

impl ImapSession {
    /// The flags that a disposition asks for, and that this folder keeps.
    pub(super) fn flags_of(&self, opened: &Opened, disposition: &Disposition) -> Vec<String> {
        let mut flags = Vec::new();
        if disposition.mark_read {
            flags.push("\\Seen".to_owned());
        }
        for category in &disposition.categories {
            let keyword = keyword(category);
            if keyword.is_empty() || !opened.keeps(&keyword) {
                tracing::warn!("the server keeps no keywords in this folder: a category was left out");
            } else {
                flags.push(keyword);
            }
        }
        flags
    }

    /// Sets flags; tells of each message whether it has them now.
    pub(super) async fn add_flags(&mut self, wanted: &[u32], flags: &[String]) -> Result<Outcomes, Error> {
        let mut outcomes = Outcomes::new();
        for (set, members) in uids::sets(wanted, SET) {
            let mut seen = Confirmed::new(flags);
            let command = format!("UID STORE {set} +FLAGS ({})", flags.join(" "));
            let answer = self.wire.ask(&command, |reply| seen.hear(reply)).await?;
            let refusal = answer.check("to change flags").err().map(Arc::new);
            // What was flagged before, or vanished, need not be told of.
            let silent: Vec<u32> = members.iter().copied().filter(|uid| !seen.has(*uid)).collect();
            let mut present = HashSet::new();
            for (set, _) in uids::sets(&silent, SET) {
                let answer = self
                    .wire
                    .ask(&format!("UID FETCH {set} (UID FLAGS)"), |reply| {
                        if let Reply::Fetch(Item { uid: Some(uid), flags: Some(_), .. }) = &reply {
                            present.insert(*uid);
                        }
                        seen.hear(reply);
                    })
                    .await?;
                if refusal.is_none() && answer.name() != "EXPUNGEISSUED" {
                    answer.check("to read flags")?;
                }
            }
            for uid in members {
                let outcome = if let Some(version) = seen.confirmed.remove(&uid) {
                    DisposeOutcome::Done { moved_to: None, version }
                } else if present.contains(&uid) {
                    let error = refusal.clone().unwrap_or_else(|| Arc::new(unkept()));
                    DisposeOutcome::Refused(error)
                } else {
                    vanished()
                };
                outcomes.insert(uid, outcome);
            }
        }
        Ok(outcomes)
    }

    /// Tells which of the messages are there.
    pub(super) async fn present(&mut self, wanted: &[u32]) -> Result<Outcomes, Error> {
        let mut outcomes: Outcomes = wanted.iter().map(|&uid| (uid, vanished())).collect();
        for (set, _) in uids::sets(wanted, SET) {
            let answer = self
                .wire
                .ask(&format!("UID FETCH {set} (UID)"), |reply| {
                    if let Reply::Fetch(Item { uid: Some(uid), .. }) = reply
                        && let Some(outcome) = outcomes.get_mut(&uid)
                    {
                        *outcome = DisposeOutcome::Done { moved_to: None, version: None };
                    }
                })
                .await?;
            if answer.name() != "EXPUNGEISSUED" {
                answer.check("to look for messages")?;
            }
        }
        Ok(outcomes)
    }
}

/// The messages that were told to have all of the flags, with their MODSEQ where told.
struct Confirmed<'a> {
    flags: &'a [String],
    confirmed: HashMap<u32, Option<String>>,
}

impl<'a> Confirmed<'a> {
    fn new(flags: &'a [String]) -> Self {
        Self { flags, confirmed: HashMap::new() }
    }

    fn has(&self, uid: u32) -> bool {
        self.confirmed.contains_key(&uid)
    }

    fn hear(&mut self, reply: Reply) {
        let Reply::Fetch(Item { uid: Some(uid), flags: Some(has), modseq, .. }) = reply else { return };
        if self.flags.iter().all(|flag| has.iter().any(|one| one.eq_ignore_ascii_case(flag))) {
            self.confirmed.insert(uid, modseq.map(|modseq| modseq.to_string()));
        }
    }
}

fn unkept() -> Error {
    Error::Refused {
        command: "to keep the flags that it said it had set",
        provider_code: "OK".to_owned(),
        bad: false,
    }
}

/// A keyword (RFC 3501, `flag-keyword`: an atom) for a category.
fn keyword(category: &str) -> String {
    names::encode(category)
        .chars()
        .map(|c| if c == ' ' || "(){%*\"\\]".contains(c) { '_' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::keyword;

    #[test]
    fn a_category_becomes_an_atom() {
        assert_eq!(keyword("To do (now)"), "To_do__now_");
        assert_eq!(keyword("$Imported"), "$Imported");
        assert!(keyword("Größe").is_ascii());
    }
}

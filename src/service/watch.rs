//! What providers tell of subscriptions: a hint that a job is due, never more. A lost, doubled, late or forged one changes
//! nothing but the delay.

use std::collections::{BTreeSet, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::permit::RunRead;
use super::{Context, Error, Permit};
use crate::db;
use crate::domain::id::{JobId, MailboxId};
use crate::domain::mailbox::ProviderSettings;
use crate::domain::watch::{Notification, Status, Told, Way, heard, status};
use crate::provider::Receiver;
use crate::secret::SecretString;

/// What became of the items of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noted {
    /// Jobs that are due now.
    pub due: u64,
    /// Items of unknown subscriptions, or that do not prove themselves.
    pub dropped: usize,
}

/// Notes which jobs are due. No permit: each item proves itself by the secret that its subscription was made with.
pub async fn note(cx: &Context, items: &[Notification]) -> Result<Noted, Error> {
    let ids: BTreeSet<&str> = items.iter().map(|item| item.provider_id.as_str()).collect();
    let ids: Vec<&str> = ids.into_iter().collect();
    let known = db::subscription::known(cx.db.read(), &ids).await?;
    let (mut due, mut renew, mut gone) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut dropped = 0;
    for item in items {
        let proved = known.get(&item.provider_id).filter(|(_, hash)| is_proof(&item.client_state, hash));
        let Some((job, _)) = proved else {
            dropped += 1;
            continue;
        };
        match item.told {
            Told::Changed | Told::Missed => due.insert(*job),
            Told::Reauthorize => renew.insert(*job),
            Told::Removed => gone.insert(*job) | due.insert(*job),
        };
    }
    let now = cx.clock.now();
    let list = |jobs: BTreeSet<JobId>| jobs.into_iter().collect::<Vec<_>>();
    let (due, renew, gone) = (list(due), list(renew), list(gone));
    let noted = if due.is_empty() { 0 } else { db::job::note(&cx.db, &due, now).await? };
    for (jobs, is_gone) in [(&renew, false), (&gone, true)] {
        if !jobs.is_empty() {
            db::subscription::hurry(cx.db.write(), jobs, now, is_gone).await?;
        }
    }
    if noted > 0 || !renew.is_empty() || !gone.is_empty() {
        cx.wake.ring();
    }
    Ok(Noted { due: noted, dropped })
}

/// The hash of what a subscription proves itself by, as it is kept.
pub fn state_hash(client_state: &str) -> Vec<u8> {
    Sha256::digest(client_state.as_bytes()).to_vec()
}

/// How the provider of that mailbox can tell us of changes. Microsoft Graph calls https addresses only; what stands in for
/// it on this machine calls any.
pub fn way(cx: &Context, settings: &ProviderSettings) -> Way {
    let graph = match settings {
        ProviderSettings::Graph(graph) => graph,
        ProviderSettings::Imap(_) => return Way::Ear,
    };
    let is_here = graph.endpoint.as_deref().is_some_and(super::url::is_this_machine);
    if cx.public_url.starts_with("https://") || is_here { Way::Open } else { Way::NoHttps }
}

/// How jobs hear of new mail that watch and are enabled; without those whose mailbox is paused. In a statement for each way of
/// being told and one for the mailboxes, however many they are.
pub async fn statuses(
    cx: &Context,
    _permit: &Permit<RunRead>,
    jobs: &[(JobId, MailboxId)],
) -> Result<HashMap<JobId, Status>, Error> {
    let mailboxes: BTreeSet<MailboxId> = jobs.iter().map(|(_, mailbox)| *mailbox).collect();
    let mailboxes: Vec<MailboxId> = mailboxes.into_iter().collect();
    let mailboxes = db::mailbox::by_ids(cx.db.read(), &mailboxes).await?;
    let is_listened_to = |mailbox: MailboxId| {
        mailboxes.get(&mailbox).is_some_and(|mailbox| way(cx, &mailbox.settings) == Way::Ear)
    };
    let (mut listened, mut other) = (Vec::new(), Vec::new());
    for (job, mailbox) in jobs {
        if is_listened_to(*mailbox) { listened.push(*job) } else { other.push(*job) }
    }
    let (mut listening, mut subscriptions) = Default::default();
    if !listened.is_empty() {
        listening = db::listening::of_jobs(cx.db.read(), &listened).await?;
    }
    if !other.is_empty() {
        subscriptions = db::subscription::of_jobs(cx.db.read(), &other).await?;
    }
    let now = cx.clock.now();
    let known = jobs.iter().filter_map(|(job, mailbox)| {
        let mailbox = mailboxes.get(mailbox).filter(|mailbox| !mailbox.paused)?;
        Some((
            *job,
            match way(cx, &mailbox.settings) {
                Way::Ear => heard(listening.remove(job), mailbox.health.state),
                way => status(way, subscriptions.remove(job), now),
            },
        ))
    });
    Ok(known.collect())
}

/// Where the provider of that mailbox can tell us of changes; None where it can't reach us.
pub fn receiver(cx: &Context, settings: &ProviderSettings) -> Option<Receiver> {
    if way(cx, settings) != Way::Open {
        return None;
    }
    let base = &cx.public_url;
    let mut secret = [0u8; 32];
    getrandom::fill(&mut secret).ok()?;
    Some(Receiver {
        url: format!("{base}/hooks/graph"),
        lifecycle_url: format!("{base}/hooks/graph/lifecycle"),
        client_state: SecretString::from(URL_SAFE_NO_PAD.encode(secret)),
    })
}

/// In constant time: how much of it is right must not be measured.
fn is_proof(client_state: &str, hash: &[u8]) -> bool {
    let given = Sha256::digest(client_state.as_bytes());
    hash.len() == given.len() && given.iter().zip(hash).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_text_is_proof() {
        let hash = state_hash("right");
        assert!(is_proof("right", &hash));
        for wrong in ["", "Right", "right ", "righ"] {
            assert!(!is_proof(wrong, &hash), "{wrong}");
        }
        assert!(!is_proof("right", &[]));
    }
}

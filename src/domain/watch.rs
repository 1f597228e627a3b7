//! Reacting at once: what a provider tells of a subscription, and how a job that watches hears of new mail.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::fault::{Fault, FaultCode};
use super::health::MailboxState;
use super::named::named_enum;

/// How often a job looks that watches without being told: forty requests in ten minutes, of ten thousand.
pub const UNTOLD: Duration = Duration::from_secs(15);

/// What a provider tells of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Something changed in the folder.
    Changed,
    /// Notifications were lost.
    Missed,
    /// It must be renewed soon, or no more come.
    Reauthorize,
    /// It is gone.
    Removed,
}

/// One item of what a provider sends.
#[derive(Clone)]
pub struct Notification {
    /// The provider's id of the subscription.
    pub provider_id: String,
    /// What we gave it to prove itself by.
    pub client_state: String,
    /// What it tells.
    pub told: Told,
}

impl std::fmt::Debug for Notification {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { provider_id, client_state: _, told } = self;
        f.debug_struct("Notification")
            .field("provider_id", provider_id)
            .field("told", told)
            .finish_non_exhaustive()
    }
}

named_enum! {
    /// How a job that watches hears of new mail.
    pub enum Means { Notifications = "NOTIFICATIONS", Idle = "IDLE", Polling = "POLLING" }
}

named_enum! {
    /// How a connection listens that waits for news.
    pub enum Ear {
        /// The server tells by itself (RFC 2177).
        Idle = "IDLE",
        /// It is asked over and over.
        Noop = "NOOP",
    }
}

/// What is known of the connection that listens for a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listening {
    /// How it listens; None while there is none, or it is being made.
    pub ear: Option<Ear>,
    /// When it is tried again, where it failed.
    pub due_at: DateTime<Utc>,
    /// Why it failed the last time.
    pub fault: Option<Fault>,
}

/// What is known of a job's subscription at its provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Whether the provider made it.
    pub is_made: bool,
    /// When it lapses.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it is seen to again: made, renewed or tried again.
    pub due_at: DateTime<Utc>,
    /// Why it could not be made or renewed the last time.
    pub fault: Option<Fault>,
}

/// How a job that watches hears of new mail, now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// By what.
    pub means: Means,
    /// The same in a sentence for people: with polling, why, and what would be right.
    pub summary: String,
    /// With polling: no more than this between two looks.
    pub poll: Option<Duration>,
    /// With notifications: when the subscription lapses, unless it is renewed.
    pub expires_at: Option<DateTime<Utc>>,
    /// When subscribing or renewing is tried again, where it failed.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// Why it failed.
    pub fault: Option<Fault>,
}

/// How the provider of a mailbox can tell us of new mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It calls us.
    Open,
    /// It would, but calls https addresses only, and ours is none.
    NoHttps,
    /// A connection of ours listens to it.
    Ear,
    /// It tells nobody.
    None,
}

/// How a job hears of new mail that watches, is enabled, and whose mailbox is not paused.
pub fn status(way: Way, subscription: Option<Subscription>, now: DateTime<Utc>) -> Status {
    let live = subscription.as_ref().filter(|one| one.is_made).and_then(|one| one.expires_at);
    let live = live.filter(|expires_at| *expires_at > now);
    let failed = subscription.as_ref().filter(|one| one.fault.is_some());
    let seconds = UNTOLD.as_secs();
    let summary = match (live, way, failed) {
        (Some(_), _, None) => "The provider tells of new mail as it arrives.".to_owned(),
        (Some(_), _, Some(_)) => {
            "The provider tells of new mail as it arrives, but the subscription could not be renewed."
                .to_owned()
        }
        (None, Way::None | Way::Ear, _) => {
            format!("The provider tells nobody of new mail: the folder is looked at every {seconds} seconds.")
        }
        (None, Way::NoHttps, _) => format!(
            "The folder is looked at every {seconds} seconds: Microsoft Graph calls https addresses only, and this \
             installation has no public one. Set public.url to one that leads here."
        ),
        (None, Way::Open, Some(_)) => format!(
            "The folder is looked at every {seconds} seconds until the provider takes the subscription, which it \
             refused the last time."
        ),
        (None, Way::Open, None) => {
            format!(
                "The subscription is being made: until then the folder is looked at every {seconds} seconds."
            )
        }
    };
    Status {
        means: if live.is_some() { Means::Notifications } else { Means::Polling },
        summary,
        poll: live.is_none().then_some(UNTOLD),
        expires_at: live,
        next_attempt_at: failed.map(|one| one.due_at),
        fault: subscription.and_then(|one| one.fault),
    }
}

/// The same of a job that a connection of ours listens for, or is to; with the state that the mailbox's last run
/// left it in.
pub fn heard(listening: Option<Listening>, state: MailboxState) -> Status {
    let seconds = UNTOLD.as_secs();
    let ear = listening.as_ref().and_then(|one| one.ear);
    let failed = listening.filter(|one| one.ear.is_none() && one.fault.is_some());
    let throttled = failed
        .as_ref()
        .and_then(|one| one.fault.as_ref())
        .is_some_and(|fault| fault.code == FaultCode::Throttled);
    let summary = match (ear, &failed) {
        (Some(Ear::Idle), _) => "The server tells of new mail as it arrives (IDLE).".to_owned(),
        (Some(Ear::Noop), _) => format!(
            "The server does not tell by itself (no IDLE): it is asked every {seconds} seconds over a connection that stays open."
        ),
        (None, _) if state == MailboxState::NeverRun => {
            "The server is listened to as soon as the first run has gone well.".to_owned()
        }
        (None, _) if state != MailboxState::Ok => format!(
            "The last run failed: the server is listened to again when a run has gone well. Until then the folder is looked at \
             every {seconds} seconds, or when the mailbox is tried again."
        ),
        (None, Some(_)) if throttled => format!(
            "The folder is looked at every {seconds} seconds: the server takes no further connection to listen on. Allow one more \
             connection for each folder that watches."
        ),
        (None, Some(_)) => format!(
            "The folder is looked at every {seconds} seconds until the server can be listened to again: the connection failed."
        ),
        (None, None) => {
            format!(
                "The connection is being made: until then the folder is looked at every {seconds} seconds."
            )
        }
    };
    Status {
        means: if ear == Some(Ear::Idle) { Means::Idle } else { Means::Polling },
        summary,
        poll: (ear != Some(Ear::Idle)).then_some(UNTOLD),
        expires_at: None,
        next_attempt_at: failed.as_ref().map(|one| one.due_at),
        fault: failed.and_then(|one| one.fault),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
    }

    fn made(lives: TimeDelta, fault: Option<Fault>) -> Option<Subscription> {
        let expires_at = Some(now() + lives);
        Some(Subscription { is_made: true, expires_at, due_at: now() + TimeDelta::minutes(1), fault })
    }

    fn fault() -> Fault {
        Fault {
            code: FaultCode::Unreachable,
            message: "x".to_owned(),
            hint: None,
            retryable: true,
            provider_code: None,
            request_id: None,
            occurred_at: now(),
        }
    }

    #[test]
    fn a_live_subscription_is_what_tells_whatever_else_there_is() {
        for way in [Way::Open, Way::NoHttps] {
            let status = status(way, made(TimeDelta::hours(1), None), now());
            assert_eq!((status.means, status.poll), (Means::Notifications, None));
            assert_eq!(status.expires_at, Some(now() + TimeDelta::hours(1)));
            assert_eq!((status.next_attempt_at, status.fault), (None, None));
        }
        let failing = status(Way::Open, made(TimeDelta::hours(1), Some(fault())), now());
        assert_eq!(failing.means, Means::Notifications);
        assert!(failing.summary.contains("could not be renewed"), "{}", failing.summary);
        assert_eq!(failing.next_attempt_at, Some(now() + TimeDelta::minutes(1)));
    }

    #[test]
    fn without_one_the_folder_is_polled_and_the_sentence_says_why() {
        let lapsed = made(TimeDelta::zero(), None);
        let unmade = lapsed.clone().map(|one| Subscription { is_made: false, expires_at: None, ..one });
        let refused = unmade.clone().map(|one| Subscription { fault: Some(fault()), ..one });
        for (way, subscription, why) in [
            (Way::Open, None, "is being made"),
            (Way::Open, lapsed, "is being made"),
            (Way::Open, unmade.clone(), "is being made"),
            (Way::Open, refused, "refused the last time"),
            (Way::NoHttps, unmade, "Set public.url"),
            (Way::None, None, "tells nobody"),
        ] {
            let status = status(way, subscription, now());
            assert_eq!((status.means, status.poll), (Means::Polling, Some(UNTOLD)));
            assert!(
                status.summary.contains(why) && status.summary.contains("15 seconds"),
                "{}",
                status.summary
            );
            assert_eq!(status.expires_at, None);
        }
    }
    fn listening(ear: Option<Ear>, code: Option<FaultCode>) -> Option<Listening> {
        let fault = code.map(|code| Fault { code, ..fault() });
        Some(Listening { ear, due_at: now(), fault })
    }

    #[test]
    fn a_connection_that_idles_is_told_and_one_that_asks_says_how_often() {
        let idle = heard(listening(Some(Ear::Idle), None), MailboxState::Ok);
        assert_eq!((idle.means, idle.poll, idle.next_attempt_at), (Means::Idle, None, None));
        let failing_runs = heard(listening(Some(Ear::Idle), None), MailboxState::Unreachable);
        assert_eq!(failing_runs.means, Means::Idle, "it hears nevertheless");
        let noop = heard(listening(Some(Ear::Noop), None), MailboxState::Ok);
        assert_eq!((noop.means, noop.poll), (Means::Polling, Some(UNTOLD)));
        assert!(noop.summary.contains("no IDLE"), "{}", noop.summary);
    }

    #[test]
    fn without_a_connection_the_sentence_says_why() {
        use MailboxState::{NeverRun, Ok, Unreachable};
        for (known, state, why, fails) in [
            (None, Ok, "being made", false),
            (listening(None, None), Ok, "being made", false),
            (listening(None, Some(FaultCode::Unreachable)), Ok, "the connection failed", true),
            (listening(None, Some(FaultCode::Throttled)), Ok, "no further connection", true),
            (None, Unreachable, "The last run failed", false),
            (None, NeverRun, "as soon as the first run", false),
        ] {
            let status = heard(known, state);
            assert_eq!((status.means, status.poll), (Means::Polling, Some(UNTOLD)));
            assert!(status.summary.contains(why), "{}", status.summary);
            assert_eq!((status.fault.is_some(), status.next_attempt_at.is_some()), (fails, fails));
        }
    }
}

//! Change notifications: a subscription to what is created in a folder.
//! Source: Microsoft Graph documentation, "subscription resource type" and "Create subscription".

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ask::Ask;
use super::refusal::{Kind, Refusal};
use super::reply::Page;
use super::{Graph, GraphSession};
use crate::domain::clock::{Clock as _, SystemClock};
use crate::provider::{Access, Error, Hooks, Receiver, Subscribed};

/// How long one lives: under three days, which every revision of the documents allows.
const LIFE: TimeDelta = TimeDelta::minutes(4_200);
/// Characters of an id: it is a GUID.
const MOST_OF_ID: usize = 200;
/// Pages of our subscriptions that are looked through for one that is in the way.
const PAGES: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subscription {
    id: String,
    #[serde(default)]
    resource: String,
    #[serde(default)]
    notification_url: Option<String>,
    expiration_date_time: Option<DateTime<Utc>>,
}

impl Subscription {
    /// It lives no longer than was asked for, whatever is answered.
    fn subscribed(self, asked: DateTime<Utc>) -> Result<Subscribed, Error> {
        if self.id.is_empty() || self.id.len() > MOST_OF_ID || self.id.chars().any(char::is_control) {
            return Err(Error::Malformed { what: "a subscription has no usable id" });
        }
        Ok(Subscribed {
            id: self.id,
            expires_at: self.expiration_date_time.map_or(asked, |at| at.min(asked)),
        })
    }
}

#[async_trait]
impl Hooks for Graph {
    async fn subscribe(&self, folder: &str, receiver: &Receiver) -> Result<Subscribed, Error> {
        let mut session = self.session_of_nobody()?;
        let folder = session.folder_id(folder).await?;
        let resource = format!("users/{}/mailFolders('{folder}')/messages", self.user);
        let expires = SystemClock.now() + LIFE;
        let body = json!({
            // What we change ourselves must not call us again.
            "changeType": "created",
            "notificationUrl": receiver.url,
            "lifecycleNotificationUrl": receiver.lifecycle_url,
            "resource": resource,
            "expirationDateTime": instant(expires),
            "clientState": receiver.client_state.expose_secret(),
        });
        let made = session.make_subscription(&body).await;
        let made = match made {
            // One that was made before its answer could be kept: nobody knows what it proves itself by.
            Err(Error::Graph(Refusal { kind: Kind::Conflict, .. })) => {
                session.end_those_of(&resource, &receiver.url).await?;
                session.make_subscription(&body).await?
            }
            made => made?,
        };
        made.subscribed(expires)
    }

    async fn renew(&self, id: &str) -> Result<Option<Subscribed>, Error> {
        let session = self.session_of_nobody()?;
        let expires = SystemClock.now() + LIFE;
        let body = json!({ "expirationDateTime": instant(expires) }).to_string();
        let ask = Ask::patch(session.of_subscriptions(Some(id))?, body.into());
        match session.wire.json::<Subscription>(&ask).await {
            Ok(renewed) => renewed.subscribed(expires).map(Some),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn unsubscribe(&self, id: &str) -> Result<(), Error> {
        self.session_of_nobody()?.end_subscription(id).await
    }
}

impl Graph {
    /// One that only looks, and that no person waits for.
    fn session_of_nobody(&self) -> Result<GraphSession, Error> {
        let mut session = self.session(Access::Look)?;
        session.wire.urgent = false;
        Ok(session)
    }
}

impl GraphSession {
    fn of_subscriptions(&self, id: Option<&str>) -> Result<url::Url, Error> {
        let id = id.map(|id| format!("/{}", super::address::id(id))).unwrap_or_default();
        self.wire.address.url(&format!("/subscriptions{id}"))
    }

    async fn make_subscription(&self, body: &Value) -> Result<Subscription, Error> {
        let ask = Ask::post(self.of_subscriptions(None)?, body.to_string().into(), 1, false);
        self.wire.json(&ask).await.map_err(unheard)
    }

    async fn end_subscription(&self, id: &str) -> Result<(), Error> {
        match self.wire.bytes(&Ask::delete(self.of_subscriptions(Some(id))?)).await {
            Ok(_) => Ok(()),
            Err(error) if is_gone(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Ends what we subscribed to of a resource; what others have there is not listed to us.
    async fn end_those_of(&self, resource: &str, receiver: &str) -> Result<(), Error> {
        let mut url = self.of_subscriptions(None)?;
        for _ in 0..PAGES {
            let page: Page<Subscription> = self.wire.json(&Ask::read(url)).await?;
            for found in &page.value {
                let is_ours = found.notification_url.as_deref().is_none_or(|url| url == receiver);
                if found.resource.eq_ignore_ascii_case(resource) && is_ours {
                    self.end_subscription(&found.id).await?;
                }
            }
            match page.next {
                Some(link) => url = self.wire.address.follow(&link)?,
                None => return Ok(()),
            }
        }
        Ok(())
    }
}

/// The one thing about a well-formed subscription that is refused as a bad request: the receiver did not answer.
fn unheard(error: Error) -> Error {
    match error {
        Error::Graph(refusal) if refusal.kind == Kind::BadRequest => {
            Error::Graph(Refusal { kind: Kind::Unheard, ..refusal })
        }
        error => error,
    }
}

/// A subscription that is not there is refused in the words for a directory object.
fn is_gone(error: &Error) -> bool {
    let gone = Kind::ItemGone;
    matches!(error, Error::Graph(Refusal { kind, .. })
        if [gone, Kind::MailboxUnusable, Kind::MailboxUnknown].contains(kind))
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

//! Change notifications over HTTP, of the providers that send them.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::SecretString;

use super::Error;

/// Makes a mail system tell us of changes. Only a hint: the listing stays the truth.
#[async_trait]
pub trait Hooks: Send + Sync {
    /// Subscribes to what arrives in a folder. The provider calls the receiver before it answers.
    async fn subscribe(&self, folder: &str, receiver: &Receiver) -> Result<Subscribed, Error>;

    /// Prolongs a subscription; None where it is gone.
    async fn renew(&self, id: &str) -> Result<Option<Subscribed>, Error>;

    /// Ends a subscription. One that is gone is ended.
    async fn unsubscribe(&self, id: &str) -> Result<(), Error>;
}

/// Where notifications are sent. No Debug: it holds a secret.
#[derive(Clone)]
pub struct Receiver {
    /// Of changes.
    pub url: String,
    /// Of what happens to the subscription itself.
    pub lifecycle_url: String,
    /// Comes back with each notification.
    pub client_state: SecretString,
}

/// A subscription, as the provider keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribed {
    /// The provider's id of it.
    pub id: String,
    /// When it lapses.
    pub expires_at: DateTime<Utc>,
}

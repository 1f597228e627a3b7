//! How mail is reached. A new provider is one folder here and one line in [`connect`].
//!
//! The pipeline knows only these two traits. What a provider can't do is known from its [`Capabilities`] when a
//! job or mailbox is saved, and refused then.

pub mod capabilities;
pub mod error;
mod explain;
pub mod graph;
pub mod hooks;
pub mod imap;
pub mod listen;
pub mod probe;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

pub use capabilities::{Capabilities, deleted_items, no_purge, same_folder, unfit};
pub use error::Error;
pub use graph::{Budgets, Circuits};
pub use hooks::{Hooks, Receiver, Subscribed};
pub use listen::{Listen, Listener};
pub use probe::probe;

use crate::domain::entra::EntraCloud;
use crate::domain::folder::FolderAssignment;
use crate::domain::folder::{Folder, Place};
use crate::domain::handling::Disposition;
use crate::domain::intake::Listed;
use crate::domain::mailbox::ProviderSettings;
use crate::identity::Tokens;
use crate::net::Net;

/// What a connection logs in with. No Debug: it holds a secret.
#[derive(Clone)]
pub enum Login {
    /// User name and password.
    Password {
        /// The login name, verbatim (`company\\support`).
        username: String,
        /// The password.
        password: secrecy::SecretString,
    },
    /// A bearer token (RFC 6750), renewed as it lapses.
    Token {
        /// The mailbox that it opens, where the protocol asks (XOAUTH2, OAUTHBEARER).
        username: String,
        /// Where tokens come from.
        tokens: Tokens,
        /// Where the tenant lives, if tokens come from Entra ID.
        cloud: Option<EntraCloud>,
    },
}

/// What providers reach mail systems with. Clones share it.
#[derive(Debug, Clone)]
pub struct Reach {
    /// Makes outgoing connections.
    pub net: Net,
    /// What may be asked of a mailbox at one time, whoever asks.
    pub budgets: Budgets,
    /// Whether a mail system is asked at all that fails again and again.
    pub circuits: Circuits,
}

impl Reach {
    /// With budgets and circuits of its own.
    pub fn new(net: Net) -> Self {
        Self { net, budgets: Budgets::default(), circuits: Circuits::default() }
    }
}

/// A mailbox at its mail system, not connected to yet: the one place that lists the providers.
pub fn connect(
    settings: &ProviderSettings,
    login: Login,
    folder_roles: Vec<FolderAssignment>,
    reach: &Reach,
) -> Result<Box<dyn Provider>, Error> {
    Ok(match settings {
        ProviderSettings::Graph(settings) => {
            Box::new(graph::Graph::new(settings, login, folder_roles, reach)?)
        }
        ProviderSettings::Imap(settings) => {
            let timeouts = imap::Timeouts::of(&reach.net);
            Box::new(imap::Imap::new(settings.clone(), login, folder_roles, reach.net.clone(), timeouts))
        }
    })
}

/// A mailbox at a mail system, ready to be opened.
#[async_trait]
pub trait Provider: Send + Sync {
    /// What this kind of mail system can do.
    fn capabilities(&self) -> Capabilities;

    /// Connects and logs in. What a session of [`Access::Look`] does changes nothing at the provider.
    async fn open(&self, access: Access) -> Result<Box<dyn Session>, Error>;

    /// Change notifications over HTTP, where it sends them.
    fn hooks(&self) -> Option<&dyn Hooks> {
        None
    }

    /// Connections that wait for news, where the protocol has them.
    fn ear(&self) -> Option<&dyn Listen> {
        None
    }
}

/// What a session is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reading only: connection tests, previews, probes (IMAP: EXAMINE).
    Look,
    /// Taking in, and handling the originals.
    Handle,
}

/// A logged-in connection. One user at a time; after an error that is not about one message it is dropped.
#[async_trait]
pub trait Session: Send {
    /// All folders, with their roles.
    async fn folders(&mut self) -> Result<Vec<Folder>, Error>;

    /// The next page of the folder since `position` (None: from the start), oldest first.
    async fn list(&mut self, folder: &str, position: Option<&Position>) -> Result<ListPage, Error>;

    /// Whether the listing shows a message again that someone marked unread.
    fn tells_changes(&self) -> bool;

    /// Which messages of the folder are unread now; of the given ones, where the listing tells of changes.
    async fn unread(&mut self, folder: &str, told: &[String]) -> Result<Vec<Unread>, Error>;

    /// Adds what pairing needs to a listing: Message-IDs of the given messages.
    async fn identify(&mut self, folder: &str, listed: Vec<Listed>) -> Result<Vec<Listed>, Error>;

    /// Raw bytes of the messages, in any order, one item for each. Marks nothing.
    /// A stream that ends with an `Err` says that the connection is lost; the rest was not fetched.
    async fn fetch<'a>(
        &'a mut self,
        folder: &str,
        wanted: &[Wanted],
    ) -> Result<BoxStream<'a, Result<Fetched, Error>>, Error>;

    /// Applies dispositions to originals of one folder, in batches; one answer for each, confirmed by the server.
    /// Safe to repeat.
    async fn dispose(&mut self, folder: &str, orders: &[Order]) -> Result<Vec<Disposed>, Error>;

    /// How many orders it is given at once: what was done is known when all of them are.
    fn orders_at_once(&self) -> usize {
        100
    }

    /// Where the only message of the folder is that bears the Message-ID; None where none does, or several do.
    async fn find(&mut self, folder: &str, internet_message_id: &str) -> Result<Option<Place>, Error>;

    /// Removes for good what mailroom deleted before, only while it is where we put it.
    async fn purge(&mut self, orders: &[PurgeOrder]) -> Result<Vec<Purged>, Error>;

    /// Says goodbye. Errors are of no interest.
    async fn close(self: Box<Self>);
}

/// How far a folder has been listed. Opaque to all but its provider, and stored as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Epoch of the source ids (IMAP: UIDVALIDITY).
    pub generation: String,
    /// The rest (IMAP: the next UID to list from).
    pub token: String,
}

/// A page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPage {
    /// Oldest first.
    pub listed: Vec<Listed>,
    /// Where to go on; committed with the page's ids.
    pub position: Position,
    /// More pages follow at once.
    pub more: bool,
    /// The position given belongs to an earlier generation: ids were renumbered, and this is the first page of the
    /// new one. Known messages must be paired (DESIGN section 5).
    pub renumbered: bool,
}

/// A message that is unread now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Its id at the provider.
    pub source_id: String,
    /// Its version (changeKey), where the provider tells.
    pub version: Option<String>,
}

/// A message to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its id at the provider.
    pub source_id: String,
    /// Raw bytes, as listed.
    pub size: u64,
    /// How much of it.
    pub extent: Extent,
}

/// How much of a message is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// The header only, for one that is over the limit.
    HeaderOnly,
}

/// What became of one message of a fetch.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// Its id at the provider.
    pub source_id: String,
    /// Its bytes, or why there are none.
    pub outcome: FetchOutcome,
}

/// Its bytes, or why there are none.
#[derive(Debug, Clone)]
pub enum FetchOutcome {
    /// RFC 5322 bytes as the server gave them.
    Raw(Bytes),
    /// It is no longer in the folder.
    Gone,
    /// The server refused this one message; the others go on.
    Refused(std::sync::Arc<Error>),
}

/// A disposition to be applied to one original.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Epoch of the source id: an order of another generation is answered with [`DisposeOutcome::Elsewhere`].
    pub generation: String,
    /// The original's id at the provider.
    pub source_id: String,
    /// The original's Message-ID, to find a copy by after an unclear end.
    pub internet_message_id: Option<String>,
    /// Raw bytes as stored, to tell copies apart.
    pub size: u64,
    /// What is wanted.
    pub disposition: Disposition,
    /// An earlier attempt may have been carried out without our knowing: look at the target before repeating
    /// what is not idempotent.
    pub repeated: bool,
}

/// What became of one order.
#[derive(Debug, Clone)]
pub struct Disposed {
    /// The original's id at the provider, as ordered.
    pub source_id: String,
    /// What became of it.
    pub outcome: DisposeOutcome,
}

/// What became of one order.
#[derive(Debug, Clone)]
pub enum DisposeOutcome {
    /// The server confirmed it for this message.
    Done {
        /// Where it is now, if it moved.
        moved_to: Option<Place>,
        /// Version after our change (MODSEQ, changeKey), where the provider tells.
        version: Option<String>,
    },
    /// It is no longer where we found it: nothing was done, and what someone else did stands. The sentence says so.
    Elsewhere(String),
    /// The server refused it for this message; `verdict()` says whether to try again.
    Refused(std::sync::Arc<Error>),
    /// Not come to, or for a reason that is not the message's: what keeps the others from being done, too.
    Postponed(std::sync::Arc<Error>),
}

/// A message to be removed for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurgeOrder {
    /// Names the order in the answer.
    pub key: String,
    /// Where we put it.
    pub place: Place,
    /// Its Message-ID.
    pub internet_message_id: Option<String>,
}

/// What became of one purge order.
#[derive(Debug, Clone)]
pub struct Purged {
    /// As ordered.
    pub key: String,
    /// Done, or why not.
    pub outcome: DisposeOutcome,
}

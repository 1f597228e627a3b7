//! IMAP4rev1 (RFC 3501), with passwords or tokens.
//!
//! | file | holds |
//! |---|---|
//! | `connect` `login` `token` | from a host name to a session |
//! | `guard` `wire` `reply` `refusal` | bytes, commands, replies, and what a refusal means |
//! | `names` `uids` | folder names and sets of UIDs, as the wire has them |
//! | `folders` `open` | folders and their roles; opening one |
//! | `list` `fetch` | what is new, and its bytes |
//! | `listen` | a connection that waits for news |
//! | `dispose` `flag` `transfer` `trace` `purge` | what happens to the originals |

mod connect;
mod dispose;
mod fetch;
mod flag;
mod folders;
mod guard;
mod list;
mod listen;
mod login;
mod names;
mod open;
mod probe;
mod purge;
mod refusal;
mod reply;
mod token;
mod trace;
mod transfer;
mod uids;
mod wire;

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};

use super::{
    Access, Capabilities, Disposed, Error, Fetched, ListPage, Listen, Login, Order, Position, Provider,
    PurgeOrder, Purged, Session, Unread, Wanted,
};
use crate::domain::credential::CredentialKind;
use crate::domain::folder::{Folder, FolderAssignment, Place};
use crate::domain::intake::Listed;
use crate::domain::mailbox::{ImapSettings, ProviderKind, Security};
use crate::domain::watch::UNTOLD;
use crate::net::Net;

/// A line is a search's answer at most, or a folder's name.
const MAX_LINE_BYTES: usize = 1024 * 1024;
/// Sizes are only estimates: some more than the biggest message that is fetched whole.
const MAX_LITERAL_BYTES: u64 = 32 * 1024 * 1024;

/// What IMAP can do.
pub(super) const CAPABILITIES: Capabilities = Capabilities {
    kind: ProviderKind::Imap,
    credential_kinds: CredentialKind::ALL,
    watch: true,
    folders: true,
    mark_read: true,
    moves: true,
    categories: true,
    purge: true,
    sends: false,
    ports: &[
        (Security::Tls, 993),
        (Security::Starttls, 143),
        (Security::StarttlsIfOffered, 143),
        (Security::None, 143),
    ],
    notice: None,
};

/// Hosts that take no password from a program, and what takes its place.
pub(super) fn password_refused(host: &str) -> Option<&'static str> {
    let host = host.to_ascii_lowercase();
    let of = |domains: &[&str]| {
        domains.iter().any(|domain| host == *domain || host.ends_with(&format!(".{domain}")))
    };
    if of(&["office365.com", "office365.us", "office.com", "outlook.com", "partner.outlook.cn"]) {
        return Some(
            "Exchange Online takes no passwords over IMAP since 2023: use a credential of an ENTRA kind, or reach the mailbox by GRAPH.",
        );
    }
    of(&["gmail.com", "googlemail.com"]).then_some(
        "Gmail takes no passwords of accounts over IMAP since 2025: use an OAUTH2 credential with the scope https://mail.google.com/.",
    )
}

/// Whether two paths name one folder: INBOX is the same in any case (RFC 9051, section 5.1), also as the first part of a path.
pub(super) fn same_folder(a: &str, b: &str) -> bool {
    let cut = |path: &str| {
        let end = path.find('/').unwrap_or(path.len());
        (path.get(..end).unwrap_or_default().to_owned(), path.get(end..).unwrap_or_default().to_owned())
    };
    let ((first, rest), (other, other_rest)) = (cut(a), cut(b));
    let same = first == other || (first.eq_ignore_ascii_case("INBOX") && other.eq_ignore_ascii_case("INBOX"));
    same && rest == other_rest
}

/// How long the server may take; the times for connecting are those of [`Net`].
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// From the connection to the greeting.
    pub greeting: Duration,
    /// Silence in the middle of an answer.
    pub silence: Duration,
    /// The goodbye.
    pub close: Duration,
    /// The longest that an IDLE goes on: routers forget a silent connection after ten minutes, some earlier.
    pub renew: Duration,
    /// Between two NOOPs, where there is no IDLE.
    pub noop: Duration,
}

/// A connection that idles and does not answer within this time is dead.
const DEAD_AFTER: Duration = Duration::from_secs(30);

impl Timeouts {
    /// The usual ones, with what the operator configured for silences.
    pub fn of(net: &Net) -> Self {
        Self {
            greeting: net.connect_timeout().min(net.read_timeout()),
            silence: net.read_timeout(),
            close: Duration::from_secs(2),
            renew: Duration::from_secs(9 * 60),
            noop: UNTOLD,
        }
    }

    /// How long the answer may take of a server that is listened to.
    fn answer(&self) -> Duration {
        self.silence.min(DEAD_AFTER)
    }
}

/// A mailbox on an IMAP server.
pub struct Imap {
    settings: ImapSettings,
    login: Login,
    folder_roles: Vec<FolderAssignment>,
    net: Net,
    timeouts: Timeouts,
}

impl Imap {
    /// A mailbox, not connected to yet.
    pub fn new(
        settings: ImapSettings,
        login: Login,
        folder_roles: Vec<FolderAssignment>,
        net: Net,
        timeouts: Timeouts,
    ) -> Self {
        Self { settings, login, folder_roles, net, timeouts }
    }

    fn session(&self, wire: wire::Wire, capabilities: Vec<String>, access: Access) -> ImapSession {
        ImapSession {
            wire,
            access,
            capabilities,
            folder_roles: self.folder_roles.clone(),
            close: self.timeouts.close,
            delimiter: None,
            trash: None,
            odd_names: None,
            opened: None,
            listing: None,
        }
    }
}

#[async_trait]
impl Provider for Imap {
    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    async fn open(&self, access: Access) -> Result<Box<dyn Session>, Error> {
        let addresses = self.resolve().await?;
        let begun = self.begin(&addresses).await?;
        let greeted = self.secure(begun).await?;
        let (wire, capabilities) = login::log_in(greeted, &self.login, &self.settings.host).await?;
        Ok(Box::new(self.session(wire, capabilities, access)))
    }

    fn ear(&self) -> Option<&dyn Listen> {
        Some(self)
    }
}

/// A logged-in connection.
struct ImapSession {
    wire: wire::Wire,
    access: Access,
    /// Upper case.
    capabilities: Vec<String>,
    folder_roles: Vec<FolderAssignment>,
    close: Duration,
    /// None: not asked yet.
    delimiter: Option<Option<String>>,
    /// The folder with the trash role; None: not asked yet.
    trash: Option<Option<String>>,
    /// Names on the wire, by path, of folders that are not properly encoded; None: not asked yet.
    odd_names: Option<HashMap<String, String>>,
    opened: Option<open::Opened>,
    /// The position of a listing that goes on.
    listing: Option<Position>,
}

impl ImapSession {
    fn can(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|known| known == capability)
    }
}

#[async_trait]
impl Session for ImapSession {
    async fn folders(&mut self) -> Result<Vec<Folder>, Error> {
        self.list_folders().await
    }

    async fn list(&mut self, folder: &str, position: Option<&Position>) -> Result<ListPage, Error> {
        self.list_page(folder, position).await
    }

    fn tells_changes(&self) -> bool {
        false
    }

    async fn unread(&mut self, folder: &str, _told: &[String]) -> Result<Vec<Unread>, Error> {
        self.unseen(folder).await
    }

    async fn identify(&mut self, folder: &str, listed: Vec<Listed>) -> Result<Vec<Listed>, Error> {
        self.identify_listed(folder, listed).await
    }

    async fn fetch<'a>(
        &'a mut self,
        folder: &str,
        wanted: &[Wanted],
    ) -> Result<BoxStream<'a, Result<Fetched, Error>>, Error> {
        self.in_folder(folder).await?;
        let fetching = fetch::Fetching::new(&mut self.wire, wanted);
        let stream = stream::unfold(Some(fetching), |fetching| async move {
            let mut fetching = fetching?;
            match fetching.next().await {
                Ok(Some(fetched)) => Some((Ok(fetched), Some(fetching))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        });
        Ok(stream.boxed())
    }

    async fn dispose(&mut self, folder: &str, orders: &[Order]) -> Result<Vec<Disposed>, Error> {
        self.dispose_all(folder, orders).await
    }

    async fn find(&mut self, folder: &str, internet_message_id: &str) -> Result<Option<Place>, Error> {
        self.find_only(folder, internet_message_id).await
    }

    async fn purge(&mut self, orders: &[PurgeOrder]) -> Result<Vec<Purged>, Error> {
        self.purge_all(orders).await
    }

    async fn close(mut self: Box<Self>) {
        let close = self.close;
        let _ = tokio::time::timeout(close, self.wire.ask("LOGOUT", |_| {})).await;
    }
}

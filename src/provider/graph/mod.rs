//! Exchange Online by Microsoft Graph v1.0 (docs/decisions/0011).
//!
//! | file | holds |
//! |---|---|
//! | `ask` `wire` | what is asked; the only place that sends it: token, headers, budget, what is tried again |
//! | `budget` `pace` | four requests at a time, ten thousand in ten minutes, and the pauses that are asked for |
//! | `circuits` `circuit` | a tenant's Graph that fails again and again is left alone, and tried by one request |
//! | `address` `names` | ids in addresses, links that are followed, and folder names |
//! | `reply` `refusal` `claims` | what is answered, what a refusal means, and what a token says of itself |
//! | `batch` | several requests in one |
//! | `folders` `open` `find` | folders and their roles; from a path to one; messages by Message-ID |
//! | `list` `unread` `fetch` | what is new, or unread again, and its bytes |
//! | `dispose` `course` `purge` | what happens to the originals |
//! | `hooks` | change notifications |
//! | `probe` | a connection test |

mod address;
mod ask;
mod batch;
mod budget;
mod circuit;
mod circuits;
mod claims;
mod course;
mod dispose;
mod fetch;
mod find;
mod folders;
mod hooks;
mod list;
mod names;
mod open;
mod pace;
mod probe;
mod purge;
mod refusal;
mod reply;
mod unread;
mod wire;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};

pub use budget::Budgets;
pub use circuits::Circuits;
pub use refusal::{Kind, Refusal};

use super::{
    Access, Capabilities, Disposed, Error, FetchOutcome, Fetched, Hooks, ListPage, Login, Order, Position,
    Provider, PurgeOrder, Purged, Reach, Session, Unread, Wanted,
};
use crate::domain::credential::CredentialKind;
use crate::domain::entra::EntraCloud;
use crate::domain::folder::{Folder, FolderAssignment, FolderRole, Place};
use crate::domain::intake::Listed;
use crate::domain::mailbox::{GraphSettings, ProviderKind, ProviderSettings};
use crate::identity::Tokens;

/// The one generation of source ids: immutable ids are never given anew.
const GENERATION: &str = "immutable";
/// Messages in a row that the service is unable to give before it is taken for an outage.
const FAILURES: u32 = 3;

/// What Graph can do.
pub(super) const CAPABILITIES: Capabilities = Capabilities {
    kind: ProviderKind::Graph,
    credential_kinds: &[
        CredentialKind::EntraClientSecret,
        CredentialKind::EntraClientCertificate,
        CredentialKind::EntraWorkloadIdentity,
        CredentialKind::EntraManagedIdentity,
        CredentialKind::EntraDelegated,
    ],
    watch: true,
    folders: true,
    mark_read: true,
    moves: true,
    categories: true,
    purge: true,
    sends: false,
    ports: &[],
    notice: None,
};

/// What Graph can do in a cloud.
pub(super) const fn capabilities(cloud: EntraCloud) -> Capabilities {
    Capabilities { purge: cloud.has_permanent_delete(), ..CAPABILITIES }
}

/// A mailbox of Exchange Online.
pub struct Graph {
    user: String,
    /// Where Graph is, without the version.
    root: String,
    scope: Arc<str>,
    permanent_delete: bool,
    tokens: Tokens,
    folder_roles: Vec<FolderAssignment>,
    budget: Arc<budget::Budget>,
    way: circuits::Way,
    http: crate::net::Http,
}

impl Graph {
    /// A mailbox, not asked for anything yet.
    pub fn new(
        settings: &GraphSettings,
        login: Login,
        folder_roles: Vec<FolderAssignment>,
        reach: &Reach,
    ) -> Result<Self, Error> {
        let Login::Token { tokens, cloud, .. } = login else {
            return Err(Error::Unsupported {
                what: "log in with a user name and password",
                hint: "Give the mailbox a credential of Entra ID: an application's secret, certificate or identity.",
            });
        };
        let key = ProviderSettings::Graph(settings.clone()).identity(&settings.user);
        let cloud = cloud.unwrap_or(EntraCloud::Global);
        let root = settings.endpoint.clone().unwrap_or_else(|| cloud.graph().to_owned());
        Ok(Self {
            user: settings.user.clone(),
            way: reach.circuits.of(&root, tokens.tenant(), &key),
            root,
            // A proxy, or the sandbox, in Graph's place takes the tokens that are for Graph.
            scope: format!("{}/.default", cloud.graph()).into(),
            permanent_delete: cloud.has_permanent_delete(),
            tokens,
            folder_roles,
            budget: reach.budgets.of(&key),
            http: reach.net.http().clone(),
        })
    }

    fn session(&self, access: Access) -> Result<GraphSession, Error> {
        let wire = wire::Wire {
            http: self.http.clone(),
            address: address::Address::new(&self.root, &self.user)?,
            tokens: self.tokens.clone(),
            scope: self.scope.clone(),
            budget: Arc::clone(&self.budget),
            way: self.way.clone(),
            access,
            urgent: access == Access::Look,
        };
        Ok(GraphSession {
            wire,
            folder_roles: self.folder_roles.clone(),
            permanent_delete: self.permanent_delete,
            folder_ids: HashMap::new(),
            roles: HashMap::new(),
            followed: HashSet::new(),
            restarts: 0,
            empty_pages: 0,
        })
    }
}

/// Whether two paths name one folder, as far as their spelling tells.
pub(super) fn same_folder(a: &str, b: &str) -> bool {
    names::canonical(a) == names::canonical(b)
}

/// Where deleted messages go.
pub(super) const DELETED_ITEMS: &str = "deleteditems";

#[async_trait]
impl Provider for Graph {
    fn capabilities(&self) -> Capabilities {
        Capabilities { purge: self.permanent_delete, ..CAPABILITIES }
    }

    async fn open(&self, access: Access) -> Result<Box<dyn Session>, Error> {
        let session = self.session(access)?;
        session.wire.bearer().await?;
        Ok(Box::new(session))
    }

    fn hooks(&self) -> Option<&dyn Hooks> {
        Some(self)
    }
}

/// What is known of a mailbox for as long as one works in it. There is no connection to hold.
struct GraphSession {
    wire: wire::Wire,
    folder_roles: Vec<FolderAssignment>,
    permanent_delete: bool,
    /// By path.
    folder_ids: HashMap<String, String>,
    /// Path and id of the folders that play a role.
    roles: HashMap<FolderRole, (String, String)>,
    /// Hashes of the links that were followed in this round.
    followed: HashSet<u64>,
    /// How often the listing began anew.
    restarts: usize,
    /// Pages without a message, one after the other.
    empty_pages: usize,
}

#[async_trait]
impl Session for GraphSession {
    async fn folders(&mut self) -> Result<Vec<Folder>, Error> {
        self.list_folders().await
    }

    async fn list(&mut self, folder: &str, position: Option<&Position>) -> Result<ListPage, Error> {
        self.list_page(folder, position).await
    }

    fn tells_changes(&self) -> bool {
        true
    }

    async fn unread(&mut self, folder: &str, told: &[String]) -> Result<Vec<Unread>, Error> {
        self.unread_of(folder, told).await
    }

    /// The listing told them.
    async fn identify(&mut self, _folder: &str, listed: Vec<Listed>) -> Result<Vec<Listed>, Error> {
        Ok(listed)
    }

    async fn fetch<'a>(
        &'a mut self,
        _folder: &str,
        wanted: &[Wanted],
    ) -> Result<BoxStream<'a, Result<Fetched, Error>>, Error> {
        let at_once = match self.wire.access {
            Access::Handle => budget::HANDLERS as usize,
            Access::Look => 1,
        };
        let wire = self.wire.clone();
        let fetched = stream::iter(wanted.to_vec())
            .map(move |wanted| fetch::fetch(wire.clone(), wanted))
            .buffer_unordered(at_once);
        // After an error the rest is not fetched.
        let bounded = fetched.scan((0, false), |(failures, over), fetched| {
            if *over {
                return std::future::ready(None);
            }
            let fetched = fetched.and_then(|fetched| an_outage(fetched, failures));
            *over = fetched.is_err();
            std::future::ready(Some(fetched))
        });
        Ok(bounded.boxed())
    }

    async fn dispose(&mut self, folder: &str, orders: &[Order]) -> Result<Vec<Disposed>, Error> {
        self.dispose_all(folder, orders).await
    }

    /// Three go at a time: so many are done well within what a lease allows.
    fn orders_at_once(&self) -> usize {
        30
    }

    async fn find(&mut self, folder: &str, internet_message_id: &str) -> Result<Option<Place>, Error> {
        self.find_only(folder, internet_message_id).await
    }

    async fn purge(&mut self, orders: &[PurgeOrder]) -> Result<Vec<Purged>, Error> {
        self.purge_all(orders).await
    }

    async fn close(self: Box<Self>) {}
}

/// One message that the service is unable to give is that message's trouble; several in a row are the service's.
fn an_outage(fetched: Fetched, failures: &mut u32) -> Result<Fetched, Error> {
    let FetchOutcome::Refused(error) = &fetched.outcome else {
        *failures = 0;
        return Ok(fetched);
    };
    let of_service = match &**error {
        Error::Graph(refusal) if refusal.kind.is_unclear() => Error::Graph(refusal.clone()),
        Error::Malformed { what } => Error::Malformed { what },
        Error::Slow { bytes, after } => Error::Slow { bytes: *bytes, after: *after },
        _ => return Ok(fetched),
    };
    *failures += 1;
    if *failures >= FAILURES { Err(of_service) } else { Ok(fetched) }
}

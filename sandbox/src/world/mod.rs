//! What the sandbox holds: tenants with their apps and mailboxes, in memory, behind one lock.
//!
//! | file | holds |
//! |---|---|
//! | `tenant` | a directory: apps with their credentials and permissions, mailboxes |
//! | `mailbox` | its messages, and everything that can happen to them |
//! | `folders` | the same of its folders |
//! | `folder`, `message` | one of them |
//! | `subscription` | who is told what happens |
//! | `outgoing` | sending |
//! | `upload` | attachments that come in pieces |
//! | `ids` | ids as Exchange gives them |
//! | `saved` | what of it goes into a snapshot |
//! | `changes` | what happened in a folder, in order |

mod changes;
mod folder;
mod folders;
mod ids;
mod mailbox;
mod message;
mod outgoing;
mod saved;
mod subscription;
mod tenant;
mod upload;

use std::collections::BTreeMap;

use uuid::Uuid;

pub use changes::{Change, Changes, Entry};
pub use folder::{Folder, WELL_KNOWN};
pub use ids::{FolderKey, IdKind, MessageKey, Named, Writer};
pub use mailbox::{Happened, Mailbox, Refused, Standing};
pub use message::{
    Content, Draft, DraftAttachment, Envelope, Flag, FlagStatus, Importance, Meeting, Message, Origin, Person,
};
pub use outgoing::Outgoing;
pub use subscription::{LONGEST, SHORTEST, Subscription};
pub use tenant::{App, AppCertificate, AppSecret, Federated, Permission, Scoped, Tenant};
pub use upload::Upload;

/// Everything.
#[derive(Debug, Default)]
pub struct World {
    /// The tenants, side by side.
    pub tenants: Vec<Tenant>,
    /// What left its tenant, in order.
    pub outgoing: Vec<Outgoing>,
    /// Who is told what happens.
    pub subscriptions: BTreeMap<Uuid, Subscription>,
    /// Attachments on their way, by the secret of their address.
    pub uploads: BTreeMap<Uuid, Upload>,
}

impl World {
    /// The tenant that a token request names, by id or domain.
    pub fn tenant(&self, name: &str) -> Option<&Tenant> {
        self.tenants.iter().find(|tenant| tenant.is_named(name))
    }

    /// The tenant of that id.
    pub fn tenant_mut(&mut self, id: Uuid) -> Option<&mut Tenant> {
        self.tenants.iter_mut().find(|tenant| tenant.id == id)
    }
}
